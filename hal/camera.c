/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/camera.h"

#include <string.h>

#ifdef CONFIG_CAMERA_REPLAY
extern const struct camera_ops camera_replay;
#endif
#ifdef CONFIG_CAMERA_SIM
extern const struct camera_ops camera_sim;
#endif

static const struct camera_ops *const drivers[] = {
#ifdef CONFIG_CAMERA_REPLAY
    &camera_replay,
#endif
#ifdef CONFIG_CAMERA_SIM
    &camera_sim,
#endif
    NULL,
};

/* Each name brings its separator in front; the last NUL keeps names + 1 inside when there is none.
 */
static const char names[] =
#ifdef CONFIG_CAMERA_REPLAY
    "|replay"
#endif
#ifdef CONFIG_CAMERA_SIM
    "|sim"
#endif
    "\0";

const struct camera_ops *camera_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

const char *camera_names(void)
{
	return names + 1;
}
