/* SPDX-License-Identifier: Apache-2.0 */
/* The sim driver behind the camera's vtable: buffers, times, gaps, the end, refusals. */
#include "hal/camera.h"

#include "firmware/base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct camera_conf conf_of(double rate, int64_t passages)
{
	struct camera_conf c = {.driver = "sim",
				.width = 320,
				.height = 180,
				.rate = rate,
				.seed = 4,
				.passages = passages,
				.light = "day",
				.weather = "clear",
				.hard = "none",
				.fonts = "/usr/share/fonts",
				.wanted_share = 0.5};

	return c;
}

static const struct camera_ops *ops(void)
{
	const struct camera_ops *o = camera_find("sim");

	assert_non_null(o);
	return o;
}

static struct camera *opened(const struct camera_conf *conf)
{
	struct err e = {ERR_NONE, ""};
	struct camera *c = NULL;

	if (!ops()->open(conf, &c, &e) || !ops()->start(c, &e))
		fail_msg("%s", e.text);
	return c;
}

static void closed(struct camera *c)
{
	ops()->stop(c);
	ops()->close(c);
}

/* The next frame, waiting for it; false at the end. */
static bool next(struct camera *c, struct frame *f)
{
	struct err e = {ERR_NONE, ""};

	for (;;) {
		struct pollfd p = {.fd = ops()->fd(c), .events = POLLIN};

		if (ops()->dequeue(c, f, &e))
			return true;
		if (e.code == ERR_NOT_FOUND)
			return false;
		assert_int_equal(e.code, ERR_AGAIN);
		assert_int_equal(poll(&p, 1, 2000), 1);
	}
}

static uint64_t hash_frame(const struct camera *c, const struct frame *f, uint64_t h)
{
	struct frame_buffers b;
	uint8_t *p;

	assert_true(ops()->buffers(c, f->camera, &b));
	p = mmap(NULL, b.size, PROT_READ, MAP_SHARED, b.fds[f->buffer], 0);
	assert_true(p != MAP_FAILED);
	for (size_t i = 0; i < b.size; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	(void)munmap(p, b.size);
	return h;
}

static uint64_t whole_run(const struct camera_conf *conf, unsigned *frames)
{
	struct camera *c = opened(conf);
	uint64_t h = 1;
	struct frame f;

	for (*frames = 0; next(c, &f); ++*frames) {
		h = hash_frame(c, &f, h);
		ops()->requeue(c, &f);
	}
	closed(c);
	return h;
}

static void free_running_is_reproducible(void **state)
{
	struct camera_conf conf = conf_of(0, 2);
	unsigned n, m;
	uint64_t first = whole_run(&conf, &n);

	(void)state;
	assert_true(n > 40 && n % 2 == 0);
	assert_true(whole_run(&conf, &m) == first);
	assert_int_equal(n, m);
	conf.seed++;
	assert_true(whole_run(&conf, &m) != first);
}

static void both_cameras_of_an_instant(void **state)
{
	struct camera_conf conf = conf_of(0, 0);
	struct camera *c = opened(&conf);
	int64_t last = 0;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct frame a, b;

		assert_true(next(c, &a) && next(c, &b));
		assert_int_equal(a.camera, 0);
		assert_int_equal(b.camera, 1);
		assert_int_equal(a.sequence, i);
		assert_int_equal(b.sequence, i);
		assert_true(llabs(a.capture_ns - b.capture_ns) < NS_PER_MS);
		if (i)
			assert_true(llabs(a.capture_ns - last - NS_PER_S / 12) <= 1);
		last = a.capture_ns;
		ops()->requeue(c, &a);
		ops()->requeue(c, &b);
	}
	closed(c);
}

static void held_buffers_make_a_gap(void **state)
{
	struct camera_conf conf = conf_of(60, 0);
	struct camera *c = opened(&conf);
	struct frame held[FRAME_CAMERAS][FRAME_BUFFERS], f;
	unsigned n[FRAME_CAMERAS] = {0, 0};
	struct err e;

	(void)state;
	while (n[0] < FRAME_BUFFERS || n[1] < FRAME_BUFFERS) {
		assert_true(next(c, &f));
		assert_true(f.buffer < FRAME_BUFFERS);
		held[f.camera][n[f.camera]++] = f;
	}
	/* All are out: nothing comes, and the frames of this time are lost. */
	(void)usleep(100000);
	assert_false(ops()->dequeue(c, &f, &e));
	assert_int_equal(e.code, ERR_AGAIN);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		for (unsigned k = 0; k < FRAME_BUFFERS; k++)
			ops()->requeue(c, &held[i][k]);
	assert_true(next(c, &f));
	assert_true(f.sequence > held[f.camera][FRAME_BUFFERS - 1].sequence + 1);
	assert_true(f.capture_ns > held[f.camera][FRAME_BUFFERS - 1].capture_ns);
	closed(c);
}

