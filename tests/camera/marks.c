/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/camera/marks.h"

#include <stddef.h>

#define PATCH 4u /* half the side of what is looked at in a cell, pixels */

static unsigned cell(const uint8_t *luma, uint32_t stride, uint32_t x, uint32_t y)
{
	unsigned sum = 0;

	for (uint32_t dy = 0; dy < 2 * PATCH; dy++)
		for (uint32_t dx = 0; dx < 2 * PATCH; dx++)
			sum += luma[(y - PATCH + dy) * (size_t)stride + x - PATCH + dx];
	return sum / (4 * PATCH * PATCH);
}

static bool row(const uint8_t *luma, uint32_t width, uint32_t stride, uint32_t y, struct mark *out)
{
	unsigned bits = 0, value;

	for (unsigned i = 0; i < MARK_CELLS; i++) {
		unsigned level = cell(luma, stride, (2 * i + 1) * width / (2 * MARK_CELLS), y);

		if (level > 96 && level < 160)
			return false;
		bits = bits << 1 | (level >= 160);
	}
	value = bits >> 5 & 0x1fff; /* camera and counter */
	if (bits >> 18 != 2 ||
	    (bits & 31) !=
		(((value >> 12) + (value >> 8 & 15) + (value >> 4 & 15) + (value & 15)) & 31))
		return false;
	out->camera = value >> MARK_COUNTER;
	out->counter = value & ((1u << MARK_COUNTER) - 1);
	return true;
}

bool marks_read(const uint8_t *luma, uint32_t width, uint32_t height, uint32_t stride,
		struct mark *out)
{
	struct mark bottom;

	if (width < MARK_CELLS * 4 * PATCH || height < 32 * PATCH)
		return false;
	return row(luma, width, stride, height / 32, out) &&
	       row(luma, width, stride, height - height / 32, &bottom) &&
	       out->camera == bottom.camera && out->counter == bottom.counter;
}
