/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/plates.h"

#include "ocr/calibration.h"
#include "ocr/fuse.h"
#include "ocr/issuer.h"
#include "ocr/quad.h"
#include "ocr/settle.h"

#include <math.h>
#include <string.h>

/* Below this nothing is reported: a guess among twenty others helps nobody. */
#define LEAST_CONFIDENCE 0.05f
/* From here on a further look changes nothing. */
#define SURE		 0.97f
/* And below this, of text and plate together, it leads nowhere: most boxes that hold no plate stay
 * under it. */
#define HOPELESS	 0.02f
/* Once a plate is read this surely, boxes that are less likely one than FAINT are not looked at:
 * hardly any of them is a second plate. */
#define STRONG		 0.5f
#define FAINT		 0.5f

/* A picture may itself be a plate, with little or nothing around it. */
#define WHOLE_ASPECT_MIN  1.3f
#define WHOLE_ASPECT_MAX  6.5f
/* A plate with this share of the picture's area means that it is. */
#define WHOLE_SHARE	  0.3f
/* The localiser may miss such a plate and find what is on it instead: stickers, emblems. When the
 * picture as a whole reads this surely, as this many characters, it is a plate, and what has a
 * share of less than PART_SHARE is on it. Photos of vehicles do not: of 640 that have the shape of
 * a plate, none reached 0.4 (train/README.md). */
#define WHOLE_LEAST	  0.4f
#define WHOLE_CHARACTERS  3u
#define WHOLE_LEAST_SHORT 0.8f /* with fewer characters */
/* A read that makes the look at the whole pointless: no sticker has as many characters. */
#define SURELY_NO_PART	  0.85f
#define PART_CHARACTERS	  5u

/* The state of what is hardly a read is not asked for: it costs more than it is worth. */
#define LEAST_FOR_STATE 0.2f
/* How much less likely (natural log) one text may make two angles than two texts, and still be one
 * plate. */
#define SAME_PLATE	(-10.0f)

/* A text is only as sure as that there is a plate. */
static void weigh(struct plates_found *p)
{
	p->read.confidence *= p->likely;
	for (size_t i = 0; i < p->read.n_alternatives; i++)
		p->read.alternatives[i].confidence *= p->likely;
}

/* Read a plate anew from all that was seen of it. */
static void read_anew(struct plates_found *p)
{
	struct place *places[2];
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		if (p->shown[i].n)
			places[n++] = &p->shown[i];
	place_read(places, n, &p->read);
	weigh(p);
}

/* One more look at a plate of picture `which`. */
static bool look_again(const struct engines *g, const struct image *img, unsigned which,
		       const struct plate_quad *quad, struct plates_found *p, struct err *e)
{
	if (!place_look(g, img, quad, &p->shown[which], e))
		return false;
	read_anew(p);
	return true;
}

static bool ask_other_engine(const struct engines *g, const struct image *img, unsigned which,
			     struct plates_found *p, struct err *e)
{
	if (!place_second_opinion(g, img, &p->shown[which], e))
		return false;
	read_anew(p);
	return true;
}

static bool doubtful(const struct plates_found *p)
{
	return p->read.confidence >= HOPELESS && p->read.confidence < SURE * p->likely;
}

/* Look at `quad` of picture `which`, as out->at[out->n]; p->read is empty where nothing can be
 * read.
 */
static bool look(const struct engines *g, const struct image *img, unsigned which,
		 const struct plate_quad *quad, float how_likely, struct plates *out, struct err *e)
{
	struct plates_found *p = &out->at[out->n];

	memset(p, 0, sizeof *p);
	p->shown[which].quad = *quad;
	p->likely = how_likely;
	return look_again(g, img, which, quad, p, e);
}

/* The same for a box; while there is doubt, the other engine is asked, and the first one twice
 * more. Kept (out->n grows): it is legible enough. */
static bool look_at_box(const struct engines *g, const struct image *img, unsigned which,
			const struct plate_box *box, struct plates *out, struct err *e)
{
	struct plates_found *p = &out->at[out->n];

	if (!look(g, img, which, &box->quad, place_likely(box->score), out, e))
		return false;
	if (doubtful(p) && !ask_other_engine(g, img, which, p, e))
		return false;
	const struct plate_quad again[] = {place_wider(&p->shown[which]),
					   place_narrower(&p->shown[which])};
	for (size_t i = 0; i < sizeof again / sizeof *again && doubtful(p); i++)
		if (!look_again(g, img, which, &again[i], p, e))
			return false;
	if (*p->read.text && p->read.confidence >= LEAST_CONFIDENCE)
		out->n++;
	return true;
}

static struct plate_quad whole_of(const struct image *img)
{
	float w = (float)img->width, h = (float)img->height;

	return (struct plate_quad){{0, 0, w, 0, w, h, 0, h}};
}

static bool shape_of_a_plate(const struct image *img)
{
	float w = (float)img->width, h = (float)img->height;

	return w >= WHOLE_ASPECT_MIN * h && w <= WHOLE_ASPECT_MAX * h;
}

/* Of the plates from number `from` on, the largest in picture `which`, if it fills that; or NULL.
 */
static const struct plates_found *filling(const struct plates *out, size_t from, unsigned which,
					  const struct image *img)
{
	float most = WHOLE_SHARE * (float)img->width * (float)img->height;
	const struct plates_found *found = NULL;

	for (size_t i = from; i < out->n; i++) {
		float area = quad_area(&out->at[i].shown[which].quad);

		if (area >= most) {
			most = area;
			found = &out->at[i];
		}
	}
	return found;
}

/* A plate that can be no part of another: a longer text than stickers have, surely read. */
static bool no_part(const struct plates *out, size_t from)
{
	for (size_t i = from; i < out->n; i++)
		if (out->at[i].read.confidence >= SURELY_NO_PART &&
		    strlen(out->at[i].read.text) >= PART_CHARACTERS)
			return true;
	return false;
}

