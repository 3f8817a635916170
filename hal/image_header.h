/* SPDX-License-Identifier: Apache-2.0 */
/* What an image file says about itself, so that a bomb is refused before it is decoded. */
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

#define IMAGE_HEADER_SCANS_MAX	100u	     /* of a JPEG; encoders make about ten */
#define IMAGE_HEADER_PACKED_MAX (256u << 10) /* bytes of compressed text and profiles in a PNG */

/*
 * What decoders would fill in, or pay for without end. ERR_FORMAT: JPEG bytes that stop before the
 * end marker (EOI, ITU-T T.81 B.2.1), whose rest would come out grey without a word. ERR_LIMIT: a
 * JPEG of more scans, or a PNG with more compressed text, than above. Other formats pass: their
 * decoders notice what is cut off, and have no such traps.
 */
bool image_header_check(const uint8_t *bytes, size_t len, struct err *e) MUST_CHECK;

#endif
