/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message between roles: fixed size, versioned, one struct each, sent whole over base/chan.h.
 * The receiver checks version, type, size and every field it uses, whoever the sender is. Arrays of
 * text are NUL-terminated by the sender and terminated again by the receiver (wire_terminate).
 */
#ifndef FIRMWARE_WIRE_H
#define FIRMWARE_WIRE_H

#include "firmware/base/err.h"
#include "firmware/base/sandbox.h"
#include "hal/frame.h"
#include "ocr/plate.h"

#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION 1u

enum wire_role {
	WIRE_PARENT = 0,
	WIRE_CAPTURE,
	WIRE_VISION,
	WIRE_STORE,
	WIRE_UPLINK,
	WIRE_CONTROL,
	WIRE_DEVICE,
	WIRE_ROLES
};

/* "parent", "capture", … as spelled in program names, logs and status; "?" for anything else. */
const char *wire_role_name(unsigned role);

enum wire_type {
	/* parent -> role */
	WIRE_START = 1, /* fd: the configuration, sealed */
	WIRE_PEER,	/* fd: a fresh channel to another role (replaces the old one) */
	WIRE_STOP,	/* finish what is in hand, then exit 0 */
	WIRE_RELOAD,	/* store: load the hotlist again */
	/* role -> parent */
	WIRE_READY,  /* sandbox closed, loop entered */
	WIRE_STATUS, /* counters and state; parent -> control, uplink: one per role;
			parent -> store: device's, for the door */
	/* capture <-> vision */
	WIRE_BUFFERS, /* fds: the buffers of one camera */
	WIRE_PAIR,
	WIRE_PAIR_DONE, /* the credit back */
	/* vision <-> store */
	WIRE_PASSAGE, /* fd: gift with crops and scenes */
	WIRE_PASSAGE_DONE,
	/* store <-> uplink */
	WIRE_HIT, /* fd: gift with the event, ready to send */
	WIRE_HIT_DONE,
	WIRE_BUNDLE, /* uplink -> store, fd: gift with a hotlist bundle, or a delta to one */
	WIRE_BUNDLE_DONE,
	WIRE_LIST, /* store -> uplink: the hotlist in force */
	WIRE_HEAD, /* store -> uplink: the newest record of the audit chain, for the heartbeat */
	/* uplink, control <-> store */
	WIRE_REQUEST,	   /* fd: gift with a request for evidence, as it came */
	WIRE_REQUEST_DONE, /* fd: gift with the sealed answer; none: there is only a reason */
	WIRE_TYPES
};

struct wire_header {
	uint16_t version; /* WIRE_VERSION */
	uint16_t type;	  /* enum wire_type */
	uint32_t size;	  /* bytes of the whole message, header included */
};

struct wire_plain { /* START, STOP, RELOAD: nothing but the type */
	struct wire_header h;
};

struct wire_peer {
	struct wire_header h;
	uint32_t role; /* who is at the other end */
};

struct wire_ready {
	struct wire_header h;
	uint32_t role;
	struct sandbox_loaded sandbox;
};

#define WIRE_COUNTERS 32u

struct wire_counter {
	char name[32]; /* "passages", "hits_pending": lower case, no plate, no secret */
	int64_t value;
};

struct wire_status {
	struct wire_header h;
	uint32_t role;
	uint32_t restarts;	       /* filled by the parent */
	uint8_t running;	       /* filled by the parent */
	struct sandbox_loaded sandbox; /* filled by the parent from WIRE_READY */
	int32_t pid;		       /* filled by the parent */
	char state[32];		       /* one word: "ok", "degraded", "offline", "stale", … */
	char detail[384];	       /* plain words for a person */
	uint32_t n;
	struct wire_counter counters[WIRE_COUNTERS];
};

struct wire_buffers {
	struct wire_header h;
	uint32_t camera, n;
	uint32_t width, height, stride, size;
};

struct wire_pair {
	struct wire_header h;
	uint64_t pair;			/* counts up */
	uint8_t present[FRAME_CAMERAS]; /* 0: this angle is missing (degraded) */
	uint8_t last; /* 1: the source has ended after this pair (present may be all 0) */
	struct frame frames[FRAME_CAMERAS];
};

struct wire_pair_done {
	struct wire_header h;
	uint64_t pair;
};

#define WIRE_ID_SIZE  16u
#define WIRE_GIFT_MAX (4u << 20) /* bytes of a passage gift; larger is refused */

