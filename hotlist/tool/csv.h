/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values as RFC 4180 has them, from memory, row by row. */
#ifndef HOTLIST_TOOL_CSV_H
#define HOTLIST_TOOL_CSV_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define CSV_FIELDS_MAX 64u   /* of one row */
#define CSV_ROW_MAX    8192u /* bytes of one row's fields, with a NUL each */

struct csv {
	const char *at, *end; /* what is still to be read */
	uint64_t line;	      /* of the next row, from 1 */
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

/* Start reading `len` bytes (borrowed until the last row); a UTF-8 byte order mark is skipped. */
void csv_open(struct csv *c, const char *text, size_t len);

/*
 * Read the next row; empty lines are passed over. *more false: there was none. A row that is too
 * long, has too many fields, a control character (NUL too) or a quote in the wrong place is
 * returned with its fault; the next one is read as usual. ERR_FORMAT: a quote that is never closed:
 * then no later row can be trusted.
 */
bool csv_next(struct csv *c, struct csv_row *row, bool *more, struct err *e) MUST_CHECK;

#endif
