/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/beam.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define BLANK 0u
#define WIDTH 16u
/* Classes below this probability in a step extend no prefix: they could not come back into the
 * beam. */
#define LEAST 1e-4f

size_t beam_class(char c)
{
	if (c >= '0' && c <= '9')
		return 1u + (size_t)(c - '0');
	if (c >= 'A' && c <= 'Z')
		return 11u + (size_t)(c - 'A');
	return BLANK;
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

#define STATES (2 * PLATE_TEXT_MAX + 1)

/*
 * The forward recursion over the text with blanks between: states 0..n, odd ones are characters.
 * In double, 32 factors of what a lattice can hold do not underflow before they mean nothing.
 */
struct forward {
	size_t n;
	size_t class[STATES];
	double skip[STATES]; /* 1: may be entered from two before: another character than that */
	double alpha[1 + STATES]; /* a zero first, so that no last state is special */
};

static bool forward_begin(struct forward *f, const char *text)
{
	size_t len = strnlen(text, PLATE_TEXT_SIZE);

	if (len > PLATE_TEXT_MAX)
		return false;
	f->n = 2 * len + 1;
	for (size_t i = 0; i < f->n; i++) {
		f->class[i] = i % 2 ? beam_class(text[i / 2]) : BLANK;
		if (i % 2 && f->class[i] == BLANK)
			return false;
		f->skip[i] = i > 1 && i % 2 && f->class[i] != f->class[i - 2];
		f->alpha[1 + i] = 0;
	}
	f->alpha[0] = 0;
	return true;
}

static void forward_step(struct forward *f, const float *p)
{
	double *alpha = f->alpha + 1, before = 0, two_before = 0;

	for (size_t s = 0; s < f->n; s++) {
		double now = alpha[s];

		alpha[s] = (now + before + f->skip[s] * two_before) * (double)p[f->class[s]];
		two_before = before;
		before = now;
	}
}

float beam_log_likelihood(const struct beam_lattice *l, const char *text)
{
	struct forward f = {.n = 0};

	if (l->steps == 0 || !forward_begin(&f, text))
		return -INFINITY;
	for (size_t s = 0; s < f.n && s < 2; s++)
		f.alpha[1 + s] = (double)l->p[0][f.class[s]];
	for (size_t t = 1; t < l->steps; t++)
		forward_step(&f, l->p[t]);
	double end = f.alpha[f.n] + f.alpha[f.n - 1];
	return end > 0 ? (float)log(end) : -INFINITY;
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
		stay.glyph = f->len ? f->glyph * p[beam_class(f->text[f->len - 1])] : 0;
		for (size_t j = 0; j < from->n; j++)
			if (extends(f, &from->at[j]))
				stay.glyph +=
				    gain(&from->at[j], beam_class(f->text[f->len - 1]), p);
		keep(to, &stay);
	}
	for (size_t i = 0; i < from->n; i++) {
		const struct prefix *f = &from->at[i];

		for (size_t c = 1; c < PLATE_CLASSES && f->len < PLATE_TEXT_MAX; c++) {
			if (p[c] < LEAST)
				continue;
			struct prefix longer = *f;
			bool known = false;

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
