/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/gpio.h"

#include "firmware/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <gpiod.h>
#include <string.h>

#define CHIP_PATH 64u
#define EDGES	  1u

struct gpio {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *edges; /* inputs only */
	unsigned offset;
};

static void close_chip(struct gpiod_chip **c)
{
	if (*c)
		gpiod_chip_close(*c);
}

static void free_settings(struct gpiod_line_settings **s)
{
	if (*s)
		gpiod_line_settings_free(*s);
}

static void free_lines(struct gpiod_line_config **c)
{
	if (*c)
		gpiod_line_config_free(*c);
}

static void free_config(struct gpiod_request_config **c)
{
	if (*c)
		gpiod_request_config_free(*c);
}

static void close_folder(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

void gpio_release(struct gpio *g)
{
	if (!g)
		return;
	if (g->edges)
		gpiod_edge_event_buffer_free(g->edges);
	if (g->request)
		gpiod_line_request_release(g->request);
	free(g);
}

/* The chip at `path` when it has that label, else NULL. */
static struct gpiod_chip *labelled(const char *path, const char *label)
{
	struct gpiod_chip *chip = gpiod_chip_open(path);
	struct gpiod_chip_info *info = chip ? gpiod_chip_get_info(chip) : NULL;
	bool same = info && strcmp(gpiod_chip_info_get_label(info), label) == 0;

	if (info)
		gpiod_chip_info_free(info);
	if (chip && !same) {
		gpiod_chip_close(chip);
		chip = NULL;
	}
	return chip;
}

static bool find_chip(const char *label, struct gpiod_chip **out, struct err *e)
{
	CLEANUP(close_folder) DIR *dev = opendir("/dev");
	CLEANUP(close_chip) struct gpiod_chip *found = NULL;

	if (!dev)
		return err_errno(e, errno, "/dev");
	for (const struct dirent *d = readdir(dev); d; d = readdir(dev)) {
		char path[CHIP_PATH];
		struct gpiod_chip *chip;

		if (strncmp(d->d_name, "gpiochip", 8) != 0 ||
		    snprintf(path, sizeof path, "/dev/%s", d->d_name) >= (int)sizeof path)
			continue;
		chip = labelled(path, label);
		if (chip && found) {
			gpiod_chip_close(chip);
			return err_set(e, ERR_CONFIG, "two GPIO chips are labelled %s", label);
		}
		if (chip)
			found = chip;
	}
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "no GPIO chip is labelled %s", label);
	*out = steal_ptr(&found);
	return true;
}

static bool find_line(struct gpiod_chip *chip, const struct gpio_line *line, unsigned *offset,
		      struct err *e)
{
	int at;

	*offset = line->offset;
	if (!line->name)
		return true;
	at = gpiod_chip_get_line_offset_from_name(chip, line->name);
	if (at < 0)
		return err_errno(e, errno, "GPIO chip %s: line %s", line->chip, line->name);
	*offset = (unsigned)at;
	return true;
}

static bool request(const struct gpio_line *line, const char *consumer,
		    struct gpiod_line_settings *settings, struct gpio *g, struct err *e)
{
	CLEANUP(close_chip) struct gpiod_chip *chip = NULL;
	CLEANUP(free_lines) struct gpiod_line_config *lines = gpiod_line_config_new();
	CLEANUP(free_config) struct gpiod_request_config *config = gpiod_request_config_new();

	if (!settings || !lines || !config)
		return err_set(e, ERR_NO_MEMORY, "GPIO: no memory");
	if (!line->chip)
		return err_set(e, ERR_CONFIG, "the board has no such GPIO line");
	if (!find_chip(line->chip, &chip, e) || !find_line(chip, line, &g->offset, e))
		return false;
	gpiod_line_settings_set_active_low(settings, line->active_low);
	gpiod_request_config_set_consumer(config, consumer);
	if (gpiod_line_config_add_line_settings(lines, &g->offset, 1, settings) == 0)
		g->request = gpiod_chip_request_lines(chip, config, lines);
	if (!g->request)
		return err_errno(e, errno, "GPIO chip %s: line %u", line->chip, g->offset);
	return true;
}

