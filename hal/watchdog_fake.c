/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is told, a line an act, what a watchdog would have been (CONFIG_FAKE_HARDWARE). */
#include "hal/watchdog.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct watchdog {
	int fd;
	int64_t timeout_s;
};

static bool note(int fd, const char *line, struct err *e)
{
	size_t len = strlen(line);
	ssize_t n = write(fd, line, len);

	if (n == (ssize_t)len)
		return true;
	return err_errno(e, n < 0 ? errno : ENOSPC, "watchdog: fake");
}

static bool fake_open(const struct watchdog_conf *conf, struct watchdog **out, struct err *e)
{
	AUTO_FREE struct watchdog *w = malloc(sizeof *w);
	AUTO_CLOSE int fd = -1;
	char line[32];

	if (!w)
		return err_set(e, ERR_NO_MEMORY, "watchdog: no memory");
	if (!watchdog_check(conf, e))
		return false;
	fd = open(conf->source, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return err_errno(e, errno, "watchdog: %.160s", conf->source);
	(void)snprintf(line, sizeof line, "open %lld\n", (long long)conf->timeout_s);
	if (!note(fd, line, e))
		return false;
	w->timeout_s = conf->timeout_s;
	w->fd = steal_fd(&fd);
	*out = steal_ptr(&w);
	return true;
}

static bool fake_feed(struct watchdog *w, struct err *e)
{
	return note(w->fd, "feed\n", e);
}

static void fake_close(struct watchdog *w, bool orderly)
{
	if (!w)
		return;
	(void)note(w->fd, orderly ? "stop\n" : "leave\n", NULL);
	(void)close(w->fd);
	free(w);
}

static void fake_about(const struct watchdog *w, struct watchdog_about *out)
{
	*out =
	    (struct watchdog_about){.timeout_s = w->timeout_s, .stops = true, .identity = "a file"};
}

const struct watchdog_ops watchdog_fake = {
    .name = "fake",
    .open = fake_open,
    .about = fake_about,
    .feed = fake_feed,
    .close = fake_close,
};
