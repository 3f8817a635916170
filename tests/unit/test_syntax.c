/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *text, const char *jurisdiction)
{
	char out[3] = "??";

	syntax_jurisdiction(text, out);
	assert_string_equal(out, jurisdiction);
}

static void shapes_of_one_state(void **state)
{
	(void)state;
	expect("AB1C2D", "MO");
	expect("7ABC123", "CA");
	expect("A12BCD", "NJ");
}

static void shared_shapes_are_unknown(void **state)
{
	(void)state;
	expect("ABC123", "");
	expect("123ABC", "");
	expect("ABC1234", "");
	expect("AB12345", ""); /* Illinois and Connecticut */
	expect("1234567", "");
	expect("GRANDPA", "");
}

static void what_is_no_text_is_unknown(void **state)
{
	(void)state;
	expect("", "");
	expect("ab1c2d", "");
	expect("AB1 C2D", "");
	expect("\xc4"
	       "B1C2D",
	       "");
	expect("AB1C2DAB1C2DAB1C2D", "");
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
	    cmocka_unit_test(shapes_of_one_state),
	    cmocka_unit_test(shared_shapes_are_unknown),
	    cmocka_unit_test(what_is_no_text_is_unknown),
	    cmocka_unit_test(folding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
