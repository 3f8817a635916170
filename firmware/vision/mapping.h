/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a plate at a place of camera 0's picture shows in camera 1's: an affine map learned from
 * vehicles whose plates left no doubt (recursive least squares with forgetting), so that doubtful
 * ones can be told apart by place.
 */
#ifndef FIRMWARE_VISION_MAPPING_H
#define FIRMWARE_VISION_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#define MAPPING_LEARNED 20u /* pairs of places before it has an opinion */

struct mapping {
	uint32_t n;
	double p[3][3];	 /* inverse correlation of (x, y, 1) */
	double to[2][3]; /* coefficients of x and y in camera 1 */
	double variance; /* of the residual, plate widths squared */
};

/* Start knowing nothing. */
void mapping_init(struct mapping *m);

/* A plate stood at (x0, y0) and at (x1, y1), shares of the pictures' width (0..1); `width`: of the
 * plate in camera 1, the same unit. */
void mapping_learn(struct mapping *m, float x0, float y0, float x1, float y1, float width);

enum mapping_opinion { MAPPING_UNKNOWN, MAPPING_FITS, MAPPING_DOUBTFUL, MAPPING_CONTRADICTS };

/* Could these two be one plate? */
enum mapping_opinion mapping_ask(const struct mapping *m, float x0, float y0, float x1, float y1,
				 float width);

#endif
