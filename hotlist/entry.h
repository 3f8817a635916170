/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the hotlist, in NCIC's terms (NCIC Code Manual; LPR extract file). */
#ifndef HOTLIST_ENTRY_H
#define HOTLIST_ENTRY_H

#include <stdint.h>

/* Felony vehicle, stolen vehicle, stolen plate; missing person behind its own signed switch. Nothing else exists. */
#define ENTRY_CATEGORY_CODES "FVPM"
#define ENTRY_CATEGORIES     4u

struct entry {
	char lic[11];        /* plate as compared: folded to A-Z0-9 */
	char printed[13];    /* plate as the feed printed it */
	char lis[3];         /* issuing state, NCIC code, or "" */
	char lit[3];         /* licence type, NCIC code, or "" */
	char category;       /* one of ENTRY_CATEGORY_CODES */
	char case_number[21];/* NIC or OCA number */
	char ori[10];        /* originating agency */
	int64_t entered_s;   /* UTC seconds; 0 unknown */
	int64_t expires_s;   /* UTC seconds; always set */
	char vyr[5], vma[5], vmo[4], vst[3], vco[8]; /* vehicle year, make, model, style, colour; "" unknown */
};

/* Fold a plate text in place of comparison: upper case, letters and digits only, letter O as digit 0 on both sides.
 * At most 10 characters are kept; out holds 11 bytes. Returns out. */
char *entry_fold(const char *text, char out[11]);

#endif
