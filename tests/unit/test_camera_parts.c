/* SPDX-License-Identifier: Apache-2.0 */
/* What the libcamera driver is made of, beside its pacing: ring, sensor's clock, exposure, truth.
 */
#include "hal/camera_expose.h"
#include "hal/camera_truth.h"
#include "hal/frame_ring.h"
#include "hal/sensor_clock.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static bool readable(const struct frame_ring *r)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void test_ring_keeps_order(void **state)
{
	struct frame_ring r;
	struct frame f = {0};
	struct err e = {0};

	(void)state;
	assert_true(frame_ring_new(&r, &e));
	assert_false(readable(&r));
	assert_false(frame_ring_pop(&r, &f));
	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < FRAME_RING_MOST; i++) {
			f.sequence = round * 100 + i;
			assert_true(frame_ring_push(&r, &f));
			assert_true(readable(&r));
		}
		assert_false(frame_ring_push(&r, &f)); /* full: nothing is overwritten */
		for (uint32_t i = 0; i < FRAME_RING_MOST; i++) {
			assert_true(readable(&r));
			assert_true(frame_ring_pop(&r, &f));
			assert_int_equal(f.sequence, round * 100 + i);
		}
		assert_false(readable(&r));
	}
	frame_ring_free(&r);
	assert_int_equal(r.fd, -1);
}

#define MANY 20000u

static void *pusher(void *arg)
{
	for (uint32_t i = 0; i < MANY;) {
		struct frame f = {.sequence = i};

		i += frame_ring_push(arg, &f);
	}
	return NULL;
}

static void test_ring_between_threads(void **state)
{
	struct frame_ring r;
	struct err e = {0};
	struct frame f;
	pthread_t t;

	(void)state;
	assert_true(frame_ring_new(&r, &e));
	assert_int_equal(pthread_create(&t, NULL, pusher, &r), 0);
	for (uint32_t i = 0; i < MANY;) {
		struct pollfd p = {.fd = r.fd, .events = POLLIN};

		assert_int_equal(poll(&p, 1, 10000), 1); /* no frame is without its wake */
		while (frame_ring_pop(&r, &f))
			assert_int_equal(f.sequence, i++);
	}
	(void)pthread_join(t, NULL);
	frame_ring_free(&r);
}

static void test_clock_knows_which_it_is(void **state)
{
	struct sensor_reading now = {.mono = 1000 * S, .boot = 5000 * S, .utc = 9000000 * S};
	struct sensor_clock c = {0};

	(void)state;
	assert_int_equal(sensor_clock_utc(&c, 999 * S, &now), 8999999 * S);
	assert_int_equal(sensor_clock_utc(&c, 4999 * S, &now), 8999999 * S);
	assert_int_equal(sensor_clock_utc(&c, 0, &now), 9000000 * S);	     /* none given */
	assert_int_equal(sensor_clock_utc(&c, -5, &now), 9000000 * S);	     /* nonsense */
	assert_int_equal(sensor_clock_utc(&c, 980 * S, &now), 9000000 * S);  /* of no clock here */
	assert_int_equal(sensor_clock_utc(&c, 1002 * S, &now), 9000000 * S); /* the future */
	assert_int_equal(sensor_clock_utc(&c, INT64_MAX, &now), 9000000 * S);
}

static void test_clock_steps_and_does_not_jitter(void **state)
{
	struct sensor_reading now = {.mono = 1000 * S, .boot = 1000 * S, .utc = 9000 * S};
	struct sensor_clock c = {0};

	(void)state;
	assert_int_equal(sensor_clock_utc(&c, 1000 * S, &now), 9000 * S);
	now.utc += 150000; /* a reader that slept between two clocks, or a slow drift */
	assert_int_equal(sensor_clock_utc(&c, 1000 * S, &now), 9000 * S);
	now.utc += 150000; /* more than is put up with */
	assert_int_equal(sensor_clock_utc(&c, 1000 * S, &now), 9000 * S + 300000);
	now.utc += MS;
	now.doubt = 2 * MS; /* it cannot be told whether the clock was set */
	assert_int_equal(sensor_clock_utc(&c, 1000 * S, &now), 9000 * S + 300000);
	now.utc -= 3600 * S; /* it was set back */
	assert_int_equal(sensor_clock_utc(&c, 1000 * S, &now), now.utc);
}

