/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hotlist on its way in: copied to the cache folder and checked there, every record of it, in
 * slices, because a list of ten million entries takes many seconds and passages must not wait for
 * it. What is in force is always our own copy: a gift is uplink's memory and gone after a restart,
 * and a configured file may be rewritten in place, under the map and after its signature was looked
 * at.
 */
#ifndef FIRMWARE_STORE_ARRIVAL_H
#define FIRMWARE_STORE_ARRIVAL_H

#include "firmware/base/gift.h"
#include "hotlist/bundle.h"

#include <sys/types.h>

#define ARRIVAL_KEYS 2u

/* Who may have signed a list: while the RTCC changes its key, two. */
struct arrival_keys {
	struct crypt_key *key[ARRIVAL_KEYS]; /* NULL: there is none */
};

/* bundle_begin and bundle_begin_fd with whichever of them has signed it; at least one is there. */
bool arrival_begin(const struct arrival_keys *keys, const char *path, struct bundle **out,
		   struct err *e) MUST_CHECK;
bool arrival_begin_fd(const struct arrival_keys *keys, int fd, struct bundle **out,
		      struct err *e) MUST_CHECK;

struct making;

struct arrival {
	struct making *making; /* a delta is being applied, in memory; NULL: no, or no more */
	int from, to;	  /* the file it comes from, and our copy of it; -1: none is being made */
	const char *path; /* of our copy, borrowed */
	off_t at;	  /* so much is copied */
	off_t unsynced;	  /* and so much of it not yet known to be on disk */
	struct bundle
	    *given;	  /* what lies in `from`, while that is copied, if nobody can write it */
	struct bundle *b; /* our copy, being checked; NULL: not yet */
	int64_t id;	  /* bundle_id of what comes; 0: nothing does */
};

/* Nothing arrives. */
#define ARRIVAL_NONE ((struct arrival){.from = -1, .to = -1})

/*
 * Begin to copy the bundle with this id from the file `from` to `path` (borrowed until the end).
 * `given`: that bundle, opened, if `from` can no longer change; else NULL. Both are taken over,
 * also on error. ERR_IO, ERR_NO_SPACE; then nothing arrives.
 */
bool arrival_copy(struct arrival *a, int from, struct bundle *given, int64_t id, const char *path,
		  struct err *e) MUST_CHECK;

/*
 * Begin to make in memory what the delta (taken over, also on error) makes of the bundle at
 * `old_path`, to copy that to `path` (borrowed until the end). The signature of the bundle it gives
 * is verified before it is made, and what was made is copied and checked as if it had come whole.
 * Errors of delta_begin; ERR_SIGNATURE; ERR_NO_MEMORY, ERR_IO; then nothing arrives.
 */
bool arrival_delta(struct arrival *a, const struct arrival_keys *keys, struct gift *delta,
		   const char *old_path, const char *path, struct err *e) MUST_CHECK;

/* Begin to check a bundle that is our copy already (taken over). */
void arrival_check(struct arrival *a, struct bundle *b);

/*
 * What arrives, once its signature and its digests have held and nobody else can write its bytes:
 * long before it has been checked whole (see bundle_begin). NULL: not yet, or nothing arrives.
 * Good until anything here is called for this arrival again.
 */
const struct bundle *arrival_known(const struct arrival *a);

/*
 * Go on until it is done or monotonic time end_ns has come; a short file is finished all the same.
 * *out: the accepted bundle, caller's; NULL: not yet, call again. An error refuses it and ends the
 * arrival: bundle_open_fd's; delta_some's; ERR_NO_SPACE, ERR_IO of the copy.
 */
bool arrival_step(struct arrival *a, const struct arrival_keys *keys, int64_t end_ns,
		  struct bundle **out, struct err *e) MUST_CHECK;

/* Give it up; harmless when nothing arrives. Our unfinished copy is left, to be written over. */
void arrival_drop(struct arrival *a);

#endif
