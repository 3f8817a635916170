/* SPDX-License-Identifier: Apache-2.0 */
/* The CTC arithmetic under fusion (Graves et al. 2006; prefix beam search: Hannun et al. 2014).
 * Internal to ocr/. */
#ifndef OCR_BEAM_H
#define OCR_BEAM_H

#include "ocr/plate.h"

#include <stddef.h>

/* Probabilities of one observation, made fit to calculate with: NaN is 0, nothing exceeds 1. */
struct beam_lattice {
	size_t steps;
	float p[PLATE_STEPS][PLATE_CLASSES];
};

struct beam_spelling {
	char text[PLATE_TEXT_SIZE];
	float p; /* of the prefix search: a lower bound of the true probability */
};

/* The class (plate.h) of a plate's character, or 0, the blank, for anything but A-Z and 0-9. */
size_t beam_class(char c);

/* From log-probabilities; steps beyond PLATE_STEPS are cut. */
void beam_lattice(const struct plate_observation *seen, struct beam_lattice *out);

/* Natural-log probability of text by the forward recursion; -INFINITY for text that is not A-Z0-9,
 * is longer than PLATE_TEXT_MAX or cannot be aligned. "" has the probability of all blanks. */
float beam_log_likelihood(const struct beam_lattice *l, const char *text);

/* The most likely spellings, best first, into out[0..most): returns how many (the empty one may be
 * among them). */
size_t beam_search(const struct beam_lattice *l, struct beam_spelling *out, size_t most);

#endif
