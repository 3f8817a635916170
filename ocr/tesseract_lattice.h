/* SPDX-License-Identifier: Apache-2.0 */
/* From Tesseract's symbols and their alternatives to a lattice that fuse() can weigh: pure. Used by
 * ocr/tesseract.c and its tests. */
#ifndef OCR_TESSERACT_LATTICE_H
#define OCR_TESSERACT_LATTICE_H

#include "ocr/plate.h"

#include <stddef.h>

#define SYMBOLS_MAX    15u /* 2 n + 1 steps fit PLATE_STEPS */
#define SYMBOL_CHOICES 8u

/* One place of a line: what may stand there, the best first. */
struct symbol {
	size_t n;
	char c[SYMBOL_CHOICES];	    /* A-Z 0-9 */
	float cost[SYMBOL_CHOICES]; /* natural log, 0 and up: only differences mean something */
	float doubt; /* natural log, 0 and up: against the least sure step of the best choice */
};

/*
 * The lattice of n symbols (those beyond SYMBOLS_MAX are cut): between any two, and at both ends, a
 * step that is most likely blank, and one for each symbol that is most likely one of its choices;
 * doubtful symbols may be blank too. Each step sums to 1; nothing is impossible. weight is set to
 * 1.
 */
void tesseract_lattice(const struct symbol *at, size_t n, struct plate_observation *out);

#endif
