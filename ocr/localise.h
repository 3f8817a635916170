/* SPDX-License-Identifier: Apache-2.0 */
/* Where the plates are: image in, boxes with four corners out. */
#ifndef OCR_LOCALISE_H
#define OCR_LOCALISE_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/plate.h"

#include <stddef.h>

struct localiser;

/*
 * Load the model from folder `models` (localise.onnx). Everything is read and one image run before
 * this returns, so that the caller may close its sandbox afterwards. `threads`: of the network, 1
 * to 8. ERR_NOT_FOUND, ERR_IO, ERR_FORMAT. localiser_free frees; NULL is harmless.
 */
bool localiser_open(const char *models, int threads, struct localiser **out,
		    struct err *e) MUST_CHECK;
void localiser_free(struct localiser *l);

/*
 * Find plates in `img` (borrowed for the call), best first, overlapping ones suppressed. Fills
 * out[0..*n), *n <= most. Scores are 0.4 and more; they rank, they are no probabilities.
 * An image gets one pass with its long side at 576 pixels and an enlarged second look at up to
 * four of its best plates; one in which nothing is sure gets a pass at 224, and, if it is longer
 * than 1600, one at 1280. Allocates nothing itself; OpenCV's dnn keeps its buffers while the size
 * stays. No plate is no error. ERR_LIMIT: image smaller than 16 pixels a side or larger than 16384;
 * ERR_IO: the network failed.
 */
bool localise(struct localiser *l, const struct image *img, struct plate_box *out, size_t most,
	      size_t *n, struct err *e) MUST_CHECK;

#endif
