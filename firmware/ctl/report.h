/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters of a box as a file for the annual report: CSV (RFC 4180) or JSON, months with what
 * was counted in each, and with every one its signature (firmware/store/COUNTERS.md). There is
 * exactly one way to write a report, and a file that is not written so is refused: what a reader
 * sees is what was signed, sums included.
 */
#ifndef FIRMWARE_CTL_REPORT_H
#define FIRMWARE_CTL_REPORT_H

#include "firmware/store/counters.h"

#include <stdio.h>

#define REPORT_ROWS_MAX 4096u
#define REPORT_SIZE_MAX (16u << 20) /* bytes of a file */

struct report {
	struct counters_row *rows; /* the first is what the months are counted from */
	size_t n;
	unsigned n_names;
	char names[STATEMENT_FIGURES][STATEMENT_NAME_SIZE]; /* of all figures, in their order */
};

void report_free(struct report *r);
#define AUTO_REPORT CLEANUP(report_free)

/* Room for one more row, zeroed; it counts once r->n does. NULL: ERR_LIMIT, ERR_NO_MEMORY. */
struct counters_row *report_row(struct report *r, struct err *e);

/* A row as text; figures in the order of the names, "" for one that it does not have. */
struct report_cells {
	const char *statement, *site, *year, *month, *state, *from, *until, *notes;
	const char *previous, *key, *signature;
	const char *figures[STATEMENT_FIGURES];
};

/* Append a row as counted: figures are those of its month (of the first row: all before).
 * ERR_FORMAT: it is none; ERR_LIMIT, ERR_NO_MEMORY. */
bool report_add(struct report *r, const struct report_cells *c, struct err *e) MUST_CHECK;

/* Append a name of a figure. ERR_FORMAT: it is there twice, or none; ERR_LIMIT. */
bool report_name(struct report *r, const char *name, struct err *e) MUST_CHECK;

/*
 * Read what the database has stated: of that year only (and the statement before it), or all of it
 * (year 0). ERR_NOT_FOUND: nothing of it; ERR_SIGNATURE: a statement has not been signed yet;
 * counters_next's.
 */
bool report_load(struct report *r, struct db *d, int year, struct err *e) MUST_CHECK;

/* Figure `name` of row i, counted in its month (of row 0: all before); of all months; and all that
 * was ever counted. -1: there is none. */
int64_t report_figure(const struct report *r, size_t i, unsigned name);
int64_t report_sum(const struct report *r, unsigned name);
int64_t report_total(const struct report *r, unsigned name);

/* As text, NUL-terminated; the caller frees. ERR_NO_MEMORY. */
bool report_csv(const struct report *r, char **out, struct err *e) MUST_CHECK;
bool report_json(const struct report *r, char **out, struct err *e) MUST_CHECK;

/* The way back; `text` is written to. ERR_FORMAT, with the line where that helps: it is not written
 * as those would. *out: report_free, in any case. */
bool report_parse_csv(char *text, struct report *out, struct err *e) MUST_CHECK;
bool report_parse_json(const char *text, struct report *out, struct err *e) MUST_CHECK;

/*
 * Either of them. Written again it must come out alike, so that nothing stands in the file that
 * does not follow from what was signed. The errors above; ERR_NO_MEMORY.
 */
bool report_parse(const char *text, struct report *out, struct err *e) MUST_CHECK;

struct report_wanted {
	bool has_key;
	uint8_t key[CRYPT_SHA256_SIZE]; /* crypt_key_id: no other may have signed */
	int year; /* must be there from its first month to the end of its last; 0: any */
};

struct report_found {
	int64_t keys;			/* how many times another key began to sign */
	uint8_t key[CRYPT_SHA256_SIZE]; /* the last of them */
};

/* Every statement is signed, names the one before and is what is wanted. ERR_SIGNATURE with its
 * number, and what is wrong with it. */
bool report_verify(const struct report *r, const struct report_wanted *wanted,
		   struct report_found *found, struct err *e) MUST_CHECK;

/* "2027-01", or "before" for what no month has. Returns out. */
#define REPORT_MONTH_SIZE 16u
const char *report_month(const struct statement *s, char out[REPORT_MONTH_SIZE]);

/* n bytes as lower-case hexadecimal digits; out holds 2 n + 1. Returns out. */
char *report_hex(const uint8_t *bytes, size_t n, char *out);

#endif
