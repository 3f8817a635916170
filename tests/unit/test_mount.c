/* SPDX-License-Identifier: Apache-2.0 */
#include "board/mount/plot.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DEGREE			  0.017453292519943295
/* cmocka's own compares floats. */
#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))

/* A pole beside a lane. */
static const struct mount pole = {.focal = 16e-3,
				  .f_number = 2.8,
				  .pixel = 3.45e-6,
				  .width = 1456,
				  .height = 1088,
				  .above = 5,
				  .offset = 3,
				  .aim = 15,
				  .lane = 3.6,
				  .plate_width = 0.3048,
				  .plate_height = 0.1524,
				  .plate_above = 0.7,
				  .speed = 60 / 3.6,
				  .exposure = 500e-6,
				  .rate = 30,
				  .least_px = 75,
				  .most_angle = 30 * DEGREE,
				  .most_smear = 2};

/* The camera looks along the road, in the middle of the lane, as high as the plate. */
static struct mount straight(void)
{
	struct mount m = pole;

	m.above = m.plate_above;
	m.offset = 0;
	return m;
}

static void a_plate_straight_ahead_is_similar_triangles(void **state)
{
	struct mount m = straight();
	struct mount_plate p;

	(void)state;
	mount_plate(&m, 10, 0, &p);
	assert_true(p.in_front && p.whole);
	assert_near(p.width, 16e-3 * 0.3048 / 10 / 3.45e-6, 1e-3);
	assert_near(p.height, p.width / 2, 1e-3);
	assert_near(p.u, 728, 1e-6);
	assert_near(p.v, 544, 1e-6);
	assert_near(p.angle, 0, 1e-6);
	assert_near(p.smear, 0, 1e-6); /* it comes along the axis */
	assert_near(mount_frame_width(&m, 10), 1456 * 3.45e-6 / 16e-3 * 10, 1e-6);
	mount_plate(&m, -10, 0, &p);
	assert_false(p.in_front);
	assert_true(mount_frame_width(&m, -10) == 0);
}

static void a_plate_aside_is_foreshortened(void **state)
{
	struct mount_plate p;
	double yaw, pitch, range = sqrt(15 * 15 + 3 * 3 + 4.3 * 4.3);

	(void)state;
	mount_aim(&pole, &yaw, &pitch);
	assert_near(yaw, atan2(3, 15), 1e-9);
	assert_near(pitch, asin(4.3 / range), 1e-9);
	mount_plate(&pole, 15, 0, &p);
	assert_near(p.u, 728, 1e-6); /* it is what the camera is aimed at */
	assert_near(p.v, 544, 1e-6);
	assert_near(p.range, range, 1e-9);
	assert_near(p.depth, range, 1e-9);
	assert_near(p.angle, acos(15 / range), 1e-9);
	/* The plate is small against the distance: its shadow on the plane of the sensor. */
	assert_near(p.width,
		    16e-3 / 3.45e-6 * 0.3048 * sqrt(1 - pow(cos(pitch) * sin(yaw), 2)) / range,
		    0.1);
	assert_near(p.height, 16e-3 / 3.45e-6 * 0.1524 * cos(pitch) / range, 0.1);
}

static void the_image_moves_as_the_plate_does(void **state)
{
	(void)state;
	for (double along = 8; along < 30; along += 3.3) {
		for (double across = -1.6; across < 2; across += 0.8) {
			struct mount_plate before, now, after;
			double step = 1e-5;

			mount_plate(&pole, along - step, across, &before);
			mount_plate(&pole, along, across, &now);
			mount_plate(&pole, along + step, across, &after);
			assert_near(now.smear,
				    pole.speed * hypot(after.u - before.u, after.v - before.v) /
					(2 * step),
				    0.01);
		}
	}
}

static void the_view_is_the_sensor_seen_from_the_lens(void **state)
{
	double horizontal, vertical;

	(void)state;
	mount_view(&pole, &horizontal, &vertical);
	assert_near(tan(horizontal / 2), 1456 * 3.45e-6 / 2 / 16e-3, 1e-9);
	assert_near(tan(vertical / 2), 1088 * 3.45e-6 / 2 / 16e-3, 1e-9);
}

