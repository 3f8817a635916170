/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-made maps in, plates out. */
#include "ocr/localise_decode.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define W8  16u
#define H8  12u
#define W16 8u
#define H16 6u
#define W32 4u
#define H32 3u

static float s8[LOCALISE_CHANNELS][H8][W8], s16[LOCALISE_CHANNELS][H16][W16],
    s32[LOCALISE_CHANNELS][H32][W32];
static const struct localise_map maps[LOCALISE_LEVELS] = {
    {&s8[0][0][0], W8, H8}, {&s16[0][0][0], W16, H16}, {&s32[0][0][0], W32, H32}};
static struct localise_candidates c;

static int clear(void **state)
{
	(void)state;
	memset(s8, 0, sizeof s8);
	memset(s16, 0, sizeof s16);
	memset(s32, 0, sizeof s32);
	c.n = 0;
	return 0;
}

/* A plate of half sizes (hw, hh) units around the centre of cell (y, x) of the finest map. */
static void put8(uint32_t y, uint32_t x, float score, float hw, float hh)
{
	const float quad[8] = {-hw, -hh, hw, -hh, hw, hh, -hw, hh};

	s8[0][y][x] = score;
	for (size_t i = 0; i < 8; i++)
		s8[i + 1][y][x] = quad[i];
}

static void nothing_gives_nothing(void **state)
{
	struct plate_box out[4];

	(void)state;
	assert_true(localise_collect(maps, 0.3f, 1.0f, 1.0f, &c) == 0.0f);
	assert_int_equal(c.n, 0);
	assert_int_equal(localise_suppress(&c, out, 4), 0);
}

static void a_cell_is_a_plate_in_image_pixels(void **state)
{
	struct plate_box out[4];
	/* Cell (4, 6): centre (52, 36); half sizes 1 x 0.5 units of 16 pixels; image twice and
	 * thrice the input. */
	const float want[8] = {72, 84, 136, 84, 136, 132, 72, 132};

	(void)state;
	put8(4, 6, 0.9f, 1.0f, 0.5f);
	assert_float_equal(localise_collect(maps, 0.3f, 2.0f, 3.0f, &c), 0.9f, 1e-6f);
	assert_int_equal(localise_suppress(&c, out, 4), 1);
	assert_float_equal(out[0].score, 0.9f, 1e-6f);
	for (size_t i = 0; i < 8; i++)
		assert_float_equal(out[0].quad.p[i], want[i], 1e-3f);
}

static void coarser_levels_have_their_own_units(void **state)
{
	struct plate_box out[4];
	const float quad[8] = {-1, -0.5f, 1, -0.5f, 1, 0.5f, -1, 0.5f};

	(void)state;
	s32[0][1][2] = 0.8f;
	for (size_t i = 0; i < 8; i++)
		s32[i + 1][1][2] = quad[i];
	(void)localise_collect(maps, 0.3f, 1.0f, 1.0f, &c);
	assert_int_equal(localise_suppress(&c, out, 4), 1);
	assert_float_equal(out[0].quad.p[0], 80.0f - 112.0f, 1e-3f);
	assert_float_equal(out[0].quad.p[1], 48.0f - 56.0f, 1e-3f);
	assert_float_equal(out[0].quad.p[4], 80.0f + 112.0f, 1e-3f);
}

static void neighbours_that_agree_are_averaged(void **state)
{
	struct plate_box out[4];

	(void)state;
	put8(4, 6, 0.8f, 2.0f, 1.0f);
	put8(4, 7, 0.8f, 2.0f, 1.0f);
	(void)localise_collect(maps, 0.3f, 1.0f, 1.0f, &c);
	assert_int_equal(localise_suppress(&c, out, 4), 1);
	assert_float_equal(out[0].quad.p[0], 56.0f - 32.0f,
			   1e-3f); /* between the centres 52 and 60 */
}

static void plates_apart_are_two_best_first(void **state)
{
	struct plate_box out[4];

	(void)state;
	put8(2, 2, 0.5f, 0.6f, 0.3f);
	put8(8, 12, 0.7f, 0.6f, 0.3f);
	(void)localise_collect(maps, 0.3f, 1.0f, 1.0f, &c);
	assert_int_equal(localise_suppress(&c, out, 4), 2);
	assert_float_equal(out[0].score, 0.7f, 1e-6f);
	assert_float_equal(out[1].score, 0.5f, 1e-6f);
}

static void a_part_of_a_plate_is_no_plate(void **state)
{
	struct plate_box out[4];

	(void)state;
	put8(4, 6, 0.9f, 3.0f, 1.5f);
	put8(4, 8, 0.6f, 0.5f, 0.3f);
	(void)localise_collect(maps, 0.3f, 1.0f, 1.0f, &c);
	assert_int_equal(localise_suppress(&c, out, 4), 1);
	assert_float_equal(out[0].score, 0.9f, 1e-6f);
}

