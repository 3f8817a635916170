/* SPDX-License-Identifier: Apache-2.0 */
/* Plates of whole pictures, one or a pair: localise, read, match between the angles, fuse. What
 * alpr-read prints. */
#ifndef OCR_PLATES_H
#define OCR_PLATES_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/engines.h"
#include "ocr/place.h"
#include "ocr/plate.h"

#include <stddef.h>

#define PLATES_MAX 16u /* per picture */

/* A plate with its read, whose confidence is that this is a plate and has that text. shown[i].n >
 * 0: picture i shows it, there. */
struct plates_found {
	struct place shown[2];
	float likely; /* 0..1 that this is a plate, from what the localiser says */
	struct plate_read read;
};

struct plates {
	size_t n;
	struct plates_found at[2 * PLATES_MAX];
};

/*
 * Find and read the plates of images[0..n), n 1 or 2 (two angles of one instant; borrowed), best
 * first. Plates without a text or with next to no confidence are left out. Errors: those of
 * localise and place_look.
 */
bool plates_find(const struct engines *g, const struct image *images, size_t n, struct plates *out,
		 struct err *e) MUST_CHECK;

#endif
