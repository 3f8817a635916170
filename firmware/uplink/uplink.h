/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the uplink role and its callbacks (firmware/role.h). One transfer at a time: hits
 * first, then the heartbeat, then the hotlist, whose question the RTCC keeps until there is news
 * or something else is to be sent, then evidence. Hits, hotlist and evidence back off each for
 * itself after a failure; a heartbeat that fails is lost.
 */
#ifndef FIRMWARE_UPLINK_UPLINK_H
#define FIRMWARE_UPLINK_UPLINK_H

#include "firmware/base/gift.h"
#include "firmware/role.h"
#include "firmware/uplink/answer.h"
#include "firmware/uplink/backoff.h"
#include "firmware/uplink/conf.h"
#include "firmware/uplink/credentials.h"
#include "firmware/uplink/evidence.h"
#include "firmware/uplink/transfer.h"

#define UPLINK_QUEUE 8u /* hits held; the store sends at most 4 before an answer */
#define UPLINK_HIT_MAX                                                                             \
	(8u << 20) /* bytes of one event: four pictures of a gift, as base64, and their frame */

struct queued_hit {
	int64_t outbox_id;
	struct gift body;
	bool ended; /* answered; `done` still has to reach the store */
	struct wire_hit_done done;
};

struct uplink_counters {
	int64_t sent, acknowledged, refused, retries;
	int64_t connect_failures, tls_failures, timeouts, http_errors, transfer_failures;
	int64_t bytes_sent, bytes_sent_hits, bytes_sent_hotlist, bytes_sent_heartbeats;
	int64_t bytes_sent_evidence;
	int64_t bytes_received;
	int64_t heartbeats, heartbeats_acknowledged;
	int64_t hotlist_polls, hotlist_offered, hotlist_accepted, hotlist_deltas, hotlist_resumed;
	int64_t evidence_polls, evidence_requests, evidence_answers, evidence_problems;
	int64_t evidence_retries, evidence_cuts;
};

struct uplink_list {
	/* of the store: the list in force, and the one that it is looking at */
	char etag[ANSWER_ETAG_SIZE], offered[ANSWER_ETAG_SIZE];
	uint64_t version;
	bool offering, offered_delta;
	bool missed;	  /* fetched when no store was there to take it */
	bool store_knows; /* it has said what is in force: before that, nobody asks */
	/* of the RTCC */
	bool asking;
	struct list_question question; /* of the transfer under way */
	struct download part;	       /* what has come of a list, also when it was cut */
	bool whole;		       /* the next one shall be no delta */
	int64_t asked_ns, offered_ns, next_poll_ns; /* monotonic */
	struct backoff backoff;
	int64_t retry_ns;   /* monotonic; 0: no back-off */
	struct answer last; /* how the last question ended */
	bool answered;	    /* one has */
	/* One that the store does not want is not fetched again and again. */
	char refused[ANSWER_ETAG_SIZE];
	unsigned refusals; /* in a row */
	int64_t refused_until_ns;
};

struct uplink_beat {
	struct wire_status roles[WIRE_ROLES]; /* what each last said; h.type 0: nothing yet */
	struct wire_head head; /* of the audit chain, as the store last said; seq 0: not
				  yet */
	int64_t due_ns;	       /* monotonic: when the next is sent; 0: at once */
	int64_t sent_ns;       /* monotonic: when the last one was begun; 0: none was */
	bool sending;
	char *body;	    /* of the one under way */
	bool answered;	    /* `last` holds something */
	struct answer last; /* how the last one ended */
};

struct uplink {
	struct role *role;
	struct loop *loop;
	struct uplink_conf conf;
	struct credentials own;
	struct transfer *transfer; /* NULL: no RTCC is configured */
	struct queued_hit queue[UPLINK_QUEUE];
	size_t n_queue;
	int64_t sending;     /* outbox id under way; -1: none */
	int64_t last_failed; /* outbox id: others go first next time */
	int64_t newest;	     /* highest outbox id seen: a higher one is news */
	struct backoff backoff;
	int64_t not_before_ns; /* monotonic; 0: no back-off */
	int timer;
	struct uplink_list list;
	struct uplink_beat beat;
	struct uplink_evidence evidence;
	struct answer last; /* how the last hit's transfer ended */
	bool contacted, stopping;
	struct answer said; /* in the log, of hits and hotlist together */
	struct uplink_counters n;
};

/* The callbacks of the role, as firmware/role.h describes them. uplink_open: ERR_CONFIG, ERR_LIMIT,
 * credentials_load's and transfer_new's; uplink_begin cannot fail; uplink_message: ERR_PEER,
 * ERR_LIMIT. */
