/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/beam.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define BLANK 0
#define WIDTH 16u
/* Classes below this probability in a step extend no prefix: they could not come back into the
 * beam. */
#define LEAST 1e-4f

static int class_of(char c)
{
	if (c >= '0' && c <= '9')
		return 1 + (c - '0');
	if (c >= 'A' && c <= 'Z')
		return 11 + (c - 'A');
	return -1;
}

static char char_of(size_t class)
{
	return (char)(class <= 10 ? '0' + (int)class - 1 : 'A' + (int)class - 11);
}

void beam_lattice(const struct plate_observation *seen, struct beam_lattice *out)
{
	out->steps = seen->steps < PLATE_STEPS ? seen->steps : PLATE_STEPS;
	for (size_t t = 0; t < out->steps; t++)
		for (size_t c = 0; c < PLATE_CLASSES; c++) {
			float l = seen->logp[t][c];
			out->p[t][c] = isnan(l) ? 0.0f : l > 0 ? 1.0f : expf(l);
		}
}

/* One step of the forward recursion over the text with blanks between: states 0..n, odd ones are
 * characters. */
static float advance(float *alpha, const int *state, size_t n, const float *p)
{
	float sum = 0;

	for (size_t s = n; s-- > 0;) {
		float a = alpha[s];
		if (s >= 1)
			a += alpha[s - 1];
		if (s >= 2 && state[s] != BLANK && state[s] != state[s - 2])
			a += alpha[s - 2];
		alpha[s] = a * p[state[s]];
		sum += alpha[s];
	}
	return sum;
}

float beam_log_likelihood(const struct beam_lattice *l, const char *text)
{
	int state[2 * PLATE_TEXT_MAX + 1];
	float alpha[2 * PLATE_TEXT_MAX + 1] = {0};
	size_t len = strnlen(text, PLATE_TEXT_SIZE), n = 2 * len + 1;
	double log_scale = 0;

	if (len > PLATE_TEXT_MAX || l->steps == 0)
		return -INFINITY;
	for (size_t i = 0; i < n; i++)
		state[i] = i % 2 ? class_of(text[i / 2]) : BLANK;
	for (size_t i = 1; i < n; i += 2)
		if (state[i] < 0)
			return -INFINITY;
	for (size_t t = 0; t < l->steps; t++) {
		if (t == 0) {
			alpha[0] = l->p[0][BLANK];
			if (n > 1)
				alpha[1] = l->p[0][state[1]];
		}
		float sum = t == 0 ? alpha[0] + (n > 1 ? alpha[1] : 0.0f)
				   : advance(alpha, state, n, l->p[t]);
		if (!(sum > 0))
			return -INFINITY;
		/* Rescaled each step, or 32 small factors would underflow. */
		for (size_t s = 0; s < n; s++)
			alpha[s] /= sum;
		log_scale += log((double)sum);
	}
	float end = alpha[n - 1] + (n > 1 ? alpha[n - 2] : 0.0f);
	return end > 0 ? (float)(log_scale + log((double)end)) : -INFINITY;
}

struct prefix {
	char text[PLATE_TEXT_SIZE];
	uint8_t len;
	float blank, glyph; /* probability of this prefix with the last step a blank, a character */
};

struct beam {
	struct prefix at[WIDTH];
	size_t n;
};

static float total(const struct prefix *p)
{
	return p->blank + p->glyph;
}

static void keep(struct beam *b, const struct prefix *p)
{
	size_t i;

	if (!(total(p) > 0) || (b->n == WIDTH && total(p) <= total(&b->at[WIDTH - 1])))
		return;
	i = b->n < WIDTH ? b->n++ : WIDTH - 1;
	for (; i > 0 && total(&b->at[i - 1]) < total(p); i--)
		b->at[i] = b->at[i - 1];
	b->at[i] = *p;
}

static bool extends(const struct prefix *longer, const struct prefix *shorter)
{
	return longer->len == shorter->len + 1 &&
	       memcmp(longer->text, shorter->text, shorter->len) == 0;
}

/* Probability that prefix `p` gains class c in this step. */
static float gain(const struct prefix *p, size_t c, const float *probability)
{
	bool again = p->len > 0 && p->text[p->len - 1] == char_of(c);

	return probability[c] * (again ? p->blank : total(p));
}

static void step(const struct beam *from, const float *p, struct beam *to)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++) {
		const struct prefix *f = &from->at[i];
		struct prefix stay = *f;

		stay.blank = total(f) * p[BLANK];
		stay.glyph = f->len ? f->glyph * p[class_of(f->text[f->len - 1])] : 0;
		for (size_t j = 0; j < from->n; j++)
			if (extends(f, &from->at[j]))
				stay.glyph +=
				    gain(&from->at[j], (size_t)class_of(f->text[f->len - 1]), p);
		keep(to, &stay);
	}
	for (size_t i = 0; i < from->n; i++) {
		const struct prefix *f = &from->at[i];

		for (size_t c = 1; c < PLATE_CLASSES && f->len < PLATE_TEXT_MAX; c++) {
			struct prefix longer = *f;
			bool known = false;

			if (p[c] < LEAST)
				continue;
			longer.text[longer.len++] = char_of(c);
			longer.text[longer.len] = '\0';
			for (size_t j = 0; j < from->n && !known; j++)
				known = strcmp(from->at[j].text, longer.text) == 0;
			if (known)
				continue; /* counted above */
			longer.blank = 0;
			longer.glyph = gain(f, c, p);
			keep(to, &longer);
		}
	}
	float top = to->n ? total(&to->at[0]) : 1.0f;
	for (size_t i = 0; i < to->n; i++) {
		to->at[i].blank /= top;
		to->at[i].glyph /= top;
	}
}

size_t beam_search(const struct beam_lattice *l, struct beam_spelling *out, size_t most)
{
	struct beam beams[2];
	size_t n = 0;

	memset(&beams[0], 0, sizeof beams[0]);
	beams[0].n = 1;
	beams[0].at[0].blank = 1.0f;
	for (size_t t = 0; t < l->steps; t++)
		step(&beams[t % 2], l->p[t], &beams[(t + 1) % 2]);
	const struct beam *last = &beams[l->steps % 2];
	for (; n < last->n && n < most; n++) {
		memcpy(out[n].text, last->at[n].text, PLATE_TEXT_SIZE);
		out[n].p = total(&last->at[n]);
	}
	return n;
}
