/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void it_doubles_up_to_the_most(void **state)
{
	static const int64_t expected[] = {100,	 200,	400,   800,   1600,  3200,
					   6400, 12800, 25600, 30000, 30000, 30000};
	struct backoff b = {0};

	(void)state;
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(backoff_delay(&b, 10, BACKOFF_MOST_MS), expected[i]);
}

static void a_stable_minute_starts_it_again(void **state)
{
	struct backoff b = {0};

	(void)state;
	for (int i = 0; i < 20; i++)
		(void)backoff_delay(&b, 0, BACKOFF_MOST_MS);
	assert_int_equal(backoff_delay(&b, BACKOFF_STABLE_MS - 1, BACKOFF_MOST_MS),
			 BACKOFF_MOST_MS);
	assert_int_equal(backoff_delay(&b, BACKOFF_STABLE_MS, BACKOFF_MOST_MS), 100);
	assert_int_equal(backoff_delay(&b, 0, BACKOFF_MOST_MS), 200);
}

static void a_lower_most_holds(void **state)
{
	struct backoff b = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(backoff_delay(&b, 0, 500) <= 500);
	assert_int_equal(backoff_delay(&b, 0, BACKOFF_FIRST_MS), BACKOFF_FIRST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_doubles_up_to_the_most),
	    cmocka_unit_test(a_stable_minute_starts_it_again),
	    cmocka_unit_test(a_lower_most_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
