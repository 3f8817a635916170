/* SPDX-License-Identifier: Apache-2.0 */
/* Which camera is asked for a frame when, and when one is taken to be ill. */
#include "hal/camera_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

struct world {
	struct camera_pace p;
	struct camera_order orders[FRAME_CAMERAS * FRAME_BUFFERS];
	size_t n;
	int64_t now, next;
};

static void begin(struct world *w, enum camera_pacing pacing, int64_t period_ns, uint32_t buffers)
{
	*w = (struct world){.now = 1000 * MS};
	w->p.n = FRAME_CAMERAS;
	w->p.period_ns = period_ns;
	w->p.skew_ns = 8 * MS;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		w->p.lanes[i].running = true;
		w->p.lanes[i].pacing = pacing;
		w->p.lanes[i].n = buffers;
	}
}

static size_t orders(struct world *w)
{
	w->n = camera_pace_orders(&w->p, w->now, w->orders, &w->next);
	return w->n;
}

static bool came(struct world *w, size_t order)
{
	return camera_pace_came(&w->p, w->orders[order].camera, w->orders[order].buffer, true,
				w->now, w->now);
}

/* Every frame under way comes, is taken, and goes back. */
static void take_all(struct world *w)
{
	for (unsigned i = 0; i < w->p.n; i++)
		for (unsigned b = 0; b < w->p.lanes[i].n; b++)
			if (camera_pace_came(&w->p, i, b, true, w->now, w->now)) {
				camera_pace_lend(&w->p.lanes[i], b);
				assert_true(camera_pace_back(&w->p.lanes[i], b));
			}
}

static void test_step_is_one_instant_at_a_time(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_STEP, 0, 4);
	assert_int_equal(orders(&w), 2);
	assert_int_equal(w.orders[0].camera + w.orders[1].camera, 1);
	assert_int_equal(orders(&w), 0); /* both are under way */
	w.now += 5 * MS;
	take_all(&w);
	assert_int_equal(orders(&w), 0); /* within the skew of the last */
	assert_int_equal(w.next, w.now + 8 * MS + 1);
	w.now = w.next;
	assert_int_equal(orders(&w), 2);
	assert_int_equal(w.p.tick, 2);
}

static void test_step_waits_until_frames_are_taken(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_STEP, 0, 4);
	assert_int_equal(orders(&w), 2);
	assert_true(came(&w, 0));
	assert_true(came(&w, 1));
	w.now += 100 * MS;
	assert_int_equal(orders(&w), 0); /* they wait for whoever takes them */
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		for (unsigned b = 0; b < 4; b++)
			camera_pace_lend(&w.p.lanes[i], b);
	assert_int_equal(orders(&w), 2);
}

static void test_step_goes_on_without_one_under_repair(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_STEP, 0, 2);
	assert_int_equal(orders(&w), 2);
	assert_true(camera_pace_came(&w.p, 0, 0, true, w.now, w.now));
	camera_pace_lend(&w.p.lanes[0], 0);
	w.now += 100 * MS;
	assert_int_equal(orders(&w), 0); /* camera 1 may still come */
	w.p.lanes[1].running = false;
	camera_pace_reclaim(&w.p.lanes[1]);
	assert_int_equal(orders(&w), 1);
	assert_int_equal(w.orders[0].camera, 0);
	/* Started again, but nothing has come yet: asked, not waited for. */
	camera_watch_repaired(&w.p.lanes[1].watch, w.now, true);
	w.p.lanes[1].running = true;
	take_all(&w);
	camera_pace_back(&w.p.lanes[0], 0);
	w.now += 100 * MS;
	assert_int_equal(orders(&w), 2);
	assert_true(camera_pace_came(&w.p, 0, w.orders[0].buffer, true, w.now, w.now));
	camera_pace_lend(&w.p.lanes[0], w.orders[0].buffer);
	assert_true(camera_pace_back(&w.p.lanes[0], w.orders[0].buffer));
	w.now += 100 * MS;
	w.p.lanes[1].watch.repairs = 1;
	assert_int_equal(orders(&w), 1);
}

static void test_grid_keeps_its_rate(void **state)
{
	struct world w;
	unsigned asked = 0;

	(void)state;
	begin(&w, CAMERA_GRID, 33 * MS, 4);
	for (int64_t end = w.now + 330 * MS; w.now < end; w.now += MS) {
		asked += (unsigned)orders(&w);
		assert_true(w.next > w.now);
		take_all(&w);
	}
	assert_int_equal(asked, 20);
	assert_int_equal(w.p.tick, 10);
	assert_int_equal(w.p.lanes[0].missed, 0);
}

