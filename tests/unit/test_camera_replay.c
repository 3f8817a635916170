/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/clock.h"
#include "hal/camera.h"
#include "hal/letterbox.h"
#include "hal/replay_list.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of the test's own, removed with all that is in it. */
static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/test_replay.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static void empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	char below[512];

	if (!d)
		return;
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
		if (unlink(below) != 0) {
			empty(below);
			(void)rmdir(below);
		}
	}
	closedir(d);
}

static int remove_folder(void **state)
{
	(void)state;
	empty(folder);
	return rmdir(folder);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void write_grey(const char *name, int w, int h, int level)
{
	char bytes[40000];
	int n = snprintf(bytes, sizeof bytes, "P5\n%d %d\n255\n", w, h);

	assert_true(n + w * h <= (int)sizeof bytes);
	memset(bytes + n, level, (size_t)(w * h));
	write_file(name, bytes, (size_t)(n + w * h));
}

static void make_below(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static struct camera_conf conf_for(const char *source)
{
	struct camera_conf c = {.width = 64, .height = 48};

	(void)snprintf(c.source, sizeof c.source, "%s%s%s", folder, *source ? "/" : "", source);
	return c;
}

static const struct camera_ops *driver(void)
{
	const struct camera_ops *ops = camera_find("replay");

	assert_non_null(ops);
	return ops;
}

static struct camera *open_camera(const struct camera_conf *conf)
{
	struct camera *c = NULL;
	struct err e = {0};

	if (!driver()->open(conf, &c, &e))
		fail_msg("%s", e.text);
	assert_true(driver()->start(c, &e));
	return c;
}

/* The next frame and its first pixel, given back at once; -1 at the end, -2 for a bad picture. */
static int next(struct camera *c, struct frame *f)
{
	struct frame_buffers b;
	struct err e = {0};
	uint8_t *p;
	int level;

	while (!driver()->dequeue(c, f, &e)) {
		struct pollfd fd = {.fd = driver()->fd(c), .events = POLLIN};

		if (e.code == ERR_NOT_FOUND)
			return -1;
		if (e.code == ERR_FORMAT)
			return -2;
		assert_int_equal(e.code, ERR_AGAIN);
		assert_int_equal(poll(&fd, 1, 5000), 1);
	}
	assert_true(driver()->buffers(c, f->camera, &b));
	assert_true(f->buffer < b.n);
	p = mmap(NULL, b.size, PROT_READ, MAP_SHARED, b.fds[f->buffer], 0);
	assert_true(p != MAP_FAILED);
	level = p[0];
	munmap(p, b.size);
	driver()->requeue(c, f);
	return level;
}

static void test_two_folders(void **state)
{
	struct camera_conf conf = conf_for("");
	struct camera *c;
	struct frame f, g;

	(void)state;
	make_below("cam0");
	make_below("cam1");
	write_grey("cam0/a.pgm", 64, 48, 10);
	write_grey("cam0/a-1.pgm", 64, 48,
		   12); /* sorts before a.pgm with its extension, after it without */
	write_grey("cam0/b.pgm", 64, 48, 14);
	write_grey("cam1/a.PGM", 64, 48, 11);
	write_grey("cam1/a-1.pgm", 64, 48, 13);
	write_grey("cam1/c.pgm", 64, 48, 15);
	write_file("cam1/notes.txt", "x", 1);
	c = open_camera(&conf);
	assert_int_equal(next(c, &f), 10);
	assert_int_equal(next(c, &g), 11);
	assert_int_equal(f.camera, 0);
	assert_int_equal(g.camera, 1);
	assert_true(f.capture_ns == g.capture_ns && f.capture_ns > 0);
	assert_int_equal(next(c, &f), 12);
	assert_int_equal(next(c, &f), 13);
	assert_int_equal(next(c, &f), 14);
	assert_int_equal(f.camera, 0);
	assert_int_equal(next(c, &f), 15);
	assert_int_equal(f.camera, 1);
	assert_int_equal(next(c, &f), -1);
	assert_int_equal(next(c, &f), -1);
	driver()->close(c);
}

static void test_single_and_loop(void **state)
{
	struct camera_conf conf = conf_for("");
	struct frame_buffers b;
	struct camera *c;
	struct frame f;

	(void)state;
	conf.single = conf.loop = true;
	write_grey("1.pgm", 10, 10, 1);
	write_grey("2.pgm", 10, 10, 2);
	c = open_camera(&conf);
	assert_false(driver()->buffers(c, 1, &b));
	for (int i = 0; i < 6; i++) {
		assert_int_equal(next(c, &f), i % 2 + 1);
		assert_int_equal(f.camera, 0);
		assert_int_equal(f.sequence, i);
	}
	driver()->close(c);
}

static void test_bad_pictures(void **state)
{
	struct camera_conf conf = conf_for("");
	struct camera *c;
	struct frame f;

	(void)state;
	conf.single = conf.loop = true;
	write_file("1.jpg", "\xff\xd8\xff no picture", 14);
	write_grey("2.pgm", 10, 10, 2);
	write_file("3.png", "", 0);
	c = open_camera(&conf);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(next(c, &f), -2);
		assert_int_equal(next(c, &f), 2);
		assert_int_equal(next(c, &f), -2);
	}
	driver()->close(c);
	/* Looped, and nothing in it can be read: an end, not a spin. */
	write_file("2.pgm", "P5", 2);
	c = open_camera(&conf);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(c, &f), -2);
	assert_int_equal(next(c, &f), -1);
	driver()->close(c);
}

