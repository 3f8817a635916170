/* SPDX-License-Identifier: Apache-2.0 */
/* The localiser with its real model, on pictures that hold no plate and on sizes nobody should
 * send. */
#include "ocr/localise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST 8u

static struct localiser *l;

static int open_model(void **state)
{
	struct err e = {0};

	(void)state;
	if (!localiser_open("ocr/models", 1, &l, &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	return 0;
}

static int close_model(void **state)
{
	(void)state;
	localiser_free(l);
	return 0;
}

static size_t found(uint32_t w, uint32_t h, uint32_t stride, const uint8_t *data)
{
	struct image img = {data, w, h, stride};
	struct plate_box out[MOST];
	struct err e = {0};
	size_t n = 99;

	assert_true(localise(l, &img, out, MOST, &n, &e));
	assert_true(n <= MOST);
	for (size_t i = 0; i < n; i++) {
		assert_true(out[i].score > 0.0f && out[i].score <= 1.0f);
		for (size_t k = 0; k < 8; k++)
			assert_true(isfinite(out[i].quad.p[k]));
	}
	return n;
}

static void blank_holds_no_plate(void **state)
{
	static uint8_t pixels[1280 * 720];

	(void)state;
	for (int level = 0; level <= 255; level += 51) {
		memset(pixels, level, sizeof pixels);
		assert_int_equal(found(1280, 720, 1280, pixels), 0);
	}
}

static void noise_holds_no_plate(void **state)
{
	static uint8_t pixels[1280 * 720];
	uint32_t x = 12345;

	(void)state;
	for (size_t i = 0; i < sizeof pixels; i++) {
		x = x * 1664525u + 1013904223u;
		pixels[i] = (uint8_t)(x >> 24);
	}
	assert_int_equal(found(1280, 720, 1280, pixels), 0);
}

static void odd_sizes_are_taken(void **state)
{
	static const uint32_t sizes[][2] = {{16, 16},	  {17, 31},    {100, 50},   {33, 640},
					    {641, 359},	  {1281, 719}, {16384, 16}, {16, 16384},
					    {4000, 3000}, {1700, 20},  {2560, 1440}};
	uint8_t *pixels = calloc(4000, 3000);

	(void)state;
	assert_non_null(pixels);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		(void)found(sizes[i][0], sizes[i][1], sizes[i][0], pixels);
	free(pixels);
}

static void sizes_out_of_range_are_refused(void **state)
{
	static const uint32_t sizes[][2] = {{1, 1},
					    {0, 0},
					    {15, 400},
					    {400, 15},
					    {16385, 16},
					    {16, 16385},
					    {UINT32_MAX, UINT32_MAX}};
	static const uint8_t pixel;

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct image img = {&pixel, sizes[i][0], sizes[i][1], sizes[i][0]};
		struct plate_box out[1];
		struct err e = {0};
		size_t n = 99;
		assert_false(localise(l, &img, out, 1, &n, &e));
		assert_int_equal(e.code, ERR_LIMIT);
		assert_int_equal(n, 0);
	}
}

static void stride_less_than_width_is_refused(void **state)
{
	static const uint8_t pixels[32 * 32];
	struct image img = {pixels, 32, 32, 31};
	struct plate_box out[1];
	struct err e = {0};
	size_t n;

	(void)state;
	assert_false(localise(l, &img, out, 1, &n, &e));
	assert_int_equal(e.code, ERR_LIMIT);
}

static void the_same_twice_is_the_same(void **state)
{
	static uint8_t pixels[640 * 480];
	struct image img = {pixels, 640, 480, 640};
	struct plate_box a[MOST], b[MOST];
	struct err e = {0};
	size_t na, nb;

	(void)state;
	memset(a, 0, sizeof a);
	memset(b, 0, sizeof b);
	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)((i / 640 / 7 + i % 640 / 5) % 2 ? 230 : 20);
	assert_true(localise(l, &img, a, MOST, &na, &e));
	(void)found(100, 50, 100, pixels); /* another size in between */
	assert_true(localise(l, &img, b, MOST, &nb, &e));
	assert_int_equal(na, nb);
	assert_memory_equal(a, b, sizeof a);
}

static void a_missing_model_is_not_found(void **state)
{
	struct localiser *none = NULL;
	struct err e = {0};

	(void)state;
	assert_false(localiser_open("/nonexistent", 1, &none, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_null(none);
	localiser_free(none);
}

static void a_broken_model_is_refused(void **state)
{
	char folder[] = "/tmp/test_localise.XXXXXX", path[64];
	struct localiser *none = NULL;
	struct err e = {0};
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/localise.onnx", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("no network", f);
	(void)fclose(f);
	assert_false(localiser_open(folder, 1, &none, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	(void)unlink(path);
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(blank_holds_no_plate),
	    cmocka_unit_test(noise_holds_no_plate),
	    cmocka_unit_test(odd_sizes_are_taken),
	    cmocka_unit_test(sizes_out_of_range_are_refused),
	    cmocka_unit_test(stride_less_than_width_is_refused),
	    cmocka_unit_test(the_same_twice_is_the_same),
	    cmocka_unit_test(a_missing_model_is_not_found),
	    cmocka_unit_test(a_broken_model_is_refused),
	};

	return cmocka_run_group_tests(tests, open_model, close_model);
}
