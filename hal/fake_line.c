/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/fake_line.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>

bool fake_line_open(const char *folder, const char *name, bool output, int *fd, struct err *e)
{
	AUTO_CLOSE int at = -1;

	if (!folder || !folder[0])
		return err_set(e, ERR_CONFIG, "the fake driver needs a folder");
	at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return err_errno(e, errno, "%s", folder);
	/* Nonblocking: a FIFO in its place must not hang the role. */
	*fd = openat(at, name, (output ? O_WRONLY | O_CREAT : O_RDONLY) | O_NONBLOCK | O_CLOEXEC,
		     0644);
	return *fd >= 0 || err_errno(e, errno, "%s/%s", folder, name);
}

bool fake_line_get(int fd, bool active_low, bool *active, struct err *e)
{
	char level;
	ssize_t n = pread(fd, &level, 1, 0);

	if (n < 0)
		return err_errno(e, errno, "level");
	if (n == 0 || (level != '0' && level != '1'))
		return err_set(e, ERR_FORMAT, "the file holds neither 0 nor 1");
	*active = (level == '1') != active_low;
	return true;
}

bool fake_line_set(int fd, bool active_low, bool active, struct err *e)
{
	const char level[] = {active != active_low ? '1' : '0', '\n'};
	ssize_t n = pwrite(fd, level, sizeof level, 0);

	if (n < 0)
		return err_errno(e, errno, "level");
	return n == sizeof level || err_set(e, ERR_NO_SPACE, "level: cut short");
}
