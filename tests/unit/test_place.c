/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at one place, with the real engines on made-up luma. */
#include "ocr/place.h"

#include "ocr/calibration.h"
#include "tests/unit/lattice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct engines *engines;
static uint8_t pixels[200 * 120];
static const struct image grey = {pixels, 200, 120, 200};
static const struct plate_quad box = {{40, 30, 160, 30, 160, 90, 40, 90}};

static int open_engines(void **state)
{
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i * 2654435761u >> 24);
	if (engines_open("ocr/models", 1, &engines, &e))
		return 0;
	print_error("%s\n", e.text);
	return -1;
}

static int close_engines(void **state)
{
	(void)state;
	engines_free(engines);
	return 0;
}

static void likely_rises_with_the_score(void **state)
{
	(void)state;
	for (float s = 0; s < 1.0f; s += 0.05f) {
		assert_true(place_likely(s) > 0 && place_likely(s) < 1);
		assert_true(place_likely(s + 0.05f) > place_likely(s));
	}
	assert_true(fabsf(place_likely(CALIBRATION_HALF) - 0.5f) < 1e-4f);
}

static void scaling_keeps_the_centre(void **state)
{
	struct place p = {.quad = box};
	const struct plate_quad twice = place_scaled(&box, 2, 1);
	const struct plate_quad wide = place_wider(&p), narrow = place_narrower(&p);
	const float expected[8] = {-20, 30, 220, 30, 220, 90, -20, 90};

	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_true(fabsf(twice.p[i] - expected[i]) < 1e-3f);
	assert_true(wide.p[0] < box.p[0] && wide.p[1] < box.p[1] && wide.p[4] > box.p[4]);
	assert_true(narrow.p[0] > box.p[0] && narrow.p[1] > box.p[1] && narrow.p[4] < box.p[4]);
}

static void looks_are_kept_until_it_is_full(void **state)
{
	struct place p = {.quad = box};
	struct err e = {0};

	(void)state;
	assert_true(place_look(engines, &grey, &p.quad, &p, &e));
	assert_int_equal(p.n, 1);
	assert_int_equal(p.seen[0].engine, PLATE_NETWORK);
	assert_true(place_second_opinion(engines, &grey, &p, &e));
	assert_int_equal(p.n, 2);
	assert_int_equal(p.seen[1].engine, PLATE_TESSERACT);
	for (size_t i = 0; i < 2 * PLACE_VIEWS; i++)
		assert_true(place_look(engines, &grey, &p.quad, &p, &e));
	assert_int_equal(p.n, PLACE_VIEWS);
	assert_true(place_second_opinion(engines, &grey, &p, &e));
	assert_int_equal(p.n, PLACE_VIEWS);
}

static void no_rectangle_adds_nothing(void **state)
{
	struct place p = {.quad = {{40, 90, 160, 90, 160, 30, 40, 30}}};
	struct err e = {0};

	(void)state;
	assert_true(place_look(engines, &grey, &p.quad, &p, &e));
	assert_true(place_second_opinion(engines, &grey, &p, &e));
	assert_int_equal(p.n, 0);
}

/* Three looks of one picture at the wrong text weigh no more than one of the other picture. */
static void a_picture_counts_once(void **state)
{
	struct place many = {.n = 3}, one = {.n = 1};
	struct place *both[] = {&many, &one};
	struct plate_read r;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		lattice_text(&many.seen[i], "KX7", 0.90f);
	lattice_text(&one.seen[0], "HX7", 0.95f);
	for (size_t i = 0; i < 3; i++)
		lattice_confuse(&many.seen[i], 0, 'H', 0.1f);
	lattice_confuse(&one.seen[0], 0, 'K', 0.02f);
	place_read(both, 2, &r);
	assert_string_equal(r.text, "HX7");
	assert_true(fabsf(many.seen[0].weight - 1.0f / 3) < 1e-6f && one.seen[0].weight == 1.0f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(likely_rises_with_the_score),
	    cmocka_unit_test(scaling_keeps_the_centre),
	    cmocka_unit_test(looks_are_kept_until_it_is_full),
	    cmocka_unit_test(no_rectangle_adds_nothing),
	    cmocka_unit_test(a_picture_counts_once),
	};

	return cmocka_run_group_tests(tests, open_engines, close_engines);
}
