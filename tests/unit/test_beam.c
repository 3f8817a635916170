/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/beam.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NEAR(a, b) assert_true(fabs((double)(a) - (double)(b)) < 1e-5)

enum { BLANK = 0, A = 11, B = 12 };

/* Two steps, three classes in use: blank .5 .4, A .3 .5, B .2 .1. */
static struct beam_lattice two_steps(void)
{
	struct beam_lattice l = {.steps = 2};

	l.p[0][BLANK] = 0.5f;
	l.p[0][A] = 0.3f;
	l.p[0][B] = 0.2f;
	l.p[1][BLANK] = 0.4f;
	l.p[1][A] = 0.5f;
	l.p[1][B] = 0.1f;
	return l;
}

static void likelihoods_by_hand(void **state)
{
	struct beam_lattice l = two_steps();

	(void)state;
	NEAR(expf(beam_log_likelihood(&l, "")), 0.5 * 0.4);
	/* A: A-, -A, AA */
	NEAR(expf(beam_log_likelihood(&l, "A")), 0.3 * 0.4 + 0.5 * 0.5 + 0.3 * 0.5);
	NEAR(expf(beam_log_likelihood(&l, "B")), 0.2 * 0.4 + 0.5 * 0.1 + 0.2 * 0.1);
	NEAR(expf(beam_log_likelihood(&l, "AB")), 0.3 * 0.1);
	NEAR(expf(beam_log_likelihood(&l, "BA")), 0.2 * 0.5);
	/* A twice needs a blank between: no room in two steps. */
	assert_true(beam_log_likelihood(&l, "AA") == -INFINITY);
	assert_true(beam_log_likelihood(&l, "ABA") == -INFINITY);
}

static void double_letter_needs_a_blank(void **state)
{
	struct beam_lattice l = {.steps = 3};

	(void)state;
	l.p[0][A] = 1;
	l.p[1][BLANK] = 0.25f;
	l.p[1][A] = 0.75f;
	l.p[2][A] = 1;
	NEAR(expf(beam_log_likelihood(&l, "AA")), 0.25);
	NEAR(expf(beam_log_likelihood(&l, "A")), 0.75);
}

static void search_finds_the_true_order(void **state)
{
	struct beam_lattice l = two_steps();
	struct beam_spelling s[8];

	(void)state;
	size_t n = beam_search(&l, s, 8);
	assert_int_equal(n, 5);
	assert_string_equal(s[0].text, "A");
	assert_string_equal(s[1].text, "");
	assert_string_equal(s[2].text, "B");
	assert_string_equal(s[3].text, "BA");
	assert_string_equal(s[4].text, "AB");
	assert_int_equal(beam_search(&l, s, 2), 2);
	assert_int_equal(beam_search(&l, s, 0), 0);
}

static void texts_that_cannot_be(void **state)
{
	struct beam_lattice l = two_steps(), none = {.steps = 0};
	struct beam_spelling s[4];

	(void)state;
	assert_true(beam_log_likelihood(&l, "a") == -INFINITY);
	assert_true(beam_log_likelihood(&l, "A-") == -INFINITY);
	assert_true(beam_log_likelihood(&l, "\xff") == -INFINITY);
	assert_true(beam_log_likelihood(&l, "AAAAAAAAAAAAAAAAAAAAAAAAAAAA") == -INFINITY);
	assert_true(beam_log_likelihood(&none, "A") == -INFINITY);
	assert_int_equal(beam_search(&none, s, 4), 1);
	assert_string_equal(s[0].text, "");
}

static void lattice_is_made_fit(void **state)
{
	struct plate_observation o = {.steps = 1000, .weight = 1};
	struct beam_lattice l;

	(void)state;
	for (size_t t = 0; t < PLATE_STEPS; t++)
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			o.logp[t][c] = -INFINITY;
	o.logp[0][A] = NAN;
	o.logp[1][A] = 5.0f;
	o.logp[2][A] = -1.0f;
	beam_lattice(&o, &l);
	assert_int_equal(l.steps, PLATE_STEPS);
	assert_true(l.p[0][A] == 0 && l.p[1][A] == 1 && l.p[0][B] == 0);
	NEAR(l.p[2][A], expf(-1));
}

static void no_text_grows_beyond_its_room(void **state)
{
	struct beam_lattice l = {.steps = PLATE_STEPS};
	struct beam_spelling s[4];

	(void)state;
	for (size_t t = 0; t < PLATE_STEPS; t++)
		l.p[t][t % 2 ? A : B] = 1.0f;
	size_t n = beam_search(&l, s, 4);
	for (size_t i = 0; i < n; i++)
		assert_true(strlen(s[i].text) <= PLATE_TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(likelihoods_by_hand),
	    cmocka_unit_test(double_letter_needs_a_blank),
	    cmocka_unit_test(search_finds_the_true_order),
	    cmocka_unit_test(texts_that_cannot_be),
	    cmocka_unit_test(lattice_is_made_fit),
	    cmocka_unit_test(no_text_grows_beyond_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
