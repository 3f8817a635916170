/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temperatures of the board and its disks: one vtable, drivers `hwmon` and `fake` behind it. Files
 * are opened before the sandbox closes and only read again afterwards (pread(2)); nothing is
 * allocated after open.
 */
#ifndef HAL_TEMPERATURE_H
#define HAL_TEMPERATURE_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define TEMPERATURE_SENSORS 32u	     /* of a box, at most; what is beyond is not looked at */
#define TEMPERATURE_LEAST   (-60000) /* millidegrees Celsius: what is colder is no temperature … */
#define TEMPERATURE_MOST    200000   /* … and neither is what is hotter */

struct temperature;

struct temperature_conf {
	char driver[256]; /* one of temperature_names() */
	char source[256]; /* fake: folder laid out as /sys/class/hwmon; hwmon: unused */
};

struct temperature_reading {
	char name[64];	      /* "nvme Composite", "cpu_thermal": chip, and its label if it has one;
			       * printable ASCII without quotes, fit for a status line */
	bool disk;	      /* the chip is a disk: nvme or drivetemp */
	int32_t millidegrees; /* Celsius, TEMPERATURE_LEAST..TEMPERATURE_MOST */
};

struct temperature_ops {
	const char *name;
	/*
	 * Find every sensor and open its file. *out: close. ERR_NOT_FOUND: the box has none, or no
	 * such folder; ERR_CONFIG: fake without a folder; ERR_IO, ERR_NO_MEMORY.
	 */
	bool (*open)(const struct temperature_conf *conf, struct temperature **out, struct err *e);
	/* How many there are, 1..TEMPERATURE_SENSORS; the same until close. */
	size_t (*sensors)(const struct temperature *t);
	/*
	 * What sensor i says now. On an error out->name and out->disk are set nevertheless (the
	 * sensor is known, its value is not). ERR_ARGUMENT: no such sensor; ERR_FORMAT: its file
	 * holds no number of millidegrees; ERR_LIMIT: a number that is no temperature; ERR_IO: it
	 * cannot be read (a disk that has gone, a sensor that has failed).
	 */
	bool (*read)(struct temperature *t, size_t i, struct temperature_reading *out,
		     struct err *e);
	void (*close)(struct temperature *t); /* NULL is harmless */
};

/* The driver of that name, or NULL when it is unknown or not compiled in. */
const struct temperature_ops *temperature_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("hwmon|fake"). */
const char *temperature_names(void);

#endif
