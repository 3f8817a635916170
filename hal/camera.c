/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/camera.h"

#include <string.h>

#ifdef CONFIG_CAMERA_LIBCAMERA
extern const struct camera_ops camera_libcamera;
#endif
#ifdef CONFIG_CAMERA_REPLAY
extern const struct camera_ops camera_replay;
#endif
#ifdef CONFIG_CAMERA_SIM
extern const struct camera_ops camera_sim;
#endif

static const struct camera_ops *const drivers[] = {
#ifdef CONFIG_CAMERA_LIBCAMERA
    &camera_libcamera,
#endif
#ifdef CONFIG_CAMERA_REPLAY
    &camera_replay,
#endif
#ifdef CONFIG_CAMERA_SIM
    &camera_sim,
#endif
    NULL,
};

const struct camera_ops *camera_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
