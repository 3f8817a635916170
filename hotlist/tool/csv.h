/* SPDX-License-Identifier: Apache-2.0 */
/* Separated values as RFC 4180 has them, with any separator, row by row. */
#ifndef HOTLIST_TOOL_CSV_H
#define HOTLIST_TOOL_CSV_H

#include "hotlist/tool/feed.h"

#define CSV_FIELDS_MAX 64u		    /* of one row */
#define CSV_ROW_MAX    (FEED_LINE_MAX + 1u) /* bytes of one row's fields, with a NUL each */

struct csv {
	struct feed *feed;
	char separator;
};

struct csv_row {
	uint64_t line; /* where the row begins */
	const char
	    *fault; /* NULL, or why this row alone cannot be used; its fields are then void */
	size_t n;
	const char *fields[CSV_FIELDS_MAX]; /* NUL-terminated, in `text` */
	size_t used;
	char text[CSV_ROW_MAX];
};

/* Begin to read rows from a feed, which must outlive it. `separator`: not a quote, not a line end.
 */
void csv_open(struct csv *c, struct feed *feed, char separator);

/*
 * The next row that is not an empty line. *more false: the end, *row is void. Lines end with LF or
 * CRLF; a quoted field may hold separators and doubled quotes. A row that is too long or has too
 * many fields, a control character (a line end within quotes is one) or a stray quote gets a
 * fault; the rows after it are read all the same. ERR_FORMAT: a quote that is never closed; ERR_IO.
 */
bool csv_next(struct csv *c, struct csv_row *row, bool *more, struct err *e) MUST_CHECK;

#endif
