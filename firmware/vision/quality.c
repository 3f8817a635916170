/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/quality.h"

#include <math.h>
#include <string.h>

#define ROWS	    24u	  /* rows looked at, at most */
#define FULL_HEIGHT 40.0f /* pixels from which more height adds nothing */

static float edge(const struct plate_quad *q, size_t a, size_t b)
{
	return hypotf(q->p[2 * b] - q->p[2 * a], q->p[2 * b + 1] - q->p[2 * a + 1]);
}

bool quality_box(const struct image *img, const struct plate_quad *quad, uint32_t *x, uint32_t *y,
		 uint32_t *w, uint32_t *h)
{
	float x0 = INFINITY, y0 = INFINITY, x1 = -INFINITY, y1 = -INFINITY;

	for (size_t i = 0; i < 4; i++) {
		float px = quad->p[2 * i], py = quad->p[2 * i + 1];

		if (!isfinite(px) || !isfinite(py))
			return false;
		x0 = fminf(x0, px);
		x1 = fmaxf(x1, px);
		y0 = fminf(y0, py);
		y1 = fmaxf(y1, py);
	}
	x0 = fmaxf(floorf(x0), 0);
	y0 = fmaxf(floorf(y0), 0);
	x1 = fminf(ceilf(x1), (float)img->width);
	y1 = fminf(ceilf(y1), (float)img->height);
	if (x1 - x0 < 1 || y1 - y0 < 1)
		return false;
	*x = (uint32_t)x0;
	*y = (uint32_t)y0;
	*w = (uint32_t)(x1 - x0);
	*h = (uint32_t)(y1 - y0);
	return true;
}

struct sums {
	uint32_t luma[256], slope[256];
	uint32_t pixels, slopes;
	double mean;
};

/* Level below which `share` of the histogram lies. */
static float quantile(const uint32_t *histogram, uint32_t total, float share)
{
	uint32_t want = (uint32_t)((float)total * share), seen = 0;

	for (uint32_t i = 0; i < 256; i++) {
		seen += histogram[i];
		if (seen > want)
			return (float)i;
	}
	return 255.0f;
}

static void sum_row(struct sums *s, const uint8_t *row, uint32_t w, uint32_t reach)
{
	for (uint32_t x = 0; x < w; x++) {
		s->luma[row[x]]++;
		s->mean += row[x];
		if (x + reach < w) {
			s->slope[row[x] > row[x + reach] ? row[x] - row[x + reach]
							 : row[x + reach] - row[x]]++;
			s->slopes++;
		}
	}
	s->pixels += w;
}

struct quality quality_measure(const struct image *img, const struct plate_quad *quad)
{
	struct quality q = {
	    .width_px = (edge(quad, 0, 1) + edge(quad, 3, 2)) * 0.5f,
	    .height_px = (edge(quad, 0, 3) + edge(quad, 1, 2)) * 0.5f,
	};
	uint32_t x, y, w, h, step, reach;
	struct sums s;

	if (!quality_box(img, quad, &x, &y, &w, &h))
		return q;
	memset(&s, 0, sizeof s);
	step = h > ROWS ? h / ROWS : 1;
	/* A stroke of a character is about an eighth of the plate high: its edge should be over
	 * within half of that. */
	reach = (uint32_t)fmaxf(q.height_px / 16.0f, 1.0f);
	for (uint32_t r = h / 5; r < h - h / 5; r += step)
		sum_row(&s, img->data + (size_t)(y + r) * img->stride + x, w, reach);
	if (!s.pixels || !s.slopes)
		return q;
	q.mean = (float)(s.mean / s.pixels);
	q.contrast = quantile(s.luma, s.pixels, 0.9f) - quantile(s.luma, s.pixels, 0.1f);
	q.sharpness = fminf(quantile(s.slope, s.slopes, 0.9f) / fmaxf(q.contrast, 16.0f), 1.0f);
	q.value = sqrtf(fminf(q.height_px / FULL_HEIGHT, 1.0f)) * (0.2f + 0.8f * q.sharpness) *
		  fminf(q.contrast / 60.0f, 1.0f);
	return q;
}
