/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/pairing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static const bool both[FRAME_CAMERAS] = {true, true};

struct street {
	struct pairing p;
	struct pairing_result r;
	int64_t pairs, single, dropped;
};

static void begin(struct street *s, const bool present[FRAME_CAMERAS])
{
	*s = (struct street){0};
	pairing_init(&s->p, 8 * MS, present);
}

/* A frame exposed at ms that arrives at once. */
static void add(struct street *s, uint8_t camera, int64_t ms)
{
	struct frame f = {.camera = camera, .capture_ns = 1000000 * MS + ms * MS};

	pairing_add(&s->p, &f, &s->r);
	s->dropped += (int64_t)s->r.n_dropped;
	s->pairs += s->r.pair && s->r.present[0] && s->r.present[1];
	s->single += s->r.pair && !(s->r.present[0] && s->r.present[1]);
	if (s->r.pair && s->r.present[0] && s->r.present[1]) {
		int64_t apart = s->r.frames[0].capture_ns - s->r.frames[1].capture_ns;

		assert_true(apart <= 8 * MS && apart >= -8 * MS);
		assert_int_equal(s->r.frames[0].camera, 0);
		assert_int_equal(s->r.frames[1].camera, 1);
	}
}

static void test_pairs_within_skew(void **state)
{
	struct street s;

	(void)state;
	begin(&s, both);
	for (int i = 0; i < 100; i++) {
		add(&s, 0, i * 33);
		add(&s, 1, i * 33 + i % 9);
	}
	assert_int_equal(s.pairs, 100);
	assert_int_equal(s.dropped, 0);
	assert_false(pairing_degraded(&s.p));
}

static void test_late_camera(void **state)
{
	struct street s;

	(void)state;
	begin(&s, both);
	/* Camera 1 delivers one frame period behind camera 0. */
	add(&s, 0, 0);
	for (int i = 1; i < 50; i++) {
		add(&s, 0, i * 33);
		add(&s, 1, (i - 1) * 33);
	}
	assert_int_equal(s.pairs, 49);
	assert_int_equal(s.dropped, 0);
}

static void test_unpaired_dropped(void **state)
{
	struct street s;

	(void)state;
	begin(&s, both);
	for (int i = 0; i < 100; i++) {
		add(&s, 0, i * 33);
		if (i % 3)
			add(&s, 1, i * 33 + 2);
	}
	assert_int_equal(s.pairs, 66);
	assert_int_equal(s.p.unpaired, s.dropped);
	assert_in_range(s.dropped, 33, 34);
	begin(&s, both);
	for (int i = 0; i < 100; i++) { /* out of step: never within the skew */
		add(&s, 0, i * 33);
		add(&s, 1, i * 33 + 16);
	}
	assert_int_equal(s.pairs, 0);
	assert_int_equal(s.single, 0);
	assert_true(s.dropped >= 196);
}

static void test_dead_camera_and_recovery(void **state)
{
	struct street s;
	int i = 0;

	(void)state;
	begin(&s, both);
	for (; i < 30; i++) {
		add(&s, 0, i * 100);
		add(&s, 1, i * 100);
	}
	assert_int_equal(s.pairs, 30);
	for (; i < 60; i++)
		add(&s, 0, i * 100);
	assert_true(pairing_degraded(&s.p));
	assert_in_range(s.single, 19,
			21); /* after the time-out every frame is a pair of one angle */
	assert_int_equal(s.single + s.dropped, 30);
	for (; i < 90; i++) {
		add(&s, 1, i * 100);
		add(&s, 0, i * 100);
	}
	assert_false(pairing_degraded(&s.p));
	assert_int_equal(s.pairs, 60);
}

static void test_slow_cameras_are_not_dead(void **state)
{
	struct street s;

	(void)state;
	begin(&s, both);
	for (int i = 0; i < 20; i++) { /* a frame every five seconds */
		add(&s, 0, i * 5000);
		add(&s, 1, i * 5000 + 3);
	}
	assert_int_equal(s.pairs, 20);
	assert_int_equal(s.single, 0);
}

static void test_one_camera_box(void **state)
{
	static const bool only[FRAME_CAMERAS] = {true, false};
	struct street s;

	(void)state;
	begin(&s, only);
	for (int i = 0; i < 10; i++)
		add(&s, 0, i * 33);
	assert_int_equal(s.single, 10);
	assert_int_equal(s.dropped, 0);
	assert_true(pairing_degraded(&s.p));
}

static void test_clock_set_back(void **state)
{
	struct street s;

	(void)state;
	begin(&s, both);
	add(&s, 0, 500000);
	add(&s, 1, 499900);
	for (int i = 0; i < 20; i++) {
		add(&s, 0, 100 + i * 33);
		add(&s, 1, 100 + i * 33);
	}
	assert_in_range(s.pairs, 18, 20);
}

static void test_camera_found_late(void **state)
{
	static const bool first_alone[FRAME_CAMERAS] = {true, false};
	struct street s;

	(void)state;
	begin(&s, first_alone);
	for (int i = 0; i < 10; i++)
		add(&s, 0, i * 33);
	assert_int_equal(s.single, 10);
	assert_true(pairing_degraded(&s.p));
	pairing_present(&s.p, 1);
	for (int i = 10; i < 20; i++) {
		add(&s, 1, i * 33);
		add(&s, 0, i * 33 + 2);
	}
	assert_int_equal(s.single, 10);
	assert_int_equal(s.pairs, 10);
	assert_false(pairing_degraded(&s.p));
}

static void test_flush_gives_everything_back(void **state)
{
	struct street s;

	(void)state;
	begin(&s, both);
	add(&s, 0, 0);
	add(&s, 0, 33);
	pairing_flush(&s.p, &s.r);
	assert_int_equal(s.r.n_dropped, 2);
	assert_false(s.r.pair);
	pairing_flush(&s.p, &s.r);
	assert_int_equal(s.r.n_dropped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pairs_within_skew),
	    cmocka_unit_test(test_late_camera),
	    cmocka_unit_test(test_unpaired_dropped),
	    cmocka_unit_test(test_dead_camera_and_recovery),
	    cmocka_unit_test(test_slow_cameras_are_not_dead),
	    cmocka_unit_test(test_one_camera_box),
	    cmocka_unit_test(test_clock_set_back),
	    cmocka_unit_test(test_camera_found_late),
	    cmocka_unit_test(test_flush_gives_everything_back),
	};

	return cmocka_run_group_tests_name("pairing", tests, NULL, NULL);
}
