/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a plate, shared by plate.c and plate_ground.c; nobody else includes this. */
#ifndef HAL_SIM_PLATE_PARTS_H
#define HAL_SIM_PLATE_PARTS_H

#include "hal/sim/plate.h"

/* What is under the pen. */
struct drawing {
	struct art *art;
	struct sim_random *r;
	const struct series *series;
	struct canvas c;
	float x0, y0, w, h; /* the plate's edges and size, pixels */
	float ground, ink;  /* luma of sheeting and of characters */
	float sticker_x;    /* middle of an emblem or sticker between groups; 0: none */
	float foot, head;   /* luma of the texts at the bottom and the top */
};

/* Sheeting with its design. */
void plate_ground(struct drawing *d);

/* State name, slogan, stickers, bolts, rim. */
void plate_furniture(struct drawing *d);

/* The blue band and seals of a European plate; the characters have from *left on. */
void plate_band(struct drawing *d, float *left);

/* An emblem (state outline, sticker, peach) in the gap at x. */
void plate_emblem(struct drawing *d, float x, float y, float size);

/* A frame or holder round the plate. */
void plate_frame(struct drawing *d, float surround);

#endif
