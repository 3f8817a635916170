/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a picture file. What is refused has a reason and leaves nothing behind;
 * what is decoded is as large as its header says, and within the limits. */
#include "hal/image_file.h"
#include "hal/image_header.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t sum; /* every pixel is looked at, so that the sanitiser sees what is not there */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_file f;
	struct err e = {0};
	uint32_t w = 0, h = 0;
	bool sized = image_header_size(data, size, &w, &h, &e);

	/* Nothing is learned from pictures so large that each takes a second. */
	if (sized && (uint64_t)w * h > 1u << 22)
		return 0;
	e = (struct err){0};
	if (!image_file_decode(data, size, &f, &e)) {
		if (e.code == ERR_NONE || !e.text[0] || f.data)
			abort();
		return 0;
	}
	/* An EXIF orientation swaps the sides. */
	if (!sized || !f.data || (uint64_t)f.width * f.height != (uint64_t)w * h)
		abort();
	for (size_t i = 0; i < (size_t)f.width * f.height; i++)
		sum = (uint8_t)(sum + f.data[i]);
	image_file_free(&f);
	return 0;
}