static float least_of_whole(const struct plates_found *p, bool filled)
{
	if (filled)
		return LEAST_CONFIDENCE;
	return strlen(p->read.text) < WHOLE_CHARACTERS ? WHOLE_LEAST_SHORT : WHOLE_LEAST;
}

/*
 * What a picture that has the shape of a plate says as a whole, where that may add something:
 * beside a plate that fills it, whose corners may be off, or when the boxes missed it. `from`:
 * where this picture's plates begin.
 */
static bool consider_whole(const struct engines *g, const struct image *img, unsigned which,
			   size_t from, struct plates *out, struct err *e)
{
	const struct plates_found *big = filling(out, from, which, img);
	const struct plate_quad quad = whole_of(img);
	struct plates_found *p = &out->at[out->n];

	if (!shape_of_a_plate(img) || (!big && no_part(out, from)))
		return true;
	if (!look(g, img, which, &quad, CALIBRATION_WHOLE, out, e))
		return false;
	if (doubtful(p) && !ask_other_engine(g, img, which, p, e))
		return false;
	const struct plate_quad again[] = {place_narrower(&p->shown[which]),
					   place_wider(&p->shown[which])};
	for (size_t i = 0; i < sizeof again / sizeof *again && !big && doubtful(p); i++)
		if (!look_again(g, img, which, &again[i], p, e))
			return false;
	if (!*p->read.text || p->read.confidence < least_of_whole(p, big != NULL))
		return true;
	/* A sure read can only be one that lacks something. */
	if (big && !doubtful(big) && !settle_longer(&p->read, &big->read))
		return true;
	out->n++;
	if (!big)
		settle_parts(out, from, out->n - 1, which);
	return true;
}

static bool find_in(const struct engines *g, const struct image *img, unsigned which,
		    struct plates *out, struct err *e)
{
	struct plate_box boxes[PLATES_MAX - 1];
	size_t n = 0, from = out->n;
	bool strong = false;

	if (!localise(g->localiser, img, boxes, sizeof boxes / sizeof *boxes, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t before = out->n;

		if (strong && place_likely(boxes[i].score) < FAINT)
			continue;
		if (!look_at_box(g, img, which, &boxes[i], out, e))
			return false;
		strong = strong || (out->n > before && out->at[before].read.confidence >= STRONG);
	}
	if (!consider_whole(g, img, which, from, out, e))
		return false;
	settle(out, from, which);
	return true;
}

/* Both as one plate: *a with what the second picture shows, from *b. */
static void join(struct plates_found *a, const struct plates_found *b)
{
	a->shown[1] = b->shown[1];
	a->likely = fmaxf(a->likely, b->likely);
	read_anew(a);
}

/* Log of how much less likely both observations are under one text than each under its own. */
static float sameness(const struct plates_found *a, const struct plates_found *b)
{
	const struct plate_observation *oa = &a->shown[0].seen[0], *ob = &b->shown[1].seen[0];
	struct plates_found both = *a;

	join(&both, b);
	if (!*both.read.text)
		return -INFINITY;
	return fuse_log_likelihood(oa, both.read.text) - fuse_log_likelihood(oa, a->read.text) +
	       fuse_log_likelihood(ob, both.read.text) - fuse_log_likelihood(ob, b->read.text);
}

/* Join each plate of the first image with the one of the second that it most likely is; `first`:
 * how many are the first's. */
static void match(struct plates *p, size_t first)
{
	for (size_t i = 0; i < first; i++) {
		size_t best = 0;
		float most = SAME_PLATE;

		for (size_t j = first; j < p->n; j++) {
			float s = sameness(&p->at[i], &p->at[j]);
			if (s > most) {
				most = s;
				best = j;
			}
		}
		if (best == 0)
			continue;
		join(&p->at[i], &p->at[best]);
		settle_drop(p, best);
	}
}

static void sort_by_confidence(struct plates *p)
{
	for (size_t i = 1; i < p->n; i++)
		for (size_t j = i; j > 0 && p->at[j - 1].read.confidence < p->at[j].read.confidence;
		     j--) {
			struct plates_found swap = p->at[j];
			p->at[j] = p->at[j - 1];
			p->at[j - 1] = swap;
		}
}

/* Each picture's look at the plate; a poor read is of no plate, or of one too small to tell more.
 */
static bool tell_state(const struct engines *g, const struct image *images, struct plates_found *p,
		       struct err *e)
{
	struct issuer_look looks[2];
	const struct issuer_look *seen[2];
	size_t n = 0;

	if (p->read.confidence < LEAST_FOR_STATE)
		return true;
	for (size_t i = 0; i < 2; i++) {
		struct err why = {0};

		if (p->shown[i].n == 0)
			continue;
		if (state_look(g->state, &images[i], &p->shown[i].quad, &looks[n], &why)) {
			seen[n] = &looks[n];
			n++;
		} else if (why.code != ERR_LIMIT) {
			return err_set(e, why.code, "%s", why.text);
		}
	}
	issuer_decide(seen, n, p->read.text, p->read.jurisdiction);
	return true;
}

bool plates_find(const struct engines *g, const struct image *images, size_t n, struct plates *out,
		 struct err *e)
{
	out->n = 0;
	if (!find_in(g, &images[0], 0, out, e))
		return false;
	if (n > 1) {
		size_t first = out->n;

		if (!find_in(g, &images[1], 1, out, e))
			return false;
		match(out, first);
	}
	sort_by_confidence(out);
	for (size_t i = 0; i < out->n; i++)
		if (!tell_state(g, images, &out->at[i], e))
			return false;
	return true;
}
