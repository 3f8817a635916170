/* SPDX-License-Identifier: Apache-2.0 */
/* Section [device] of the configuration: what watches the box itself, and what is too much. */
#ifndef FIRMWARE_DEVICE_CONF_H
#define FIRMWARE_DEVICE_CONF_H

#include "board/board.h"
#include "firmware/base/conf.h"
#include "firmware/base/err.h"
#include "firmware/base/sandbox.h"

#include <stddef.h>
#include <stdint.h>

struct device_conf {
	/* Drivers; "none": not watched; "board": the board's own, until device_conf_complete. */
	char door[CONF_STRING_MAX];
	char temperature[CONF_STRING_MAX];
	char clock[CONF_STRING_MAX];
	char location[CONF_STRING_MAX]; /* "surveyed": nothing to watch */
	char keystore[CONF_STRING_MAX];

	char location_source[CONF_STRING_MAX]; /* gpsd: path of a UNIX socket */
	char keystore_path[CONF_STRING_MAX];
	char keystore_device[CONF_STRING_MAX];
	char fake[CONF_STRING_MAX]; /* folder of the fakes: the files door and clock, the folder
				       hwmon */

	double temperature_max_c, disk_max_c; /* degrees Celsius: more is hot */
	int64_t clock_max_ms;		      /* more is a trouble even when synchronised */
	double moved_m;			      /* farther from the surveyed place has moved */
	double poll_s;
	double retry_s;		    /* until what cannot be used is opened anew; 0: never */
	double latitude, longitude; /* surveyed, [site] */
};

/*
 * Parse and check section [device], and the place in [site]; folder: what relative paths are
 * relative to. Touches no file. ERR_CONFIG as conf_fill; also for a driver that is not built in, a
 * fake without its folder, gpsd without the path of its socket or a surveyed place to compare with,
 * a keystore in a file without its path. ERR_LIMIT.
 */
bool device_conf_load(const char *text, size_t len, const char *folder, struct device_conf *out,
		      struct err *e) MUST_CHECK;

/* Put the board's own drivers where the configuration names none. */
void device_conf_complete(struct device_conf *conf, const struct board *b);

/* What the device role may still do once its sensors are open; `conf` is completed. No file, no
 * network: at most a UNIX socket of gpsd, the kernel's word on its clock, and its own devices. */
void device_sandbox(const struct device_conf *conf, struct sandbox *box);

#endif
