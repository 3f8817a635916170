/* SPDX-License-Identifier: Apache-2.0 */
/* Put a picture of any size into a frame of fixed size. */
#ifndef HAL_LETTERBOX_H
#define HAL_LETTERBOX_H

#include "firmware/base/image.h"

/*
 * Place `in` at the top left of the width x height pixels at `out` (rows of `stride` bytes):
 * unscaled when it fits, else shrunk to fit by averaging areas, its shape kept. What it does not
 * cover becomes mid-grey. `scratch`: at least 2 * width floats. Sides are 1 to 16384.
 */
void letterbox(const struct image *in, uint8_t *out, uint32_t width, uint32_t height,
	       uint32_t stride, float *scratch);

#endif