static void test_list(void **state)
{
	static const char list[] =
	    "# pairs\na b.pgm\tc.pgm\t1700000000000000000\nc.pgm - 1700000000100000000\n\n";
	struct camera_conf conf = conf_for("list.txt");
	struct camera *c;
	struct frame f;
	FILE *f_truth;
	char line[128];

	(void)state;
	conf.loop = true;
	(void)snprintf(conf.truth, sizeof conf.truth, "%s/truth.jsonl", folder);
	write_grey("a b.pgm", 10, 10, 1);
	write_grey("c.pgm", 10, 10, 2);
	write_file("list.txt", list, sizeof list - 1);
	c = open_camera(&conf);
	assert_int_equal(next(c, &f), 1);
	assert_true(f.capture_ns == INT64_C(1700000000000000000));
	assert_int_equal(next(c, &f), 2);
	assert_int_equal(next(c, &f), 2);
	assert_true(f.capture_ns == INT64_C(1700000000100000000));
	assert_int_equal(next(c, &f), 1);
	assert_true(f.capture_ns ==
		    INT64_C(1700000000200000000)); /* time goes on in the second round */
	driver()->close(c);
	f_truth = fopen(conf.truth, "r");
	assert_non_null(f_truth);
	assert_non_null(fgets(line, sizeof line, f_truth));
	assert_string_equal(
	    line, "{\"camera\":0,\"capture_ns\":1700000000000000000,\"file\":\"a b.pgm\"}\n");
	assert_non_null(fgets(line, sizeof line, f_truth));
	assert_string_equal(
	    line, "{\"camera\":1,\"capture_ns\":1700000000000000000,\"file\":\"c.pgm\"}\n");
	fclose(f_truth);
}

static void test_list_with_a_time_an_angle(void **state)
{
	static const char list[] = "1.pgm 2.pgm 1700000000000000000 1700000000000000007\n"
				   "- 2.pgm 1700000000100000000 1700000000100000009\n";
	struct camera_conf conf = conf_for("list.txt");
	struct camera *c;
	struct frame f;

	(void)state;
	write_grey("1.pgm", 10, 10, 1);
	write_grey("2.pgm", 10, 10, 2);
	write_file("list.txt", list, sizeof list - 1);
	c = open_camera(&conf);
	assert_int_equal(next(c, &f), 1);
	assert_true(f.capture_ns == INT64_C(1700000000000000000));
	assert_int_equal(next(c, &f), 2);
	assert_true(f.capture_ns == INT64_C(1700000000000000007));
	assert_int_equal(next(c, &f), 2);
	assert_true(f.capture_ns == INT64_C(1700000000100000009));
	driver()->close(c);
}

static void refused(const char *source, const char *list, enum err_code code, const char *word)
{
	struct replay_list l;
	struct err e = {0};
	char path[128];

	if (list)
		write_file("list.txt", list, strlen(list));
	(void)snprintf(path, sizeof path, "%s/%s", folder, source);
	assert_false(replay_list_open(path, false, &l, &e));
	assert_int_equal(e.code, code);
	if (!strstr(e.text, word))
		fail_msg("'%s' does not say '%s'", e.text, word);
	replay_list_free(&l);
}

