/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The street: vehicles that drive away under two cameras. Time is simulated, in nanoseconds from
 * the start; the same setup and the same times give the same pictures and the same truth.
 */
#ifndef HAL_SIM_STREET_H
#define HAL_SIM_STREET_H

#include "firmware/base/err.h"
#include "hal/frame.h"
#include "hal/sim/scenery.h"
#include "hal/sim/wanted.h"

#include <stddef.h>
#include <stdint.h>

#define STREET_ACTORS	  5u	/* vehicles at once, at most */
#define STREET_VISIBLE_PX 40.0f /* narrower plates do not count as visible */

struct street_setup {
	uint32_t width, height; /* of a picture, 160..4096 by 120..4096 */
	uint64_t seed;
	int64_t passages; /* vehicles before the end; 0: for ever */
	enum sim_light light;
	enum sim_weather weather;
	enum sim_hard hard;
	const struct wanted *wanted; /* NULL or borrowed for the street's life */
	double wanted_share;	     /* 0..1 */
};

/* Truth of one plate in one picture. */
struct street_plate {
	int64_t vehicle;
	const char *text, *jurisdiction; /* until the next street_step */
	float quad[8];			 /* clockwise from the plate's top left */
	float px;			 /* width of the plate: mean of its upper and lower edge */
	bool inside;			 /* all corners lie in the picture */
	bool occluded;			 /* something stands before it */
};

/* What was to be seen of a vehicle in one camera. */
struct street_sight {
	int64_t first_ns,
	    last_ns;	 /* visible: inside, not occluded, >= STREET_VISIBLE_PX; 0: never */
	uint32_t frames; /* pictures in which it was */
	float widest;	 /* pixels */
	float quad[8];	 /* where it was widest */
	int64_t widest_ns;
};

/* Truth of a vehicle that has left. Times are simulated. */
struct street_passage {
	int64_t vehicle; /* counts from 1 */
	char text[PLATE_TEXT_SIZE], jurisdiction[3];
	bool wanted;	  /* taken from the list */
	const char *kind; /* "passing", "following", "stopping", "parked" */
	const char *body, *light, *weather;
	bool dirt, tow_bar, shade, stickers;
	int64_t enter_ns, leave_ns;
	struct street_sight sight[FRAME_CAMERAS];
};

struct street;

/*
 * Build the street: memory, background pictures. `art` is borrowed for its life. ERR_CONFIG: a
 * value out of range; ERR_NO_MEMORY. street_free frees; NULL is harmless.
 */
bool street_new(const struct street_setup *setup, struct art *art, struct street **out,
		struct err *e) MUST_CHECK;
void street_free(struct street *s);

/* Move everything to time t (never back). Afterwards the vehicles that left are in street_left, the
 * plates in street_plates. */
void street_step(struct street *s, int64_t t_ns);

/* Draw what `camera` sees at that time into width x height bytes of luma. `stride` >= width. */
void street_draw(struct street *s, unsigned camera, uint8_t *luma, uint32_t stride);

/* Light of the present scene: exposure, infrared. */
const struct lighting *street_light(const struct street *s);

/* Plates that `camera` has before it now: at most STREET_ACTORS into out. Returns how many. */
size_t street_plates(const struct street *s, unsigned camera, struct street_plate *out);

/* Take the truth of a vehicle that has left; false when there is none. */
bool street_left(struct street *s, struct street_passage *out);

/* True when all passages have left and a second of empty road has followed. */
bool street_ended(const struct street *s);

#endif
