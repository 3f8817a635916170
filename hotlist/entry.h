/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the hotlist, in NCIC's terms (NCIC Code Manual; LPR extract file). */
#ifndef HOTLIST_ENTRY_H
#define HOTLIST_ENTRY_H

#include "firmware/base/err.h"

#include <stdint.h>

/* Felony vehicle, stolen vehicle, stolen plate; missing person behind its own signed switch.
 * Nothing else exists. */
#define ENTRY_CATEGORY_CODES "FVPM"
#define ENTRY_CATEGORIES     4u

/* Times of an entry lie before 2106-02-07: the bundle stores them as unsigned 32-bit seconds. */
#define ENTRY_TIME_MAX INT64_C(4294967295)

struct entry {
	char lic[11];	      /* plate as compared: folded to A-Z0-9 */
	char printed[13];     /* plate as the feed printed it */
	char lis[3];	      /* issuing state, NCIC code, or "" */
	char lit[3];	      /* licence type, NCIC code, or "" */
	char category;	      /* one of ENTRY_CATEGORY_CODES */
	char case_number[21]; /* NIC or OCA number */
	char ori[10];	      /* originating agency */
	int64_t entered_s;    /* UTC seconds; 0 unknown */
	int64_t expires_s;    /* UTC seconds; always set */
	char vyr[5], vma[5], vmo[4], vst[3],
	    vco[8]; /* vehicle year, make, model, style, colour; "" unknown */
};

/* Fold a plate text in place of comparison: upper case, letters and digits only, letter O as digit
 * 0 on both sides. At most 10 characters are kept; out holds 11 bytes. Returns out. */
char *entry_fold(const char *text, char out[11]);

/* The policy gate on a category, the same at compile, at load and at match: F, V and P; M only when
 * the bundle's signed policy says so (allow_missing) and this firmware was built with
 * CONFIG_CATEGORY_MISSING. */
bool entry_category_allowed(char category, bool allow_missing);

/* Position of `category` in ENTRY_CATEGORY_CODES, or -1. */
int entry_category_index(char category);

/*
 * Check a whole entry: the category gate; case number, ORI and expiry present; every text
 * terminated, of its NCIC length and made of the characters that field may have; lic is the fold of
 * printed. ERR_POLICY: forbidden category, or no case number, ORI or expiry; ERR_FORMAT: the rest.
 * The error names the field, never its value.
 */
bool entry_check(const struct entry *x, bool allow_missing, struct err *e) MUST_CHECK;

#endif
