/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/localise_decode.h"

#include "ocr/quad.h"

#include <math.h>
#include <string.h>

#define OVERLAP_SAME  0.3f
#define OVERLAP_MERGE 0.6f
#define INSIDE_SAME   0.7f
#define CORNER_MOST   65536.0f
#define BEHIND	      0.6f  /* of the best score: less gets no second look, */
#define LIKELY	      0.45f /* unless it is this */

static const float strides[LOCALISE_LEVELS] = {8.0f, 16.0f, 32.0f};
static const float units[LOCALISE_LEVELS] = {16.0f, 40.0f, 112.0f};

static bool same_plate(const struct quad_bounds *a, const struct quad_bounds *b)
{
	return quad_iou(a, b) >= OVERLAP_SAME || quad_cover(a, b) >= INSIDE_SAME;
}

/* Clockwise with y down, every turn a real one: what rectification can work with. */
static bool sane(const struct plate_quad *q)
{
	const float *p = q->p;

	for (size_t i = 0; i < 8; i++)
		if (!isfinite(p[i]) || fabsf(p[i]) > CORNER_MOST)
			return false;
	for (size_t i = 0; i < 4; i++) {
		const float *a = p + 2 * i, *b = p + 2 * ((i + 1) % 4), *c = p + 2 * ((i + 2) % 4);
		float turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
		if (!(turn > 1.0f) || hypotf(b[0] - a[0], b[1] - a[1]) < 2.0f)
			return false;
	}
	return true;
}

/* Full: the least likely gives way. */
static void keep(struct localise_candidates *c, const struct plate_box *box)
{
	size_t least = 0;

	if (c->n < LOCALISE_CANDIDATES) {
		c->box[c->n++] = *box;
		return;
	}
	for (size_t i = 1; i < c->n; i++)
		if (c->box[i].score < c->box[least].score)
			least = i;
	if (box->score > c->box[least].score)
		c->box[least] = *box;
}

float localise_collect(const struct localise_map maps[LOCALISE_LEVELS], float threshold, float sx,
		       float sy, struct localise_candidates *c)
{
	float best = 0.0f;

	for (size_t level = 0; level < LOCALISE_LEVELS; level++) {
		const struct localise_map *m = &maps[level];
		size_t plane = (size_t)m->width * m->height;
		for (size_t cell = 0; cell < plane; cell++) {
			struct plate_box box = {.score = m->data[cell]};
			size_t row = cell / m->width;
			float cx = ((float)(cell % m->width) + 0.5f) * strides[level];
			float cy = ((float)row + 0.5f) * strides[level];
			if (!(box.score >= threshold && box.score <= 1.0f))
				continue;
			for (size_t k = 0; k < 8; k += 2) {
				box.quad.p[k] =
				    (cx + m->data[(k + 1) * plane + cell] * units[level]) * sx;
				box.quad.p[k + 1] =
				    (cy + m->data[(k + 2) * plane + cell] * units[level]) * sy;
			}
			if (!sane(&box.quad))
				continue;
			keep(c, &box);
			best = fmaxf(best, box.score);
		}
	}
	return best;
}

/* Insertion sort: stable, in place, and short lists are the rule. */
static void sort(struct localise_candidates *c)
{
	for (size_t i = 1; i < c->n; i++) {
		struct plate_box box = c->box[i];
		size_t j = i;
		for (; j > 0 && c->box[j - 1].score < box.score; j--)
			c->box[j] = c->box[j - 1];
		c->box[j] = box;
	}
}

size_t localise_suppress(struct localise_candidates *c, struct plate_box *out, size_t most)
{
	struct quad_bounds b[LOCALISE_CANDIDATES];
	bool gone[LOCALISE_CANDIDATES] = {false};
	size_t n = 0;

	sort(c);
	for (size_t i = 0; i < c->n; i++)
		b[i] = quad_bounds(&c->box[i].quad);
	for (size_t i = 0; i < c->n && n < most; i++) {
		float sum[8] = {0}, weights = 0.0f;
		if (gone[i])
			continue;
		for (size_t j = i; j < c->n; j++) {
			if (gone[j] || !same_plate(&b[i], &b[j]))
				continue;
			gone[j] = true;
			if (quad_iou(&b[i], &b[j]) < OVERLAP_MERGE)
				continue;
			float w = c->box[j].score * c->box[j].score;
			for (size_t k = 0; k < 8; k++)
				sum[k] += w * c->box[j].quad.p[k];
			weights += w;
		}
		out[n].score = c->box[i].score;
		for (size_t k = 0; k < 8; k++)
			out[n].quad.p[k] = sum[k] / weights;
		if (!sane(&out[n].quad))
			out[n].quad = c->box[i].quad;
		n++;
	}
	return n;
}

bool localise_worth_a_look(float score, float best)
{
	return score >= fminf(BEHIND * best, LIKELY);
}

uint32_t localise_whole_step(uint32_t width, uint32_t height, uint32_t to_w, uint32_t to_h)
{
	uint32_t across = width / to_w, down = height / to_h;

	for (uint32_t k = across < down ? across : down; k > 1; k--)
		if (width % k == 0 && height % k == 0)
			return k;
	return 1;
}
