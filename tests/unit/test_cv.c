/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/cv.h"

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

#define W 64u
#define H 48u

static uint8_t pixels[W * H];
static const struct image ramp = {.data = pixels, .width = W, .height = H, .stride = W};

static int fill(void **state)
{
	(void)state;
	for (uint32_t y = 0; y < H; y++)
		for (uint32_t x = 0; x < W; x++)
			pixels[y * W + x] = (uint8_t)(2 * x + y);
	return 0;
}

static void warp_of_an_upright_box_is_a_copy(void **state)
{
	struct plate_quad q = {{10, 20, 26, 20, 26, 28, 10, 28}};
	uint8_t out[8][16];
	struct err e = {0};

	(void)state;
	assert_true(cv_warp(&ramp, &q, out[0], 16, 8, &e));
	for (uint32_t y = 0; y < 8; y++)
		for (uint32_t x = 0; x < 16; x++)
			assert_int_equal(out[y][x], pixels[(20 + y) * W + 10 + x]);
}

static void warp_outside_repeats_the_border(void **state)
{
	struct plate_quad q = {{-16, -8, 0, -8, 0, 0, -16, 0}};
	uint8_t out[8][16];
	struct err e = {0};

	(void)state;
	assert_true(cv_warp(&ramp, &q, out[0], 16, 8, &e));
	assert_int_equal(out[0][0], pixels[0]);
	assert_int_equal(out[7][15], pixels[0]);
}

static void warp_averages_when_it_shrinks(void **state)
{
	uint8_t checks[32 * 32], out[4];
	struct image img = {.data = checks, .width = 32, .height = 32, .stride = 32};
	struct plate_quad q = {{8, 8, 24, 8, 24, 24, 8, 24}};
	struct err e = {0};

	(void)state;
	for (uint32_t i = 0; i < sizeof checks; i++)
		checks[i] = (i + i / 32) % 2 ? 200 : 100;
	assert_true(cv_warp(&img, &q, out, 2, 2, &e));
	for (int i = 0; i < 4; i++)
		assert_in_range(out[i], 145, 155);
}

static void warp_refuses_degenerate_quads(void **state)
{
	const struct plate_quad bad[] = {
	    {{0, 0, 0, 0, 0, 0, 0, 0}},		{{0, 0, 10, 0, 20, 0, 30, 0}}, /* a line */
	    {{0, 0, 0, 10, 10, 10, 10, 0}},				       /* anticlockwise */
	    {{0, 0, 10, 10, 10, 0, 0, 10}},				       /* crossed */
	    {{0, 0, 10, 0, 2, 2, 0, 10}},				       /* dented */
	    {{NAN, 0, 10, 0, 10, 10, 0, 10}},	{{0, 0, INFINITY, 0, 10, 10, 0, 10}},
	    {{0, 0, 1e9f, 0, 1e9f, 10, 0, 10}},
	};
	uint8_t out[16];
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e.code = ERR_NONE;
		assert_false(cv_warp(&ramp, &bad[i], out, 4, 4, &e));
		assert_int_equal(e.code, ERR_LIMIT);
	}
}

static void resize_takes_the_rectangle(void **state)
{
	uint8_t out[4 * 8];
	struct err e = {0};

	(void)state;
	memset(out, 1, sizeof out);
	assert_true(cv_resize(&ramp, 8, 4, 6, 4, out, 6, 4, 8, &e));
	assert_int_equal(out[0], pixels[4 * W + 8]);
	assert_int_equal(out[3 * 8 + 5], pixels[7 * W + 13]);
	assert_int_equal(out[6], 1);
}

static void resize_averages_when_it_shrinks(void **state)
{
	uint8_t stripes[32 * 32], out[16 * 16];
	const struct image img = {stripes, 32, 32, 32};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof stripes; i++)
		stripes[i] = i % 2 ? 200 : 100;
	assert_true(cv_resize(&img, 0, 0, 32, 32, out, 16, 16, 16, &e));
	for (size_t i = 0; i < sizeof out; i++)
		assert_int_equal(out[i], 150);
}

static void resize_that_hardly_shrinks_keeps_slopes(void **state)
{
	uint8_t out[56 * 42];
	struct err e = {0};

	(void)state;
	assert_true(cv_resize(&ramp, 0, 0, W, H, out, 56, 42, 56, &e)); /* by an eighth */
	for (int y = 0; y < 42; y++)
		for (int x = 0; x < 56; x++) {
			double want = 2 * ((x + 0.5) * W / 56 - 0.5) + (y + 0.5) * H / 42 - 0.5;
			assert_float_equal(out[y * 56 + x], want, 1.0);
		}
}

static void resize_refuses_a_rectangle_outside(void **state)
{
	uint8_t out[64];
	struct err e = {0};

	(void)state;
	assert_false(cv_resize(&ramp, 60, 0, 5, 4, out, 4, 4, 4, &e));
	assert_false(cv_resize(&ramp, 0, 48, 1, 1, out, 4, 4, 4, &e));
	assert_false(cv_resize(&ramp, UINT32_MAX, 0, 2, 1, out, 4, 4, 4, &e));
	assert_false(cv_resize(&ramp, 0, 0, 0, 4, out, 4, 4, 4, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
}

static void refused(const void *bytes, size_t len, enum err_code code)
{
	char path[] = "/tmp/test_cv_XXXXXX";
	const char *outputs[] = {"out"};
	struct cv_net *net = NULL;
	struct err e = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	assert_false(cv_net_open(path, 1, outputs, 1, &net, &e));
	(void)unlink(path);
	assert_int_equal(e.code, code);
	assert_null(net);
}

static void net_refuses_what_is_no_model(void **state)
{
	const char *outputs[] = {"out"};
	struct cv_net *net = NULL;
	struct err e = {0};

	(void)state;
	refused("", 0, ERR_FORMAT);
	refused("not a network", 13, ERR_FORMAT);
	assert_false(cv_net_open("/nonexistent/read.onnx", 1, outputs, 1, &net, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_false(cv_net_open("/dev/null", 0, outputs, 1, &net, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	assert_false(cv_net_open("/dev/null", 1, outputs, 0, &net, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	cv_net_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(warp_of_an_upright_box_is_a_copy),
	    cmocka_unit_test(warp_outside_repeats_the_border),
	    cmocka_unit_test(warp_averages_when_it_shrinks),
	    cmocka_unit_test(warp_refuses_degenerate_quads),
	    cmocka_unit_test(resize_takes_the_rectangle),
	    cmocka_unit_test(resize_averages_when_it_shrinks),
	    cmocka_unit_test(resize_that_hardly_shrinks_keeps_slopes),
	    cmocka_unit_test(resize_refuses_a_rectangle_outside),
	    cmocka_unit_test(net_refuses_what_is_no_model),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
