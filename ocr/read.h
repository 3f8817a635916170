/* SPDX-License-Identifier: Apache-2.0 */
/* What one image of a plate says: image and corners in, a CTC lattice out. */
#ifndef OCR_READ_H
#define OCR_READ_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/plate.h"

struct reader;

/* Load the model from folder `models` (read.onnx); as localiser_open. reader_free frees; NULL is
 * harmless. */
bool reader_open(const char *models, int threads, struct reader **out, struct err *e) MUST_CHECK;
void reader_free(struct reader *r);

/*
 * Rectify the plate inside `quad` of `img` (both borrowed) and read it into *out, whose weight is
 * set to 1. Corners outside the image are allowed (the border is replicated). ERR_LIMIT: degenerate
 * quad; ERR_IO: the network failed.
 */
bool reader_observe(struct reader *r, const struct image *img, const struct plate_quad *quad,
		    struct plate_observation *out, struct err *e) MUST_CHECK;

#endif
