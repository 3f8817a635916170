/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed view of a luma image: what capture lends to vision and vision to ocr. */
#ifndef FIRMWARE_BASE_IMAGE_H
#define FIRMWARE_BASE_IMAGE_H

#include <stdint.h>

/* 8-bit full-range luma. Row y starts at data + y * stride; stride >= width. The view owns nothing.
 */
struct image {
	const uint8_t *data;
	uint32_t width, height; /* pixels, 1 to 16384 */
	uint32_t stride;	/* bytes from row to row */
};

#endif