static void the_zone_ends_where_a_plate_no_longer_fits(void **state)
{
	struct mount_zone z;
	double worst = 0;

	(void)state;
	mount_zone(&pole, &z);
	assert_true(z.any);
	assert_true(z.near < 15 && z.far > 15);
	assert_int_equal(mount_limit_at(&pole, z.near), MOUNT_FITS);
	assert_int_equal(mount_limit_at(&pole, z.far), MOUNT_FITS);
	assert_int_equal(mount_limit_at(&pole, z.near - 0.011), MOUNT_OUT_OF_FRAME);
	assert_int_equal(mount_limit_at(&pole, z.far + 0.011), MOUNT_TOO_SMALL);
	assert_int_equal(z.near_limit, MOUNT_OUT_OF_FRAME);
	assert_int_equal(z.far_limit, MOUNT_TOO_SMALL);
	assert_near(z.seconds, (z.far - z.near) / pole.speed, 1e-9);
	assert_int_equal(z.pairs, (long)floor(z.seconds * 30));
	for (double along = z.near; along <= z.far; along += 0.1) {
		struct mount_plate p;

		mount_plate(&pole, along, 0, &p);
		worst = fmax(worst, p.smear);
	}
	assert_true(worst * z.exposure <= 2);
	assert_true(worst * z.exposure > 1.5); /* the edges of the lane are not much worse */
}

static void each_limit_can_end_it(void **state)
{
	struct mount oblique = pole, small = pole, aside = pole, endless = straight();
	struct mount_zone z;

	(void)state;
	oblique.aim = 6;
	oblique.lane = 1.6;
	oblique.most_angle = 20 * DEGREE;
	mount_zone(&oblique, &z);
	assert_false(z.any);
	assert_int_equal(z.near_limit, MOUNT_TOO_OBLIQUE);
	small.least_px = 200;
	mount_zone(&small, &z);
	assert_int_equal(z.near_limit, MOUNT_TOO_SMALL);
	aside.lane = 8;
	mount_zone(&aside, &z);
	assert_int_equal(z.near_limit, MOUNT_OUT_OF_FRAME);
	endless.focal = 0.3;
	endless.lane = 1.5;
	endless.aim = 120;
	endless.least_px = 10;
	mount_zone(&endless, &z);
	assert_true(z.any);
	assert_int_equal(z.far_limit, MOUNT_FARTHEST);
	assert_true(isinf(z.exposure) || z.exposure > 0);
	for (int l = MOUNT_FITS; l <= MOUNT_FARTHEST; l++)
		assert_string_not_equal(mount_limit_words((enum mount_limit)l), "?");
}

/* The disc that a point at `d` makes on the sensor of a lens focused at `s`, by the lens equation.
 */
static double disc(const struct mount *m, double s, double d)
{
	double screen = 1 / (1 / m->focal - 1 / s), image = 1 / (1 / m->focal - 1 / d);

	return m->focal / m->f_number * fabs(screen - image) / image;
}

static void focus_ends_where_a_point_fills_a_pixel(void **state)
{
	struct mount m = pole;
	struct mount_focus f;
	struct mount_plate p;

	(void)state;
	mount_plate(&m, m.aim, 0, &p);
	mount_focus(&m, &f);
	assert_true(f.near < p.depth && f.far > p.depth);
	assert_near(disc(&m, p.depth, f.near) / m.pixel, 1, 1e-6);
	assert_near(disc(&m, p.depth, f.far) / m.pixel, 1, 1e-6);
	m.f_number = 16;
	mount_focus(&m, &f);
	assert_true(isinf(f.far));
	assert_near(disc(&m, p.depth, f.near) / m.pixel, 1, 1e-6);
}

