/* SPDX-License-Identifier: Apache-2.0 */
/* The switch that tells whether the housing is open: one vtable, drivers behind it. */
#ifndef HAL_DOOR_H
#define HAL_DOOR_H

#include "firmware/base/err.h"
#include "hal/gpio.h"

#include <stdint.h>

struct door;

struct door_setup {
	/* gpio: the switch; active is open (a switch that closes its contact against ground when
	 * the door shuts, with a pull-up, is not active_low: a cut wire then reads as open). The
	 * driver `fake` takes active_low from here too. */
	struct gpio_line line;
	uint32_t debounce_us; /* gpio: the kernel reports a level that held this long */
	/* fake: the line is the file `door` in here, holding the level of the line, 0 or 1; written
	 * in place, not replaced. */
	const char *folder;
};

struct door_edge {
	bool open;     /* what the door became */
	int64_t at_ns; /* UTC: gpio, when the kernel saw it; fake, when it was taken */
};

struct door_ops {
	const char *name;
	/* Open every file and line. *out: close. ERR_CONFIG: the board or the setup names no line
	 * or folder; ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
	bool (*open)(const struct door_setup *setup, struct door **out, struct err *e);
	/* Readable when an edge may wait; owned by the driver. */
	int (*fd)(const struct door *d);
	/* The state now. ERR_IO; ERR_FORMAT (fake): a level that is neither 0 nor 1. */
	bool (*read)(struct door *d, bool *is_open, struct err *e);
	/* Take the oldest edge that waits. Edges may be lost when nobody takes them for long, so
	 * `read` says what is true now. ERR_AGAIN: none waits; ERR_IO. */
	bool (*edge)(struct door *d, struct door_edge *out, struct err *e);
	void (*close)(struct door *d); /* NULL is fine */
};

/* The driver of that name ("gpio", "fake"), or NULL when it is unknown or not compiled in. */
const struct door_ops *door_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("gpio|fake"); library device_names. */
const char *door_names(void);

#endif
