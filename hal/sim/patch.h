/* SPDX-License-Identifier: Apache-2.0 */
/* Flat, convex pieces of the world with a texture on them, drawn in perspective. */
#ifndef HAL_SIM_PATCH_H
#define HAL_SIM_PATCH_H

#include "firmware/base/err.h"
#include "hal/sim/canvas.h"
#include "hal/sim/view.h"

#include <stdint.h>

#define TEXTURE_LEVELS 6
#define PATCH_CORNERS  16

/* Luma with its reduced copies (each level half the one before). */
struct texture {
	int w, h; /* of level 0; each 8 or more */
	int levels;
	uint8_t *level[TEXTURE_LEVELS];
};

/* Room for a texture of w x h and its levels, in one block. ERR_NO_MEMORY. texture_free frees; a
 * zeroed one is harmless. */
bool texture_new(struct texture *t, int w, int h, struct err *e) MUST_CHECK;
void texture_free(struct texture *t);

/* Level 0 as a canvas. */
struct canvas texture_canvas(const struct texture *t);

/* Make the reduced levels from level 0. */
void texture_reduce(struct texture *t);

/*
 * A plane: the point at (u, v) is o + u*a + v*b; its outline is a convex polygon in (u, v); the
 * texture covers u, v in 0..1. Luma drawn is texture * gain + lift.
 */
struct patch {
	struct vec3 o, a, b;
	int n;
	struct point outline[PATCH_CORNERS];
	const struct texture *texture; /* NULL: flat luma 255 * gain + lift */
	float gain, lift;
	bool lighten; /* draw only where it is brighter than what is there: paint on a road */
};

/* A whole rectangle of u, v in 0..1. */
void patch_rectangle(struct patch *p, struct vec3 o, struct vec3 a, struct vec3 b);

/* The same with its corners rounded by ru, rv (in u, v). */
void patch_rounded(struct patch *p, struct vec3 o, struct vec3 a, struct vec3 b, float ru,
		   float rv);

/* Pixels touched: x0 <= x < x1, y0 <= y < y1; empty when x0 >= x1. */
struct box {
	int x0, y0, x1, y1;
};

/* Grow *b to hold `more`. */
void box_add(struct box *b, const struct box *more);

/* Draw with one sample a pixel, from the level that fits; `alpha` blends. Returns what was touched.
 */
struct box patch_draw(const struct patch *p, const struct view *v, const struct canvas *c,
		      float alpha);

/*
 * Draw with nine samples a pixel that also run along (mx, my), the pixels the patch moves during
 * the exposure: for plates.
 */
struct box patch_draw_fine(const struct patch *p, const struct view *v, const struct canvas *c,
			   float mx, float my);

#endif
