/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/trigger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define W    640u
#define H    360u
#define MS   INT64_C(1000000)
#define STEP 100 /* ms a picture */

struct scene {
	struct trigger *t;
	uint8_t px[W * H];
	uint32_t random;
	int64_t now_ms;
	unsigned opened, looked;
	float gain;
	int lamp;	  /* levels added to the right half: no gain explains that */
	int drops;	  /* rain streaks a picture */
	int car_x, car_w; /* car_w 0: none */
};

static int noise(struct scene *s)
{
	s->random = s->random * 1664525u + 1013904223u;
	return (int)(s->random >> 29) - 3;
}

static void begin(struct scene *s)
{
	struct err e;

	memset(s, 0, sizeof *s);
	s->gain = 1.0f;
	s->random = 1;
	s->now_ms = 1000;
	assert_true(trigger_new(W, H, &s->t, &e));
}

static void draw(struct scene *s)
{
	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++) {
			int v = (int)(s->gain *
				      (float)(70 + (int)(x / 7 % 5) * 12 + (int)(y / 9 % 4) * 10)) +
				noise(s);

			if (s->car_w && y > 150 && y < 260 && (int)x >= s->car_x &&
			    (int)x < s->car_x + s->car_w)
				v = (x / 20) % 2 ? 200 : 30;
			v += x > W / 2 ? s->lamp : 0;
			s->px[y * W + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	for (int i = 0; i < s->drops; i++) {
		unsigned x, y;

		s->random = s->random * 1664525u + 1013904223u;
		x = (s->random >> 8) % W;
		y = (s->random >> 18) % (H - 40);
		for (unsigned k = 0; k < 40; k++)
			s->px[(y + k) * W + x] = 220;
	}
}

/* Let n pictures pass; returns in how many the trigger was open. */
static unsigned look(struct scene *s, unsigned n)
{
	unsigned open = 0;

	while (n--) {
		const struct image img = {s->px, W, H, W};

		draw(s);
		open += trigger_look(s->t, &img, s->now_ms * MS);
		s->now_ms += STEP;
	}
	return open;
}

static void test_empty_road(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	assert_int_equal(look(&s, 300), 0);
	assert_true(trigger_activity(s.t) < 0.01f);
	trigger_free(s.t);
}

static void test_vehicle(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	look(&s, 20);
	s.car_w = 120;
	for (int i = 0; i < 10; i++) {
		s.car_x = i * 50;
		assert_int_equal(look(&s, 1), 1);
	}
	s.car_w = 0;
	look(&s, 5); /* held for a moment */
	assert_int_equal(look(&s, 50), 0);
	s.car_w = 12; /* a bird */
	for (int i = 0; i < 10; i++) {
		s.car_x = i * 50;
		look(&s, 1);
	}
	trigger_free(s.t);
}

static void test_too_small(void **state)
{
	static struct scene s;
	unsigned open = 0;

	(void)state;
	begin(&s);
	look(&s, 20);
	s.drops = 1;
	for (int i = 0; i < 50; i++)
		open += look(&s, 1);
	assert_int_equal(open, 0);
	trigger_free(s.t);
}

static void test_parked_car_is_absorbed_and_missed(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	look(&s, 20);
	s.car_w = 120;
	s.car_x = 200;
	assert_int_equal(look(&s, 10), 10);
	look(&s, 40);
	assert_int_equal(look(&s, 100), 0);
	s.car_w = 0; /* it has driven away: the road behind it is news */
	assert_true(look(&s, 10) > 5);
	look(&s, 40);
	assert_int_equal(look(&s, 100), 0);
	trigger_free(s.t);
}

static void test_light(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	look(&s, 20);
	for (int i = 0; i < 100; i++) { /* a cloud: over ten seconds, and back */
		s.gain = 1.0f + 0.004f * (float)(i < 50 ? i : 100 - i);
		assert_int_equal(look(&s, 1), 0);
	}
	s.gain = 1.3f; /* automatic exposure jumps */
	look(&s, 45);
	assert_int_equal(look(&s, 50), 0);
	s.lamp = 60; /* a lamp goes on: open for a while, then absorbed */
	assert_true(look(&s, 2) > 0);
	look(&s, 50);
	assert_int_equal(look(&s, 100), 0);
	trigger_free(s.t);
}

static void test_rain(void **state)
{
	static struct scene s;
	unsigned open;

	(void)state;
	begin(&s);
	look(&s, 20);
	s.drops = 60;
	look(&s, 100);
	open = look(&s, 300);
	assert_true(open < 30);
	s.car_w = 120; /* and a vehicle is still seen through it */
	for (int i = 0; i < 10; i++) {
		s.car_x = i * 50;
		open += look(&s, 1);
	}
	assert_true(open >= 10);
	trigger_free(s.t);
}

static void test_odd_calls(void **state)
{
	static struct scene s;
	const struct image small = {s.px, 64, 64, 64}, img = {s.px, W, H, W};
	struct trigger *t = NULL;
	struct err e = {0};

	(void)state;
	assert_false(trigger_new(32, 360, &t, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	begin(&s);
	look(&s, 10);
	assert_true(
	    trigger_look(s.t, &small, s.now_ms * MS)); /* not of its size: better once too often */
	s.car_w = 120;
	assert_int_equal(look(&s, 1), 1);
	s.car_w = 0;
	draw(&s);
	assert_false(
	    trigger_look(s.t, &img, 5 * MS)); /* the clock was set back: not open for ever */
	trigger_free(s.t);
	trigger_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_empty_road),
	    cmocka_unit_test(test_vehicle),
	    cmocka_unit_test(test_too_small),
	    cmocka_unit_test(test_parked_car_is_absorbed_and_missed),
	    cmocka_unit_test(test_light),
	    cmocka_unit_test(test_rain),
	    cmocka_unit_test(test_odd_calls),
	};

	return cmocka_run_group_tests_name("trigger", tests, NULL, NULL);
}
