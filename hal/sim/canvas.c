/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/canvas.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CORNERS_MAX 64

static int clip(float v, int most)
{
	if (!(v > 0.0f))
		return 0;
	return v >= (float)most ? most : (int)v;
}

static void blend_span(uint8_t *p, int n, float luma, float alpha)
{
	/* 16.8 fixed point: the loop is then one the compiler makes vectors of. */
	int a = (int)(alpha * 256.0f + 0.5f);
	int add = (int)((float)canvas_clamp(luma) * (float)a) + 128;

	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)((p[i] * (256 - a) + add) >> 8);
}

void canvas_rect(const struct canvas *c, float x0, float y0, float x1, float y1, float luma,
		 float alpha)
{
	canvas_gradient(c, x0, y0, x1, y1, luma, luma, alpha);
}

void canvas_gradient(const struct canvas *c, float x0, float y0, float x1, float y1, float top,
		     float bottom, float alpha)
{
	int xa = clip(x0 + 0.5f, c->w), xb = clip(x1 + 0.5f, c->w);
	int ya = clip(y0 + 0.5f, c->h), yb = clip(y1 + 0.5f, c->h);
	float span = y1 - y0 > 1.0f ? y1 - y0 : 1.0f;

	for (int y = ya; y < yb && xb > xa; y++) {
		float luma = top + (bottom - top) * ((float)y + 0.5f - y0) / span;

		blend_span(c->px + (long)y * c->stride + xa, xb - xa, luma, alpha);
	}
}

/* Distance of (x, y) from the edge of a rounded rectangle; negative inside. */
static float round_rect_distance(float x, float y, float cx, float cy, float hx, float hy, float r)
{
	float qx = fabsf(x - cx) - (hx - r);
	float qy = fabsf(y - cy) - (hy - r);
	float ox = qx > 0 ? qx : 0;
	float oy = qy > 0 ? qy : 0;
	float in = qx > qy ? qx : qy;

	return sqrtf(ox * ox + oy * oy) + (in < 0 ? in : 0) - r;
}

static float coverage(float distance)
{
	float a = 0.5f - distance;

	return a <= 0 ? 0 : a >= 1 ? 1 : a;
}

void canvas_round_rect(const struct canvas *c, float x0, float y0, float x1, float y1, float r,
		       float luma, float alpha)
{
	float cx = (x0 + x1) / 2, cy = (y0 + y1) / 2, hx = (x1 - x0) / 2, hy = (y1 - y0) / 2;
	int xa = clip(x0, c->w), xb = clip(x1 + 1, c->w);
	int ya = clip(y0, c->h), yb = clip(y1 + 1, c->h);

	for (int y = ya; y < yb; y++) {
		bool straight = (float)y > y0 + r + 1 && (float)y + 1 < y1 - r - 1;

		for (int x = xa; x < xb; x++) {
			float a;

			if (straight && (float)x > x0 + 1 && (float)x + 2 < x1) {
				int end = clip(x1 - 1, c->w);

				blend_span(c->px + (long)y * c->stride + x, end - x, luma, alpha);
				x = end - 1;
				continue;
			}
			a = coverage(round_rect_distance((float)x + 0.5f, (float)y + 0.5f, cx, cy,
							 hx, hy, r));
			if (a > 0)
				canvas_dot(c, x, y, luma, a * alpha);
		}
	}
}

void canvas_outside_round_rect(const struct canvas *c, float x0, float y0, float x1, float y1,
			       float r, float luma)
{
	float cx = (x0 + x1) / 2, cy = (y0 + y1) / 2, hx = (x1 - x0) / 2, hy = (y1 - y0) / 2;
	int left = clip(x0 + r + 1, c->w), right = clip(x1 - r - 1, c->w);

	for (int y = 0; y < c->h; y++) {
		bool middle = (float)y > y0 + 1 && (float)y + 2 < y1;

		for (int x = 0; x < c->w; x++) {
			float a;

			if (middle && x >= left && x < right) {
				x = right - 1;
				continue;
			}
			a = coverage(round_rect_distance((float)x + 0.5f, (float)y + 0.5f, cx, cy,
							 hx, hy, r));
			if (a < 1)
				canvas_dot(c, x, y, luma, 1 - a);
		}
	}
}

void canvas_ellipse(const struct canvas *c, float cx, float cy, float rx, float ry, float luma,
		    float alpha)
{
	int xa = clip(cx - rx - 1, c->w), xb = clip(cx + rx + 2, c->w);
	int ya = clip(cy - ry - 1, c->h), yb = clip(cy + ry + 2, c->h);
	float small = rx < ry ? rx : ry;

	if (rx <= 0 || ry <= 0)
		return;
	for (int y = ya; y < yb; y++) {
		for (int x = xa; x < xb; x++) {
			float u = ((float)x + 0.5f - cx) / rx, v = ((float)y + 0.5f - cy) / ry;
			float d = sqrtf(u * u + v * v) - 1;

			if (d * small < 0.5f)
				canvas_dot(c, x, y, luma, alpha * coverage(d * small));
		}
	}
}

