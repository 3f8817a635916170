/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/syntax.h"

#include "ocr/plate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect_likelier(const char *a, const char *b)
{
	if (!(syntax_log_prior(a) > syntax_log_prior(b)))
		fail_msg("%s is not likelier than %s", a, b);
}

static void common_series_are_likelier(void **state)
{
	(void)state;
	expect_likelier("ABC1234", "A8C1234");
	expect_likelier("AB1C2D", "ABIC2D");   /* Missouri */
	expect_likelier("7ABC128", "7ABC12B"); /* California */
	expect_likelier("4B04979", "4BO4979"); /* Czech */
	expect_likelier("BA302DZ", "BA3O2DZ"); /* Slovak, Italian, French */
	expect_likelier("ABI2CDE", "48I2C0E");
	expect_likelier("AB12CDE", "ABI2CDE"); /* British */
	expect_likelier("1234BCD", "I234BCD"); /* Spanish */
	expect_likelier("B123XYZ", "B1Z3XYZ"); /* Bucharest */
	expect_likelier("ABX0123", "ABXO123");
	expect_likelier("1410502", "I410502"); /* I is left out of most series */
}

static void words_are_written_with_zeros(void **state)
{
	(void)state;
	expect_likelier("CUST0M", "CUSTOM");
	expect_likelier("G0LFING", "GOLFING");
	expect_likelier("0", "O");
	/* Elsewhere the letter is as good as the digit. */
	assert_true(fabsf(syntax_log_prior("BIKERS") - syntax_log_prior("B1KERS")) < 0.01f);
}

static void every_text_has_a_prior(void **state)
{
	char text[PLATE_TEXT_SIZE + 1] = "";

	(void)state;
	for (size_t n = 1; n <= PLATE_TEXT_MAX; n++) {
		text[n - 1] = 'X';
		assert_true(isfinite(syntax_log_prior(text)) && syntax_log_prior(text) < 0);
	}
	text[PLATE_TEXT_MAX] = 'X';
	assert_true(syntax_log_prior(text) == -INFINITY);
	assert_true(syntax_log_prior("") == -INFINITY);
	assert_true(syntax_log_prior("AB 123") == -INFINITY);
	assert_true(syntax_log_prior("ab123") == -INFINITY);
}

static void alike(void **state)
{
	(void)state;
	assert_int_equal(syntax_alike('O'), '0');
	assert_int_equal(syntax_alike('I'), '1');
	assert_int_equal(syntax_nearly_alike('O'), '0');
	assert_int_equal(syntax_nearly_alike('I'), '1');
	for (const char *c = "QDBSZG0123456789AX"; *c; c++)
		assert_int_equal(syntax_alike(*c), *c);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(syntax_nearly_alike("QDBSZG"[i]), "008526"[i]);
	assert_int_equal(syntax_nearly_alike('X'), 'X');
	assert_int_equal(syntax_alike('\0'), 0);
	assert_int_equal(syntax_nearly_alike('\0'), 0);
}

static void folding(void **state)
{
	(void)state;
	assert_int_equal(syntax_fold('a'), 'A');
	assert_int_equal(syntax_fold('z'), 'Z');
	assert_int_equal(syntax_fold('Q'), 'Q');
	assert_int_equal(syntax_fold('7'), '7');
	assert_int_equal(syntax_fold(' '), 0);
	assert_int_equal(syntax_fold('-'), 0);
	assert_int_equal(syntax_fold('.'), 0);
	assert_int_equal(syntax_fold('\0'), 0);
	assert_int_equal(syntax_fold((char)0xff), 0);
	assert_int_equal(syntax_fold('['), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(common_series_are_likelier),
	    cmocka_unit_test(words_are_written_with_zeros),
	    cmocka_unit_test(every_text_has_a_prior),
	    cmocka_unit_test(alike),
	    cmocka_unit_test(folding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
