/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's watchdog interface (Documentation/watchdog/watchdog-api.rst). */
#include "hal/watchdog.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

struct watchdog {
	int fd;
	struct watchdog_about about;
};

/* A driver stops on close only after this (unless it was built to run for ever). */
static void stop(int fd)
{
	if (write(fd, "V", 1) != 1)
		return; /* then it runs on: the box starts anew, which is safe */
}

static void describe(const struct watchdog_info *info, struct watchdog_about *about)
{
	size_t n = strnlen((const char *)info->identity, sizeof info->identity);

	memcpy(about->identity, info->identity, n);
	for (size_t i = 0; i < n; i++)
		if (about->identity[i] < ' ' || about->identity[i] > '~')
			about->identity[i] = '?';
	about->stops = info->options & WDIOF_MAGICCLOSE;
}

static bool set_up(int fd, const struct watchdog_conf *conf, struct watchdog_about *about,
		   struct err *e)
{
	struct watchdog_info info = {0};
	int seconds = (int)conf->timeout_s, boot = 0;

	if (ioctl(fd, WDIOC_GETSUPPORT, &info) != 0)
		return err_set(e, ERR_FORMAT, "%.160s is no watchdog", conf->source);
	describe(&info, about);
	if (ioctl(fd, WDIOC_GETBOOTSTATUS, &boot) == 0)
		about->was_reset = boot & WDIOF_CARDRESET;
	/* Hardware with a fixed time cannot be set: then it is what it says it is. */
	if ((info.options & WDIOF_SETTIMEOUT) && ioctl(fd, WDIOC_SETTIMEOUT, &seconds) != 0)
		return err_errno(e, errno, "%.160s: %d seconds", conf->source, seconds);
	if (ioctl(fd, WDIOC_GETTIMEOUT, &seconds) != 0 || seconds < 1)
		return err_set(e, ERR_IO, "%.160s does not say its time", conf->source);
	about->timeout_s = seconds;
	if (ioctl(fd, WDIOC_KEEPALIVE, 0) != 0)
		return err_errno(e, errno, "%.160s: cannot be fed", conf->source);
	return true;
}

static bool device_open(const struct watchdog_conf *conf, struct watchdog **out, struct err *e)
{
	AUTO_FREE struct watchdog *w = calloc(1, sizeof *w);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!w)
		return err_set(e, ERR_NO_MEMORY, "watchdog: no memory");
	if (!watchdog_check(conf, e))
		return false;
	/* Looked at first: opening a watchdog starts it. */
	if (stat(conf->source, &st) != 0)
		return err_errno(e, errno, "watchdog: %.160s", conf->source);
	if (!S_ISCHR(st.st_mode))
		return err_set(e, ERR_FORMAT, "watchdog: %.160s is no device", conf->source);
	fd = open(conf->source, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return err_set(e, ERR_IO, "watchdog: %.160s: somebody else feeds it", conf->source);
	if (fd < 0)
		return err_errno(e, errno, "watchdog: %.160s", conf->source);
	if (!set_up(fd, conf, &w->about, e)) {
		stop(fd);
		return err_prefix(e, "watchdog");
	}
	w->fd = steal_fd(&fd);
	*out = steal_ptr(&w);
	return true;
}

static bool device_feed(struct watchdog *w, struct err *e)
{
	if (ioctl(w->fd, WDIOC_KEEPALIVE, 0) != 0)
		return err_errno(e, errno, "watchdog: cannot be fed");
	return true;
}

static void device_close(struct watchdog *w, bool orderly)
{
	if (!w)
		return;
	if (orderly)
		stop(w->fd);
	(void)close(w->fd);
	free(w);
}

static void device_about(const struct watchdog *w, struct watchdog_about *out)
{
	*out = w->about;
}

const struct watchdog_ops watchdog_device = {
    .name = "device",
    .open = device_open,
    .about = device_about,
    .feed = device_feed,
    .close = device_close,
};