static void slack_is_the_view_less_the_lane(void **state)
{
	struct mount m = straight(), wide = pole;
	double horizontal, vertical;
	struct mount_slack s;

	(void)state;
	mount_view(&m, &horizontal, &vertical);
	mount_slack(&m, &s);
	assert_near(s.towards, s.away, 0.0011);
	assert_near(s.up, s.down, 0.0011);
	assert_near(s.towards, horizontal / 2 - atan(1.8 / 15), 0.01);
	wide.lane = 8;
	mount_slack(&wide, &s);
	assert_true(s.towards == 0 && s.away == 0 && s.up == 0 && s.down == 0);
}

static void nonsense_is_refused(void **state)
{
	static const double nonsense[] = {NAN, INFINITY, -INFINITY, 1e9, -1e9};
	static const size_t fields[] = {
	    offsetof(struct mount, focal),	  offsetof(struct mount, f_number),
	    offsetof(struct mount, pixel),	  offsetof(struct mount, width),
	    offsetof(struct mount, height),	  offsetof(struct mount, above),
	    offsetof(struct mount, offset),	  offsetof(struct mount, aim),
	    offsetof(struct mount, lane),	  offsetof(struct mount, plate_width),
	    offsetof(struct mount, plate_height), offsetof(struct mount, plate_above),
	    offsetof(struct mount, speed),	  offsetof(struct mount, exposure),
	    offsetof(struct mount, rate),	  offsetof(struct mount, least_px),
	    offsetof(struct mount, most_angle),	  offsetof(struct mount, most_smear),
	};
	struct mount m = pole;
	struct err e = {0};

	(void)state;
	assert_true(mount_check(&m, &e));
	assert_int_equal(sizeof m, sizeof fields / sizeof fields[0] * sizeof(double));
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		for (size_t k = 0; k < sizeof nonsense / sizeof nonsense[0]; k++) {
			m = pole;
			memcpy((char *)&m + fields[i], &nonsense[k], sizeof nonsense[k]);
			assert_false(mount_check(&m, &e));
			assert_int_equal(e.code, ERR_ARGUMENT);
			assert_non_null(strstr(e.text, "is not within"));
		}
	}
	m = pole;
	m.exposure = 0.04;
	assert_false(mount_check(&m, &e));
	assert_non_null(strstr(e.text, "longer than a frame"));
	m = pole;
	m.plate_width = 1;
	m.lane = 1.5;
	assert_true(mount_check(&m, &e));
}

/* The ends of a range belong to it, in the unit that people write. */
static void the_ends_are_allowed(void **state)
{
	struct mount m = pole;
	struct err e = {0};

	(void)state;
	m.focal = 500 * 1e-3;
	m.pixel = 0.5 * 1e-6;
	m.speed = 300 * (1 / 3.6);
	m.most_angle = 80 * DEGREE;
	m.offset = -50;
	assert_true(mount_check(&m, &e));
	m.focal = 1 * 1e-3;
	m.exposure = 1 * 1e-6;
	m.offset = 50;
	assert_true(mount_check(&m, &e));
}

static void a_picture_that_cannot_be_written_is_an_error(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(plot_write(&pole, 6, 24, "/nonexistent/pole.svg", &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_false(plot_write(&pole, 6, 24, "/dev/full", &e));
	assert_int_equal(e.code, ERR_NO_SPACE);
	assert_true(plot_write(&pole, 6, 24, "/dev/null", &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plate_straight_ahead_is_similar_triangles),
	    cmocka_unit_test(a_plate_aside_is_foreshortened),
	    cmocka_unit_test(the_image_moves_as_the_plate_does),
	    cmocka_unit_test(the_view_is_the_sensor_seen_from_the_lens),
	    cmocka_unit_test(the_zone_ends_where_a_plate_no_longer_fits),
	    cmocka_unit_test(each_limit_can_end_it),
	    cmocka_unit_test(focus_ends_where_a_point_fills_a_pixel),
	    cmocka_unit_test(slack_is_the_view_less_the_lane),
	    cmocka_unit_test(nonsense_is_refused),
	    cmocka_unit_test(the_ends_are_allowed),
	    cmocka_unit_test(a_picture_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
