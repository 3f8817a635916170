/* SPDX-License-Identifier: Apache-2.0 */
/* Light between a recording camera, a fake lamp and the policy. */
#include "firmware/capture/light.h"

#include "firmware/base/clock.h"
#include "hal/frame_memory.h"
#include "tests/unit/folder.h"

#include <string.h>

#define ASKED 256u

/* A camera that records what it is asked, and can refuse. */
struct camera {
	struct frame_memory memory[FRAME_CAMERAS];
	enum err_code fails[FRAME_CAMERAS];
	struct camera_control asked[FRAME_CAMERAS][ASKED];
	unsigned n[FRAME_CAMERAS], tries;
	bool found; /* camera 1, with `late` */
};

static bool buffers(const struct camera *c, unsigned camera, struct frame_buffers *out)
{
	if (camera >= FRAME_CAMERAS)
		return false;
	*out = c->memory[camera].buffers;
	return true;
}

static bool buffers_late(const struct camera *c, unsigned camera, struct frame_buffers *out)
{
	return (camera == 0 || c->found) && buffers(c, camera, out);
}

static bool control(struct camera *c, unsigned camera, const struct camera_control *want,
		    struct err *e)
{
	c->tries++;
	if (c->fails[camera])
		return err_set(e, c->fails[camera], "refused for the test");
	assert_true(c->n[camera] < ASKED);
	c->asked[camera][c->n[camera]++] = *want;
	return true;
}

static const struct camera_ops ops = {.name = "recorder", .buffers = buffers, .control = control};
static const struct camera_ops late = {.name = "late", .buffers = buffers_late, .control = control};
static const struct camera_ops deaf = {.name = "deaf", .buffers = buffers};

static const struct board_exposure limits = {
    .min_us = 20, .max_us = 300, .max_gain = 8, .night_gain = 4, .gamma = 1};

struct scene {
	struct camera camera;
	struct light light;
	struct folder folder;
	int64_t now;
};

static struct scene *setup(const struct camera_ops *with, bool lamp, bool fault_input)
{
	struct scene *s = calloc(1, sizeof *s);
	struct light_setup how = {.limits = &limits, .lamp = lamp ? "fake" : NULL};
	struct err e = {0};

	assert_non_null(s);
	s->now = 1000 * NS_PER_S;
	s->folder = folder_make();
	how.lines.folder = s->folder.path;
	if (fault_input)
		folder_write(&s->folder, "lamp-fault", "0");
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		assert_true(frame_memory_new(&s->camera.memory[i], 160, 120, 2, &e));
	assert_true(light_open(&s->light, &how, &e));
	assert_true(light_begin(&s->light, with, &s->camera, &e));
	return s;
}

static void done(struct scene *s)
{
	light_close(&s->light);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		frame_memory_free(&s->camera.memory[i]);
	folder_remove(&s->folder);
	free(s);
}

/* Frames of both cameras at 10 a second, all of that luma; returns the last. */
static struct frame show(struct scene *s, uint8_t luma, double seconds)
{
	struct frame f = {0};

	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		memset(s->camera.memory[i].data[1], luma, s->camera.memory[i].buffers.size);
	for (int64_t end = s->now + (int64_t)(seconds * 1e9); s->now < end; s->now += NS_PER_S / 10)
		for (uint8_t i = 0; i < FRAME_CAMERAS; i++) {
			f = (struct frame){.camera = i, .buffer = 1, .capture_ns = s->now};
			light_frame(&s->light, &f, s->now);
		}
	return f;
}

static int64_t counted(const struct scene *s, const char *name)
{
	struct wire_status status = {0};

	light_count(&s->light, &status);
	for (uint32_t i = 0; i < status.n; i++)
		if (strcmp(status.counters[i].name, name) == 0)
			return status.counters[i].value;
	return -1;
}

static void trouble_is(const struct scene *s, const char *words)
{
	if (words)
		assert_string_equal(light_trouble(&s->light), words);
	else
		assert_null(light_trouble(&s->light));
}

static void test_a_camera_found_late(void **state)
{
	struct scene *s = setup(&late, false, false);
	const struct camera *c = &s->camera;
	struct err e = {0};

	(void)state;
	show(s, 2, 10);
	assert_true(c->n[0] > 1);
	assert_int_equal(c->n[1], 0);
	assert_true(light_found(&s->light, 1, s->now, &e)); /* not yet */
	assert_int_equal(c->n[1], 0);
	s->camera.found = true;
	assert_true(light_found(&s->light, 1, s->now, &e));
	assert_int_equal(c->n[1], 1);
	assert_true(light_found(&s->light, 1, s->now, &e)); /* once */
	assert_int_equal(c->n[1], 1);
	show(s, 2, 10);
	assert_int_equal(c->asked[1][c->n[1] - 1].exposure_us, limits.max_us);
	trouble_is(s, NULL);
	done(s);
}

/* The record of what was asked: caps in the dark, short in the light, never beyond. */
static void test_controls_are_asked(void **state)
{
	struct scene *s = setup(&ops, false, false);
	const struct camera *c = &s->camera;

	(void)state;
	assert_int_equal(c->n[0], 1); /* the first, before any frame */
	show(s, 2, 10);
	assert_int_equal(c->asked[0][c->n[0] - 1].exposure_us, limits.max_us);
	assert_true(c->asked[0][c->n[0] - 1].gain > 6.5f);
	show(s, 255, 60);
	/* Within the policy's dead band. */
	assert_in_range(c->asked[1][c->n[1] - 1].exposure_us, limits.min_us, limits.min_us + 3);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		for (unsigned k = 0; k < c->n[i]; k++) {
			assert_in_range(c->asked[i][k].exposure_us, limits.min_us, limits.max_us);
			assert_true(c->asked[i][k].gain >= 1);
			assert_true(c->asked[i][k].gain <= limits.max_gain);
		}
	assert_int_equal(counted(s, "exposure_us_0"), c->asked[0][c->n[0] - 1].exposure_us);
	assert_int_equal(counted(s, "controls"), c->n[0] + c->n[1]);
	assert_int_equal(counted(s, "controls_failed"), 0);
	trouble_is(s, NULL);
	done(s);
}

