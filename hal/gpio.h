/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One GPIO line, as a board describes it, and what the drivers `gpio` of lamp and door do with it
 * (libgpiod v2, compiled with CONFIG_GPIO). A line is named by its chip's label, which is the same
 * at each boot; /dev/gpiochipN is not.
 */
#ifndef HAL_GPIO_H
#define HAL_GPIO_H

#include "firmware/base/err.h"

#include <stdint.h>

struct gpio_line {
	const char *chip; /* label as gpiodetect(1) prints it; NULL: the board has no such line */
	const char *name; /* name of the line; NULL: `offset` counts */
	unsigned offset;
	bool active_low; /* active is the low level */
};

struct gpio;

/*
 * Request a line as output, `active` or not from the first instant. *out: gpio_release.
 * ERR_NOT_FOUND: no chip of that label, or no such line; ERR_CONFIG: two chips have the label;
 * ERR_IO: busy (another process holds it) or refused; ERR_NO_MEMORY.
 */
bool gpio_output(const struct gpio_line *line, const char *consumer, bool active, struct gpio **out,
		 struct err *e) MUST_CHECK;

/*
 * Request a line as input that reports its edges, debounced by the kernel for debounce_us (0: not
 * at all) and stamped in CLOCK_REALTIME. *out: gpio_release. Errors as gpio_output.
 */
bool gpio_input(const struct gpio_line *line, const char *consumer, uint32_t debounce_us,
		struct gpio **out, struct err *e) MUST_CHECK;

/* Give the line back to the kernel; NULL is fine. What an output's level is then is up to the chip
 * and the board's pull resistor. */
void gpio_release(struct gpio *g);

/* Drive an output active or inactive. ERR_IO. */
bool gpio_set(struct gpio *g, bool active, struct err *e) MUST_CHECK;

/* Whether an input is active now. ERR_IO. */
bool gpio_get(struct gpio *g, bool *active, struct err *e) MUST_CHECK;

/* Readable when an edge waits; owned by the line. */
int gpio_fd(const struct gpio *g);

/*
 * Take the oldest waiting edge of an input: *active is what the line became, *at_ns when (UTC).
 * The kernel keeps 16 a line; older ones are lost, so ask gpio_get for the present. ERR_AGAIN: none
 * waits; ERR_IO.
 */
bool gpio_edge(struct gpio *g, bool *active, int64_t *at_ns, struct err *e) MUST_CHECK;

#endif
