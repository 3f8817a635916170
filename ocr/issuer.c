/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/issuer.h"

#include "ocr/issuer_series.h"
#include "ocr/plate.h"
#include "ocr/syntax.h"

#include <math.h>
#include <string.h>

/* Fitted on held-out photographs (ocr/README.md). */
#define TRUST_LOOKS  1.0f  /* on the network's log-probabilities */
#define TRUST_SHAPES 0.7f  /* and on the formats': texts are misread, tables incomplete */
#define FURTHER	     0.35f /* second and later views count this much of the first */
#define GIVEN	     0.98f /* least posterior of a state that is given */
#define LEAST_LOOK   0.1f  /* and what the looks alone must leave it */
#define OTHER	     0.5f /* of plates of no format: as likely any state's format as no series at all */

/* Characters of a series; longer texts tell nothing. */
#define LONGEST (sizeof((struct issuer_series *)0)->shape - 1)

static const struct {
	char code[3];
	float share; /* square root of the millions of inhabitants (census of 2020): some prior, not
			all of it, for a plate travels */
} states[ISSUER_STATES] = {
    {"AK", 0.86f}, {"AL", 2.24f}, {"AR", 1.73f}, {"AZ", 2.67f}, {"CA", 6.29f}, {"CO", 2.40f},
    {"CT", 1.90f}, {"DC", 0.83f}, {"DE", 0.99f}, {"FL", 4.64f}, {"GA", 3.27f}, {"HI", 1.21f},
    {"IA", 1.79f}, {"ID", 1.36f}, {"IL", 3.58f}, {"IN", 2.60f}, {"KS", 1.71f}, {"KY", 2.12f},
    {"LA", 2.16f}, {"MA", 2.65f}, {"MD", 2.49f}, {"ME", 1.17f}, {"MI", 3.17f}, {"MN", 2.39f},
    {"MO", 2.48f}, {"MS", 1.72f}, {"MT", 1.04f}, {"NC", 3.23f}, {"ND", 0.88f}, {"NE", 1.40f},
    {"NH", 1.17f}, {"NJ", 3.05f}, {"NM", 1.46f}, {"NV", 1.76f}, {"NY", 4.49f}, {"OH", 3.43f},
    {"OK", 1.99f}, {"OR", 2.06f}, {"PA", 3.61f}, {"RI", 1.05f}, {"SC", 2.26f}, {"SD", 0.94f},
    {"TN", 2.63f}, {"TX", 5.40f}, {"UT", 1.81f}, {"VA", 2.94f}, {"VT", 0.80f}, {"WA", 2.78f},
    {"WI", 2.43f}, {"WV", 1.34f}, {"WY", 0.76f},
};

const char *issuer_code(size_t state)
{
	return state < ISSUER_STATES ? states[state].code : "";
}

/* --- what the text says --------------------------------------------------------------------------
 */

/* Share of a vanity text's shape among such texts: by its length, letters far more often than
 * digits. */
static float vanity(const char *shape)
{
	static const float by_length[LONGEST + 1] = {0,	   .01f, .02f, .05f, .09f,
						     .17f, .30f, .34f, .02f};
	float p = by_length[strlen(shape)];

	for (; *shape; shape++)
		p *= *shape == 'L' ? .75f : .25f;
	return p;
}

