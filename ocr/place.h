/* SPDX-License-Identifier: Apache-2.0 */
/* One place of one picture where a plate may be, and what was seen there. */
#ifndef OCR_PLACE_H
#define OCR_PLACE_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/engines.h"
#include "ocr/plate.h"

#include <stddef.h>

#define PLACE_VIEWS 5u

struct place {
	struct plate_quad quad;
	size_t n; /* observations in seen; 0: nothing is here */
	struct plate_observation seen[PLACE_VIEWS];
};

/* Probability that a box of this score (of the localiser) holds a plate, in pictures in which
 * something can be read; ocr/calibration.h. */
float place_likely(float score);

/* The quad with its sides `x` and `y` times as long, about its centre. */
struct plate_quad place_scaled(const struct plate_quad *q, float x, float y);

/* p->quad a little larger, a little smaller: corners that cut into the text, or take in too much,
 * are the commonest fault of a quad. */
struct plate_quad place_wider(const struct place *p);
struct plate_quad place_narrower(const struct place *p);

/*
 * Have the network read `quad` of `img` (borrowed) as one more observation of p. A quad that no
 * rectangle can be made of adds nothing, and neither does a full p. ERR_IO: the network failed.
 */
bool place_look(const struct engines *g, const struct image *img, const struct plate_quad *quad,
		struct place *p, struct err *e) MUST_CHECK;

/* Have Tesseract read p->quad of `img` (borrowed) as one more observation of p. As place_look. */
bool place_second_opinion(const struct engines *g, const struct image *img, struct place *p,
			  struct err *e) MUST_CHECK;

/* Fuse what was seen at places[0..n), n <= 2, one plate in as many pictures. Each counts once for
 * an engine, however often that looked. */
void place_read(struct place *const *places, size_t n, struct plate_read *out);

#endif