enum wire_picture { WIRE_CROP_0, WIRE_CROP_1, WIRE_SCENE_0, WIRE_SCENE_1, WIRE_PICTURES };

struct wire_span {
	uint32_t offset, len; /* in the gift; len 0: absent */
};

struct wire_angle {
	uint8_t present;
	int64_t capture_ns;	/* of the frame whose crop and scene are given */
	struct plate_quad quad; /* in that frame */
	struct plate_read read; /* of this angle alone, all its frames */
	uint32_t frames;	/* observations of this angle */
};

struct wire_passage {
	struct wire_header h;
	uint8_t id[WIRE_ID_SIZE];  /* random; the store keeps one of each, so that a repeat is
				      harmless */
	int64_t first_ns, last_ns; /* first and last pair that showed the plate, until decided */
	int64_t best_ns;	   /* the pair whose pictures are given */
	uint32_t pairs;		   /* pairs that showed it */
	uint8_t degraded;	   /* one angle only */
	uint8_t low_quality;	   /* kept, but below a quality gate: never matched */
	struct plate_read read;	   /* fused */
	struct wire_angle angles[FRAME_CAMERAS];
	struct wire_span pictures[WIRE_PICTURES]; /* JPEG, luma */
};

struct wire_passage_done {
	struct wire_header h;
	uint8_t id[WIRE_ID_SIZE];
	uint8_t accepted; /* 1: committed to disk (now or before); 0: refused for good */
};

struct wire_hit {
	struct wire_header h;
	int64_t outbox_id;
	uint64_t size;	 /* of the gift */
	int64_t best_ns; /* exposure the latency is counted from */
};

enum wire_outcome { WIRE_ACKNOWLEDGED = 1, WIRE_LATER, WIRE_REFUSED };

struct wire_hit_done {
	struct wire_header h;
	int64_t outbox_id;
	uint32_t outcome;     /* enum wire_outcome; REFUSED: the RTCC says 4xx to this very event */
	uint32_t http_status; /* 0: no answer */
	int64_t ended_ns;     /* when the answer came, UTC */
};

struct wire_bundle {
	struct wire_header h;
	uint64_t size;
	char etag[64];
};

struct wire_bundle_done {
	struct wire_header h;
	uint8_t accepted;
	uint64_t version; /* in force now */
	char etag[64];	  /* of the offer */
};

/* Said whenever uplink is connected, and when the list in force has changed but not by an offer.
 * Before the first one the store does not know yet: uplink asks the RTCC for nothing. */
struct wire_list {
	struct wire_header h;
	uint64_t version; /* 0: there is none */
	char etag[64];	  /* that it was offered with; "": none, or it did not come from the RTCC */
};

#define WIRE_HASH_SIZE 32u

/* Said when uplink is connected, and within a second when the chain has grown. */
struct wire_head {
	struct wire_header h;
	int64_t seq; /* from 1 */
	uint8_t hash[WIRE_HASH_SIZE];
	uint8_t has_key;
	uint8_t key[WIRE_HASH_SIZE]; /* names the key that signs the chain */
};

#define WIRE_REQUEST_MAX (16u << 10) /* bytes of a request's gift; larger is refused */
#define WIRE_SEALED_MAX	 (96u << 20) /* bytes of an answer's */

struct wire_request { /* a sender waits for the answer before it sends another */
	struct wire_header h;
	uint64_t request; /* of the sender's choosing */
};

struct wire_request_done {
	struct wire_header h;
	uint64_t request;
	uint8_t sealed; /* 1: there is an answer, for the requester's eyes only */
	char why[160];	/* if not: the reason in plain words, UTF-8, no plate */
};

/*
 * Check a received message before anything in it is used: version, type, size (declared, received
 * and the type's own), the number of descriptors, and that a message of this type may go from role
 * `from` to role `to` at all. `m` must be aligned for any message. ERR_PEER, with what is wrong.
 */
bool wire_check(const void *m, size_t len, size_t n_fds, enum wire_role from, enum wire_role to,
		struct err *e) MUST_CHECK;

/* Terminate a text field of a received message: wire_terminate(m->etag, sizeof m->etag). */
void wire_terminate(char *text, size_t size);

/* Initialise a header in place: wire_start(&m.h, WIRE_PAIR, sizeof m). */
static inline void wire_start(struct wire_header *h, enum wire_type type, size_t size)
{
	h->version = WIRE_VERSION;
	h->type = (uint16_t)type;
	h->size = (uint32_t)size;
}

#endif
