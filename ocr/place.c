/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/place.h"

#include "ocr/calibration.h"
#include "ocr/fuse.h"

#include <math.h>

float place_likely(float score)
{
	return 1.0f / (1.0f + expf(-CALIBRATION_SLOPE * (score - CALIBRATION_HALF)));
}

struct plate_quad place_scaled(const struct plate_quad *q, float x, float y)
{
	struct plate_quad out;

	for (int i = 0; i < 2; i++) {
		float right = (q->p[2 + i] + q->p[4 + i] - q->p[i] - q->p[6 + i]) / 4 * (x - 1);
		float down = (q->p[4 + i] + q->p[6 + i] - q->p[i] - q->p[2 + i]) / 4 * (y - 1);
		const float signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};

		for (int k = 0; k < 4; k++)
			out.p[2 * k + i] =
			    q->p[2 * k + i] + signs[k][0] * right + signs[k][1] * down;
	}
	return out;
}

struct plate_quad place_wider(const struct place *p)
{
	return place_scaled(&p->quad, 1.08f, 1.15f);
}

struct plate_quad place_narrower(const struct place *p)
{
	return place_scaled(&p->quad, 0.94f, 0.90f);
}

/* A look that brought an observation counts; one at what has no shape of a plate is none. */
static bool keep(bool observed, const struct err *why, struct place *p, struct err *e)
{
	if (observed)
		p->n++;
	else if (why->code != ERR_LIMIT)
		return err_set(e, why->code, "%s", why->text);
	return true;
}

bool place_look(const struct engines *g, const struct image *img, const struct plate_quad *quad,
		struct place *p, struct err *e)
{
	struct err why = {0};

	return p->n == PLACE_VIEWS ||
	       keep(reader_observe(g->reader, img, quad, &p->seen[p->n], &why), &why, p, e);
}

bool place_second_opinion(const struct engines *g, const struct image *img, struct place *p,
			  struct err *e)
{
	struct err why = {0};

	return p->n == PLACE_VIEWS ||
	       keep(tesseract_observe(g->tesseract, img, &p->quad, &p->seen[p->n], &why), &why, p,
		    e);
}

/* So that all looks of one engine at this place weigh 1 together. */
static void share_weights(struct place *p)
{
	unsigned looks[PLATE_ENGINES] = {0};

	for (size_t i = 0; i < p->n; i++)
		looks[p->seen[i].engine]++;
	for (size_t i = 0; i < p->n; i++)
		p->seen[i].weight = 1.0f / (float)looks[p->seen[i].engine];
}

void place_read(struct place *const *places, size_t n, struct plate_read *out)
{
	const struct plate_observation *seen[2 * PLACE_VIEWS];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		share_weights(places[i]);
		for (size_t v = 0; v < places[i]->n; v++)
			seen[k++] = &places[i]->seen[v];
	}
	fuse(seen, k, out);
}
