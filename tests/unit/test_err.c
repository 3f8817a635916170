/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void prefix_rises(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_set(&e, ERR_FORMAT, "row %d: no plate", 7));
	assert_false(err_prefix(&e, "hotlist"));
	assert_string_equal(e.text, "hotlist: row 7: no plate");
	assert_int_equal(e.code, ERR_FORMAT);
}

static void errno_has_a_code(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_errno(&e, ENOSPC, "reads.db"));
	assert_int_equal(e.code, ERR_NO_SPACE);
	assert_string_equal(e.text, "reads.db: No space left on device");
}

static void long_text_is_cut(void **state)
{
	struct err e = {0};
	char filler[400];

	(void)state;
	memset(filler, 'x', sizeof filler - 1);
	filler[sizeof filler - 1] = '\0';
	(void)err_set(&e, ERR_IO, "%s", filler);
	for (int i = 0; i < 3; i++)
		(void)err_prefix(&e, "%s", filler);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void null_is_harmless(void **state)
{
	(void)state;
	assert_false(err_set(NULL, ERR_IO, "x"));
	assert_false(err_errno(NULL, EIO, "x"));
	assert_false(err_prefix(NULL, "x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefix_rises),
	    cmocka_unit_test(errno_has_a_code),
	    cmocka_unit_test(long_text_is_cut),
	    cmocka_unit_test(null_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