/* Log of how likely a plate of each state, and of none, is to have this shape. */
static void weigh_shape(const char *shape, float out[ISSUER_CLASSES])
{
	float series[ISSUER_STATES] = {0}, rest[ISSUER_STATES], everywhere = 0;
	size_t n, at = 0;
	const struct issuer_series *rows = issuer_series(&n);

	for (size_t s = 0; s < ISSUER_STATES; s++)
		rest[s] = 1.0f;
	for (size_t i = 0; i < n; i++) {
		while (at < ISSUER_STATES && strcmp(states[at].code, rows[i].jurisdiction) != 0)
			at++;
		if (at == ISSUER_STATES)
			return; /* rows out of order: test_issuer would have said so */
		rest[at] -= (float)rows[i].weight / 100.0f;
		if (strcmp(rows[i].shape, shape) == 0)
			series[at] += (float)rows[i].weight / 100.0f;
	}
	for (size_t s = 0; s < ISSUER_STATES; s++)
		everywhere += series[s] / (float)ISSUER_STATES;
	float none = OTHER * everywhere + (1 - OTHER) * vanity(shape);
	for (size_t s = 0; s < ISSUER_STATES; s++)
		out[s] = logf(series[s] + fmaxf(rest[s], 0.02f) * none);
	out[ISSUER_UNKNOWN] = logf(none);
}

/* --- together ------------------------------------------------------------------------------------
 */

static bool usable(const struct issuer_look *l)
{
	if (!l)
		return false;
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		if (!isfinite(l->logp[s]) || l->logp[s] > 0.001f)
			return false;
	return true;
}

/* Natural scores to shares of one. */
static void normalise(float v[ISSUER_CLASSES])
{
	float top = v[0], sum = 0;

	for (size_t s = 1; s < ISSUER_CLASSES; s++)
		top = fmaxf(top, v[s]);
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		sum += v[s] = expf(v[s] - top);
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		v[s] /= sum;
}

/* What the looks say together, as scores; how many could be used. */
static size_t weigh_looks(const struct issuer_look *const *looks, size_t n,
			  float out[ISSUER_CLASSES])
{
	size_t used = 0;

	memset(out, 0, ISSUER_CLASSES * sizeof *out);
	for (size_t i = 0; i < n; i++) {
		if (!usable(looks[i]))
			continue;
		used++;
		for (size_t s = 0; s < ISSUER_CLASSES; s++)
			out[s] += looks[i]->logp[s];
	}
	if (used) {
		float worth = TRUST_LOOKS * (1 + FURTHER * (float)(used - 1)) / (float)used;

		for (size_t s = 0; s < ISSUER_CLASSES; s++)
			out[s] *= worth;
	}
	return used;
}

static void add_prior(float v[ISSUER_CLASSES])
{
	float sum = 0;

	for (size_t s = 0; s < ISSUER_STATES; s++)
		sum += states[s].share;
	/* The network has seen all states alike: what is added is how far they are from that. */
	for (size_t s = 0; s < ISSUER_STATES; s++)
		v[s] += logf(states[s].share / sum * (float)ISSUER_STATES);
}

/* Scores of the looks to the posterior of a plate with this text. */
static void weigh_rest(const char *text, float v[ISSUER_CLASSES])
{
	char shape[PLATE_TEXT_SIZE];
	float said[ISSUER_CLASSES] = {0};

	add_prior(v);
	if (syntax_shape(text, shape) && strlen(shape) <= LONGEST)
		weigh_shape(shape, said);
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		v[s] += TRUST_SHAPES * said[s];
	normalise(v);
}

void issuer_posterior(const struct issuer_look *const *looks, size_t n, const char *text,
		      float out[ISSUER_CLASSES])
{
	weigh_looks(looks, n, out);
	weigh_rest(text, out);
}

void issuer_decide(const struct issuer_look *const *looks, size_t n, const char *text, char out[3])
{
	float all[ISSUER_CLASSES], seen[ISSUER_CLASSES];
	size_t best = 0;

	memset(out, 0, 3);
	if (!weigh_looks(looks, n, seen))
		return;
	memcpy(all, seen, sizeof all);
	weigh_rest(text, all);
	normalise(seen);
	for (size_t s = 1; s < ISSUER_CLASSES; s++)
		if (all[s] > all[best])
			best = s;
	if (best != ISSUER_UNKNOWN && all[best] >= GIVEN && seen[best] >= LEAST_LOOK)
		memcpy(out, states[best].code, 2);
}
