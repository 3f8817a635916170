/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pictures of a passage: for each angle the plate with a margin and the whole scene, as JPEG
 * (libjpeg-turbo), so that frame buffers go back at once; and the rectified plate as it is. Room
 * for all is taken at the start; nothing is allocated afterwards but by the encoder for itself.
 */
#ifndef FIRMWARE_VISION_PICTURES_H
#define FIRMWARE_VISION_PICTURES_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "firmware/wire.h"
#include "ocr/plate.h"

#include <sys/uio.h>

#define PICTURES_SLOTS 16 /* passages that hold pictures at once; those beyond get none */

struct pictures;

/* For frames of at most width x height. ERR_NO_MEMORY. pictures_free frees; NULL is harmless. */
bool pictures_new(uint32_t width, uint32_t height, struct pictures **out, struct err *e) MUST_CHECK;
void pictures_free(struct pictures *p);

/* An empty slot, or -1 when all are taken; and give one back (-1 is harmless). */
int pictures_take(struct pictures *p);
void pictures_give(struct pictures *p, int slot);

/* Encode crop and scene of angle `camera` from img (borrowed), in place of those held. ERR_IO: the
 * encoder failed: none are held then. */
bool pictures_shoot(struct pictures *p, int slot, unsigned camera, const struct image *img,
		    const struct plate_quad *quad, struct err *e) MUST_CHECK;

/* Copy angle `camera` from one slot into another. */
void pictures_copy(struct pictures *p, int into, int from, unsigned camera);

/* The rectified plate of angle `camera` for the second reader (ocr/tesseract.h), or NULL where
 * there is none. The slot's own. */
const uint8_t *pictures_patch(const struct pictures *p, int slot, unsigned camera);

/*
 * What slot holds, as parts of a gift in the order of enum wire_picture, and where each lies in it.
 * Slot -1: nothing. The parts stay the slot's own.
 */
void pictures_parts(const struct pictures *p, int slot, struct iovec parts[WIRE_PICTURES],
		    struct wire_span spans[WIRE_PICTURES]);

#endif
