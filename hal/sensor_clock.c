/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sensor_clock.h"

#include "firmware/base/clock.h"

#include <time.h>

#define READINGS 3

static int64_t boot_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void sensor_clock_read(struct sensor_reading *now)
{
	/* A reader that is put to sleep between two clocks would tear them apart. */
	for (unsigned i = 0; i < READINGS; i++) {
		struct sensor_reading r = {.mono = clock_mono_ns()};

		r.utc = clock_utc_ns();
		r.boot = boot_ns();
		r.doubt = clock_mono_ns() - r.mono;
		if (i == 0 || r.doubt < now->doubt)
			*now = r;
	}
}

static bool lies_on(int64_t stamp, int64_t now)
{
	return stamp <= now + SENSOR_CLOCK_AHEAD && stamp >= now - SENSOR_CLOCK_OLDEST;
}

int64_t sensor_clock_utc(struct sensor_clock *c, int64_t stamp, const struct sensor_reading *now)
{
	int64_t distance = now->utc - now->mono, drift = distance - c->mono_to_utc;

	if (drift < 0)
		drift = -drift;
	if (!c->known || drift > SENSOR_CLOCK_STEP + now->doubt)
		c->mono_to_utc = distance;
	c->known = true;
	if (stamp > 0 && lies_on(stamp, now->mono))
		return stamp + c->mono_to_utc;
	if (stamp > 0 && lies_on(stamp, now->boot))
		return stamp - (now->boot - now->mono) + c->mono_to_utc;
	return now->utc;
}
