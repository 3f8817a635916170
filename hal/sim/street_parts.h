/* SPDX-License-Identifier: Apache-2.0 */
/* Insides of the street, shared by street.c and street_picture.c; nobody else includes this. */
#ifndef HAL_SIM_STREET_PARTS_H
#define HAL_SIM_STREET_PARTS_H

#include "hal/sim/street.h"
#include "hal/sim/traffic.h"

#define SCENES	 (SIM_LIGHTS * SIM_WEATHERS)
#define LEFT_MAX 16u

struct eye {
	struct view view;
	uint8_t *scene;		     /* the picture without noise */
	uint8_t *background[SCENES]; /* NULL where the setup never needs it */
	uint8_t *soft;		     /* room for softening */
	struct box dirty;	     /* of `scene` against its background */
	const uint8_t *shows;	     /* background that `scene` was made from */
	float pole_x, pole_w;	     /* a pole before the lens; width 0: none */
	struct street_plate plates[STREET_ACTORS];
	size_t n_plates;
};

struct street {
	struct street_setup setup;
	struct art *art;
	struct eye eyes[FRAME_CAMERAS];
	struct traffic traffic;
	struct lighting lights[SCENES];
	struct street_passage left[LEFT_MAX];
	size_t n_left;
	int64_t now_ns;
	uint64_t steps;
	int64_t glare_ns; /* an oncoming car at night: when it enters; its lamps blind */
};

/* Index of the present light and weather. */
static inline unsigned scene_of(const struct street *s)
{
	return (unsigned)s->traffic.light * SIM_WEATHERS + (unsigned)s->traffic.weather;
}

static inline struct canvas canvas_of(const struct street *s, uint8_t *px, uint32_t stride)
{
	return (struct canvas){px, (int)s->setup.width, (int)s->setup.height, (int)stride};
}

#endif
