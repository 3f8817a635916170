/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an agency's feed is laid out: one small file of hotlist/layouts/, in the INI dialect of the
 * box's own configuration. hotlist/layouts/README.md describes it for those who write one.
 */
#ifndef HOTLIST_TOOL_FEED_LAYOUT_H
#define HOTLIST_TOOL_FEED_LAYOUT_H

#include "hotlist/entry.h"

#include <stddef.h>

/* What may be kept of a row, in NCIC's terms. There is no other field. */
enum feed_field {
	FIELD_CATEGORY,
	FIELD_LIC,
	FIELD_LIS,
	FIELD_LIT,
	FIELD_CASE_NUMBER,
	FIELD_ORI,
	FIELD_ENTERED,
	FIELD_EXPIRES,
	FIELD_VYR,
	FIELD_VMA,
	FIELD_VMO,
	FIELD_VST,
	FIELD_VCO,
	FEED_FIELDS
};

enum feed_reader { FEED_FIXED, FEED_DELIMITED };

/* The first line: a row; a row or, if its list code is none of the layout's, a header; the names of
 * the columns. */
enum feed_header { FEED_HEADER_NO, FEED_HEADER_MAYBE, FEED_HEADER_NAMES };

#define FEED_COLUMNS_MAX 1024u /* of a line in fixed columns */
#define FEED_CODES_MAX	 40u   /* list codes */
#define FEED_TEXT_MAX	 32u /* bytes of a code, word, column's name or date's form with its NUL */
#define FEED_LIST_MAX	 16u /* dropped columns; junk plates */

struct feed_range {
	unsigned first, last; /* columns, from 1; 0: the feed does not have it */
};

struct feed_word {
	char text[FEED_TEXT_MAX]; /* "VYR/"; "": none */
	unsigned width;		  /* most characters behind it */
};

struct feed_code {
	char text[FEED_TEXT_MAX];
	char category; /* one of ENTRY_CATEGORY_CODES, or NUL: forbidden */
};

struct feed_layout {
	char title[FEED_TEXT_MAX * 4];
	enum feed_reader reader;
	enum feed_header header;
	char separator; /* FEED_DELIMITED */

	struct feed_range fixed[FEED_FIELDS]; /* FEED_FIXED */
	struct feed_word words[FEED_FIELDS];  /* FEED_FIXED: fields behind words, after the last
						 fixed column */
	unsigned shortest, longest;	      /* FEED_FIXED: bytes of a row */

	unsigned columns;			/* FEED_DELIMITED without names: how many */
	unsigned column[FEED_FIELDS];		/* the same, from 1; 0: the feed does not have it */
	char names[FEED_FIELDS][FEED_TEXT_MAX]; /* FEED_HEADER_NAMES; "": not have it */
	char dropped[FEED_LIST_MAX][FEED_TEXT_MAX];
	size_t n_dropped;

	bool category_from_nic; /* the list code is the first letter of the NIC number */
	struct feed_code codes[FEED_CODES_MAX];
	size_t n_codes;
	char dates[FEED_FIELDS][FEED_TEXT_MAX]; /* entered, expires, vyr: see when_day; "iso" */
	bool letter_o[FEED_FIELDS];		/* the feed writes letter O as digit 0 there */
	char junk[FEED_LIST_MAX][11];		/* folded: what this feed writes for no plate */
	size_t n_junk;
};

/* "lic", "case_number", …: as in a layout and in a report. */
const char *feed_field_name(enum feed_field field);

/* Most characters of the field's text in a feed; of a date: in the form `form`. */
unsigned feed_field_width(enum feed_field field, const char *form);

/* Whether the feed has the field at all. */
bool feed_layout_has(const struct feed_layout *l, enum feed_field field);

/* Whether a column's name or word says that it holds personal data: names, birth dates, addresses
 * and the like. */
bool feed_is_personal(const char *name);

/*
 * Read and check a layout. ERR_CONFIG with section, key and, where it is known, line: an unknown
 * section or key, a value that is none, overlapping columns, columns wider than their field, a
 * column of the feed that is neither kept nor dropped, no plate or no list code; ERR_POLICY: a
 * column or word that would keep names, birth dates or addresses, or a list code outside the policy
 * let in; ERR_LIMIT.
 */
bool feed_layout_read(const char *text, size_t len, struct feed_layout *l,
		      struct err *e) MUST_CHECK;

/*
 * The same of a file: `name` of a file of `folder` without its ".layout" (small letters, digits and
 * hyphens), or a path, which has a slash or a point. Errors as above, and ERR_NOT_FOUND, ERR_IO.
 */
bool feed_layout_open(const char *name, const char *folder, struct feed_layout *l,
		      struct err *e) MUST_CHECK;

#endif
