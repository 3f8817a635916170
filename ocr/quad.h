/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of quads, and how they lie over each other. */
#ifndef OCR_QUAD_H
#define OCR_QUAD_H

#include "ocr/plate.h"

/* A rectangle of an image, pixels: columns x0 to x1, rows y0 to y1. */
struct quad_bounds {
	float x0, y0, x1, y1;
};

/* The area of a quad in square pixels; negative when its corners run anticlockwise. */
float quad_area(const struct plate_quad *q);

/* The upright rectangle around a quad. */
struct quad_bounds quad_bounds(const struct plate_quad *q);

/* Of two rectangles: their intersection over their union, and over the smaller of them, 0 to 1. */
float quad_iou(const struct quad_bounds *a, const struct quad_bounds *b);
float quad_cover(const struct quad_bounds *a, const struct quad_bounds *b);

#endif
