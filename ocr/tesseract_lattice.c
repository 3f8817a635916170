/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/tesseract_lattice.h"

#include "ocr/beam.h"

#include <math.h>

#define BLANK 0u
#define LEAST 50.0f

/* Fitted to the likelihood of the true texts of held-out photos
 * (ocr/train/tesseract_fit.py). */
#define TEMPERATURE 2.0f   /* of the costs */
#define FLOOR	    0.01f  /* of a symbol's step: any character, none of the choices */
#define ABSENT	    0.05f  /* times how unsure a symbol is: that there is none */
#define UNSEEN	    0.004f /* of a step between: a character that Tesseract did not see */

static void even(float p[PLATE_CLASSES], float blank)
{
	p[BLANK] = blank;
	for (size_t c = 1; c < PLATE_CLASSES; c++)
		p[c] = (1.0f - blank) / (float)(PLATE_CLASSES - 1u);
}

/* What is no number counts as the least likely. */
static float nats(float x)
{
	return isnan(x) ? LEAST : fminf(fmaxf(x, 0.0f), LEAST);
}

static void choices(const struct symbol *s, float p[PLATE_CLASSES])
{
	float absent = ABSENT * (1.0f - expf(-nats(s->doubt))), share[SYMBOL_CHOICES], sum = 0;
	size_t n = s->n < SYMBOL_CHOICES ? s->n : SYMBOL_CHOICES;

	even(p, absent);
	for (size_t i = 0; i < n; i++) {
		share[i] = expf((nats(s->cost[0]) - nats(s->cost[i])) / TEMPERATURE);
		sum += share[i];
	}
	if (n == 0)
		return;
	for (size_t c = 1; c < PLATE_CLASSES; c++)
		p[c] *= FLOOR;
	for (size_t i = 0; i < n; i++)
		p[beam_class(s->c[i])] += (1.0f - absent) * (1.0f - FLOOR) * share[i] / sum;
}

static void to_log(float p[PLATE_CLASSES])
{
	float sum = 0;

	for (size_t c = 0; c < PLATE_CLASSES; c++)
		sum += p[c];
	for (size_t c = 0; c < PLATE_CLASSES; c++)
		p[c] = logf(fmaxf(p[c] / sum, 1e-9f));
}

void tesseract_lattice(const struct symbol *at, size_t n, struct plate_observation *out)
{
	if (n > SYMBOLS_MAX)
		n = SYMBOLS_MAX;
	out->steps = (uint32_t)(2 * n + 1);
	out->weight = 1.0f;
	out->engine = PLATE_TESSERACT;
	for (size_t t = 0; t < out->steps; t++) {
		if (t % 2)
			choices(&at[t / 2], out->logp[t]);
		else
			even(out->logp[t], 1.0f - UNSEEN);
		to_log(out->logp[t]);
	}
}
