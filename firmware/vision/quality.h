/* SPDX-License-Identifier: Apache-2.0 */
/* How good the picture of one plate is: what the quality gates and the choice of the best frame go
 * by. */
#ifndef FIRMWARE_VISION_QUALITY_H
#define FIRMWARE_VISION_QUALITY_H

#include "firmware/base/image.h"
#include "ocr/plate.h"

#include <stdbool.h>

struct quality {
	float width_px, height_px; /* of the plate, along its edges */
	float sharpness; /* 0..1: slope of the steepest edges against the plate's contrast */
	float contrast;	 /* levels between its dark and its light tenth */
	float mean;	 /* luma */
	float value;	 /* 0..1: all of it as one number, for comparing pictures of one plate */
};

/* Measure the plate in `quad` of img (both borrowed); a quad outside the picture has value 0. */
struct quality quality_measure(const struct image *img, const struct plate_quad *quad);

/* Bounding box of a quad, cut to the picture. False: nothing is left. */
bool quality_box(const struct image *img, const struct plate_quad *quad, uint32_t *x, uint32_t *y,
		 uint32_t *w, uint32_t *h);

#endif
