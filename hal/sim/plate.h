/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One licence plate, seen flat and square on, as luma: sheeting with its picture, state name,
 * slogan, stickers, bolts, stamped or printed characters, dirt and wear, and the frame a dealer
 * puts round it. Blur, noise of a camera and perspective are not here.
 */
#ifndef HAL_SIM_PLATE_H
#define HAL_SIM_PLATE_H

#include "hal/sim/art.h"
#include "hal/sim/series.h"

#include <stddef.h>
#include <stdint.h>

#define SIM_PLATE_W	480
#define SIM_PLATE_H	240
#define SIM_PLATE_BYTES ((size_t)SIM_PLATE_W * SIM_PLATE_H)

/* How hard a plate is to read. */
struct sim_wear {
	float dirt;   /* 0 clean .. 1 hardly readable: dirt, scratches, fading, worn paint */
	float frames; /* probability that a frame or holder is round it, which may hide its edges */
};

struct sim_plate {
	char text[PLATE_TEXT_SIZE];
	char jurisdiction[3]; /* "" for European ones */
	enum series_style style;
	float x0, y0, x1,
	    y1; /* the plate's own edges inside the image; what lies outside is frame or surround */
	float aspect;	/* width : height of those edges: 2.0 US, 4.73 European */
	float surround; /* luma outside the plate and its frame */
	uint8_t light_on_dark;
	uint8_t *luma; /* SIM_PLATE_BYTES, the caller's */
};

/* Wear for training: mostly light, sometimes hard. */
void sim_wear_random(struct sim_random *r, struct sim_wear *out);

/*
 * Draw a plate of series `s` into p->luma (SIM_PLATE_W x SIM_PLATE_H, no padding), whatever was
 * there; fills the rest of *p. `surround`: luma of what is behind it. Cannot fail; a layout without
 * characters gives a blank plate.
 */
void sim_plate_draw(struct art *a, struct sim_random *r, const struct series *s,
		    const struct sim_wear *wear, float surround, struct sim_plate *p);

#endif
