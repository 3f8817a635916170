/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/elapsed.h"

#define DAY   NS_PER_DAY
#define HOUR  (3600 * NS_PER_S)
#define Y1970 INT64_C(0)
#define Y2099 (INT64_C(4070908800) * NS_PER_S)

static struct elapsed started(int64_t wall)
{
	struct elapsed c;

	elapsed_start(&c, &(struct elapsed_kept){0}, 0, 1, wall, 10 * NS_PER_S);
	return c;
}

/* The machine was off: a new boot, monotonic time begins again. */
static struct elapsed rebooted(const struct elapsed *before, int64_t wall)
{
	struct elapsed c;

	elapsed_start(&c, &before->k, 0, before->k.boot + 1, wall, 2 * NS_PER_S);
	return c;
}

static void pass(struct elapsed *c, int64_t by, int64_t wall)
{
	elapsed_tick(c, wall, c->k.mono_ns + by);
}

static void starts_as_utc_and_elapses(void **state)
{
	struct elapsed c = started(T0);

	(void)state;
	assert_int_equal(c.k.ring_ns, T0);
	pass(&c, HOUR, T0 + HOUR);
	assert_int_equal(c.k.ring_ns, T0 + HOUR);
	assert_false(c.doubtful);
	/* Drift and small steps are followed by the wall clock, not by ring time. */
	pass(&c, HOUR, T0 + 2 * HOUR - 60 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + 2 * HOUR);
	assert_false(c.doubtful);
	/* It never goes back. */
	elapsed_tick(&c, T0, 0);
	assert_int_equal(c.k.ring_ns, T0 + 2 * HOUR);
}

static void a_jump_while_running_is_no_time(void **state)
{
	const int64_t jumps[] = {Y1970,		 Y2099,	    T0 + 200 * DAY,
				 T0 - 200 * DAY, INT64_MAX, INT64_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
		struct elapsed c = started(T0);

		pass(&c, HOUR, jumps[i]);
		assert_int_equal(c.k.ring_ns, T0 + HOUR);
		assert_true(c.doubtful);
		pass(&c, HOUR, T0 + 2 * HOUR);
		assert_int_equal(c.k.ring_ns, T0 + 2 * HOUR);
		assert_false(c.doubtful);
	}
}

static void a_steady_clock_is_believed_at_last_and_is_still_no_time(void **state)
{
	struct elapsed c = started(T0);
	int64_t wall = T0 + 200 * DAY;

	(void)state;
	for (int i = 0; i <= 24; i++) {
		pass(&c, HOUR, wall += HOUR);
		assert_true(c.doubtful == (i < 24));
	}
	assert_int_equal(c.k.ring_ns, T0 + 25 * HOUR);
	assert_int_equal(c.k.wall_ns, wall);
}

static void an_unsteady_clock_is_never_believed(void **state)
{
	struct elapsed c = started(T0);

	(void)state;
	for (int i = 1; i < 100; i++) {
		pass(&c, HOUR, i % 2 ? Y2099 : Y1970 + i * DAY);
		assert_true(c.doubtful);
	}
	assert_int_equal(c.k.ring_ns, T0 + 99 * HOUR);
}

static void time_off_counts(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 30 * DAY);

	(void)state;
	assert_int_equal(c.k.ring_ns, T0 + 30 * DAY);
	assert_false(c.doubtful);
	/* Once only: what jumps later in the same boot is no time any more. */
	pass(&c, HOUR, T0 + 90 * DAY);
	assert_int_equal(c.k.ring_ns, T0 + 30 * DAY + HOUR);
}

static void a_clock_without_a_battery_is_corrected_later(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 20 * NS_PER_S);

	(void)state;
	pass(&c, HOUR, T0 + HOUR + 20 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + HOUR + 20 * NS_PER_S);
	/* The network says that 30 days have gone by. */
	pass(&c, HOUR, T0 + 30 * DAY);
	assert_in_range(c.k.ring_ns, T0 + 30 * DAY - HOUR, T0 + 30 * DAY + HOUR);
	assert_false(c.doubtful);
	/* From 1970 as well. */
	c = rebooted(&a, Y1970 + 40 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0);
	assert_true(c.doubtful);
	pass(&c, HOUR, T0 + 30 * DAY);
	assert_in_range(c.k.ring_ns, T0 + 30 * DAY - HOUR, T0 + 30 * DAY + HOUR);
	assert_false(c.doubtful);
}

