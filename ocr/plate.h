/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes ocr/ hands out: a plate found, an observation of it, the read fused from many. */
#ifndef OCR_PLATE_H
#define OCR_PLATE_H

#include <stdbool.h>
#include <stdint.h>

/* US plates have 1 to 8 characters, some European ones 9. */
#define PLATE_TEXT_MAX	   10u
#define PLATE_TEXT_SIZE	   (PLATE_TEXT_MAX + 1u)
#define PLATE_ALTERNATIVES 10u /* spellings reported, the best one included */
#define PLATE_CLASSES	   37u /* 0: CTC blank; 1..10: '0'..'9'; 11..36: 'A'..'Z' */
#define PLATE_STEPS	   32u /* most CTC steps of a reader */

/* Four corners, clockwise from the plate's top left, in pixels of the image: x0 y0 x1 y1 x2 y2 x3
 * y3. */
struct plate_quad {
	float p[8];
};

/* A plate found in one image. */
struct plate_box {
	struct plate_quad quad;
	float score; /* 0..1 that this is a plate */
};

/* Who observed. Observations of one engine err together more than those of two. */
enum plate_engine { PLATE_NETWORK = 0, PLATE_TESSERACT, PLATE_ENGINES };

/*
 * What a reader saw in one image of a plate: log-probabilities (natural log) for each step and
 * class of a CTC lattice (Graves et al. 2006). Fusion scores spellings on it; it is not text yet.
 */
struct plate_observation {
	uint32_t steps; /* 1..PLATE_STEPS */
	float logp[PLATE_STEPS][PLATE_CLASSES];
	float weight;	/* > 0; quality weight of this observation in a fusion, 1 is ordinary */
	uint8_t engine; /* enum plate_engine; others are left out of a fusion */
};

struct plate_spelling {
	char text[PLATE_TEXT_SIZE]; /* A-Z 0-9, NUL-terminated */
	float confidence;	    /* 0..1 */
};

/* A read: the fused outcome for one plate. */
struct plate_read {
	char text[PLATE_TEXT_SIZE];  /* "" when nothing could be read */
	float confidence;	     /* of the text as a whole, 0..1 */
	float chars[PLATE_TEXT_MAX]; /* per character of text, 0..1 */
	char jurisdiction[3];	     /* NCIC LIS code, or "" when unknown */
	uint8_t n_alternatives;
	struct plate_spelling alternatives[PLATE_ALTERNATIVES]; /* best first, text itself is [0] */
};

#endif
