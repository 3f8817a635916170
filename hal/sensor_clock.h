/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sensor's time stamp becomes UTC. V4L2 stamps frames with CLOCK_MONOTONIC, some drivers with
 * CLOCK_BOOTTIME; which of them is told by where the stamp lies. The distance to UTC is kept and
 * follows it in steps, so that two cameras' stamps of one instant stay together. Pure but for
 * sensor_clock_read; no lock: the caller has one.
 */
#ifndef HAL_SENSOR_CLOCK_H
#define HAL_SENSOR_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define SENSOR_CLOCK_OLDEST INT64_C(10000000000) /* ns back: an older stamp is of no clock here */
#define SENSOR_CLOCK_AHEAD  INT64_C(1000000)	 /* ns: nor is one this far in the future */
#define SENSOR_CLOCK_STEP   INT64_C(200000)	 /* ns of drift that is put up with */

struct sensor_reading { /* the clocks at one instant, ns */
	int64_t mono, boot, utc;
	int64_t doubt; /* how long reading them took */
};

struct sensor_clock { /* zeroed: knows nothing yet */
	bool known;
	int64_t mono_to_utc; /* ns to add */
};

/* Read the three clocks as near to each other as some tries come. */
void sensor_clock_read(struct sensor_reading *now);

/* UTC ns of the stamp, ns of the sensor's clock; when it lies on neither clock, that of `now`. */
int64_t sensor_clock_utc(struct sensor_clock *c, int64_t stamp, const struct sensor_reading *now);

#endif
