/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/control_log.h"

#include "firmware/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

bool control_log_open(const char *path, int *fd, struct err *e)
{
	*fd = -1;
	if (!path[0])
		return true;
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return *fd >= 0 || err_errno(e, errno, "controls %s", path);
}

bool control_log_write(int fd, unsigned camera, const struct camera_control *want, struct err *e)
{
	char line[160];
	int n;

	if (camera >= FRAME_CAMERAS)
		return err_set(e, ERR_ARGUMENT, "there is no camera %u", camera);
	if (fd < 0)
		return err_set(e, ERR_POLICY, "this camera has no controls");
	n = snprintf(line, sizeof line,
		     "{\"at_ns\":%" PRId64 ",\"camera\":%u,\"exposure_us\":%" PRIu32
		     ",\"gain\":%.3f,\"frame_us\":%" PRIu32 "}\n",
		     clock_utc_ns(), camera, want->exposure_us, (double)want->gain, want->frame_us);
	if (n < 0 || (size_t)n >= sizeof line)
		return err_set(e, ERR_ARGUMENT, "control out of range");
	return write(fd, line, (size_t)n) == n || err_errno(e, errno, "controls");
}
