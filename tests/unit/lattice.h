/* SPDX-License-Identifier: Apache-2.0 */
/* A CTC lattice that says a text, as surely as asked: what a reader would have seen. For tests. */
#ifndef TESTS_UNIT_LATTICE_H
#define TESTS_UNIT_LATTICE_H

#include "ocr/beam.h"
#include "ocr/plate.h"

#include <math.h>
#include <string.h>

/* Each character has probability `sure` at its step, the rest is spread over all classes; blanks
 * between are sure. */
static inline void lattice_text(struct plate_observation *o, const char *text, float sure)
{
	memset(o, 0, sizeof *o);
	o->weight = 1.0f;
	o->steps = 2 * (uint32_t)strlen(text) + 1;
	for (uint32_t t = 0; t < o->steps; t++) {
		size_t top = t % 2 ? beam_class(text[t / 2]) : 0;
		float p = top ? sure : 0.998f, rest = (1.0f - p) / (float)(PLATE_CLASSES - 1);

		for (size_t c = 0; c < PLATE_CLASSES; c++)
			o->logp[t][c] = logf(c == top ? p : rest);
	}
}

/* Take `share` of what the character at `at` has and give it to `other`. */
static inline void lattice_confuse(struct plate_observation *o, unsigned at, char other,
				   float share)
{
	float *row = o->logp[2 * at + 1];
	unsigned top = 0;

	for (unsigned c = 1; c < PLATE_CLASSES; c++)
		if (row[c] > row[top])
			top = c;
	float p = expf(row[top]);
	row[top] = logf(p * (1.0f - share));
	row[beam_class(other)] = logf(p * share);
}

#endif
