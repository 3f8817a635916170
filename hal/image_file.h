/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one decoder of image files of the host (OpenCV imgcodecs behind it): the replay camera and
 * alpr-read. Nothing that goes on a pole links it. The bytes are hostile: the dimensions are read
 * from the header before anything is decoded.
 */
#ifndef HAL_IMAGE_FILE_H
#define HAL_IMAGE_FILE_H

#ifdef __cplusplus
extern "C" {
#endif

#include "firmware/base/err.h"
#include "firmware/base/image.h"

#include <stddef.h>
#include <stdint.h>

#define IMAGE_FILE_BYTES_MAX  (64u << 20) /* larger files are refused unread */
#define IMAGE_FILE_PIXELS_MAX (64u * 1000u * 1000u)
#define IMAGE_FILE_SIDE_MAX   16384u /* as struct image */

/* A decoded picture: 8-bit luma, rows without gaps. Zeroed: none. */
struct image_file {
	uint8_t *data; /* malloc'd */
	uint32_t width, height;
};

/* Free and zero; safe on a zeroed one (usable with CLEANUP(image_file_free)). */
void image_file_free(struct image_file *f);

/* The picture as a borrowed view. */
struct image image_file_view(const struct image_file *f);

/*
 * Decode JPEG, PNG, BMP, PNM (P1 to P6) or WebP bytes (borrowed) to luma, turned as its EXIF
 * orientation says. Colour becomes luma (ITU-R BT.601), 16 bits become 8, transparency is ignored.
 * *out: image_file_free. ERR_FORMAT: none of these formats, an animation, cut off, or broken;
 * ERR_LIMIT: more bytes, pixels or pixels a side than above, or more scans or compressed text than
 * hal/image_header.h allows; ERR_NO_MEMORY. The decoders may write to stderr.
 */
bool image_file_decode(const void *bytes, size_t len, struct image_file *out,
		       struct err *e) MUST_CHECK;

/*
 * Read and decode the file `path`, relative to the open folder `folder` (AT_FDCWD: to the working
 * directory). As image_file_decode, and ERR_NOT_FOUND, ERR_IO; a folder, device or pipe is
 * ERR_FORMAT.
 */
bool image_file_read(int folder, const char *path, struct image_file *out,
		     struct err *e) MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
