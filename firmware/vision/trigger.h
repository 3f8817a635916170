/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trigger of one camera: does anything as large as a vehicle move or stand where the road was
 * empty? Subsampled background difference: a few ten thousand pixels are looked at, nothing is
 * allocated, and nothing after it runs without its word.
 */
#ifndef FIRMWARE_VISION_TRIGGER_H
#define FIRMWARE_VISION_TRIGGER_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"

#include <stdint.h>

#define TRIGGER_CELL	  8u /* pixels a side of a cell: four of its pixels are averaged */
#define TRIGGER_BLOCK	  4u /* cells a side of a block */
#define TRIGGER_ABSORB_NS INT64_C(3000000000) /* what stays still so long becomes background */
#define TRIGGER_HOLD_NS	  INT64_C(300000000)  /* still open after the last change */

struct trigger;

/* For pictures of width x height (64 to 16384). ERR_LIMIT, ERR_NO_MEMORY. trigger_free frees; NULL
 * is harmless. */
bool trigger_new(uint32_t width, uint32_t height, struct trigger **out, struct err *e) MUST_CHECK;
void trigger_free(struct trigger *t);

/*
 * Look at a picture taken at capture_ns; a picture of another size is not looked at and opens.
 * True: open. The first picture is the first background. A change of light over the whole picture
 * is followed by its gain; one that is not, and anything that stands still, is absorbed after
 * TRIGGER_ABSORB_NS. Rain and noise raise the threshold of the cells they touch.
 */
bool trigger_look(struct trigger *t, const struct image *img, int64_t capture_ns);

/* Share of blocks that changed in the last picture, 0..1. */
float trigger_activity(const struct trigger *t);

#endif
