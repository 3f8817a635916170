/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/quad.h"

#include <math.h>
#include <stddef.h>

/* A millionth of a pixel: nothing is divided by zero. */
#define LEAST_AREA 1e-6f

float quad_area(const struct plate_quad *q)
{
	float twice = 0;

	for (size_t i = 0; i < 4; i++) {
		const float *a = q->p + 2 * i, *b = q->p + 2 * ((i + 1) % 4);
		twice += a[0] * b[1] - b[0] * a[1];
	}
	return twice / 2;
}

struct quad_bounds quad_bounds(const struct plate_quad *q)
{
	struct quad_bounds b = {q->p[0], q->p[1], q->p[0], q->p[1]};

	for (size_t i = 2; i < 8; i += 2) {
		b.x0 = fminf(b.x0, q->p[i]);
		b.x1 = fmaxf(b.x1, q->p[i]);
		b.y0 = fminf(b.y0, q->p[i + 1]);
		b.y1 = fmaxf(b.y1, q->p[i + 1]);
	}
	return b;
}

static float area(const struct quad_bounds *b)
{
	return (b->x1 - b->x0) * (b->y1 - b->y0);
}

static float shared(const struct quad_bounds *a, const struct quad_bounds *b)
{
	float w = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
	float h = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);

	return w > 0.0f && h > 0.0f ? w * h : 0.0f;
}

float quad_iou(const struct quad_bounds *a, const struct quad_bounds *b)
{
	float s = shared(a, b);

	return s / fmaxf(area(a) + area(b) - s, LEAST_AREA);
}

float quad_cover(const struct quad_bounds *a, const struct quad_bounds *b)
{
	return shared(a, b) / fmaxf(fminf(area(a), area(b)), LEAST_AREA);
}
