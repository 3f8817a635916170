/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds of wanted plates to an unsigned bundle. Whatever is not clearly within the policy stays
 * out, and is reported. */
#ifndef HOTLIST_TOOL_COMPILE_H
#define HOTLIST_TOOL_COMPILE_H

#include "hotlist/tool/feed.h"
#include "hotlist/tool/fill.h"

#include <stddef.h>
#include <stdint.h>

#define COMPILE_REASONS 64u

struct compile_reason {
	char text[sizeof((struct err *)NULL)->text]; /* "ori: missing" */
	uint64_t rows;
};

/* What became of one feed. rows = accepted + rejected. */
struct compile_report {
	uint64_t rows; /* read, a header not counted */
	uint64_t accepted, rejected;
	uint64_t forbidden; /* of the rejected: a category that this list may not hold */
	bool header;	    /* the first line was taken as a header */
	uint64_t per_category[ENTRY_CATEGORIES]; /* of the accepted */
	uint64_t completed[FILL_KINDS];		 /* of the accepted: rows that lacked it */
	uint32_t n_reasons;
	struct compile_reason reasons[COMPILE_REASONS]; /* in the order of their first row */
};

/* What the call says about a feed beside its layout. NULL and 0: nothing. */
struct compile_terms {
	const char *agency;    /* ORI of who sends it: completes rows without one */
	const char *reference; /* "REFERENCE-LINE" completes rows without a case number */
	int64_t entry_age_s;   /* completes rows without expiry: issue time and that, at most
				  LAYOUT_MAX_AGE_S */
};

/* Called for each rejected row. `why` is "field: why" and never holds a value of the row. */
typedef void (*compile_reject_fn)(void *arg, uint64_t line, const char *why);

struct compile;

/*
 * Begin a list. `policy` (version, issue time, maximum age, the two switches) is copied.
 * ERR_ARGUMENT: out of range; ERR_POLICY: a switch that this build does not have; ERR_NO_MEMORY.
 * compile_free frees; NULL is harmless.
 */
bool compile_new(const struct bundle_info *policy, struct compile **out, struct err *e) MUST_CHECK;
void compile_free(struct compile *c);

/*
 * Add all rows of a feed; any number of feeds, each with a layout of its own.
 *
 * Rejected, row by row: forbidden categories; junk plates and calibration rows; no case number, ORI
 * or expiry, unless `terms` complete it; an expiry that has passed at the issue time; dates that do
 * not exist or, for `entered`, lie ahead; texts too long or with characters that the field cannot
 * have. Duplicates are kept.
 *
 * Errors end the whole list: ERR_ARGUMENT (terms that are none), ERR_FORMAT (no header row where
 * there must be one, a column missing, unknown or given twice, a quote never closed), ERR_POLICY
 * (the feed has no ORI, case number or expiry and the terms neither; a column that would bring
 * names, birth dates or addresses in), ERR_IO, ERR_LIMIT, ERR_NO_MEMORY. A feed that gives no entry
 * is no error here.
 */
bool compile_feed(struct compile *c, const struct feed_layout *layout,
		  const struct compile_terms *terms, struct feed *feed, compile_reject_fn reject,
		  void *arg, struct compile_report *report, struct err *e) MUST_CHECK;

/* The unsigned bundle of all that was added, malloc'd, caller frees; *info: as written. ERR_LIMIT,
 * ERR_NO_MEMORY. */
bool compile_finish(struct compile *c, struct bundle_info *info, uint8_t **file, size_t *size,
		    struct err *e) MUST_CHECK;

#endif
