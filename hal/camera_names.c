/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the drivers, so that a configuration can be checked without linking one. */
#include "hal/camera.h"

/* Each name brings its separator in front; the last NUL keeps names + 1 inside when there is none.
 */
static const char names[] =
#ifdef CONFIG_CAMERA_LIBCAMERA
    "|libcamera"
#endif
#ifdef CONFIG_CAMERA_REPLAY
    "|replay"
#endif
#ifdef CONFIG_CAMERA_SIM
    "|sim"
#endif
    "\0";

const char *camera_names(void)
{
	return names + 1;
}
