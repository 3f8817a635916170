/* SPDX-License-Identifier: Apache-2.0 */
/* The words that states print on their plates, looked for in strips that a network has read letter
 * by letter. */
#ifndef OCR_LEXICON_H
#define OCR_LEXICON_H

#include "ocr/issuer.h"

#include <stdbool.h>
#include <stdint.h>

#define LEXICON_STEPS	64u /* most CTC steps of a strip */
#define LEXICON_CLASSES 27u /* 0: CTC blank; 1..26: 'A'..'Z' */

/* What stands in one strip of a plate: probabilities of each step and class of a CTC lattice. */
struct lexicon_strip {
	uint32_t steps; /* 0..LEXICON_STEPS */
	float p[LEXICON_STEPS][LEXICON_CLASSES];
};

/*
 * A look at a plate from its strips: lexicon_begin, lexicon_add for each strip, lexicon_end. A
 * state gains by the likelihood of the likeliest of its words (CTC forward recursion, Graves et al.
 * 2006) against that of anything else, which is taken as a constant. Without strips all are alike.
 * Probabilities outside 0..1 are the caller's to refuse.
 */
void lexicon_begin(struct issuer_look *look);
void lexicon_add(const struct lexicon_strip *strip, struct issuer_look *look);
void lexicon_end(struct issuer_look *look);

/* True when the strips so far say so clearly which state it is that more of them are not worth
 * their time. */
bool lexicon_sure(const struct issuer_look *look);

/* Natural log of the likelihood of `letters` (A-Z, at most ISSUER_WORD_MAX) in the strip, -40 and
 * up. */
float lexicon_log_likelihood(const struct lexicon_strip *strip, const char *letters);

#endif
