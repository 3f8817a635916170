/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the gpio drivers of lamp and door against the kernel's own simulator (gpio-sim): makes two
 * chips through configfs, moves their lines through sysfs, and prints PASS or FAIL a check. Needs
 * root, the module and a kernel it fits: tests/guest/test_lines.py.
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/sandbox.h"
#include "hal/door.h"
#include "hal/lamp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define CONFIG "/sys/kernel/config"
#define LABEL  "alpr-pole"
#define TWIN   "alpr-twin"
#define LINES  4

enum { STROBE, FAULT, DOOR }; /* offsets */

static unsigned failed;

static void check(bool good, const char *what)
{
	(void)printf("%s %s\n", good ? "PASS" : "FAIL", what);
	failed += !good;
}

/* --- the simulated chips -------------------------------------------------------------------------
 */

static void put(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		(void)fprintf(stderr, "lines: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void make(const char *path)
{
	if (mkdir(path, 0755) != 0) {
		(void)fprintf(stderr, "lines: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void set(const char *chip, const char *file, const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof path, CONFIG "/gpio-sim/%s/%s", chip, file);
	put(path, text);
}

static void make_chip(const char *chip, const char *label)
{
	char path[128];

	(void)snprintf(path, sizeof path, CONFIG "/gpio-sim/%s", chip);
	make(path);
	(void)snprintf(path, sizeof path, CONFIG "/gpio-sim/%s/bank", chip);
	make(path);
	set(chip, "bank/num_lines", "4");
	set(chip, "bank/label", label);
	(void)snprintf(path, sizeof path, CONFIG "/gpio-sim/%s/bank/line%d", chip, DOOR);
	make(path);
	(void)snprintf(path, sizeof path, "bank/line%d/name", DOOR);
	set(chip, path, "door-switch");
	set(chip, "live", "1");
}

/* The sysfs file of a line of chip "pole". */
static void line_file(unsigned line, const char *file, char out[192])
{
	char device[32] = "", chip[32] = "";
	AUTO_FCLOSE FILE *d = fopen(CONFIG "/gpio-sim/pole/dev_name", "re");
	AUTO_FCLOSE FILE *c = fopen(CONFIG "/gpio-sim/pole/bank/chip_name", "re");

	if (!d || !c || fscanf(d, "%31s", device) != 1 || fscanf(c, "%31s", chip) != 1) {
		(void)fprintf(stderr, "lines: the simulated chip has no name\n");
		exit(1);
	}
	(void)snprintf(out, 192, "/sys/devices/platform/%s/%s/sim_gpio%u/%s", device, chip, line,
		       file);
}

/* The level of an output as the simulator sees it: '0' or '1'. */
static char level(unsigned line)
{
	char path[192];
	AUTO_FCLOSE FILE *f = NULL;

	line_file(line, "value", path);
	f = fopen(path, "re");
	return f ? (char)fgetc(f) : '?';
}

static void pull(unsigned line, bool up)
{
	char path[192];

	line_file(line, "pull", path);
	put(path, up ? "pull-up" : "pull-down");
}

/* --- the checks ----------------------------------------------------------------------------------
 */

static void rest(int64_t ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

static void check_lamp(bool low)
{
	const struct lamp_ops *ops = lamp_find("gpio");
	const struct lamp_setup setup = {
	    .strobe = {.chip = LABEL, .offset = STROBE, .active_low = low},
	    .fault = {.chip = LABEL, .offset = FAULT, .active_low = low}};
	char on = low ? '0' : '1', off = low ? '1' : '0';
	struct lamp *l = NULL, *second = NULL;
	struct lamp_state s = {0};
	struct err e = {0};

	(void)printf("# lamp, active %s\n", low ? "low" : "high");
	pull(FAULT, low);
	pull(STROBE, low); /* as a board's resistor does, whose lamp is off when nobody drives it */
	if (!ops->open(&setup, &l, &e)) {
		check(false, e.text);
		return;
	}
	check(level(STROBE) == off, "lamp is off when opened");
	check(ops->set(l, true, &e) && level(STROBE) == on, "lamp goes on");
	check(ops->state(l, &s, &e) && s.on && s.has_fault && !s.fault, "no fault is told");
	pull(FAULT, !low);
	check(ops->state(l, &s, &e) && s.fault, "the fault input is told");
	pull(FAULT, low);
	check(ops->state(l, &s, &e) && !s.fault, "and that it is quiet again");
	check(!ops->open(&setup, &second, &e) && e.code == ERR_IO, "a busy line is refused");
	check(level(STROBE) == on, "and goes on as it was");
	check(ops->set(l, false, &e) && level(STROBE) == off, "lamp goes off");
	(void)ops->set(l, true, &e);
	ops->close(l);
	check(level(STROBE) == off, "lamp is off when closed");
}

static bool readable(const struct door *d, int ms)
{
	struct pollfd p = {.fd = door_find("gpio")->fd(d), .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static void check_edge(struct door *d, bool low, bool to_open)
{
	const struct door_ops *ops = door_find("gpio");
	struct door_edge edge = {0};
	struct err e = {0};
	int64_t before = clock_utc_ns();
	bool now;

	pull(DOOR, to_open != low);
	check(readable(d, 2000), "an edge makes the descriptor readable");
	check(ops->edge(d, &edge, &e) && edge.open == to_open,
	      to_open ? "it says open" : "it says shut");
	check(edge.at_ns >= before && edge.at_ns <= clock_utc_ns(), "with the time it happened");
	check(ops->read(d, &now, &e) && now == to_open, "the state can be read");
	check(!ops->edge(d, &edge, &e) && e.code == ERR_AGAIN, "and there is one edge only");
}

static void check_door(bool low)
{
	const struct door_ops *ops = door_find("gpio");
	const struct door_setup setup = {
	    .line = {.chip = LABEL, .name = "door-switch", .active_low = low}};
	struct door *d = NULL;
	struct err e = {0};
	bool now = true;

	(void)printf("# door, active %s\n", low ? "low" : "high");
	pull(DOOR, low);
	if (!ops->open(&setup, &d, &e)) {
		check(false, e.text);
		return;
	}
	check(ops->read(d, &now, &e) && !now, "door is shut when opened");
	check(!readable(d, 0), "and nothing waits");
	check_edge(d, low, true);
	check_edge(d, low, false);
	ops->close(d);
}

static void check_debounce(void)
{
	const struct door_ops *ops = door_find("gpio");
	const struct door_setup setup = {.line = {.chip = LABEL, .offset = DOOR},
					 .debounce_us = 400000};
	struct door *d = NULL;
	struct door_edge edge = {0};
	struct err e = {0};

	(void)printf("# debounce of 400 ms\n");
	pull(DOOR, false);
	if (!ops->open(&setup, &d, &e)) {
		check(false, e.text);
		return;
	}
	rest(500);
	for (int i = 0; i < 5; i++) {
		pull(DOOR, true);
		pull(DOOR, false);
	}
	check(!readable(d, 900), "a bouncing contact is no edge");
	pull(DOOR, true);
	check(readable(d, 3000) && ops->edge(d, &edge, &e) && edge.open, "a lasting one is");
	ops->close(d);
}

static void check_refusal(struct gpio_line line, enum err_code code, const char *what)
{
	const struct door_setup setup = {.line = line};
	struct door *d = NULL;
	struct err e = {0};

	check(!door_find("gpio")->open(&setup, &d, &e) && e.code == code && !d, what);
}

static void check_refusals(void)
{
	(void)printf("# refusals\n");
	check_refusal((struct gpio_line){0}, ERR_CONFIG, "a line that the board has not");
	check_refusal((struct gpio_line){.chip = "nobody"}, ERR_NOT_FOUND, "a chip that is not");
	check_refusal((struct gpio_line){.chip = LABEL, .name = "nobody"}, ERR_NOT_FOUND,
		      "a line name that is not");
	check_refusal((struct gpio_line){.chip = LABEL, .offset = LINES}, ERR_IO,
		      "an offset beyond the chip");
	make_chip("twin-a", TWIN);
	make_chip("twin-b", TWIN);
	check_refusal((struct gpio_line){.chip = TWIN}, ERR_CONFIG, "a label of two chips");
}

/* In a process that has closed the sandbox of a role with devices: what was opened before still
 * works. Exit status: how many checks failed. */
static int sandboxed(void)
{
	const struct sandbox box = {.may = SANDBOX_DEVICES};
	const struct lamp_setup lines = {.strobe = {.chip = LABEL, .offset = STROBE},
					 .fault = {.chip = LABEL, .offset = FAULT}};
	const struct door_setup line = {.line = {.chip = LABEL, .offset = DOOR},
					.debounce_us = 1000};
	const struct lamp_ops *lamp = lamp_find("gpio");
	const struct door_ops *door = door_find("gpio");
	struct sandbox_loaded loaded;
	struct lamp_state s;
	struct lamp *l = NULL;
	struct door *d = NULL;
	struct door_edge edge;
	struct err e = {0};
	char path[192];
	int fd;
	bool now;

	failed = 0;
	pull(FAULT, false);
	pull(DOOR, false);
	line_file(DOOR, "pull", path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || !lamp->open(&lines, &l, &e) || !door->open(&line, &d, &e) ||
	    !sandbox_close(&box, &loaded, &e)) {
		check(false, e.text);
		return 1;
	}
	check(loaded.seccomp, "the filter is in force");
	check(lamp->set(l, true, &e), "the lamp is set");
	check(lamp->state(l, &s, &e) && s.on && !s.fault, "its state is read");
	check(write(fd, "pull-up", 7) == 7 && readable(d, 2000), "the door wakes it");
	check(door->edge(d, &edge, &e) && edge.open, "its edge is taken");
	check(door->read(d, &now, &e) && now, "its state is read");
	check(!door->edge(d, &edge, &e) && e.code == ERR_AGAIN, "and no other edge waits");
	return (int)failed;
}

static void check_sandboxed(void)
{
	pid_t child;
	int status = 1;

	(void)printf("# under a role's sandbox\n");
	child = fork();
	if (child == 0)
		_exit(sandboxed());
	check(child > 0 && waitpid(child, &status, 0) == child && status == 0,
	      "all that was let through");
}

/* The chip's driver goes away under open lines, as an expander's does whose bus fails. */
static void check_lost_chip(void)
{
	const struct lamp_ops *lamp = lamp_find("gpio");
	const struct door_ops *door = door_find("gpio");
	const struct lamp_setup lines = {.strobe = {.chip = LABEL, .offset = STROBE},
					 .fault = {.chip = LABEL, .offset = FAULT}};
	const struct door_setup line = {.line = {.chip = LABEL, .offset = DOOR}};
	struct door_edge edge;
	struct lamp_state s;
	struct lamp *l = NULL;
	struct door *d = NULL;
	struct err e = {0};
	bool now;

	(void)printf("# a chip that goes away\n");
	if (!lamp->open(&lines, &l, &e) || !door->open(&line, &d, &e)) {
		check(false, e.text);
		return;
	}
	set("pole", "live", "0");
	check(!lamp->set(l, true, &e) && e.code == ERR_IO, "setting the lamp fails");
	check(!lamp->state(l, &s, &e) && e.code == ERR_IO, "reading its fault input fails");
	check(!door->read(d, &now, &e) && e.code == ERR_IO, "reading the door fails");
	check(!door->edge(d, &edge, &e), "and it has no edge");
	lamp->close(l);
	door->close(d);
	check(true, "both are closed");
}

int main(void)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (mount("configfs", CONFIG, "configfs", 0, NULL) != 0 && errno != EBUSY) {
		(void)fprintf(stderr, "lines: configfs: %s\n", strerror(errno));
		return 1;
	}
	make_chip("pole", LABEL);
	check_lamp(false);
	check_lamp(true);
	check_door(false);
	check_door(true);
	check_debounce();
	check_refusals();
	check_sandboxed();
	check_lost_chip();
	(void)printf("%u failed\n", failed);
	return failed ? 1 : 0;
}
