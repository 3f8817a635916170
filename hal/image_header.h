/* SPDX-License-Identifier: Apache-2.0 */
/* What the first bytes of an image file say about its size, so that a bomb is refused before it is
 * decoded. */
#ifndef HAL_IMAGE_HEADER_H
#define HAL_IMAGE_HEADER_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Width and height in pixels of JPEG (ITU-T T.81 B.2.2), PNG (RFC 2083), BMP, PNM (netpbm) or WebP
 * (RFC 9649) bytes. ERR_FORMAT: none of these, or cut off before the size; sizes are at least 1.
 */
bool image_header_size(const uint8_t *bytes, size_t len, uint32_t *width, uint32_t *height,
		       struct err *e) MUST_CHECK;

/*
 * False when JPEG bytes stop before the end marker (EOI, ITU-T T.81 B.2.1): decoders fill what is
 * missing with grey and say nothing. True for every other format, whose decoders do notice.
 */
bool image_header_whole(const uint8_t *bytes, size_t len);

#endif