/* A camera without controls is asked once; one without anything to gain is never measured. */
static void test_no_controls(void **state)
{
	struct scene *s = setup(&deaf, false, false);

	(void)state;
	assert_false(s->light.watching);
	show(s, 2, 5);
	assert_int_equal(counted(s, "night"), -1);
	trouble_is(s, NULL);
	done(s);

	s = setup(&ops, false, false);
	s->camera.fails[0] = s->camera.fails[1] = ERR_POLICY;
	s->camera.tries = 0;
	show(s, 2, 10);
	assert_int_equal(s->camera.tries, FRAME_CAMERAS);
	assert_false(s->light.watching);
	trouble_is(s, NULL);
	done(s);
}

/* What fails is said, tried again, and forgotten when it works. */
static void test_controls_that_fail(void **state)
{
	struct scene *s = setup(&ops, false, false);

	(void)state;
	s->camera.fails[1] = ERR_IO;
	show(s, 2, 10);
	trouble_is(s, "a camera does not take its exposure: plates may be blurred or dark");
	assert_true(counted(s, "controls_failed") > 5);
	s->camera.fails[1] = ERR_NONE;
	show(s, 2, 10);
	trouble_is(s, NULL);
	done(s);
}

/* Night by the pictures: the lamp's line goes on, nothing gets brighter, and that is said. */
static void test_lamp_that_does_not_light(void **state)
{
	struct scene *s = setup(&ops, true, false);
	struct frame f;

	(void)state;
	folder_holds(&s->folder, "lamp", "0\n");
	f = show(s, 100, 10);
	assert_int_equal(f.infrared, 0);
	f = show(s, 1, 12);
	folder_holds(&s->folder, "lamp", "1\n");
	assert_int_equal(f.infrared, 1);
	assert_int_equal(counted(s, "lamp"), 1);
	assert_int_equal(counted(s, "night"), 1);
	trouble_is(s, NULL);
	f = show(s, 1, 80);
	trouble_is(s, "IR lamp does not light: reads at night will be missed");
	assert_int_equal(f.infrared, 0);
	show(s, 100, 60);
	folder_holds(&s->folder, "lamp", "0\n");
	assert_int_equal(counted(s, "night"), 0);
	done(s);
}

static void test_lamp_fault_input(void **state)
{
	struct scene *s = setup(&ops, true, true);
	struct frame f;

	(void)state;
	show(s, 1, 12);
	folder_write(&s->folder, "lamp-fault", "1");
	f = show(s, 1, 1);
	trouble_is(s, "IR lamp reports a fault: reads at night will be missed");
	assert_int_equal(f.infrared, 0);
	folder_write(&s->folder, "lamp-fault", "0");
	show(s, 1, 1);
	trouble_is(s, NULL);
	folder_write(&s->folder, "lamp-fault", "");
	show(s, 1, 1);
	trouble_is(s, "IR lamp does not answer: reads at night will be missed");
	assert_true(counted(s, "lamp_errors") > 0);
	folder_write(&s->folder, "lamp-fault", "0");
	show(s, 1, 1);
	trouble_is(s, NULL);
	done(s);
}

/* A camera whose pictures cannot be controlled still tells the lamp when it is night. */
static void test_lamp_without_controls(void **state)
{
	struct scene *s = setup(&deaf, true, false);

	(void)state;
	show(s, 1, 12);
	folder_holds(&s->folder, "lamp", "1\n");
	show(s, 100, 60);
	folder_holds(&s->folder, "lamp", "0\n");
	done(s);
}

/* Its line is busy or gone: said, and exposure goes on without it. */
static void test_lamp_that_cannot_be_opened(void **state)
{
	const struct light_setup how = {
	    .limits = &limits, .lamp = "fake", .lines = {.folder = "/nowhere/at/all"}};
	struct light l;
	struct err e = {0};

	(void)state;
	assert_true(light_open(&l, &how, &e));
	assert_null(l.lamp);
	assert_true(l.watching);
	assert_string_equal(light_trouble(&l),
			    "IR lamp does not answer: reads at night will be missed");
	light_close(&l);
}

static void test_refusals(void **state)
{
	CLEANUP(folder_remove) struct folder f = folder_make();
	const struct board_exposure none = {0};
	struct light_setup how = {.limits = &limits, .lamp = "candle"};
	struct light l;
	struct err e = {0};

	(void)state;
	assert_false(light_open(&l, &how, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	light_close(&l);
	how.lamp = "fake";
	how.lines.folder = f.path;
	how.limits = &none;
	assert_false(light_open(&l, &how, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	light_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_controls_are_asked),
	    cmocka_unit_test(test_a_camera_found_late),
	    cmocka_unit_test(test_no_controls),
	    cmocka_unit_test(test_controls_that_fail),
	    cmocka_unit_test(test_lamp_that_does_not_light),
	    cmocka_unit_test(test_lamp_fault_input),
	    cmocka_unit_test(test_lamp_without_controls),
	    cmocka_unit_test(test_lamp_that_cannot_be_opened),
	    cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
