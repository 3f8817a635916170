/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a feed as its layout says: one reader for fixed columns, one for separated values,
 * both giving the same. */
#ifndef HOTLIST_TOOL_ROWS_H
#define HOTLIST_TOOL_ROWS_H

#include "hotlist/tool/csv.h"
#include "hotlist/tool/feed_layout.h"

#include <stdint.h>

struct row_text {
	const char *at; /* not NUL-terminated; no blank at either end */
	size_t len;
};

struct row {
	uint64_t line;
	const char *fault;		     /* NULL, or why this row cannot be used */
	bool torn;			     /* with a fault: the fields say nothing at all */
	struct row_text fields[FEED_FIELDS]; /* empty where the feed has none; valid until the next
						row */
};

struct rows {
	const struct feed_layout *layout;
	struct feed *feed;
	struct csv csv;
	size_t n;			     /* fields of a row of separated values */
	unsigned char which[CSV_FIELDS_MAX]; /* FEED_FIELDS: dropped */
	struct csv_row row;
};

/*
 * Begin. `layout` and `feed` must outlive it. Of a feed whose first line names its columns, that
 * line is read: ERR_FORMAT: there is none, a column is unknown, given twice, or one of `needed`
 * (by field) is missing; ERR_POLICY: a column that would keep names, birth dates or addresses. The
 * error tells a column by number or by our own name for it. Also ERR_IO.
 */
bool rows_open(struct rows *r, const struct feed_layout *layout, struct feed *feed,
	       const bool needed[FEED_FIELDS], struct err *e) MUST_CHECK;

/* The next row; *more false: there is none. Empty lines are passed over. Errors: as csv_next. */
bool rows_next(struct rows *r, struct row *out, bool *more, struct err *e) MUST_CHECK;

#endif
