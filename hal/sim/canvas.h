/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drawing on luma. Coordinates are pixels, the centre of pixel (0,0) lies at (0.5,0.5), y goes
 * down. Every function clips to the canvas, blends with `alpha` (0..1) and clamps luma to 0..255.
 * Nothing here can fail.
 */
#ifndef HAL_SIM_CANVAS_H
#define HAL_SIM_CANVAS_H

#include <stdint.h>

/* A borrowed, writable view of 8-bit luma; stride >= w. */
struct canvas {
	uint8_t *px;
	int w, h, stride;
};

struct point {
	float x, y;
};

/* Luma as a byte: rounded and clamped. */
static inline uint8_t canvas_clamp(float v)
{
	float up = v + 0.5f;

	return up <= 0.5f ? 0 : up >= 255.0f ? 255 : (uint8_t)up;
}

/* Blend one pixel; outside the canvas nothing happens. */
static inline void canvas_dot(const struct canvas *c, int x, int y, float luma, float alpha)
{
	uint8_t *p;

	if (x < 0 || y < 0 || x >= c->w || y >= c->h)
		return;
	p = c->px + (long)y * c->stride + x;
	*p = canvas_clamp((float)*p + (luma - (float)*p) * alpha);
}

/* Whole pixels x0 <= x < x1, y0 <= y < y1. */
void canvas_rect(const struct canvas *c, float x0, float y0, float x1, float y1, float luma,
		 float alpha);

/* As canvas_rect, luma running from `top` at y0 to `bottom` at y1. */
void canvas_gradient(const struct canvas *c, float x0, float y0, float x1, float y1, float top,
		     float bottom, float alpha);

/* Rectangle with corners of radius r, smooth edges. */
void canvas_round_rect(const struct canvas *c, float x0, float y0, float x1, float y1, float r,
		       float luma, float alpha);

/* The outside of such a rectangle, up to the edges of the canvas. */
void canvas_outside_round_rect(const struct canvas *c, float x0, float y0, float x1, float y1,
			       float r, float luma);

/* Ellipse with smooth edges. */
void canvas_ellipse(const struct canvas *c, float cx, float cy, float rx, float ry, float luma,
		    float alpha);

/* Line of `width` pixels with smooth edges. */
void canvas_line(const struct canvas *c, float x0, float y0, float x1, float y1, float width,
		 float luma, float alpha);

/* Polygon (even-odd rule, 3..64 corners), edges smooth along x only. */
void canvas_polygon(const struct canvas *c, const struct point *p, int n, float luma, float alpha);

/* Blend luma through a coverage mask of w x h bytes whose top left lies at (x, y). */
void canvas_mask(const struct canvas *c, int x, int y, const uint8_t *mask, int w, int h,
		 int stride, float luma, float alpha);

/* Blur by the binomial 1-2-1 in both directions, once; `tmp` has room for w*h bytes. */
void canvas_soften(const struct canvas *c, uint8_t *tmp);

#endif