static void test_grid_counts_what_it_misses(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_GRID, 33 * MS, 1);
	assert_int_equal(orders(&w), 2);
	assert_true(came(&w, 0)); /* camera 0's only buffer is not taken */
	assert_true(came(&w, 1));
	camera_pace_lend(&w.p.lanes[1], 0);
	assert_true(camera_pace_back(&w.p.lanes[1], 0));
	w.now += 33 * MS;
	assert_int_equal(orders(&w), 1);
	assert_int_equal(w.orders[0].camera, 1);
	assert_int_equal(w.p.lanes[0].missed, 1);
	assert_int_equal(w.p.lanes[1].missed, 0);
	/* Nobody called for three periods: no burst, and the numbers say so. */
	take_all(&w);
	w.now += 33 * 4 * MS;
	assert_int_equal(orders(&w), 1);
	assert_int_equal(w.p.tick, 6);
	assert_int_equal(w.p.lanes[1].missed, 3);
	assert_int_equal(camera_pace_number(&w.p.lanes[1], 0, false, 0), 6);
}

static void test_grid_drops_what_comes_too_late(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_GRID, 33 * MS, 4);
	assert_int_equal(orders(&w), 2);
	w.now += 20 * MS;
	assert_true(came(&w, 0));
	w.now += 10 * MS; /* 3 ms before the next: within the skew of it */
	assert_false(came(&w, 1));
	assert_int_equal(w.p.lanes[1].late, 1);
	assert_int_equal(w.p.lanes[1].failed, 0);
	/* The sensor's stamp counts, not when its frame comes through. */
	w.now += 3 * MS;
	assert_int_equal(orders(&w), 2);
	w.now += 30 * MS;
	assert_true(camera_pace_came(&w.p, 1, w.orders[1].buffer, true, w.now - 29 * MS, w.now));
	/* A stamp from before it was asked for, or from the future, does not. */
	assert_false(camera_pace_came(&w.p, 0, w.orders[0].buffer, true, w.now + 5, w.now));
}

static void test_sensor_has_every_free_buffer(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_SENSOR, 33 * MS, 4);
	assert_int_equal(orders(&w), 8);
	assert_int_equal(orders(&w), 0);
	w.now += 500 * MS;
	assert_true(camera_pace_came(&w.p, 0, 2, true, w.now, w.now));
	assert_int_equal(orders(&w), 0); /* not yet taken */
	camera_pace_lend(&w.p.lanes[0], 2);
	assert_int_equal(orders(&w), 0); /* nor given back */
	assert_true(camera_pace_back(&w.p.lanes[0], 2));
	assert_int_equal(orders(&w), 1);
	assert_int_equal(w.orders[0].buffer, 2);
	assert_int_equal(w.p.lanes[0].late + w.p.lanes[0].missed, 0);
}

static void test_sensor_numbers(void **state)
{
	struct camera_lane l = {.pacing = CAMERA_SENSOR, .n = 1};

	(void)state;
	assert_int_equal(camera_pace_number(&l, 0, true, 100), 1);
	assert_int_equal(camera_pace_number(&l, 0, true, 101), 2);
	assert_int_equal(camera_pace_number(&l, 0, true, 104), 5); /* two were lost */
	assert_int_equal(camera_pace_number(&l, 0, true, 0), 6);   /* it began anew */
	assert_int_equal(camera_pace_number(&l, 0, false, 77), 7);
	assert_int_equal(camera_pace_number(&l, 0, true, 90), 8);
	assert_int_equal(camera_pace_number(&l, 0, true, UINT32_MAX), 9);
	assert_int_equal(camera_pace_number(&l, 0, true, 1), 11); /* the counter went round */
}

static void test_what_was_not_asked_for_is_ignored(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_GRID, 33 * MS, 4);
	assert_false(camera_pace_came(&w.p, 0, 0, true, w.now, w.now));
	assert_false(camera_pace_came(&w.p, 0, 99, true, w.now, w.now));
	assert_false(camera_pace_back(&w.p.lanes[0], 0));
	assert_false(camera_pace_back(&w.p.lanes[0], 99));
	assert_int_equal(orders(&w), 2);
	assert_true(came(&w, 0));
	assert_false(came(&w, 0)); /* twice */
	assert_false(camera_pace_back(&w.p.lanes[0], w.orders[0].buffer));
	/* One that is flushed by a stop is no failure of the camera. */
	w.p.lanes[1].running = false;
	assert_false(camera_pace_came(&w.p, 1, w.orders[1].buffer, false, 0, w.now));
	assert_int_equal(w.p.lanes[1].failed, 0);
}

