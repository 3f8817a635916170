/* SPDX-License-Identifier: Apache-2.0 */
/* What a network is given of a plate: rectified, of one size, of one brightness. */
#ifndef OCR_PATCH_H
#define OCR_PATCH_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/plate.h"

#include <stddef.h>
#include <stdint.h>

/* A part of a plate, or a little more than it: shares of its width and height, 0 and 1 its edges.
 */
struct patch_part {
	float left, top, right, bottom;
};

/* What the readers are given: the plate with a margin, the same as MARGIN_X and MARGIN_Y of
 * ocr/train/read_augment.py. */
extern const struct patch_part patch_with_margin;

/*
 * That part of the plate inside `quad` of `img` (both borrowed) as width x height bytes (1 to 1024
 * each). Corners outside the image are allowed: the border is replicated. Errors: those of cv_warp.
 */
bool patch_cut(const struct image *img, const struct plate_quad *quad,
	       const struct patch_part *part, uint8_t *out, uint32_t width, uint32_t height,
	       struct err *e) MUST_CHECK;

/* n >= 1 bytes to zero mean and unit deviation, so that night and day look alike; a flat patch
 * stays flat. */
void patch_normalise(const uint8_t *patch, size_t n, float *out);

#endif
