/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement of counters: what a box had counted when a month ended, as a text that is signed.
 * There is exactly one way to write one (COUNTERS.md), so that what a reader is shown is what was
 * signed. It holds figures and names, no plate.
 */
#ifndef FIRMWARE_STORE_STATEMENT_H
#define FIRMWARE_STORE_STATEMENT_H

#include "firmware/base/conf.h"
#include "firmware/base/crypt.h"
#include "firmware/base/err.h"

#include <stdint.h>

#define STATEMENT_FORMAT      "alpr-counters-1"
#define STATEMENT_FIGURES     64u
#define STATEMENT_NAME_SIZE   32u
#define STATEMENT_TIME_SIZE   21u /* "2027-01-15T08:00:00Z" */
#define STATEMENT_NOTES_SIZE  48u
#define STATEMENT_TEXT_SIZE   4096u
#define STATEMENT_FIGURE_MOST ((INT64_C(1) << 53) - 1) /* whole numbers that JSON keeps exact */

#define STATEMENT_BEFORE (-1) /* no month: what was counted before the first of them */

struct statement_figure {
	char name[STATEMENT_NAME_SIZE]; /* a to z, 0 to 9 and _ */
	int64_t value;			/* since the box began to count; 0 to the most */
};

struct statement {
	int64_t n;			     /* from 1, without a gap */
	uint8_t previous[CRYPT_SHA256_SIZE]; /* statement_digest of the one before; zeros: none */
	char site[CONF_STRING_MAX];
	int32_t month; /* year * 12 + month - 1, UTC; or STATEMENT_BEFORE */
	bool open;     /* the month is not over */
	char from[STATEMENT_TIME_SIZE], until[STATEMENT_TIME_SIZE]; /* what it covers */
	char notes[STATEMENT_NOTES_SIZE];			    /* words with a space between */
	unsigned n_figures;
	struct statement_figure figures[STATEMENT_FIGURES]; /* by name */
};

/* The month that a time (ns UTC) is in, as above, and the time at which a month begins. */
int32_t statement_month(int64_t utc_ns);
int64_t statement_month_begin(int32_t month);

/* A time as a statement writes it, to the second. Returns out. */
char *statement_time(int64_t utc_ns, char out[STATEMENT_TIME_SIZE]);

/* Copy a configured name, as a statement may hold it: what is no UTF-8 becomes '?', and so does a
 * first character that a spreadsheet would take for a formula. */
void statement_name(const char *name, char out[CONF_STRING_MAX]);

/* Put a figure in its place. ERR_LIMIT: there is no more room; ERR_ARGUMENT: it is there already,
 * or its name or value is none. */
bool statement_add(struct statement *s, const char *name, int64_t value, struct err *e) MUST_CHECK;

/* Value of a figure; -1: it is not there. */
int64_t statement_figure(const struct statement *s, const char *name);

/* Write the text. ERR_SIGNATURE: a member is not as described above; ERR_LIMIT: too long. */
bool statement_text(const struct statement *s, char out[STATEMENT_TEXT_SIZE],
		    struct err *e) MUST_CHECK;

/* The way back. ERR_SIGNATURE: it is not written as statement_text would. */
bool statement_parse(const char *text, struct statement *out, struct err *e) MUST_CHECK;

/* SHA-256 of the text: what the next statement names, and the audit chain. statement_text's errors;
 * ERR_NO_MEMORY. */
bool statement_digest(const struct statement *s, uint8_t out[CRYPT_SHA256_SIZE],
		      struct err *e) MUST_CHECK;

#endif
