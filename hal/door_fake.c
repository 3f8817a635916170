/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/door.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hal/fake_line.h"

#include <errno.h>
#include <sys/inotify.h>

struct door {
	int line, changes; /* the file, and its inotify descriptor */
	bool low;
	bool was_open; /* told by the last edge */
};

static void door_close(struct door *d)
{
	if (!d)
		return;
	cleanup_close(&d->line);
	cleanup_close(&d->changes);
	free(d);
}

static bool door_read(struct door *d, bool *is_open, struct err *e)
{
	return fake_line_get(d->line, d->low, is_open, e) || err_prefix(e, "fake door");
}

static bool watch(struct door *d, struct err *e)
{
	char path[64];

	/* The file that was opened, whatever its name stands for by now. */
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", d->line);
	d->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->changes < 0 || inotify_add_watch(d->changes, path, IN_MODIFY) < 0)
		return err_errno(e, errno, "fake door: inotify");
	return true;
}

static bool door_open(const struct door_setup *setup, struct door **out, struct err *e)
{
	struct door *d = calloc(1, sizeof *d);

	if (!d)
		return err_set(e, ERR_NO_MEMORY, "door: no memory");
	*d = (struct door){.line = -1, .changes = -1, .low = setup->line.active_low};
	if (!fake_line_open(setup->folder, "door", false, &d->line, e)) {
		door_close(d);
		return err_prefix(e, "fake door");
	}
	if (!watch(d, e) || !door_read(d, &d->was_open, e)) {
		door_close(d);
		return false;
	}
	*out = d;
	return true;
}

static int door_fd(const struct door *d)
{
	return d->changes;
}

static bool door_edge(struct door *d, struct door_edge *out, struct err *e)
{
	char events[4096];
	ssize_t n = read(d->changes, events, sizeof events);
	struct err why = {0};
	bool now;

	if (n < 0 && errno != EAGAIN)
		return err_errno(e, errno, "fake door: inotify");
	/* Truncating and writing are two changes: no level is the first of them, and no edge. */
	if (!door_read(d, &now, &why) && why.code != ERR_FORMAT) {
		if (e)
			*e = why;
		return false;
	}
	if (why.code == ERR_FORMAT || now == d->was_open)
		return err_set(e, ERR_AGAIN, "fake door: no edge");
	d->was_open = now;
	*out = (struct door_edge){.open = now, .at_ns = clock_utc_ns()};
	return true;
}

const struct door_ops door_fake = {
    .name = "fake",
    .open = door_open,
    .fd = door_fd,
    .read = door_read,
    .edge = door_edge,
    .close = door_close,
};
