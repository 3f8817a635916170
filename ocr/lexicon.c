/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/lexicon.h"

#include "ocr/issuer_words.h"

#include <math.h>
#include <string.h>

/* Natural logs, fitted on photographs (ocr/README.md). */
#define NONE	 (-28.0f) /* likelihood that whatever else stands there is given */
#define FARTHEST (-52.0f) /* no word is less likely: it would make no difference */
/* A letter more that fits is evidence: noise looks like UTAH far more often than like
 * MASSACHUSETTS. */
#define EACH	 1.0f
#define USUAL	 8.0f /* letters */
#define SURE	 0.995f

#define PATH (2 * ISSUER_WORD_MAX + 1)

/* The classes of a CTC path: a blank before, between and after the letters. */
static size_t path_of(const char *letters, uint8_t path[PATH])
{
	size_t n = 0;

	path[n++] = 0;
	for (; *letters && n < PATH; letters++) {
		path[n++] = (uint8_t)(*letters - 'A' + 1);
		path[n++] = 0;
	}
	return n;
}

/* One step of the recursion, from the end so that it can be done in place; returns the largest. */
static float step(const float *p, const uint8_t *path, size_t n, float *alpha)
{
	float top = 0;

	for (size_t k = n; k-- > 0;) {
		float sum = alpha[k];

		if (k >= 1)
			sum += alpha[k - 1];
		if (k >= 2 && path[k] && path[k] != path[k - 2])
			sum += alpha[k - 2];
		alpha[k] = sum * p[path[k]];
		top = fmaxf(top, alpha[k]);
	}
	return top;
}

float lexicon_log_likelihood(const struct lexicon_strip *strip, const char *letters)
{
	float alpha[PATH] = {0}, scale = 0;
	uint8_t path[PATH];
	size_t n = path_of(letters, path);

	if (strip->steps == 0)
		return FARTHEST;
	alpha[0] = strip->p[0][0];
	if (n > 1)
		alpha[1] = strip->p[0][path[1]];
	for (uint32_t t = 1; t < strip->steps; t++) {
		float top = step(strip->p[t], path, n, alpha);

		/* What is left is less than this many times the largest. Most words are hopeless
		 * after a few steps. */
		if (!(top > 0) || (scale += logf(top)) + logf((float)PATH) < FARTHEST)
			return FARTHEST;
		for (size_t k = 0; k < n; k++)
			alpha[k] /= top;
	}
	float end = alpha[n - 1] + (n > 1 ? alpha[n - 2] : 0);
	return fmaxf(end > 0 ? logf(end) + scale : FARTHEST, FARTHEST);
}

static float log_add(float a, float b)
{
	return fmaxf(a, b) + log1pf(expf(-fabsf(a - b)));
}

/* How well a word fits, or FARTHEST when it does not at all. */
static float weigh(const struct lexicon_strip *strip, const char *letters)
{
	float l = lexicon_log_likelihood(strip, letters);

	return l > FARTHEST ? l + EACH * ((float)strlen(letters) - USUAL) : FARTHEST;
}

void lexicon_begin(struct issuer_look *look)
{
	memset(look, 0, sizeof *look);
}

void lexicon_add(const struct lexicon_strip *strip, struct issuer_look *look)
{
	size_t n, state = 0;
	const struct issuer_word *words = issuer_words(&n);

	for (size_t i = 0; i < n;) {
		float best = FARTHEST;
		size_t first = i;

		for (; i < n && strcmp(words[i].jurisdiction, words[first].jurisdiction) == 0; i++)
			best = fmaxf(best, weigh(strip, words[i].letters));
		while (state < ISSUER_STATES &&
		       strcmp(issuer_code(state), words[first].jurisdiction) != 0)
			state++;
		/* Words of nobody here are the last: they are for ISSUER_UNKNOWN. */
		look->logp[state] += log_add(best, NONE);
	}
}

bool lexicon_sure(const struct issuer_look *look)
{
	float most = look->logp[0], all = 0;

	for (size_t s = 1; s < ISSUER_CLASSES; s++)
		most = fmaxf(most, look->logp[s]);
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		all += expf(look->logp[s] - most);
	return 1 / all >= SURE;
}

void lexicon_end(struct issuer_look *look)
{
	float all = look->logp[0];

	for (size_t s = 1; s < ISSUER_CLASSES; s++)
		all = log_add(all, look->logp[s]);
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		look->logp[s] = fminf(look->logp[s] - all, 0.0f);
}
