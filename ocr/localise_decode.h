/* SPDX-License-Identifier: Apache-2.0 */
/* From the localiser's maps to plates: pure functions, no network. Used by ocr/localise.c and its
 * tests. */
#ifndef OCR_LOCALISE_DECODE_H
#define OCR_LOCALISE_DECODE_H

#include "ocr/plate.h"

#include <stddef.h>
#include <stdint.h>

#define LOCALISE_LEVELS	    3u
#define LOCALISE_CHANNELS   9u	 /* probability of a plate's centre, then x y of four corners */
#define LOCALISE_CANDIDATES 512u /* cells kept of one image; the best ones when there are more */

/*
 * One output of the network: LOCALISE_CHANNELS planes of height rows of width floats. Level i has
 * one cell per 8, 16, 32 pixels of the network's input; a corner is the cell's centre plus the
 * offset times 16, 40, 112 pixels (the values of STRIDES and UNITS in ocr/train/localise_net.py).
 */
struct localise_map {
	const float *data;
	uint32_t width, height;
};

/* What came out of the cells so far. Set n to 0 to begin. */
struct localise_candidates {
	struct plate_box box[LOCALISE_CANDIDATES];
	size_t n;
};

/*
 * Add the cells of `maps` that are at least `threshold` likely to `c`, corners times (sx, sy),
 * which takes the network's pixels to the image's. Left out: probabilities and corners that are not
 * finite, quads that are not convex and clockwise from the top left or are thinner than two pixels.
 * Returns the best probability added, 0 when none was.
 */
float localise_collect(const struct localise_map maps[LOCALISE_LEVELS], float threshold, float sx,
		       float sy, struct localise_candidates *c);

/*
 * Reduce the candidates (reordered) to plates, best first, out[0..most): of those whose bounding
 * boxes overlap by an IoU of 0.3, or lie within each other by 0.7 of the smaller, the likeliest
 * stays, with its corners averaged over the candidates that agree with it by an IoU of 0.6,
 * weighted by their squared probabilities. Equal probabilities keep the order of collection, so
 * that the outcome depends on the maps alone. Returns how many were written.
 */
size_t localise_suppress(struct localise_candidates *c, struct plate_box *out, size_t most);

/*
 * Whether a box of this score is worth a second look beside one of score `best` (0: there is none):
 * not an unlikely one far behind it. Beside a plate those are hardly ever another plate, and a look
 * costs a quarter of a pass.
 */
bool localise_worth_a_look(float score, float best);

/*
 * The largest whole number by which width x height can be divided without a remainder and still be
 * to_w x to_h (not 0) or more; 1 when there is none. OpenCV averages whole squares of pixels many
 * times faster than fractions of them.
 */
uint32_t localise_whole_step(uint32_t width, uint32_t height, uint32_t to_w, uint32_t to_h);

#endif
