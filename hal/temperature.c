/* SPDX-License-Identifier: Apache-2.0 */
/* Temperatures from sysfs (Documentation/hwmon/sysfs-interface.rst), or from a folder laid out like
 * it. */
#include "hal/temperature.h"

#include "firmware/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HWMON	   "/sys/class/hwmon"
#define CHIPS_MOST 64u
#define TEXT_MOST  32u /* bytes of a chip's name or of a label that are kept */

struct sensor {
	char name[64];
	bool disk;
	int fd;	    /* -1: could not be opened … */
	int errnum; /* … because of this */
};

struct temperature {
	size_t n;
	struct sensor sensors[TEMPERATURE_SENSORS];
};

static void temperature_close(struct temperature *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		cleanup_close(&t->sensors[i].fd);
	free(t);
}

static void auto_close(struct temperature **t)
{
	temperature_close(*t);
}

static void auto_closedir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* Not blocking, because a folder of the tests' may hold anything. */
static int open_file(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

/* The first line of a small file, cleaned for a status line; "" when there is none. */
static void read_text(int folder, const char *name, char out[TEXT_MOST])
{
	AUTO_CLOSE int fd = open_file(folder, name);
	ssize_t n = fd >= 0 ? read(fd, out, TEXT_MOST - 1) : 0;

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = '?';
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* The numbers N of the entries `before`N`after` of a folder, lowest first; at most `most`. */
static size_t numbers(DIR *d, const char *before, const char *after, unsigned *out, size_t most)
{
	size_t len = strlen(before), n = 0;

	for (const struct dirent *f = readdir(d); f && n < most; f = readdir(d)) {
		char *end;
		unsigned long number;

		if (strncmp(f->d_name, before, len) != 0 || f->d_name[len] < '0' ||
		    f->d_name[len] > '9')
			continue;
		number = strtoul(f->d_name + len, &end, 10);
		if (strcmp(end, after) == 0 && number < 100000)
			out[n++] = (unsigned)number;
	}
	qsort(out, n, sizeof *out, by_number);
	return n;
}

static void add_sensor(struct temperature *t, int folder, const char *chip, unsigned number)
{
	struct sensor *s = &t->sensors[t->n++];
	char label[TEXT_MOST], file[32];

	(void)snprintf(file, sizeof file, "temp%u_label", number);
	read_text(folder, file, label);
	if (!label[0] && number > 1)
		(void)snprintf(label, sizeof label, "%u", number);
	(void)snprintf(s->name, sizeof s->name, "%s%s%s", chip, label[0] ? " " : "", label);
	s->disk = strcmp(chip, "nvme") == 0 || strcmp(chip, "drivetemp") == 0;
	(void)snprintf(file, sizeof file, "temp%u_input", number);
	s->fd = open_file(folder, file);
	s->errnum = errno;
}

static void add_chip(struct temperature *t, int root, unsigned number)
{
	unsigned found[TEMPERATURE_SENSORS];
	char name[32], chip[TEXT_MOST];
	CLEANUP(auto_closedir) DIR *d = NULL;
	int folder;
	size_t n;

	(void)snprintf(name, sizeof name, "hwmon%u", number);
	folder = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = folder >= 0 ? fdopendir(folder) : NULL;
	if (!d) {
		cleanup_close(&folder);
		return; /* it went while we looked */
	}
	read_text(folder, "name", chip);
	n = numbers(d, "temp", "_input", found, TEMPERATURE_SENSORS);
	for (size_t i = 0; i < n && t->n < TEMPERATURE_SENSORS; i++)
		add_sensor(t, folder, chip[0] ? chip : name, found[i]);
}

static bool open_below(const char *root, struct temperature **out, struct err *e)
{
	CLEANUP(auto_close) struct temperature *t = calloc(1, sizeof *t);
	CLEANUP(auto_closedir) DIR *d = opendir(root);
	unsigned chips[CHIPS_MOST];
	size_t n;

	if (!t)
		return err_set(e, ERR_NO_MEMORY, "temperature: no memory");
	if (!d)
		return err_errno(e, errno, "temperature: %.160s", root);
	n = numbers(d, "hwmon", "", chips, CHIPS_MOST);
	for (size_t i = 0; i < n; i++)
		add_chip(t, dirfd(d), chips[i]);
	if (t->n == 0)
		return err_set(e, ERR_NOT_FOUND, "temperature: no sensor below %.160s", root);
	*out = steal_ptr(&t);
	return true;
}

static bool hwmon_open(const struct temperature_conf *conf, struct temperature **out, struct err *e)
{
	(void)conf;
	return open_below(HWMON, out, e);
}

#ifdef CONFIG_FAKE_HARDWARE
static bool fake_open(const struct temperature_conf *conf, struct temperature **out, struct err *e)
{
	if (!conf->source[0])
		return err_set(e, ERR_CONFIG, "temperature: fake: no folder is named");
	return open_below(conf->source, out, e);
}
#endif

static size_t temperature_sensors(const struct temperature *t)
{
	return t->n;
}

/* A whole number and the end of its line, and nothing else. */
static bool parse(const char *text, long *out)
{
	char *end;

	if (*text != '-' && (*text < '0' || *text > '9'))
		return false;
	errno = 0;
	*out = strtol(text, &end, 10);
	return end != text && errno == 0 && strcmp(end + (*end == '\n'), "") == 0;
}

static bool temperature_read(struct temperature *t, size_t i, struct temperature_reading *out,
			     struct err *e)
{
	const struct sensor *s;
	char text[32];
	ssize_t n;
	long value;

	memset(out, 0, sizeof *out);
	if (i >= t->n)
		return err_set(e, ERR_ARGUMENT, "temperature: there is no sensor %zu", i);
	s = &t->sensors[i];
	memcpy(out->name, s->name, sizeof out->name);
	out->disk = s->disk;
	if (s->fd < 0)
		return err_set(e, ERR_IO, "%s: cannot be opened: %s", s->name,
			       strerrordesc_np(s->errnum));
	/* sysfs makes the text anew for a read from the start. */
	n = pread(s->fd, text, sizeof text - 1, 0);
	if (n < 0)
		return err_set(e, ERR_IO, "%s: cannot be read: %s", s->name,
			       strerrordesc_np(errno));
	text[n] = '\0';
	if ((size_t)n == sizeof text - 1 || strlen(text) != (size_t)n || !parse(text, &value))
		return err_set(e, ERR_FORMAT, "%s: says no temperature", s->name);
	if (value < TEMPERATURE_LEAST || value > TEMPERATURE_MOST)
		return err_set(e, ERR_LIMIT, "%s: says %ld thousandths of a degree", s->name,
			       value);
	out->millidegrees = (int32_t)value;
	return true;
}

static const struct temperature_ops drivers[] = {
    {"hwmon", hwmon_open, temperature_sensors, temperature_read, temperature_close},
#ifdef CONFIG_FAKE_HARDWARE
    {"fake", fake_open, temperature_sensors, temperature_read, temperature_close},
#endif
};

const struct temperature_ops *temperature_find(const char *name)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (strcmp(drivers[i].name, name) == 0)
			return &drivers[i];
	return NULL;
}
