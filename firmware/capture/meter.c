/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/meter.h"

#include <string.h>

#define COLUMNS 64u
#define ROWS	36u

/* Mean of the values from the low-th to the high-th of n. */
static float mean_between(const uint32_t histogram[256], uint32_t low, uint32_t high)
{
	uint64_t sum = 0;
	uint32_t below = 0, n = 0;

	for (uint32_t v = 0; v < 256; v++) {
		uint32_t from = below < low ? low : below, to = below + histogram[v];

		below = to;
		if (to > high)
			to = high;
		if (to > from) {
			sum += (uint64_t)(to - from) * v;
			n += to - from;
		}
	}
	return n ? (float)sum / (float)n : 0;
}

void meter_image(const struct image *image, struct meter *out)
{
	uint32_t columns = image->width < COLUMNS ? image->width : COLUMNS;
	uint32_t rows = image->height < ROWS ? image->height : ROWS;
	uint32_t histogram[256], n = columns * rows;

	memset(histogram, 0, sizeof histogram);
	for (uint32_t r = 0; r < rows; r++) {
		uint32_t y = (2 * r + 1) * image->height / (2 * rows);
		const uint8_t *row = image->data + (size_t)y * image->stride;

		for (uint32_t c = 0; c < columns; c++)
			histogram[row[(2 * c + 1) * image->width / (2 * columns)]]++;
	}
	out->level = mean_between(histogram, n / 10, n - n * 3 / 10);
	out->bright = mean_between(histogram, n - 1 - n / 50, n - n / 50);
}
