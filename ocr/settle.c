/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/settle.h"

#include "ocr/quad.h"

#include <string.h>

/* What has less than this share of a picture that is a plate is on that plate. */
#define PART_SHARE	0.06f
/* Two quads that share this much of the smaller are of one plate. */
#define OVERLAP		0.6f
/* What covers less than this share of a plate's area and lies on it with at least as much of its
 * own is a sticker, if the plate reads at all. */
#define STICKER_SHARE	0.12f
#define STICKER_OVERLAP 0.3f
#define STICKER_LEAST	0.2f
/* A text that contains the other is believed down to this share of its confidence: quads cut
 * characters off, and add none. */
#define LONGER		0.4f
/* What is left of its confidence when the other says something else with at least DISPUTES. */
#define DISPUTED	0.85f
#define DISPUTES	0.1f

void settle_drop(struct plates *p, size_t i)
{
	memmove(&p->at[i], &p->at[i + 1], (p->n - i - 1) * sizeof p->at[0]);
	p->n--;
}

void settle_parts(struct plates *out, size_t from, size_t whole, unsigned which)
{
	float most = PART_SHARE * quad_area(&out->at[whole].shown[which].quad);

	for (size_t i = whole; i-- > from;)
		if (quad_area(&out->at[i].shown[which].quad) < most &&
		    !strstr(out->at[whole].read.text, out->at[i].read.text))
			settle_drop(out, i);
}

/* How much of the smaller of two quads' bounds the other covers, 0 to 1. */
static float overlap(const struct plate_quad *a, const struct plate_quad *b)
{
	struct quad_bounds p = quad_bounds(a), q = quad_bounds(b);

	return quad_cover(&p, &q);
}

/* What lies on a plate, or on its rim, and is so much smaller is a sticker of it. */
static bool sticker(const struct plates_found *small, const struct plates_found *large,
		    unsigned which)
{
	const struct plate_quad *s = &small->shown[which].quad, *l = &large->shown[which].quad;

	return quad_area(s) < STICKER_SHARE * quad_area(l) && overlap(s, l) > STICKER_OVERLAP &&
	       large->read.confidence > STICKER_LEAST &&
	       !strstr(large->read.text, small->read.text);
}

static bool contains(const struct plate_read *a, const struct plate_read *b)
{
	return strlen(a->text) > strlen(b->text) && strstr(a->text, b->text);
}

bool settle_longer(const struct plate_read *a, const struct plate_read *b)
{
	return contains(a, b) && a->confidence >= LONGER * b->confidence;
}

static bool better(const struct plate_read *a, const struct plate_read *b)
{
	if (contains(a, b))
		return settle_longer(a, b);
	if (contains(b, a))
		return !settle_longer(b, a);
	return a->confidence >= b->confidence;
}

/* Add a spelling to the alternatives of r, in its place by confidence; the last one falls out of a
 * full list. */
static void add_alternative(struct plate_read *r, const struct plate_spelling *s)
{
	size_t i;

	for (i = 0; i < r->n_alternatives; i++)
		if (strcmp(r->alternatives[i].text, s->text) == 0)
			return;
	if (r->n_alternatives == PLATE_ALTERNATIVES) {
		if (s->confidence <= r->alternatives[PLATE_ALTERNATIVES - 1].confidence)
			return;
		r->n_alternatives--;
	}
	for (i = r->n_alternatives++; i > 1 && r->alternatives[i - 1].confidence < s->confidence;
	     i--)
		r->alternatives[i] = r->alternatives[i - 1];
	r->alternatives[i] = *s;
}

/* Of two quads of one plate that say different things one is off, and maybe not the one that looks
 * worse: the winner is less sure, and what the other says is among its alternatives. */
static void dispute(struct plate_read *winner, const struct plate_read *loser)
{
	if (strcmp(winner->text, loser->text) == 0 || loser->confidence < DISPUTES)
		return;
	winner->confidence *= DISPUTED;
	for (size_t i = 0; i < winner->n_alternatives; i++)
		winner->alternatives[i].confidence *= DISPUTED;
	for (size_t i = 0; i < loser->n_alternatives; i++) {
		struct plate_spelling s = loser->alternatives[i];

		s.confidence *= 1.0f - DISPUTED;
		add_alternative(winner, &s);
	}
}

void settle(struct plates *p, size_t from, unsigned which)
{
	for (size_t i = from; i < p->n; i++)
		for (size_t j = i + 1; j < p->n;) {
			struct plates_found *a = &p->at[i], *b = &p->at[j];

			if (sticker(a, b, which)) {
				*a = *b;
			} else if (sticker(b, a, which)) {
				/* a stays as it is */
			} else if (overlap(&a->shown[which].quad, &b->shown[which].quad) <=
				   OVERLAP) {
				j++;
				continue;
			} else if (better(&a->read, &b->read)) {
				dispute(&a->read, &b->read);
			} else {
				dispute(&b->read, &a->read);
				*a = *b;
			}
			settle_drop(p, j);
			j = i + 1;
		}
}
