/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bright a picture is, from a sparse grid of its luma where it lies: nothing is copied. Lamps,
 * glare and dark vehicles are few of the samples or pass: what counts is the middle of them.
 */
#ifndef FIRMWARE_CAPTURE_METER_H
#define FIRMWARE_CAPTURE_METER_H

#include "firmware/base/image.h"

struct meter {
	float level;  /* mean luma between the 10th and the 70th percentile, 0..255 */
	float bright; /* 98th percentile: what shines, under the lamp plates and signs */
};

/* Measure an image of at least 1x1 at 64 x 36 places (fewer when it is smaller). */
void meter_image(const struct image *image, struct meter *out);

#endif
