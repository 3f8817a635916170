/* SPDX-License-Identifier: Apache-2.0 */
/* Runs from the top of the tree: the committed model is what is tested. */
#include "ocr/state.h"

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

static int open_teller(void **state)
{
	struct state_teller *t = NULL;
	struct err e = {0};

	memset(pixels, 128, sizeof pixels);
	if (!state_open(MODELS, 1, &t, &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	*state = t;
	return 0;
}

static int close_teller(void **state)
{
	state_free(*state);
	return 0;
}

static void a_look_is_a_distribution(void **state)
{
	struct issuer_look l;
	struct err e = {0};
	float sum = 0;

	assert_true(state_look(*state, &grey, &box, &l, &e));
	for (size_t s = 0; s < ISSUER_CLASSES; s++) {
		assert_true(l.logp[s] <= 0);
		sum += expf(l.logp[s]);
	}
	assert_true(fabsf(sum - 1.0f) < 1e-4f);
}

static void grey_is_of_no_state(void **state)
{
	const struct issuer_look *looks[1];
	struct issuer_look l;
	struct err e = {0};
	char out[3] = "??";

	assert_true(state_look(*state, &grey, &box, &l, &e));
	looks[0] = &l;
	issuer_decide(looks, 1, "", out);
	assert_string_equal(out, "");
}

static void a_small_plate_says_nothing(void **state)
{
	const struct plate_quad small = {{40, 30, 110, 30, 110, 65, 40, 65}};
	struct issuer_look l;
	struct err e = {0};

	assert_true(state_look(*state, &grey, &small, &l, &e));
	for (size_t s = 0; s < ISSUER_CLASSES; s++)
		assert_true(fabsf(expf(l.logp[s]) - 1.0f / ISSUER_CLASSES) < 1e-3f);
}

static void corners_outside_are_allowed(void **state)
{
	const struct plate_quad out = {{-30, -10, 90, -12, 92, 50, -28, 48}};
	struct issuer_look l;
	struct err e = {0};

	assert_true(state_look(*state, &grey, &out, &l, &e));
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
	struct issuer_look l;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};
		assert_false(state_look(*state, &grey, &bad[i], &l, &e));
		assert_int_equal(e.code, ERR_LIMIT);
		assert_memory_equal(e.text, "state: ", 7);
	}
}

static void expect_none(const char *folder, enum err_code code)
{
	struct state_teller *t = NULL;
	struct err e = {0};

	assert_false(state_open(folder, 1, &t, &e));
	assert_int_equal(e.code, code);
	assert_null(t);
	assert_memory_equal(e.text, "state: ", 7);
}

static void models_that_are_none(void **state)
{
	char folder[] = "/tmp/test_state_XXXXXX", path[64], target[4096];

	(void)state;
	assert_non_null(mkdtemp(folder));
	expect_none(folder, ERR_NOT_FOUND);
	(void)snprintf(path, sizeof path, "%s/state.onnx", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	expect_none(folder, ERR_FORMAT);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("no network", f) >= 0);
	assert_int_equal(fclose(f), 0);
	expect_none(folder, ERR_FORMAT);
	/* A sound network, but another one: it has no such output. */
	assert_int_equal(unlink(path), 0);
	assert_non_null(realpath(MODELS "/read.onnx", target));
	assert_int_equal(symlink(target, path), 0);
	struct state_teller *t = NULL;
	struct err e = {0};
	assert_false(state_open(folder, 1, &t, &e));
	assert_null(t);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	state_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_look_is_a_distribution),
	    cmocka_unit_test(grey_is_of_no_state),
	    cmocka_unit_test(a_small_plate_says_nothing),
	    cmocka_unit_test(corners_outside_are_allowed),
	    cmocka_unit_test(degenerate_quads_are_refused),
	    cmocka_unit_test(models_that_are_none),
	};

	return cmocka_run_group_tests(tests, open_teller, close_teller);
}
