/* SPDX-License-Identifier: Apache-2.0 */
/* Runs from the top of the tree: the committed models are what is tested. */
#include "ocr/read.h"

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

#define MODELS "ocr/models"

static uint8_t pixels[120 * 200];
static const struct image grey = {.data = pixels, .width = 200, .height = 120, .stride = 200};
static const struct plate_quad box = {{40, 30, 160, 30, 160, 90, 40, 90}};

static int open_reader(void **state)
{
	struct reader *r = NULL;
	struct err e = {0};

	memset(pixels, 128, sizeof pixels);
	if (!reader_open(MODELS, 1, &r, &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	*state = r;
	return 0;
}

static int close_reader(void **state)
{
	reader_free(*state);
	return 0;
}

static void lattice_is_a_distribution(void **state)
{
	struct plate_observation o;
	struct err e = {0};

	assert_true(reader_observe(*state, &grey, &box, &o, &e));
	assert_true(o.steps >= 1 && o.steps <= PLATE_STEPS);
	assert_true(o.weight == 1.0f);
	for (size_t t = 0; t < o.steps; t++) {
		float sum = 0;
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			sum += expf(o.logp[t][c]);
		assert_true(fabsf(sum - 1.0f) < 1e-4f);
	}
}

static void brightness_and_contrast_do_not_matter(void **state)
{
	uint8_t bright[sizeof pixels], dark[sizeof pixels];
	struct image a = grey, b = grey;
	struct plate_observation oa, ob;
	struct err e = {0};

	for (size_t i = 0; i < sizeof pixels; i++) {
		unsigned v = (unsigned)((i % 200) * 7 + (i / 200) * 13) % 100;
		bright[i] = (uint8_t)(40 + 2 * v);
		dark[i] = (uint8_t)(10 + v);
	}
	a.data = bright;
	b.data = dark;
	assert_true(reader_observe(*state, &a, &box, &oa, &e));
	assert_true(reader_observe(*state, &b, &box, &ob, &e));
	for (size_t t = 0; t < oa.steps; t++)
		assert_true(fabsf(expf(oa.logp[t][0]) - expf(ob.logp[t][0])) < 0.2f);
}

static void corners_outside_are_allowed(void **state)
{
	const struct plate_quad out = {{-30, -10, 90, -12, 92, 50, -28, 48}};
	struct plate_observation o;
	struct err e = {0};

	assert_true(reader_observe(*state, &grey, &out, &o, &e));
}

static void degenerate_quads_are_refused(void **state)
{
	const struct plate_quad bad[] = {
	    {{0}},
	    {{10, 10, 20, 10, 30, 10, 40, 10}},
	    {{40, 90, 160, 90, 160, 30, 40, 30}},
	    {{NAN, 30, 160, 30, 160, 90, 40, 90}},
	    {{40, 30, 1e30f, 30, 1e30f, 90, 40, 90}},
	};
	struct plate_observation o;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		assert_false(reader_observe(*state, &grey, &bad[i], &o, &e));
		assert_int_equal(e.code, ERR_LIMIT);
	}
}

static void expect_no_reader(const char *folder, enum err_code code)
{
	struct reader *r = NULL;
	struct err e = {0};

	assert_false(reader_open(folder, 1, &r, &e));
	assert_int_equal(e.code, code);
	assert_null(r);
	assert_memory_equal(e.text, "reader: ", 8);
}

static void models_that_are_none(void **state)
{
	char folder[] = "/tmp/test_read_XXXXXX", path[64], target[4096];

	(void)state;
	assert_non_null(mkdtemp(folder));
	expect_no_reader(folder, ERR_NOT_FOUND);
	(void)snprintf(path, sizeof path, "%s/read.onnx", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("no network", f) >= 0);
	assert_int_equal(fclose(f), 0);
	expect_no_reader(folder, ERR_FORMAT);
	/* A sound network, but another one. */
	assert_int_equal(unlink(path), 0);
	assert_non_null(realpath(MODELS "/localise.onnx", target));
	assert_int_equal(symlink(target, path), 0);
	struct reader *r = NULL;
	struct err e = {0};
	assert_false(reader_open(folder, 1, &r, &e));
	assert_null(r);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	reader_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lattice_is_a_distribution),
	    cmocka_unit_test(brightness_and_contrast_do_not_matter),
	    cmocka_unit_test(corners_outside_are_allowed),
	    cmocka_unit_test(degenerate_quads_are_refused),
	    cmocka_unit_test(models_that_are_none),
	};

	return cmocka_run_group_tests(tests, open_reader, close_reader);
}