static bool take(const struct gpio_line *line, const char *consumer,
		 struct gpiod_line_settings *settings, bool edges, struct gpio **out, struct err *e)
{
	struct gpio *g = calloc(1, sizeof *g);

	if (g && edges)
		g->edges = gpiod_edge_event_buffer_new(EDGES);
	if (!g || (edges && !g->edges)) {
		gpio_release(g);
		return err_set(e, ERR_NO_MEMORY, "GPIO: no memory");
	}
	if (!request(line, consumer, settings, g, e)) {
		gpio_release(g);
		return false;
	}
	*out = g;
	return true;
}

bool gpio_output(const struct gpio_line *line, const char *consumer, bool active, struct gpio **out,
		 struct err *e)
{
	CLEANUP(free_settings) struct gpiod_line_settings *s = gpiod_line_settings_new();

	if (s) {
		(void)gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_OUTPUT);
		(void)gpiod_line_settings_set_output_value(s, active ? GPIOD_LINE_VALUE_ACTIVE
								     : GPIOD_LINE_VALUE_INACTIVE);
	}
	return take(line, consumer, s, false, out, e);
}

bool gpio_input(const struct gpio_line *line, const char *consumer, uint32_t debounce_us,
		struct gpio **out, struct err *e)
{
	CLEANUP(free_settings) struct gpiod_line_settings *s = gpiod_line_settings_new();

	if (s) {
		(void)gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_INPUT);
		(void)gpiod_line_settings_set_edge_detection(s, GPIOD_LINE_EDGE_BOTH);
		(void)gpiod_line_settings_set_event_clock(s, GPIOD_LINE_CLOCK_REALTIME);
		gpiod_line_settings_set_debounce_period_us(s, debounce_us);
	}
	return take(line, consumer, s, true, out, e);
}

bool gpio_set(struct gpio *g, bool active, struct err *e)
{
	if (gpiod_line_request_set_value(g->request, g->offset,
					 active ? GPIOD_LINE_VALUE_ACTIVE
						: GPIOD_LINE_VALUE_INACTIVE) != 0)
		return err_errno(e, errno, "GPIO line %u", g->offset);
	return true;
}

bool gpio_get(struct gpio *g, bool *active, struct err *e)
{
	enum gpiod_line_value v = gpiod_line_request_get_value(g->request, g->offset);

	if (v == GPIOD_LINE_VALUE_ERROR)
		return err_errno(e, errno, "GPIO line %u", g->offset);
	*active = v == GPIOD_LINE_VALUE_ACTIVE;
	return true;
}

int gpio_fd(const struct gpio *g)
{
	return gpiod_line_request_get_fd(g->request);
}

bool gpio_edge(struct gpio *g, bool *active, int64_t *at_ns, struct err *e)
{
	struct gpiod_edge_event *edge;
	int n = gpiod_line_request_wait_edge_events(g->request, 0);

	if (n == 0)
		return err_set(e, ERR_AGAIN, "GPIO line %u: no edge", g->offset);
	if (n < 0 || gpiod_line_request_read_edge_events(g->request, g->edges, EDGES) < 1)
		return err_errno(e, errno, "GPIO line %u", g->offset);
	edge = gpiod_edge_event_buffer_get_event(g->edges, 0);
	if (!edge)
		return err_set(e, ERR_IO, "GPIO line %u: no edge in the event", g->offset);
	/* The kernel speaks of the logical value: rising is becoming active, active_low or not. */
	*active = gpiod_edge_event_get_event_type(edge) == GPIOD_EDGE_EVENT_RISING_EDGE;
	*at_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(edge);
	return true;
}