static void test_a_refused_order(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_GRID, 33 * MS, 1);
	assert_int_equal(orders(&w), 2);
	assert_null(camera_pace_ill(&w.p.lanes[1], w.now));
	camera_pace_refused(&w.p, &w.orders[1]);
	assert_string_equal(camera_pace_ill(&w.p.lanes[1], w.now), "it takes no orders");
	assert_int_equal(w.p.lanes[1].failed, 1);
	assert_null(camera_pace_ill(&w.p.lanes[0], w.now));
}

static void test_a_hung_camera(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_SENSOR, 33 * MS, 2);
	assert_int_equal(orders(&w), 4);
	w.now += CAMERA_WATCH_HANG_NS - 1;
	assert_null(camera_pace_ill(&w.p.lanes[0], w.now));
	assert_true(camera_pace_came(&w.p, 0, 0, true, w.now, w.now));
	w.now++;
	assert_null(camera_pace_ill(&w.p.lanes[0], w.now));
	assert_string_equal(camera_pace_ill(&w.p.lanes[1], w.now),
			    "it hangs: no frame has come for seconds");
	/* One whose frames are all out is not waited for. */
	assert_true(camera_pace_came(&w.p, 0, 1, true, w.now, w.now));
	assert_null(camera_pace_ill(&w.p.lanes[0], w.now + 10 * CAMERA_WATCH_HANG_NS));
	w.p.lanes[1].running = false;
	assert_null(camera_pace_ill(&w.p.lanes[1], w.now)); /* that is its mender's now */
}

static void test_frames_without_pictures(void **state)
{
	struct world w;

	(void)state;
	begin(&w, CAMERA_GRID, 33 * MS, 1);
	for (unsigned i = 0; i < CAMERA_WATCH_BAD; i++) {
		assert_null(camera_pace_ill(&w.p.lanes[0], w.now));
		assert_true(orders(&w) >= 1);
		assert_false(camera_pace_came(&w.p, 0, 0, false, 0, w.now));
		w.now += 33 * MS;
	}
	assert_string_equal(camera_pace_ill(&w.p.lanes[0], w.now),
			    "its frames come without pictures");
	assert_int_equal(w.p.lanes[0].failed, CAMERA_WATCH_BAD);
}

static void test_remedies(void **state)
{
	struct camera_watch w = {0};
	int64_t now = 1000 * MS, pause = CAMERA_WATCH_PAUSE_NS;

	(void)state;
	assert_int_equal(camera_watch_remedy(&w, now), CAMERA_RESTART);
	camera_watch_repaired(&w, now, true);
	assert_false(camera_watch_ill(&w, now));
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(camera_watch_remedy(&w, now + pause - 1), CAMERA_LEAVE);
		now += pause;
		assert_int_equal(camera_watch_remedy(&w, now), CAMERA_REOPEN);
		camera_watch_repaired(&w, now, false);
		assert_true(camera_watch_ill(&w, now));
		pause = pause * 2 < CAMERA_WATCH_LONGEST ? pause * 2 : CAMERA_WATCH_LONGEST;
	}
	assert_int_equal(pause, CAMERA_WATCH_LONGEST);
	camera_watch_repaired(&w, now, true);
	camera_watch_frame(&w, now, false);
	assert_int_equal(camera_watch_remedy(&w, now), CAMERA_RESTART);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_step_is_one_instant_at_a_time),
	    cmocka_unit_test(test_step_waits_until_frames_are_taken),
	    cmocka_unit_test(test_step_goes_on_without_one_under_repair),
	    cmocka_unit_test(test_grid_keeps_its_rate),
	    cmocka_unit_test(test_grid_counts_what_it_misses),
	    cmocka_unit_test(test_grid_drops_what_comes_too_late),
	    cmocka_unit_test(test_sensor_has_every_free_buffer),
	    cmocka_unit_test(test_sensor_numbers),
	    cmocka_unit_test(test_what_was_not_asked_for_is_ignored),
	    cmocka_unit_test(test_a_refused_order),
	    cmocka_unit_test(test_a_hung_camera),
	    cmocka_unit_test(test_frames_without_pictures),
	    cmocka_unit_test(test_remedies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
