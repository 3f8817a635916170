/* SPDX-License-Identifier: Apache-2.0 */
/* What a board has. One board.c under board/<name>/ defines `board`; nothing else may ask which
 * board this is. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "hal/gpio.h"

#include <stdint.h>

/*
 * How a board's cameras may expose; max_us 0: they cannot be asked. Plates move: at `speed_mps` and
 * `angle_deg` between the line of sight and the road, one `plate_px` wide is smeared over
 *   speed_mps * sin(angle_deg) * plate_px / 0.3048 m * max_us / 1e6   pixels,
 * and max_us keeps that within two (tests/unit/test_exposure.c).
 */
struct board_exposure {
	uint32_t min_us, max_us; /* of an exposure */
	uint32_t frame_us;	 /* from frame to frame, at least; [camera] rate may ask for more */
	float max_gain;		 /* analogue, 1 and up */
	float night_gain;	 /* under the lamp, where plates throw the light back: lower */
	float gamma;		 /* luma = 255 * light^(1/gamma); 1: linear */
	float speed_mps, angle_deg, plate_px;
};

struct board {
	const char *name;
	const char *about;	    /* one line for `alprctl status` */
	int64_t pair_skew_ns;	    /* most that the exposures of a pair may lie apart */
	const char *default_camera; /* driver, see hal/camera.h */
	const char *camera_ids[2];  /* libcamera: ids of its cameras; NULL: in the order of ids */

	struct board_exposure exposure;

	/* Lines around the cameras; chip NULL: the board has none (drivers `gpio`). */
	struct gpio_line lamp_strobe; /* opens the gate of the infrared lamp's strobe */
	struct gpio_line lamp_fault;  /* the lamp's electronics report a failure */
	struct gpio_line door;	      /* active: the housing is open */
	uint32_t door_debounce_us;

	/* Hardware watchdog that alprd feeds, "/dev/watchdog0"; NULL: the board has none. */
	const char *watchdog;

	/* Drivers of the sensors where the configuration leaves them to the board
	 * (hal/temperature.h, hal/clock_quality.h); NULL: nothing is watched. */
	const char *default_temperature, *default_clock;
};

extern const struct board board;

#endif
