/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/camera_expose.h"

#include <string.h>

static int64_t within(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

bool camera_expose(const struct camera_limits *have, const struct camera_control *want,
		   struct camera_exposure *out)
{
	memset(out, 0, sizeof *out);
	if (want->frame_us && have->frame_max > 0)
		out->frame_us = within(want->frame_us, have->frame_min, have->frame_max);
	if (want->exposure_us && have->exposure_max > 0) {
		int64_t us = want->exposure_us;

		if (out->frame_us && us > out->frame_us)
			us = out->frame_us;
		out->exposure_us = (int32_t)within(us, have->exposure_min, have->exposure_max);
	}
	if (want->gain > 0 && have->gain_max > 0)
		out->gain = want->gain < have->gain_min	  ? have->gain_min
			    : want->gain > have->gain_max ? have->gain_max
							  : want->gain;
	out->automatic_off = have->automatic && (out->exposure_us || out->gain > 0);
	return out->exposure_us || out->gain > 0 || out->frame_us;
}
