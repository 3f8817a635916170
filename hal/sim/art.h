/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every picture of the simulator is made with: fonts and noise textures, loaded once. After
 * art_open no file is opened again, so that a role may close its sandbox.
 */
#ifndef HAL_SIM_ART_H
#define HAL_SIM_ART_H

#include "firmware/base/err.h"
#include "hal/sim/canvas.h"
#include "hal/sim/random.h"

#include <stdint.h>

/* Faces by their use; the dies first. */
enum face {
	FACE_GAUGE_C, /* Roadgeek 2014 C: Missouri, Kentucky and most federal-looking dies */
	FACE_GAUGE_B, /* Roadgeek 2014 B: narrow dies */
	FACE_DIN,     /* OSP DIN: Illinois, Indiana */
	FACE_MONO,    /* League Mono Condensed: dies of equal pitch with serifed I */
	FACE_MONO_BOLD,
	FACE_MONO_WIDE, /* League Mono Narrow */
	FACE_ROUND,	/* Dosis: round terminals */
	FACE_ROUND_BOLD,
	FACE_TALL, /* Bebas Neue */
	FACE_FLAT, /* Nimbus Sans Narrow: flat-printed plates */
	FACE_FLAT_BOLD,
	FACE_DIES,	       /* faces above draw plate characters */
	FACE_SANS = FACE_DIES, /* the rest is for state names, slogans, frames, signs */
	FACE_SANS_BOLD,
	FACE_SERIF,
	FACE_SERIF_ITALIC,
	FACE_SLAB,
	FACE_SCRIPT,
	FACE_GEOMETRIC,
	FACES
};

#define ART_NOISE 512 /* side of a noise texture; it tiles */

struct art;

/*
 * Load the fonts below `fonts` (Debian's /usr/share/fonts) and make the textures. ERR_NOT_FOUND
 * names the file that is missing; ERR_FORMAT: a file that is no font or lacks a character of
 * A-Z0-9; ERR_NO_MEMORY. art_close frees.
 */
bool art_open(const char *fonts, struct art **out, struct err *e) MUST_CHECK;
void art_close(struct art *a);

/* White noise, mean 128, deviation about 32; and clouds (four octaves), the whole range used.
 * ART_NOISE squared bytes. */
const uint8_t *art_white(const struct art *a);
const uint8_t *art_clouds(const struct art *a);

/* True when the face's own zero is dotted, which no plate has, so that its O is drawn for it. */
bool art_lends_zero(enum face face);

/* How one character is set. */
struct setting {
	enum face face;
	float height;  /* of a capital, pixels */
	float stretch; /* width against the face's own, 1 is natural */
	float weight;  /* added to every stem, share of height; negative thins */
	float slant;   /* tangent; 0 upright */
};

/* Width of the ink of `ch`, in pixels, and (NULL allowed) its advance. 0 for a character the face
 * lacks. */
float art_ink(const struct art *a, const struct setting *s, char ch, float *advance);

/* Width of a text set with its natural advances, pixels. */
float art_width(const struct art *a, const struct setting *s, const char *text);

/* Draw `ch` with the middle of its ink at x and its foot at y. Characters above 256 pixels are cut.
 */
void art_char(struct art *a, const struct canvas *c, const struct setting *s, char ch, float x,
	      float y, float luma, float alpha);

/* Draw a text centred on x, shrunk to `most` pixels of width where longer, its foot at y. */
void art_text(struct art *a, const struct canvas *c, const struct setting *s, const char *text,
	      float x, float y, float most, float luma, float alpha);

#endif
