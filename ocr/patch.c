/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/patch.h"

#include "ocr/cv.h"

#include <math.h>

/* A little noise is not blown up to a picture. */
#define LEAST_DEVIATION 4.0f

const struct patch_part patch_with_margin = {-0.04f, -0.08f, 1.04f, 1.08f};

/* The point at u, v of the quad, whose corners are at 0 and 1. */
static void point_at(const struct plate_quad *q, float u, float v, float *x)
{
	for (int i = 0; i < 2; i++)
		x[i] = (1 - u) * (1 - v) * q->p[i] + u * (1 - v) * q->p[2 + i] +
		       u * v * q->p[4 + i] + (1 - u) * v * q->p[6 + i];
}

bool patch_cut(const struct image *img, const struct plate_quad *quad,
	       const struct patch_part *part, uint8_t *out, uint32_t width, uint32_t height,
	       struct err *e)
{
	struct plate_quad q;

	point_at(quad, part->left, part->top, q.p);
	point_at(quad, part->right, part->top, q.p + 2);
	point_at(quad, part->right, part->bottom, q.p + 4);
	point_at(quad, part->left, part->bottom, q.p + 6);
	return cv_warp(img, &q, out, width, height, e);
}

void patch_normalise(const uint8_t *patch, size_t n, float *out)
{
	float sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++)
		sum += (float)patch[i];
	float mean = sum / (float)n;
	for (size_t i = 0; i < n; i++) {
		out[i] = (float)patch[i] - mean;
		squares += out[i] * out[i];
	}
	float scale = 1.0f / (sqrtf(squares / (float)n) + LEAST_DEVIATION);
	for (size_t i = 0; i < n; i++)
		out[i] *= scale;
}
