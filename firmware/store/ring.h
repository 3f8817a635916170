/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring: every read that was accepted, until its retention is over or newer ones need the room;
 * oldest first, always. Every function takes the time, in ring time (elapsed.h): nothing here asks
 * a clock.
 */
#ifndef FIRMWARE_STORE_RING_H
#define FIRMWARE_STORE_RING_H

#include "firmware/store/db.h"
#include "firmware/store/period.h"
#include "firmware/store/seal.h"
#include "firmware/wire.h"

struct ring_picture {
	const uint8_t *jpeg; /* borrowed; NULL: none */
	size_t len;
};

enum ring_kind {
	RING_READ = 0,
	RING_HIT,	/* in the outbox: only then scenes are kept, whatever is given */
	RING_SUPPRESSED /* on the list, and in its cooldown */
};

struct ring_passage {
	const struct wire_passage *p;		     /* checked (intake.h) */
	struct ring_picture pictures[WIRE_PICTURES]; /* what is to be kept of the gift */
	enum ring_kind hit;
	uint64_t list_version;	      /* of the hotlist it was held against; 0: none */
	const struct period_key *key; /* of the period that kept_ns is in */
	int64_t kept_ns;	      /* ring time: retention counts from it */
	int64_t stored_ns;	      /* wall time */
};

#define RING_RECENT 512

/* Has the passage with this id been committed: is its read among the newest of the ring
 * (RING_RECENT of them: vision keeps far fewer unanswered), or its hit in the outbox? */
bool ring_has(struct db *d, const uint8_t id[WIRE_ID_SIZE], bool *has, struct err *e) MUST_CHECK;

/* Insert a passage, sealed: what tells of the plate, and each picture. Call it inside a
 * transaction, after ring_has said no. ERR_NO_SPACE and db_fail's; ERR_IO, ERR_NO_MEMORY of
 * sealing. */
bool ring_insert(struct db *d, const struct ring_passage *r, struct err *e) MUST_CHECK;

/*
 * A statement that yields the passages of `period` whose plate has this HMAC (seal_plate), oldest
 * first: row id, kept_ns, best_ns. What else is in their rows the view `reads` shows. As db_query:
 * `mac` is borrowed until it is done with; NULL on error.
 */
sqlite3_stmt *ring_with_plate(struct db *d, int64_t period, const uint8_t mac[SEAL_MAC],
			      struct err *e);

/* The sealed picture of that kind (WIRE_CROP_0 .. WIRE_SCENE_1) of passage `row`; *sealed NULL:
 * there is none, else the caller frees it. ERR_NO_MEMORY; db_fail's codes. */
bool ring_sealed_picture(struct db *d, int64_t row, unsigned kind, uint8_t **sealed, size_t *len,
			 struct err *e) MUST_CHECK;

/*
 * Enter the plates of the oldest `most` passages that are not in it yet into the index that
 * ring_with_plate looks into, in a transaction of its own; fewer are left as they are (it looks
 * through them), so that a page of it is not written for each. *more: there are as many again.
 */
bool ring_index(struct db *d, int64_t most, bool *more, struct err *e) MUST_CHECK;

struct ring_limits {
	int64_t retention_ns;
	int64_t max_bytes;
	int64_t
	    lost_ns; /* what was kept before has no key any more (periods.lost_ns); 0: nothing */
};

struct ring_purged {
	int64_t passages;	   /* deleted by this step */
	int64_t first_ns, last_ns; /* kept_ns of the oldest and newest of them */
	bool more;		   /* there is more to do: come again soon */
};

/*
 * One small step of the purge, in a transaction of its own: at most `most` passages, those of the
 * periods whose retention is over at now_ns (period_due) or whose keys are lost, else the oldest
 * while the ring is larger than max_bytes. Nothing to do is no error.
 */
bool ring_purge(struct db *d, const struct ring_limits *l, int64_t now_ns, int64_t most,
		struct ring_purged *out, struct err *e) MUST_CHECK;

/* The same, whatever their age: `most` of the oldest, to make room on a full disk. */
bool ring_make_room(struct db *d, int64_t most, struct ring_purged *out, struct err *e) MUST_CHECK;

/* Give free pages beyond a working reserve back to the file system, at most `bytes` of them. */
bool ring_shrink(struct db *d, int64_t bytes, struct err *e) MUST_CHECK;

struct ring_size {
	int64_t file_bytes;	      /* of the database file */
	int64_t used_bytes;	      /* of it, in use */
	int64_t passages;	      /* an upper bound, without counting rows */
	int64_t oldest_ns, newest_ns; /* kept_ns; 0 when empty */
};

/* How large the ring is and what it spans, at a cost that does not grow with it. db_fail's codes.
 */
bool ring_measure(struct db *d, struct ring_size *out, struct err *e) MUST_CHECK;

#endif