static void test_clock_is_read_close_together(void **state)
{
	struct sensor_reading a, b;

	(void)state;
	sensor_clock_read(&a);
	sensor_clock_read(&b);
	assert_true(a.doubt >= 0 && a.doubt < S);
	assert_true(b.mono >= a.mono && b.boot >= b.mono && b.utc > 1600000000 * S);
}

static const struct camera_limits sensor = {.automatic = true,
					    .exposure_min = 20,
					    .exposure_max = 30000,
					    .gain_min = 1.0f,
					    .gain_max = 8.0f,
					    .frame_min = 16000,
					    .frame_max = 100000};

static void test_exposure_within_limits(void **state)
{
	struct camera_control want = {.exposure_us = 500, .gain = 4.0f};
	struct camera_exposure x;

	(void)state;
	assert_true(camera_expose(&sensor, &want, &x));
	assert_int_equal(x.exposure_us, 500);
	assert_true(x.gain == 4.0f && x.automatic_off && x.frame_us == 0);
	want = (struct camera_control){.exposure_us = 1, .gain = 100.0f, .frame_us = 1};
	assert_true(camera_expose(&sensor, &want, &x));
	assert_int_equal(x.exposure_us, 20);
	assert_int_equal(x.frame_us, 16000);
	assert_true(x.gain == 8.0f);
	want = (struct camera_control){
	    .exposure_us = UINT32_MAX, .gain = 0.5f, .frame_us = UINT32_MAX};
	assert_true(camera_expose(&sensor, &want, &x));
	assert_int_equal(x.exposure_us, 30000);
	assert_int_equal(x.frame_us, 100000);
	assert_true(x.gain == 1.0f);
	want = (struct camera_control){.exposure_us = 25000, .frame_us = 20000};
	assert_true(camera_expose(&sensor, &want, &x));
	assert_int_equal(x.exposure_us, 20000); /* it would outlast its frame */
}

static void test_exposure_of_a_camera_that_has_less(void **state)
{
	const struct camera_control all = {500, 4.0f, 33333}, none = {0};
	struct camera_limits has = {0};
	struct camera_exposure x;

	(void)state;
	assert_false(camera_expose(&has, &all, &x));
	assert_false(camera_expose(&sensor, &none, &x));
	assert_false(x.automatic_off);
	has.frame_min = 10000;
	has.frame_max = 50000;
	has.automatic = true;
	assert_true(camera_expose(&has, &all, &x));
	assert_int_equal(x.frame_us, 33333);
	assert_true(x.exposure_us == 0 && x.gain == 0 && !x.automatic_off);
	has = (struct camera_limits){.gain_min = 1.0f, .gain_max = 2.0f};
	assert_true(camera_expose(&has, &all, &x));
	assert_true(x.gain == 2.0f && x.exposure_us == 0);
}

static void test_truth_lines(void **state)
{
	const struct frame frame = {.camera = 1, .sequence = 7, .capture_ns = 1700000000 * S};
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	camera_truth_frame(NULL, &frame); /* none is wanted */
	camera_truth_frame(f, &frame);
	(void)fclose(f);
	assert_string_equal(text,
			    "{\"camera\":1,\"sequence\":7,\"capture_ns\":1700000000000000000}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ring_keeps_order),
	    cmocka_unit_test(test_ring_between_threads),
	    cmocka_unit_test(test_clock_knows_which_it_is),
	    cmocka_unit_test(test_clock_steps_and_does_not_jitter),
	    cmocka_unit_test(test_clock_is_read_close_together),
	    cmocka_unit_test(test_exposure_within_limits),
	    cmocka_unit_test(test_exposure_of_a_camera_that_has_less),
	    cmocka_unit_test(test_truth_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
