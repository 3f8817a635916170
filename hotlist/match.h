/* SPDX-License-Identifier: Apache-2.0 */
/* A read against the hotlist: which entries, how sure. */
#ifndef HOTLIST_MATCH_H
#define HOTLIST_MATCH_H

#include "hotlist/bundle.h"
#include "ocr/plate.h"

#include <stdbool.h>

enum match_grade { GRADE_NONE = 0, GRADE_EXACT, GRADE_JURISDICTION_UNKNOWN, GRADE_LOOKALIKE };

/* "EXACT", "JURISDICTION_UNKNOWN", "LOOKALIKE", "NONE": as spelled in output. */
const char *match_grade_name(enum match_grade grade);

#define MATCH_ENTRIES_MAX 8u

/* A list issued further in the future than this says that the clock is wrong: then nobody knows its
 * age, and it counts as stale. */
#define MATCH_CLOCK_SKEW_S 300

/* A look-alike for which the read itself leaves less room than this is none: the reader saw each of
 * the characters that differ, and was sure. */
#define MATCH_LEAST_ROOM 0.001f

struct match {
	enum match_grade grade; /* the best of all entries */
	uint32_t n;		/* entries matched, at most MATCH_ENTRIES_MAX (best grade first) */
	struct entry entries[MATCH_ENTRIES_MAX];
	enum match_grade grades[MATCH_ENTRIES_MAX];
	/* How much room the read leaves for the entry's spelling, 0..1. 1 for what is no LOOKALIKE;
	 * the confidence of the alternative it was found by; or the product of 1 - chars over the
	 * characters that differ (1 where those are not known). */
	float room[MATCH_ENTRIES_MAX];
	char matched[PLATE_TEXT_SIZE]; /* the spelling that matched; differs from the read for
					  LOOKALIKE */
	bool lookalike_suppressed;     /* nothing matched, and LOOKALIKE would have if the policy
					  allowed it; which entry is not said */
};

/*
 * Match a read at time now_s (UTC seconds). An entry of another jurisdiction than the read's known
 * one is no match; expired entries and forbidden categories never match; a stale list matches
 * nothing (stale: *stale set true). Letter O and digit 0 are the same everywhere. LOOKALIKE only
 * when the signed policy allows it and nothing matches by its own spelling: the read's
 * alternatives, best first, then the confusion classes of hotlist/key.h, those that the read's
 * per-character confidence leaves most room for first, and none below MATCH_LEAST_ROOM. The
 * spelling on the list is in `matched` and in each entry's lic. `b` may be NULL (no list): no
 * match. Allocates nothing, cannot fail.
 */
void match_read(const struct bundle *b, const struct plate_read *read, int64_t now_s,
		struct match *out, bool *stale);

/*
 * The same while `later` is about to take the place of b: signed (bundle_begin), but not yet
 * checked whole. What later does not have any more is withdrawn, and matches nothing from now on:
 * an entry needs one there for the same plate, state and category that has not expired, and to
 * alert as LOOKALIKE it needs the policy of both. What later has beyond b matches nothing yet. Once
 * later turns out broken (bundle_broken), or when it is NULL: as match_read.
 */
void match_read_before(const struct bundle *b, const struct bundle *later,
		       const struct plate_read *read, int64_t now_s, struct match *out,
		       bool *stale);

#endif
