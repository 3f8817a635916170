/* SPDX-License-Identifier: Apache-2.0 */
/* What a board has. One board.c under board/<name>/ defines `board`; nothing else may ask which
 * board this is. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include "hal/gpio.h"

#include <stdint.h>

struct board {
	const char *name;
	const char *about;	    /* one line for `alprctl status` */
	int64_t pair_skew_ns;	    /* most that the exposures of a pair may lie apart */
	const char *default_camera; /* driver, see hal/camera.h */

	/* Lines around the cameras; chip NULL: the board has none (drivers `gpio`). */
	struct gpio_line lamp_strobe; /* opens the gate of the infrared lamp's strobe */
	struct gpio_line lamp_fault;  /* the lamp's electronics report a failure */
	struct gpio_line door;	      /* active: the housing is open */
	uint32_t door_debounce_us;

	/* Hardware watchdog that alprd feeds, "/dev/watchdog0"; NULL: the board has none. */
	const char *watchdog;
};

extern const struct board board;

#endif
