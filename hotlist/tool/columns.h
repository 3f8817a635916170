/* SPDX-License-Identifier: Apache-2.0 */
/* The named columns of a CSV, and which of them may enter a bundle. It is a list of what is let in,
 * not of what is kept out. */
#ifndef HOTLIST_TOOL_COLUMNS_H
#define HOTLIST_TOOL_COLUMNS_H

#include "hotlist/entry.h"
#include "hotlist/tool/csv.h"

struct columns {
	size_t n;		       /* columns of the file */
	uint8_t which[CSV_FIELDS_MAX]; /* which known column each of them is */
};

/* The fields that are not yet an entry's: dates as the feed wrote them. */
struct columns_row {
	char entered[32], expires[32];
};

/*
 * Read the header row. ERR_FORMAT: a column is unknown, given twice, or one that is needed is
 * missing; ERR_POLICY: a column whose name says that it holds personal data (names, birth dates,
 * addresses and the like).
 */
bool columns_read(const struct csv_row *header, struct columns *c, struct err *e) MUST_CHECK;

/* Put a row's fields, trimmed and in upper case (printed as it is), where they belong in *x and
 * *in. lic stays empty. ERR_FORMAT: another number of fields than the header's, or a field too
 * long. */
bool columns_fill(const struct columns *c, const struct csv_row *row, struct entry *x,
		  struct columns_row *in, struct err *e) MUST_CHECK;

#endif