static void no_more_than_asked(void **state)
{
	struct plate_box out[2];

	(void)state;
	out[1].score = -1.0f;
	put8(2, 2, 0.5f, 0.6f, 0.3f);
	put8(8, 12, 0.7f, 0.6f, 0.3f);
	(void)localise_collect(maps, 0.3f, 1.0f, 1.0f, &c);
	assert_int_equal(localise_suppress(&c, out, 1), 1);
	assert_true(out[1].score == -1.0f);
}

static void nonsense_cells_are_left_out(void **state)
{
	(void)state;
	put8(1, 1, NAN, 1.0f, 0.5f);
	put8(1, 5, 1.5f, 1.0f, 0.5f);
	put8(1, 9, 0.9f, INFINITY, 0.5f);
	put8(5, 1, 0.9f, NAN, 0.5f);
	put8(5, 5, 0.9f, 1e9f, 0.5f);
	put8(5, 9, 0.9f, -1.0f, 0.5f);	/* inside out */
	put8(9, 1, 0.9f, 1.0f, 0.001f); /* a line */
	put8(9, 5, 0.29f, 1.0f, 0.5f);	/* too unlikely */
	assert_true(localise_collect(maps, 0.3f, 1.0f, 1.0f, &c) == 0.0f);
	assert_int_equal(c.n, 0);
}

static void too_many_cells_keep_the_best(void **state)
{
	static float big[LOCALISE_CHANNELS][64][64];
	const struct localise_map all[LOCALISE_LEVELS] = {
	    {&big[0][0][0], 64, 64}, {NULL, 0, 0}, {NULL, 0, 0}};
	static struct plate_box out[LOCALISE_CANDIDATES + 1];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof big / sizeof(float); i++)
		(&big[0][0][0])[i] = 0.0f;
	for (size_t y = 0; y < 64; y++)
		for (size_t x = 0; x < 64; x++) {
			const float quad[8] = {-0.2f, -0.1f, 0.2f, -0.1f, 0.2f, 0.1f, -0.2f, 0.1f};
			big[0][y][x] = 0.4f + 0.5f * (float)(y * 64 + x) / 4096.0f;
			for (size_t i = 0; i < 8; i++)
				big[i + 1][y][x] = quad[i];
		}
	(void)localise_collect(all, 0.3f, 1.0f, 1.0f, &c);
	assert_int_equal(c.n, LOCALISE_CANDIDATES);
	n = localise_suppress(&c, out, LOCALISE_CANDIDATES + 1);
	assert_int_equal(n, LOCALISE_CANDIDATES);
	assert_float_equal(out[0].score, 0.4f + 0.5f * 4095.0f / 4096.0f, 1e-5f);
	assert_true(out[n - 1].score > 0.8f);
}

static void only_unlikely_boxes_behind_a_plate_get_no_look(void **state)
{
	(void)state;
	assert_true(localise_worth_a_look(0.3f, 0.0f)); /* the first one does whatever it is */
	assert_true(localise_worth_a_look(0.31f, 0.5f));
	assert_false(localise_worth_a_look(0.29f, 0.5f));
	assert_false(localise_worth_a_look(0.44f, 0.9f));
	assert_true(localise_worth_a_look(0.46f, 0.9f)); /* another plate, further away */
	assert_false(localise_worth_a_look(NAN, 0.5f));
}

static void whole_steps_leave_no_remainder(void **state)
{
	(void)state;
	assert_int_equal(localise_whole_step(1280, 720, 576, 320), 2);
	assert_int_equal(localise_whole_step(1920, 1080, 576, 320), 3);
	assert_int_equal(localise_whole_step(4056, 3040, 576, 448), 4); /* not 6 or 5 */
	assert_int_equal(localise_whole_step(1281, 720, 576, 320), 1);
	assert_int_equal(localise_whole_step(1151, 720, 576, 320), 1);
	assert_int_equal(localise_whole_step(100, 50, 128, 64), 1); /* grows */
	assert_int_equal(localise_whole_step(16384, 16, 576, 1), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(nothing_gives_nothing, clear),
	    cmocka_unit_test_setup(a_cell_is_a_plate_in_image_pixels, clear),
	    cmocka_unit_test_setup(coarser_levels_have_their_own_units, clear),
	    cmocka_unit_test_setup(neighbours_that_agree_are_averaged, clear),
	    cmocka_unit_test_setup(plates_apart_are_two_best_first, clear),
	    cmocka_unit_test_setup(a_part_of_a_plate_is_no_plate, clear),
	    cmocka_unit_test_setup(no_more_than_asked, clear),
	    cmocka_unit_test_setup(nonsense_cells_are_left_out, clear),
	    cmocka_unit_test_setup(too_many_cells_keep_the_best, clear),
	    cmocka_unit_test(only_unlikely_boxes_behind_a_plate_get_no_look),
	    cmocka_unit_test(whole_steps_leave_no_remainder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
