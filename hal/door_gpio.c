/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/door.h"

#include "firmware/base/cleanup.h"

struct door {
	struct gpio *line;
};

static void door_close(struct door *d)
{
	if (!d)
		return;
	gpio_release(d->line);
	free(d);
}

static bool door_open(const struct door_setup *setup, struct door **out, struct err *e)
{
	struct door *d = calloc(1, sizeof *d);

	if (!d)
		return err_set(e, ERR_NO_MEMORY, "door: no memory");
	if (!gpio_input(&setup->line, "alpr-door", setup->debounce_us, &d->line, e)) {
		door_close(d);
		return err_prefix(e, "door");
	}
	*out = d;
	return true;
}

static int door_fd(const struct door *d)
{
	return gpio_fd(d->line);
}

static bool door_read(struct door *d, bool *is_open, struct err *e)
{
	return gpio_get(d->line, is_open, e) || err_prefix(e, "door");
}

static bool door_edge(struct door *d, struct door_edge *out, struct err *e)
{
	return gpio_edge(d->line, &out->open, &out->at_ns, e) || err_prefix(e, "door");
}

const struct door_ops door_gpio = {
    .name = "gpio",
    .open = door_open,
    .fd = door_fd,
    .read = door_read,
    .edge = door_edge,
    .close = door_close,
};
