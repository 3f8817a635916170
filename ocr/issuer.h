/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which state issued a plate: what its pictures look like (ocr/state.h) and what the serial formats
 * say of its text, weighed together. Unknown is an answer, and the usual one when in doubt: a wrong
 * state can hide a hit, or make one.
 */
#ifndef OCR_ISSUER_H
#define OCR_ISSUER_H

#include "ocr/plate.h"

#include <stddef.h>

#define ISSUER_STATES  51u /* the fifty and DC, in the order of their codes */
#define ISSUER_UNKNOWN ISSUER_STATES
#define ISSUER_CLASSES (ISSUER_STATES + 1u)

/* What one picture of a plate looks like: natural-log probability of each state and of "none, or no
 * telling". */
struct issuer_look {
	float logp[ISSUER_CLASSES];
};

/* NCIC LIS code of a state 0..ISSUER_STATES-1, static; "" for any other number. */
const char *issuer_code(size_t state);

/*
 * Posterior of each state and of unknown; they sum to one. looks[0..n): one plate from n views
 * (borrowed; further ones count less, since views of one plate err together; numbers that are not
 * finite or are above zero make a look be left out). `text`: what it reads, or "" when that is
 * not known; what cannot be on a plate says nothing. Without looks or text it is the prior.
 */
void issuer_posterior(const struct issuer_look *const *looks, size_t n, const char *text,
		      float out[ISSUER_CLASSES]);

/*
 * The state that issued the plate, its NCIC LIS code into out, or "" when that is not sure enough.
 * A state needs evidence from a picture: the shape of a text supports one, and alone names none.
 */
void issuer_decide(const struct issuer_look *const *looks, size_t n, const char *text, char out[3]);

#endif
