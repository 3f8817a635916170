/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/plates.h"

#include "ocr/fuse.h"

#include <math.h>
#include <string.h>

/* Below this nothing is reported: a guess among twenty others helps nobody. */
#define LEAST_CONFIDENCE 0.05f
/* A picture that is itself a plate has no surroundings for the localiser to go by; such a read must convince more. */
#define LEAST_OF_WHOLE   0.3f
#define WHOLE_ASPECT_MIN 1.4f
#define WHOLE_ASPECT_MAX 6.5f
#define WHOLE_WIDTH_MAX  1200u
#define WHOLE_SHARE      0.3f /* of the picture's area: a plate found that large is the one */
/* How much less likely (natural log) one text may make two angles than two texts, and still be one plate. */
#define SAME_PLATE       -10.0f

static float quad_area(const struct plate_quad *q)
{
	float twice = 0;

	for (int i = 0; i < 4; i++) {
		const float *a = q->p + 2 * i, *b = q->p + 2 * ((i + 1) % 4);
		twice += a[0] * b[1] - b[0] * a[1];
	}
	return twice / 2;
}

static void read_alone(struct plates_found *p, unsigned image)
{
	const struct plate_observation *seen[] = {&p->observed[image]};

	fuse(seen, 1, &p->read);
}

/* Observe the quad in image `which` as plate number out->n; true: it is there and legible enough to keep. */
static bool observe(struct reader *r, const struct image *img, unsigned which, const struct plate_quad *q, float least,
		    struct plates *out, bool *kept, struct err *e)
{
	struct plates_found *p = &out->at[out->n];
	struct err why = {0};

	*kept = false;
	memset(p, 0, sizeof *p);
	if (!reader_observe(r, img, q, &p->observed[which], &why)) {
		if (why.code == ERR_LIMIT)
			return true; /* no shape of a plate: left out */
		return err_set(e, why.code, "%s", why.text);
	}
	p->seen[which] = true;
	p->quads[which] = *q;
	read_alone(p, which);
	*kept = *p->read.text && p->read.confidence >= least;
	if (*kept)
		out->n++;
	return true;
}

/* A crop that shows nothing but the plate. */
static bool observe_whole(struct reader *r, const struct image *img, unsigned which, struct plates *out, struct err *e)
{
	float w = (float)img->width, h = (float)img->height;
	const struct plate_quad q = {{0, 0, w, 0, w, h, 0, h}};
	bool kept;

	if (w < WHOLE_ASPECT_MIN * h || w > WHOLE_ASPECT_MAX * h || img->width > WHOLE_WIDTH_MAX)
		return true;
	return observe(r, img, which, &q, LEAST_OF_WHOLE, out, &kept, e);
}

static bool find_in(struct localiser *l, struct reader *r, const struct image *img, unsigned which, struct plates *out,
		    struct err *e)
{
	struct plate_box boxes[PLATES_MAX - 1];
	size_t n = 0;
	float largest = 0;

	if (!localise(l, img, boxes, sizeof boxes / sizeof *boxes, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool kept;

		if (!observe(r, img, which, &boxes[i].quad, LEAST_CONFIDENCE, out, &kept, e))
			return false;
		if (kept)
			largest = fmaxf(largest, quad_area(&boxes[i].quad));
	}
	if (largest >= WHOLE_SHARE * (float)img->width * (float)img->height)
		return true;
	return observe_whole(r, img, which, out, e);
}

/* Log of how much less likely both observations are under one text than each under its own. */
static float sameness(const struct plates_found *a, const struct plates_found *b)
{
	const struct plate_observation *seen[] = {&a->observed[0], &b->observed[1]};
	struct plate_read both;

	fuse(seen, 2, &both);
	if (!*both.text)
		return -INFINITY;
	return fuse_log_likelihood(seen[0], both.text) - fuse_log_likelihood(seen[0], a->read.text) +
	       fuse_log_likelihood(seen[1], both.text) - fuse_log_likelihood(seen[1], b->read.text);
}

static void join(struct plates_found *a, const struct plates_found *b)
{
	const struct plate_observation *seen[] = {&a->observed[0], &b->observed[1]};

	a->seen[1] = true;
	a->quads[1] = b->quads[1];
	a->observed[1] = b->observed[1];
	fuse(seen, 2, &a->read);
}

/* Join each plate of the first image with the one of the second that it most likely is; `first`: how many are the first's. */
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
		memmove(&p->at[best], &p->at[best + 1], (p->n - best - 1) * sizeof p->at[0]);
		p->n--;
	}
}

static void sort_by_confidence(struct plates *p)
{
	for (size_t i = 1; i < p->n; i++)
		for (size_t j = i; j > 0 && p->at[j - 1].read.confidence < p->at[j].read.confidence; j--) {
			struct plates_found swap = p->at[j];
			p->at[j] = p->at[j - 1];
			p->at[j - 1] = swap;
		}
}

bool plates_find(struct localiser *l, struct reader *r, const struct image *images, size_t n, struct plates *out,
		 struct err *e)
{
	out->n = 0;
	if (!find_in(l, r, &images[0], 0, out, e))
		return false;
	if (n > 1) {
		size_t first = out->n;

		if (!find_in(l, r, &images[1], 1, out, e))
			return false;
		match(out, first);
	}
	sort_by_confidence(out);
	return true;
}
