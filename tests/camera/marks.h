/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter that every picture of the camera test carries: MARK_CELLS black and white cells in a
 * row across the picture, along its top and again along its bottom, so that a frame that was
 * overwritten while it was looked at shows two. From the left: 1, 0, the camera, 12 bits of the
 * counter, high bit first, and 5 bits that are the sum of those three's 4-bit halves.
 */
#ifndef TESTS_CAMERA_MARKS_H
#define TESTS_CAMERA_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#define MARK_CELLS   20u
#define MARK_COUNTER 12u /* bits */

struct mark {
	unsigned camera, counter;
};

/* Read the marks of a luma picture. False: there are none, or the two are not the same. */
bool marks_read(const uint8_t *luma, uint32_t width, uint32_t height, uint32_t stride,
		struct mark *out);

#endif
