/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vehicle as a camera behind it sees it: lower body, cabin, roof, wheels, rear with lights,
 * badges and bumper, and its plate. Textures are painted once, when it enters the street.
 */
#ifndef HAL_SIM_VEHICLE_H
#define HAL_SIM_VEHICLE_H

#include "hal/sim/patch.h"
#include "hal/sim/plate.h"

#include <stdbool.h>
#include <stdint.h>

enum vehicle_body { BODY_SEDAN, BODY_HATCH, BODY_SUV, BODY_VAN, BODY_PICKUP, BODY_TRUCK, BODIES };

/* "sedan", "hatchback", … */
const char *vehicle_body_name(enum vehicle_body b);

/* What light does to surfaces: gains on their painted luma, and what the camera adds. */
struct lighting {
	float rear, left, right, top; /* gains of faces that look that way */
	float plate, plate_lift;
	float lamps;	  /* 0 off .. 1 bright in the dark */
	float shadow;	  /* darkness of the cast shadow, 0..1 */
	struct point sun; /* shadow offset on the ground for each metre of height */
	float exposure_s;
	float noise, shot; /* deviation in luma: fixed part, and part of full scale */
	uint8_t infrared;
};

struct vehicle_wish {
	float dirt;   /* of the plate, 0..1 */
	float frames; /* probability of a plate frame */
	bool stickers, tow_bar,
	    shade; /* bumper stickers; a tow ball before the plate; a shadow across the plate */
};

struct vehicle {
	enum vehicle_body body;
	float w, l, clearance, belt, roof; /* metres */
	float window_foot, roof_from, roof_to,
	    narrow; /* y of the rear window's foot, of the roof; roof width : w */
	float luma; /* of its paint */
	float plate_x, plate_z,
	    plate_tilt;	      /* middle of the plate on the rear face; leaning back, radians */
	float lamp_x, lamp_z; /* middle of a tail lamp, from the middle of the car */
	bool tow_bar;
	struct texture rear, window, side, upper, plate;
	struct sim_plate shown;
};

/* Where a vehicle stands: middle of its rear bumper on the ground, and the way it points (0: along
 * Y, to the right positive). */
struct pose {
	float x, y, yaw;
};

/* Room for the textures. ERR_NO_MEMORY. vehicle_free frees; harmless on a zeroed one. */
bool vehicle_new(struct vehicle *v, struct err *e) MUST_CHECK;
void vehicle_free(struct vehicle *v);

/* Make `v` a random vehicle that carries a plate of `series`. Allocates nothing (FreeType may). */
void vehicle_paint(struct vehicle *v, struct art *a, struct sim_random *r, const struct series *s,
		   const struct vehicle_wish *wish);

/* Corners of the plate in the world, clockwise from its top left as seen from behind. */
void vehicle_plate_corners(const struct vehicle *v, const struct pose *at, struct vec3 out[4]);

/* Corners of a box round the vehicle in the world (4 below, 4 above). */
void vehicle_hull(const struct vehicle *v, const struct pose *at, struct vec3 out[8]);

/* Draw it and its shadow. (mx, my): pixels the plate moves during the exposure. Returns what was
 * touched. */
struct box vehicle_draw(const struct vehicle *v, const struct pose *at,
			const struct lighting *light, const struct view *view,
			const struct canvas *c, float mx, float my);

/* Its tail lamps in the world. */
void vehicle_lamps(const struct vehicle *v, const struct pose *at, struct vec3 out[2]);

/* vehicle_paint.c: the textures of the body. */
void vehicle_paint_body(struct vehicle *v, struct art *a, struct sim_random *r, bool stickers);

#endif