static void test_list_refusals(void **state)
{
	(void)state;
	refused("none", NULL, ERR_NOT_FOUND, "none");
	refused("", NULL, ERR_NOT_FOUND, "no pictures");
	refused("list.txt", "# nothing\n", ERR_NOT_FOUND, "no pictures");
	refused("list.txt", "a.pgm\n", ERR_FORMAT, "line 1");
	refused("list.txt", "a.pgm b.pgm\na b 1 2 3\n", ERR_FORMAT, "line 2: is not FILE0");
	refused("list.txt", "a.pgm b.pgm 1 soon\n", ERR_FORMAT, "time");
	refused("list.txt", "/etc/passwd b.pgm\n", ERR_FORMAT, "not below");
	refused("list.txt", "a/../../b.pgm b.pgm\n", ERR_FORMAT, "not below");
	refused("list.txt", "..\tb.pgm\n", ERR_FORMAT, "not below");
	refused("list.txt", "a.pgm b.pgm yesterday\n", ERR_FORMAT, "time");
	refused("list.txt", "a.pgm b.pgm -5\n", ERR_FORMAT, "time");
	refused("list.txt", "- -\n", ERR_FORMAT, "no picture");
}

static void test_rate(void **state)
{
	struct camera_conf conf = conf_for("");
	struct camera *c;
	struct frame f;
	int64_t from;

	(void)state;
	conf.single = true;
	conf.rate = 50;
	for (int i = 0; i < 6; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "%d.pgm", i);
		write_grey(name, 8, 8, i);
	}
	c = open_camera(&conf);
	from = clock_mono_ns();
	for (int i = 0; i < 6; i++)
		assert_int_equal(next(c, &f), i);
	assert_in_range(clock_mono_ns() - from, 99 * NS_PER_MS, 2000 * NS_PER_MS);
	driver()->close(c);
}

static void test_all_buffers_lent(void **state)
{
	struct camera_conf conf = conf_for("");
	struct frame held[FRAME_BUFFERS], f;
	struct err e = {0};
	struct camera *c;

	(void)state;
	conf.single = conf.loop = true;
	write_grey("1.pgm", 8, 8, 7);
	c = open_camera(&conf);
	for (unsigned i = 0; i < FRAME_BUFFERS; i++) {
		assert_true(driver()->dequeue(c, &held[i], &e));
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(held[i].buffer, held[k].buffer);
	}
	assert_false(driver()->dequeue(c, &f, &e));
	assert_int_equal(e.code, ERR_AGAIN);
	driver()->requeue(c, &held[3]);
	assert_int_equal(next(c, &f), 7);
	assert_int_equal(f.buffer, held[3].buffer);
	driver()->close(c);
}

static void test_letterbox(void **state)
{
	uint8_t in[40 * 20], out[16 * 16];
	float scratch[2 * 16];
	struct image view = {in, 40, 20, 40};

	(void)state;
	for (int i = 0; i < 40 * 20; i++)
		in[i] = (uint8_t)(i % 40 < 20 ? 50 : 200);
	letterbox(&view, out, 16, 16, 16, scratch); /* 2.5 times smaller: 16 x 8 */
	assert_int_equal(out[0], 50);
	assert_int_equal(out[7], 50);
	assert_int_equal(out[8], 200);
	assert_int_equal(out[7 * 16 + 15], 200);
	assert_int_equal(out[8 * 16], 128);
	assert_int_equal(out[255], 128);
	view = (struct image){in, 4, 2, 40};
	letterbox(&view, out, 16, 16, 16, scratch);
	assert_int_equal(out[3], 50);
	assert_int_equal(out[4], 128);
	assert_int_equal(out[2 * 16], 128);
}

static void test_open_refusals(void **state)
{
	struct camera_conf conf = conf_for("");
	struct camera *c = NULL;
	struct err e = {0};

	(void)state;
	assert_null(camera_find("no such driver"));
	assert_non_null(strstr(camera_names(), "replay"));
	assert_false(driver()->open(&conf, &c, &e)); /* empty folder */
	assert_int_equal(e.code, ERR_NOT_FOUND);
	conf.source[0] = 0;
	assert_false(driver()->open(&conf, &c, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	conf.width = 1;
	conf.source[0] = '/';
	assert_false(driver()->open(&conf, &c, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_null(c);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FOLDER(test_two_folders),
	    WITH_FOLDER(test_single_and_loop),
	    WITH_FOLDER(test_bad_pictures),
	    WITH_FOLDER(test_list),
	    WITH_FOLDER(test_list_with_a_time_an_angle),
	    WITH_FOLDER(test_list_refusals),
	    WITH_FOLDER(test_rate),
	    WITH_FOLDER(test_all_buffers_lent),
	    cmocka_unit_test(test_letterbox),
	    WITH_FOLDER(test_open_refusals),
	};

	return cmocka_run_group_tests_name("camera_replay", tests, NULL, NULL);
}
