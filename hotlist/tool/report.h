/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of the feeds: for people on stdout, for programs as JSON lines. Neither ever holds a
 * plate.
 *
 * JSON lines: {"kind":"row",…} for each rejected row, {"kind":"feed",…} behind the rows of each
 * feed, and {"kind":"list",…} last, once the list is written: a report without it tells of a list
 * that was not made.
 */
#ifndef HOTLIST_TOOL_REPORT_H
#define HOTLIST_TOOL_REPORT_H

#include "hotlist/tool/compile.h"

#include <stdio.h>

struct report {
	const char *path; /* as given; NULL: no report for programs is asked for */
	FILE *to;
};

/* Begin a report in file `path`, which is replaced; NULL: none, and the other functions do nothing.
 * ERR_IO, ERR_NOT_FOUND, ERR_NO_SPACE. */
bool report_open(struct report *r, const char *path, struct err *e) MUST_CHECK;

/* A rejected row of feed `file`. */
void report_row(const struct report *r, const char *file, uint64_t line, const char *why);

/* The counts of a feed. */
void report_feed(const struct report *r, const char *file, const char *layout,
		 const struct compile_report *c);

/* The list that was made. */
void report_list(const struct report *r, const struct bundle_info *info, size_t bytes);

/* Write out what is there so far. ERR_IO, ERR_NO_SPACE: it is not whole. */
bool report_flush(const struct report *r, struct err *e) MUST_CHECK;

/* End it. ERR_IO, ERR_NO_SPACE: it is not whole. */
bool report_close(struct report *r, struct err *e) MUST_CHECK;

/* The counts of a feed for people, on stdout. */
void report_print(const struct compile_report *c, const struct compile_terms *terms);

#endif