static void a_clock_that_is_set_for_the_first_time_is_believed(void **state)
{
	struct elapsed c = started(Y1970 + 40 * NS_PER_S), d;

	(void)state;
	pass(&c, HOUR, T0);
	assert_false(c.doubtful);
	assert_int_equal(c.k.wall_ns, T0);
	/* Those 57 years have not passed, neither now nor at a later boot. */
	assert_int_equal(c.k.ring_ns, 40 * NS_PER_S + HOUR);
	d = rebooted(&c, T0 + DAY);
	assert_int_equal(d.k.ring_ns, 40 * NS_PER_S + HOUR + DAY);
	c = started(Y1970 + 40 * NS_PER_S);
	d = rebooted(&c, Y1970 + 50 * NS_PER_S);
	pass(&d, HOUR, T0);
	assert_false(d.doubtful);
	assert_int_equal(d.k.ring_ns, 50 * NS_PER_S + HOUR);
}

static void a_boot_into_2099_waits_until_it_is_steady(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, Y2099);

	(void)state;
	assert_int_equal(c.k.ring_ns, T0);
	assert_true(c.doubtful);
	for (int i = 1; i < 24; i++)
		pass(&c, HOUR, Y2099 + i * HOUR);
	assert_int_equal(c.k.ring_ns, T0 + 23 * HOUR);
	/* Corrected before that: 2099 never happened. */
	pass(&c, HOUR, T0 + 24 * HOUR);
	assert_int_equal(c.k.ring_ns, T0 + 24 * HOUR);
	assert_false(c.doubtful);
}

static void a_restart_of_the_role_alone_is_exact(void **state)
{
	struct elapsed a = started(T0), c;

	(void)state;
	/* Same boot, the wall clock jumped while nobody looked: monotonic time knows. */
	elapsed_start(&c, &a.k, 0, a.k.boot, Y2099, a.k.mono_ns + 5 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + 5 * NS_PER_S);
	assert_true(c.doubtful);
	/* A kernel that does not name the boot: every start may have been one. */
	a = started(T0);
	a.k.boot = 0;
	elapsed_start(&c, &a.k, 0, 0, T0 + 30 * DAY, a.k.mono_ns + 5 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + 30 * DAY);
}

static void never_below_the_newest_read(void **state)
{
	struct elapsed a = started(T0), c;

	(void)state;
	elapsed_start(&c, &a.k, T0 + 50 * NS_PER_S, 2, T0 - DAY, NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + 50 * NS_PER_S);
}

static void validity_is_never_judged_by_a_clock_set_back(void **state)
{
	struct elapsed c = started(T0);

	(void)state;
	pass(&c, HOUR, Y1970);
	assert_int_equal(elapsed_wall(&c, Y1970), T0 + HOUR);
	pass(&c, HOUR, Y2099);
	assert_int_equal(elapsed_wall(&c, Y2099), Y2099);
	pass(&c, HOUR, T0 + 3 * HOUR);
	assert_int_equal(elapsed_wall(&c, T0 + 3 * HOUR), T0 + 3 * HOUR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starts_as_utc_and_elapses),
	    cmocka_unit_test(a_jump_while_running_is_no_time),
	    cmocka_unit_test(a_steady_clock_is_believed_at_last_and_is_still_no_time),
	    cmocka_unit_test(an_unsteady_clock_is_never_believed),
	    cmocka_unit_test(time_off_counts),
	    cmocka_unit_test(a_clock_without_a_battery_is_corrected_later),
	    cmocka_unit_test(a_clock_that_is_set_for_the_first_time_is_believed),
	    cmocka_unit_test(a_boot_into_2099_waits_until_it_is_steady),
	    cmocka_unit_test(a_restart_of_the_role_alone_is_exact),
	    cmocka_unit_test(never_below_the_newest_read),
	    cmocka_unit_test(validity_is_never_judged_by_a_clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
