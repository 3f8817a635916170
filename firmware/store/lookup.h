/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which passages of the ring a request for evidence names: those of one exact plate, or those of a
 * window of wall time; never by anything else. The plate is looked for through the index of keyed
 * plates, period by period, because each has a key of its own. A window is looked for in the rows
 * of those periods that may have something in it: of a period that has ended the database holds
 * between which wall times its passages lie (spans_settle), of others all rows are looked at.
 *
 * What counts is when a passage was seen by the clock of the box (best_ns). While that clock was
 * wrong it says little: a passage whose wall time and ring time (elapsed.h) are further apart than
 * ELAPSED_DRIFT_NS, beyond the distance that the two clocks have now, is found by either.
 */
#ifndef FIRMWARE_STORE_LOOKUP_H
#define FIRMWARE_STORE_LOOKUP_H

#include "firmware/store/db.h"
#include "firmware/store/elapsed.h"
#include "firmware/store/period.h"
#include "ocr/plate.h"

#define LOOKUP_MOST 100000u /* passages; more than any window has, and any plate */

struct lookup_want {
	char plate[PLATE_TEXT_SIZE]; /* exactly this one, however folded; "": any, or none */
	bool window;		     /* only what was seen in [from_ns, to_ns), wall time */
	int64_t from_ns, to_ns;
	int64_t floor_ns;  /* kept at this ring time or before: past retention (period_due) */
	int64_t offset_ns; /* wall time less ring time, now (lookup_offset) */
};

struct lookup {
	struct lookup_want want;
	int64_t period;	       /* the last one looked into; INT64_MIN: none yet */
	int64_t row, last_row; /* of it, to be looked at yet; row 0: none */
	int64_t *rows;	       /* found so far: ids of passages, oldest first */
	size_t n, room;
};

/* Wall time less ring time, as the ring's clock believes them. */
int64_t lookup_offset(const struct elapsed *c);

/* lookup_end when done with it. */
void lookup_begin(struct lookup *l, const struct lookup_want *want);
void lookup_end(struct lookup *l);

/*
 * A small step, of some milliseconds at most; *done: that was all. What is past retention or whose
 * key is not here is not found, also when its rows are there still. Passages that are kept
 * meanwhile may be found or not; what is purged meanwhile may still be among the rows. ERR_LIMIT:
 * more than LOOKUP_MOST; ERR_NO_MEMORY; db_fail's codes.
 */
bool lookup_step(struct lookup *l, struct db *d, const struct periods *keys, bool *done,
		 struct err *e) MUST_CHECK;

struct span {
	int64_t first_row, last_row; /* first > last: there is none */
	int64_t first_ns, last_ns;   /* of their wall times; from another the other way round */
};

struct spans {		/* zeroed at first */
	int64_t period; /* that is being measured */
	struct span span;
	int64_t row; /* of it, to be looked at next */
};

/*
 * A small step towards writing down the span of the oldest period that has ended and has none yet,
 * and forgetting those of periods that do not live. *more: there may be more to do. Call it now and
 * then: until it has been, lookup_step only looks at more rows. db_fail's codes.
 */
bool spans_settle(struct spans *w, struct db *d, const struct periods *keys, bool *more,
		  struct err *e) MUST_CHECK;

/* The first row of the ring that is of this period or a later one: row ids go with ring time.
 * INT64_MAX: none. db_fail's codes. */
bool lookup_first_row(struct db *d, int64_t period, int64_t *row, struct err *e) MUST_CHECK;

#endif
