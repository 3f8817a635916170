/* SPDX-License-Identifier: Apache-2.0 */
/* The serial formats of US plates, by jurisdiction. */
#ifndef OCR_ISSUER_SERIES_H
#define OCR_ISSUER_SERIES_H

#include <stddef.h>
#include <stdint.h>

struct issuer_series {
	char jurisdiction[3]; /* NCIC LIS code */
	char shape[9];	      /* L a letter, D a digit */
	uint8_t weight;	      /* how many of a hundred plates of that jurisdiction have it */
};

/* All rows, ordered by jurisdiction; static. Sources are named beside the table. */
const struct issuer_series *issuer_series(size_t *n);

#endif