void canvas_line(const struct canvas *c, float x0, float y0, float x1, float y1, float width,
		 float luma, float alpha)
{
	float dx = x1 - x0, dy = y1 - y0, len2 = dx * dx + dy * dy;
	float r = width / 2 + 1;
	int xa = clip((x0 < x1 ? x0 : x1) - r, c->w), xb = clip((x0 > x1 ? x0 : x1) + r + 1, c->w);
	int ya = clip((y0 < y1 ? y0 : y1) - r, c->h), yb = clip((y0 > y1 ? y0 : y1) + r + 1, c->h);

	for (int y = ya; y < yb; y++) {
		for (int x = xa; x < xb; x++) {
			float px = (float)x + 0.5f - x0, py = (float)y + 0.5f - y0;
			float t = len2 > 0 ? (px * dx + py * dy) / len2 : 0;
			float ex, ey;

			t = t < 0 ? 0 : t > 1 ? 1 : t;
			ex = px - t * dx;
			ey = py - t * dy;
			if (ex * ex + ey * ey < r * r)
				canvas_dot(c, x, y, luma,
					   alpha * coverage(sqrtf(ex * ex + ey * ey) - width / 2));
		}
	}
}

static int crossings(const struct point *p, int n, float y, float *out)
{
	int k = 0;

	for (int i = 0; i < n; i++) {
		const struct point *a = &p[i], *b = &p[(i + 1) % n];

		if ((a->y <= y) == (b->y <= y))
			continue;
		out[k++] = a->x + (b->x - a->x) * (y - a->y) / (b->y - a->y);
	}
	for (int i = 1; i < k; i++) {
		float v = out[i];
		int j = i;

		for (; j > 0 && out[j - 1] > v; j--)
			out[j] = out[j - 1];
		out[j] = v;
	}
	return k;
}

static void polygon_span(const struct canvas *c, int y, float xa, float xb, float luma, float alpha)
{
	int ia, ib;

	if (xb <= 0 || xa >= (float)c->w || xb <= xa)
		return;
	ia = xa <= 0 ? 0 : (int)xa;
	ib = xb >= (float)c->w ? c->w : (int)xb;
	if (ia == ib) {
		canvas_dot(c, ia, y, luma, alpha * (xb - xa));
		return;
	}
	if (xa > 0) {
		canvas_dot(c, ia, y, luma, alpha * ((float)(ia + 1) - xa));
		ia++;
	}
	if (ib > ia)
		blend_span(c->px + (long)y * c->stride + ia, ib - ia, luma, alpha);
	if (ib < c->w)
		canvas_dot(c, ib, y, luma, alpha * (xb - (float)ib));
}

void canvas_polygon(const struct canvas *c, const struct point *p, int n, float luma, float alpha)
{
	float xs[CORNERS_MAX], lo, hi;

	if (n < 3 || n > CORNERS_MAX)
		return;
	lo = hi = p[0].y;
	for (int i = 1; i < n; i++) {
		lo = p[i].y < lo ? p[i].y : lo;
		hi = p[i].y > hi ? p[i].y : hi;
	}
	for (int y = clip(lo, c->h); y < clip(hi + 1, c->h); y++) {
		int k = crossings(p, n, (float)y + 0.5f, xs);

		for (int i = 0; i + 1 < k; i += 2)
			polygon_span(c, y, xs[i], xs[i + 1], luma, alpha);
	}
}

void canvas_mask(const struct canvas *c, int x, int y, const uint8_t *mask, int w, int h,
		 int stride, float luma, float alpha)
{
	int a256 = (int)(alpha * 256.0f + 0.5f);
	int l = canvas_clamp(luma);
	int xa = x < 0 ? -x : 0, xb = x + w > c->w ? c->w - x : w;
	int ya = y < 0 ? -y : 0, yb = y + h > c->h ? c->h - y : h;

	for (int j = ya; j < yb; j++) {
		const uint8_t *m = mask + (long)j * stride;
		uint8_t *p = c->px + (long)(y + j) * c->stride + x;

		for (int i = xa; i < xb; i++) {
			int a = (m[i] * a256) >> 8;

			p[i] = (uint8_t)((p[i] * (255 - a) + l * a + 127) / 255);
		}
	}
}

void canvas_soften(const struct canvas *c, uint8_t *tmp)
{
	int w = c->w, h = c->h;

	if (w < 3 || h < 3)
		return;
	for (int y = 0; y < h; y++) {
		const uint8_t *restrict p = c->px + (long)y * c->stride;
		uint8_t *restrict t = tmp + (long)y * w;

		for (int x = 1; x + 1 < w; x++)
			t[x] = (uint8_t)((p[x - 1] + 2 * p[x] + p[x + 1] + 2) >> 2);
		t[0] = p[0];
		t[w - 1] = p[w - 1];
	}
	for (int y = 1; y + 1 < h; y++) {
		uint8_t *restrict p = c->px + (long)y * c->stride;
		const uint8_t *restrict t = tmp + (long)y * w;

		for (int x = 0; x < w; x++)
			p[x] = (uint8_t)((t[x - w] + 2 * t[x] + t[x + w] + 2) >> 2);
	}
}
