/* SPDX-License-Identifier: Apache-2.0 */
/* What states print on their plates beside the serial, by jurisdiction. */
#ifndef OCR_ISSUER_WORDS_H
#define OCR_ISSUER_WORDS_H

#include <stddef.h>

#define ISSUER_WORD_MAX 31u

struct issuer_word {
	char jurisdiction[3]; /* NCIC LIS code; "" for words of other countries and authorities */
	char letters[ISSUER_WORD_MAX + 1];
};

/* All rows, ordered by jurisdiction, "" last, at least one each; static. */
const struct issuer_word *issuer_words(size_t *n);

#endif
