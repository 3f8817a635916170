/* SPDX-License-Identifier: Apache-2.0 */
/* How each camera is, for the log and for the role's status. */
#ifndef FIRMWARE_CAPTURE_HEALTH_H
#define FIRMWARE_CAPTURE_HEALTH_H

#include "firmware/wire.h"
#include "hal/camera.h"

#include <stdbool.h>
#include <stddef.h>

struct health { /* zeroed: nothing was told yet */
	struct camera_state told[FRAME_CAMERAS];
};

/*
 * Ask the driver how its cameras are: log each fall and each restart once, and count per camera
 * into *s (camera0_restarts, camera0_failed, camera0_missed, camera0_late, …). True: a camera is
 * ill, and `why` (of `size` bytes, cut if need be) says which and what it has; else `why` is "". A
 * driver whose cameras cannot fail one by one is always well.
 */
bool health_tell(struct health *h, const struct camera_ops *ops, const struct camera *c, char *why,
		 size_t size, struct wire_status *s);

#endif