static void free_running_never_loses(void **state)
{
	struct camera_conf conf = conf_of(0, 0);
	struct camera *c = opened(&conf);
	struct frame held[FRAME_CAMERAS * FRAME_BUFFERS], f;
	struct err e;

	(void)state;
	for (unsigned i = 0; i < FRAME_CAMERAS * FRAME_BUFFERS; i++)
		assert_true(next(c, &held[i]));
	assert_false(ops()->dequeue(c, &f, &e));
	assert_int_equal(e.code, ERR_AGAIN);
	ops()->requeue(c, &held[0]);
	assert_true(next(c, &f));
	assert_int_equal(f.sequence, FRAME_BUFFERS);
	closed(c);
}

static void the_end_stays_the_end(void **state)
{
	struct camera_conf conf = conf_of(0, 1);
	struct camera *c = opened(&conf);
	struct frame f;
	struct err e;

	(void)state;
	while (next(c, &f))
		ops()->requeue(c, &f);
	for (int i = 0; i < 3; i++) {
		assert_false(ops()->dequeue(c, &f, &e));
		assert_int_equal(e.code, ERR_NOT_FOUND);
	}
	closed(c);
}

/* Remove the JPEGs of a folder; returns how many there were. */
static unsigned empty_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *f;
	unsigned n = 0;

	assert_non_null(d);
	while ((f = readdir(d))) {
		uint8_t head[2] = {0, 0};
		int fd;

		if (f->d_name[0] == '.')
			continue;
		assert_non_null(strstr(f->d_name, ".jpg"));
		fd = openat(dirfd(d), f->d_name, O_RDONLY);
		assert_true(fd >= 0 && read(fd, head, 2) == 2);
		(void)close(fd);
		assert_true(head[0] == 0xFF && head[1] == 0xD8);
		assert_int_equal(unlinkat(dirfd(d), f->d_name, 0), 0);
		n++;
	}
	(void)closedir(d);
	return n;
}

static void truth_and_record_are_written(void **state)
{
	char folder[] = "/tmp/test_camera_simXXXXXX", line[4096], name[300];
	struct camera_conf conf = conf_of(0, 2);
	unsigned frames, lines = 0;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(conf.truth, sizeof conf.truth, "%s/truth.jsonl", folder);
	(void)snprintf(conf.record, sizeof conf.record, "%s/record", folder);
	(void)whole_run(&conf, &frames);
	f = fopen(conf.truth, "r");
	assert_non_null(f);
	for (; fgets(line, sizeof line, f); lines++)
		assert_non_null(strstr(line, "\"plate\":\""));
	(void)fclose(f);
	assert_int_equal(lines, 2);
	for (int i = 0; i < 2; i++) {
		unsigned pictures;

		(void)snprintf(name, sizeof name, "%s/cam%d", conf.record, i);
		pictures = empty_folder(name);
		assert_true(pictures >= 6 &&
			    pictures < frames / 2); /* those with a plate, not the empty road */
		assert_int_equal(rmdir(name), 0);
	}
	assert_int_equal(rmdir(conf.record), 0);
	(void)unlink(conf.truth);
	(void)rmdir(folder);
}

static void refused(const struct camera_conf *conf, enum err_code code)
{
	struct camera *c = NULL;
	struct err e = {ERR_NONE, ""};

	assert_false(ops()->open(conf, &c, &e));
	assert_int_equal(e.code, code);
	assert_true(e.text[0] != '\0');
	assert_null(c);
}

static void bad_configurations_refused(void **state)
{
	struct camera_conf good = conf_of(12, 1), c;
	char path[] = "/tmp/test_camera_simXXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "not a plate list\n", 17), 17);
	(void)close(fd);
	c = good;
	(void)snprintf(c.fonts, sizeof c.fonts, "/nonexistent");
	refused(&c, ERR_NOT_FOUND);
	c = good;
	(void)snprintf(c.plates, sizeof c.plates, "%s", path);
	refused(&c, ERR_FORMAT);
	(void)snprintf(c.plates, sizeof c.plates, "/nonexistent/plates");
	refused(&c, ERR_NOT_FOUND);
	c = good;
	(void)snprintf(c.truth, sizeof c.truth, "/nonexistent/truth");
	refused(&c, ERR_NOT_FOUND);
	c = good;
	c.width = 100000;
	refused(&c, ERR_CONFIG);
	c = good;
	c.height = -1;
	refused(&c, ERR_CONFIG);
	c = good;
	c.rate = -3;
	refused(&c, ERR_CONFIG);
	c = good;
	(void)snprintf(c.light, sizeof c.light, "noon");
	refused(&c, ERR_CONFIG);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(free_running_is_reproducible),
	    cmocka_unit_test(both_cameras_of_an_instant),
	    cmocka_unit_test(held_buffers_make_a_gap),
	    cmocka_unit_test(free_running_never_loses),
	    cmocka_unit_test(the_end_stays_the_end),
	    cmocka_unit_test(truth_and_record_are_written),
	    cmocka_unit_test(bad_configurations_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
