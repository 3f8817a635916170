/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The infrared lamp: one vtable, drivers behind it. A board wires the sensor's strobe output to the
 * lamp through a gate; `set` opens that gate, so the lamp flashes with each exposure, or closes it.
 * A lamp that is not wired is driver "none": lamp_find gives NULL for it.
 */
#ifndef HAL_LAMP_H
#define HAL_LAMP_H

#include "firmware/base/err.h"
#include "hal/gpio.h"

struct lamp;

struct lamp_setup {
	/* gpio: the gate, and the lamp driver's fault output (chip NULL: it has none). The driver
	 * `fake` takes active_low from here too. */
	struct gpio_line strobe, fault;
	/* fake: the lines are the files `lamp` (made when it is missing) and `lamp-fault` (missing:
	 * no fault output) in here, each holding the level of the line, 0 or 1. */
	const char *folder;
};

struct lamp_state {
	bool on;	/* what was last set */
	bool has_fault; /* the board has a fault input */
	bool fault;	/* and it is active: the lamp's own electronics report a failure */
};

struct lamp_ops {
	const char *name;
	/* Open every file and line, and leave the lamp off. *out: close. ERR_CONFIG: the board or
	 * the setup names no line or folder; ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
	bool (*open)(const struct lamp_setup *setup, struct lamp **out, struct err *e);
	/* Let it flash with the exposures, or not. ERR_IO, ERR_NO_SPACE (fake): state unknown. */
	bool (*set)(struct lamp *l, bool on, struct err *e);
	/* Read the state. ERR_IO; ERR_FORMAT (fake): a level that is neither 0 nor 1. */
	bool (*state)(struct lamp *l, struct lamp_state *out, struct err *e);
	/* Turn it off if that is possible, and free; NULL is fine. Nobody drives the line then: a
	 * board's pull resistor must hold the gate shut. */
	void (*close)(struct lamp *l);
};

/* The driver of that name ("gpio", "fake"), or NULL when it is unknown or not compiled in. */
const struct lamp_ops *lamp_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("gpio|fake"); library device_names. */
const char *lamp_names(void);

#endif