bool uplink_open(struct uplink *u, const struct role_env *env, struct err *e) MUST_CHECK;
bool uplink_begin(void *state, struct err *e);
void uplink_connected(void *state, enum wire_role peer);
bool uplink_message(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
		    size_t n_fds, struct err *e);
void uplink_stop(void *state);
void uplink_status(void *state, struct wire_status *s);
void uplink_close(void *state);

/* Start what is due, or sleep until it is. Between the files of this role only, like what follows.
 */
void uplink_next(struct uplink *u);

/* Count the end of a transfer; `bytes`: the counter of what was sent of its kind. */
void uplink_count(struct uplink *u, const struct ending *end, const struct answer *a,
		  int64_t *bytes);

/* End the transfer under way and count what was sent of it, as uplink_count does. */
void uplink_abort(struct uplink *u, int64_t *bytes);

/* Say in the log what the end of a hit's or the hotlist's transfer has changed. An RTCC that could
 * not be connected to and now can be ends the back-off of both. */
void uplink_say(struct uplink *u, const struct answer *a);

/* How long to wait after a failure, ns. `asked_s`: what the RTCC asks for; 0. */
int64_t uplink_back_off(struct backoff *b, int64_t asked_s);

/* --- hits.c --- */

/* Take a hit of the store into the queue. ERR_LIMIT, ERR_PEER: not taken. The fd stays the
 * caller's. */
bool hits_take(struct uplink *u, const struct wire_hit *m, int fd, struct err *e) MUST_CHECK;
/* Start sending one; false when none waits. */
bool hits_send(struct uplink *u);
/* Give answers to the store that it could not take before. False: it still cannot. */
bool hits_deliver(struct uplink *u);
size_t hits_waiting(const struct uplink *u);
void hits_forget(struct uplink *u);

/* --- list.c --- */

/* Once the configuration is there. */
void list_open(struct uplink *u);
/* When the hotlist is to be asked for next, monotonic ns; INT64_MAX: not now. */
int64_t list_due(const struct uplink *u);
void list_poll(struct uplink *u);
/* When the question under way must make room for a hit or a heartbeat, monotonic ns; INT64_MAX: it
 * need not. */
int64_t list_yields(const struct uplink *u);
/* Drop it; what has come of a list is gone on with later. Harmless when none is under way. */
void list_abort(struct uplink *u);
void list_answered(struct uplink *u, const struct wire_bundle_done *m);
/* What was offered to the old store process is void; the new one will say what it has. */
void list_store_is_back(struct uplink *u);
void list_in_force(struct uplink *u, const struct wire_list *m);

/* --- heartbeat.c --- */

/* Take over what the parent says of a role; when it is news a heartbeat is due soon. ERR_PEER. */
bool beat_take(struct uplink *u, const struct wire_status *m, struct err *e) MUST_CHECK;
/* Take over the head of the audit chain: it goes with every heartbeat, and is no news. ERR_PEER. */
bool beat_head(struct uplink *u, const struct wire_head *m, struct err *e) MUST_CHECK;
/* When the next is to be sent, monotonic ns; INT64_MAX: not now. */
int64_t beat_due(const struct uplink *u);
void beat_send(struct uplink *u);
/* When the one under way must make room for a hit that waits, monotonic ns; INT64_MAX: it need not.
 */
int64_t beat_yields(const struct uplink *u);
/* Drop the one under way; harmless when none is. */
void beat_abort(struct uplink *u);

/* --- evidence.c --- */

/* Once the configuration is there. */
void evidence_open(struct uplink *u);
/* When there is something to do with the store, whatever transfer is under way, monotonic ns;
 * INT64_MAX: there is nothing. */
int64_t evidence_tends(const struct uplink *u);
void evidence_tend(struct uplink *u);
/* A new store process: what the old one was asked is asked once more, or given up. */
void evidence_store_is_back(struct uplink *u);
/* The store's answer. The fd (-1: none) stays the caller's. ERR_PEER: not what was waited for. */
bool evidence_done(struct uplink *u, const struct wire_request_done *m, int fd,
		   struct err *e) MUST_CHECK;
/* When the next transfer is to be begun, monotonic ns; INT64_MAX: not now. The second of an answer
 * alone, which a question that waits for a hotlist makes room for. */
int64_t evidence_due(const struct uplink *u);
int64_t evidence_answer_due(const struct uplink *u);
/* Begin it: a question for a request, or a part of an answer. */
void evidence_go_on(struct uplink *u);
/* When the transfer under way must make room for a hit that waits, monotonic ns; INT64_MAX: it need
 * not. */
int64_t evidence_yields(const struct uplink *u);
/* Drop it; it is begun again later. Harmless when none is under way. */
void evidence_abort(struct uplink *u);
/* Forget everything. */
void evidence_close(struct uplink *u);

#endif
