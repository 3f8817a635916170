/* SPDX-License-Identifier: Apache-2.0 */
/* What a camera can be told of exposure, and what of a wish it is told. Pure. */
#ifndef HAL_CAMERA_EXPOSE_H
#define HAL_CAMERA_EXPOSE_H

#include "hal/camera.h"

#include <stdint.h>

struct camera_limits {	/* of the controls a camera has; max 0: it has not that one */
	bool automatic; /* an automatic exposure that has to be switched off */
	int32_t exposure_min, exposure_max; /* us */
	float gain_min, gain_max;
	int64_t frame_min, frame_max; /* us */
};

struct camera_exposure { /* to be set; 0: that control is left alone */
	bool automatic_off;
	int32_t exposure_us;
	float gain;
	int64_t frame_us;
};

/*
 * Take the wish to the nearest that the camera has. False: it has none of the controls asked for
 * (*out is then all 0). An exposure never outlasts the frame it is asked for with.
 */
bool camera_expose(const struct camera_limits *have, const struct camera_control *want,
		   struct camera_exposure *out);

#endif
