/* SPDX-License-Identifier: Apache-2.0 */
/* An agency's feed, line by line: from a file through a window of a megabyte, however large the
 * file is, or from memory. */
#ifndef HOTLIST_TOOL_FEED_H
#define HOTLIST_TOOL_FEED_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define FEED_LINE_MAX                                                                              \
	8191u /* bytes of a line without its end; of a longer one nothing is given                 \
	       */

struct feed {
	const char *at, *end; /* what is read and not yet taken */
	char *window;	      /* malloc'd; NULL: the text lies in memory and is the caller's */
	int fd;
	bool ended;	/* no more will come into the window */
	uint64_t lines; /* taken so far */
};

struct feed_line {
	uint64_t number;  /* from 1 */
	bool too_long;	  /* text and len are then void */
	const char *text; /* not NUL-terminated; valid until the next call. No line end (LF or
			     CRLF), otherwise any bytes */
	size_t len;
};

/*
 * Open a feed; feed_close closes it, also after an error. A byte order mark of UTF-8 is dropped.
 * Errors name the path: ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY, ERR_FORMAT (not a plain file;
 * UTF-16).
 */
bool feed_open(struct feed *f, const char *path, struct err *e) MUST_CHECK;

/* The same of text in memory, which must outlive it. Needs no feed_close. */
bool feed_memory(struct feed *f, const char *text, size_t len, struct err *e) MUST_CHECK;

void feed_close(struct feed *f);

/* The next line; *more false: there is none, and *line is void. The last one need not end with a
 * line end. ERR_IO. */
bool feed_next(struct feed *f, struct feed_line *line, bool *more, struct err *e) MUST_CHECK;

#endif
