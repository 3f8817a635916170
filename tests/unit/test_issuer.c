/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/issuer.h"
#include "ocr/issuer_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t number_of(const char *code)
{
	for (size_t s = 0; s < ISSUER_STATES; s++)
		if (strcmp(issuer_code(s), code) == 0)
			return s;
	fail_msg("%s is no state", code);
	return 0;
}

/* A look that gives `code` this probability and all others what is left, evenly; "" is unknown. */
static struct issuer_look sees(const char *code, float p)
{
	size_t s = *code ? number_of(code) : ISSUER_UNKNOWN;
	struct issuer_look l;

	for (size_t i = 0; i < ISSUER_CLASSES; i++)
		l.logp[i] = logf(i == s ? p : (1 - p) / (float)(ISSUER_CLASSES - 1));
	return l;
}

static void expect(const struct issuer_look *look, const char *text, const char *code)
{
	char out[3] = "??";

	issuer_decide(&look, 1, text, out);
	assert_string_equal(out, code);
}

static float posterior(const struct issuer_look *look, const char *text, const char *code)
{
	float p[ISSUER_CLASSES];

	issuer_posterior(&look, look ? 1 : 0, text, p);
	return p[*code ? number_of(code) : ISSUER_UNKNOWN];
}

static void codes_are_in_order(void **state)
{
	(void)state;
	for (size_t s = 1; s < ISSUER_STATES; s++)
		assert_true(strcmp(issuer_code(s - 1), issuer_code(s)) < 0);
	assert_string_equal(issuer_code(ISSUER_UNKNOWN), "");
	assert_string_equal(issuer_code(SIZE_MAX), "");
}

/* What weigh_shape relies on: known codes, in order, sound shapes, no more than all plates. */
static void the_table_is_sound(void **state)
{
	size_t n, at = 0;
	const struct issuer_series *rows = issuer_series(&n);
	unsigned sum = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(rows[i].jurisdiction, rows[i - 1].jurisdiction) != 0) {
			assert_string_equal(rows[i].jurisdiction, issuer_code(at));
			at++;
			sum = 0;
		}
		sum += rows[i].weight;
		assert_true(rows[i].weight >= 1 && sum <= 98);
		assert_int_equal(strspn(rows[i].shape, "LD"), strlen(rows[i].shape));
		for (size_t k = i + 1; k < n; k++)
			assert_false(strcmp(rows[i].jurisdiction, rows[k].jurisdiction) == 0 &&
				     strcmp(rows[i].shape, rows[k].shape) == 0);
	}
	assert_int_equal(at, ISSUER_STATES);
}

static void posteriors_sum_to_one(void **state)
{
	static const char *const texts[] = {
	    "",	       "AB1C2D", "ABC1234",  "1",	   "GRANDPA",  "ABCDEFGH",
	    "A B C D", "ab1c2d", "\xff\x80", "ABCDEFGHIJ", "12345678", "0000000",
	};
	const struct issuer_look one = sees("CA", 0.4f), other = sees("", 0.9f);
	const struct issuer_look *looks[] = {&one, &other};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t n = 0; n <= 2; n++) {
			float p[ISSUER_CLASSES], sum = 0;

			issuer_posterior(looks, n, texts[i], p);
			for (size_t s = 0; s < ISSUER_CLASSES; s++) {
				assert_true(p[s] >= 0 && p[s] <= 1.0001f);
				sum += p[s];
			}
			assert_true(fabsf(sum - 1.0f) < 1e-4f);
		}
}

static void a_name_that_is_seen_is_given(void **state)
{
	const struct issuer_look wyoming = sees("WY", 0.999f);

	(void)state;
	expect(&wyoming, "", "WY");
	expect(&wyoming, "GRANDPA", "WY");
	expect(&wyoming, "1234567", "WY");
}

static void undecided_is_unknown(void **state)
{
	const struct issuer_look half = sees("VA", 0.45f), none = sees("", 0.95f),
				 nothing = sees("", 1.0f / (float)ISSUER_CLASSES);

	(void)state;
	expect(&half, "", "");
	expect(&none, "", "");
	expect(&none, "ABC1234", "");
	expect(&nothing, "ABC1234", "");
}

/* A shape that only Missouri has, and a picture that says nothing, or that it is no state's. */
static void a_shape_alone_names_none(void **state)
{
	const struct issuer_look nothing = sees("", 1.0f / (float)ISSUER_CLASSES),
				 none = sees("", 0.99f);
	char out[3] = "??";

	(void)state;
	expect(&nothing, "AB1C2D", "");
	expect(&none, "AB1C2D", "");
	issuer_decide(NULL, 0, "AB1C2D", out);
	assert_string_equal(out, "");
}

static void a_shape_supports_what_is_seen(void **state)
{
	const struct issuer_look maybe = sees("MO", 0.6f), california = sees("CA", 0.6f);

	(void)state;
	expect(&maybe, "AB1C2D", "MO");
	expect(&california, "7ABC123", "CA");
	expect(&california, "AB1C2D", "");
	assert_true(posterior(&maybe, "AB1C2D", "MO") > posterior(&maybe, "", "MO"));
	assert_true(posterior(&maybe, "7ABC123", "MO") < posterior(&maybe, "", "MO"));
	assert_true(posterior(NULL, "AB12345", "IL") > posterior(NULL, "", "IL"));
}

static void views_add_up(void **state)
{
	const struct issuer_look once = sees("OR", 0.5f);
	const struct issuer_look *looks[] = {&once, &once, &once, &once};
	float one[ISSUER_CLASSES], four[ISSUER_CLASSES];
	size_t oregon = number_of("OR");

	(void)state;
	issuer_posterior(looks, 1, "", one);
	issuer_posterior(looks, 4, "", four);
	assert_true(four[oregon] > one[oregon]);
}

/* Numbers that no network should give leave the look out, and texts of anything are harmless. */
static void hostile_input(void **state)
{
	static const float bad[] = {NAN, INFINITY, -INFINITY, 40.0f};
	const struct issuer_look sound = sees("ME", 0.999f);
	char longest[4096];

	(void)state;
	memset(longest, 'A', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	expect(&sound, longest, "ME");
	expect(&sound, "\x01\x7f%n%s\xff", "ME");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct issuer_look l = sound;
		const struct issuer_look *looks[] = {&l, &sound, NULL};
		char out[3] = "??";

		l.logp[17] = bad[i];
		expect(&l, "", "");
		issuer_decide(looks, 3, "", out);
		assert_string_equal(out, "ME");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_are_in_order),
	    cmocka_unit_test(the_table_is_sound),
	    cmocka_unit_test(posteriors_sum_to_one),
	    cmocka_unit_test(a_name_that_is_seen_is_given),
	    cmocka_unit_test(undecided_is_unknown),
	    cmocka_unit_test(a_shape_alone_names_none),
	    cmocka_unit_test(a_shape_supports_what_is_seen),
	    cmocka_unit_test(views_add_up),
	    cmocka_unit_test(hostile_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
