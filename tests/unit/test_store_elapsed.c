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

/* Hour by hour, with the wall clock going on from *wall; *n: after how many the doubt was over. */
static void pass_hours(struct elapsed *c, int hours, int64_t *wall, int *n)
{
	*n = c->doubtful ? 0 : -1;
	for (int i = 1; i <= hours; i++) {
		pass(c, HOUR, *wall += HOUR);
		if (!c->doubtful && *n == 0)
			*n = i;
	}
}

static void a_steady_clock_is_believed_at_last_and_is_still_no_time(void **state)
{
	struct elapsed c = started(T0), d;
	int64_t wall = T0 + 200 * DAY;
	int n;

	(void)state;
	pass(&c, HOUR, wall);
	assert_true(c.doubtful);
	pass_hours(&c, 30, &wall, &n);
	assert_int_equal(n, 24);
	assert_int_equal(c.k.ring_ns, T0 + 31 * HOUR);
	/* Nor at the boot after it, whether it stands there still or was put right while it was
	 * off. */
	d = rebooted(&c, wall + 5 * HOUR);
	assert_int_equal(d.k.ring_ns, T0 + 36 * HOUR);
	d = rebooted(&c, T0 + 36 * HOUR);
	assert_int_equal(d.k.ring_ns, T0 + 36 * HOUR);
	assert_false(d.doubtful);
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
	const int64_t off[] = {HOUR, DAY, 3 * DAY};

	(void)state;
	for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
		struct elapsed a = started(T0), c = rebooted(&a, T0 + off[i]);

		assert_int_equal(c.k.ring_ns, T0 + off[i]);
		assert_false(c.doubtful);
		/* Once only: what jumps later in the same boot is no time any more. */
		pass(&c, HOUR, T0 + 90 * DAY);
		assert_int_equal(c.k.ring_ns, T0 + off[i] + HOUR);
		assert_true(c.doubtful);
	}
}

static void what_nobody_vouches_for_is_believed_for_three_days_in_all(void **state)
{
	struct elapsed a = started(T0), b = rebooted(&a, T0 + 2 * DAY), c, d;

	(void)state;
	assert_false(b.doubtful);
	c = rebooted(&b, T0 + 4 * DAY);
	assert_int_equal(c.k.ring_ns, T0 + 2 * DAY);
	assert_true(c.doubtful);
	/* Somebody vouches for it, and they begin again. */
	elapsed_trust(&c, true);
	pass(&c, HOUR, T0 + 4 * DAY + HOUR);
	assert_int_equal(c.k.ring_ns, T0 + 4 * DAY + HOUR);
	d = rebooted(&c, T0 + 7 * DAY + HOUR);
	assert_int_equal(d.k.ring_ns, T0 + 7 * DAY + HOUR);
}

static void a_long_time_off_waits_for_somebody_to_vouch(void **state)
{
	const int64_t off[] = {21 * DAY, 89 * DAY, 91 * DAY, 400 * DAY};

	(void)state;
	for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
		struct elapsed a = started(T0), c = rebooted(&a, T0 + off[i]);
		int64_t wall = T0 + off[i];
		int n;

		/* Nothing is purged on it, and nothing is given out. */
		pass(&c, HOUR, wall += HOUR);
		assert_int_equal(c.k.ring_ns, T0 + HOUR);
		assert_true(c.doubtful);
		elapsed_trust(&c, true);
		pass(&c, HOUR, wall += HOUR);
		assert_int_equal(c.k.ring_ns, T0 + off[i] + 2 * HOUR);
		assert_false(c.doubtful);
		/* Nobody does: then it is believed after a day. */
		c = rebooted(&a, wall = T0 + off[i]);
		pass_hours(&c, 23, &wall, &n);
		assert_int_equal(c.k.ring_ns, T0 + 23 * HOUR);
		pass_hours(&c, 1, &wall, &n);
		assert_int_equal(n, 1);
		assert_int_equal(c.k.ring_ns, T0 + off[i] + 24 * HOUR);
	}
}

static void that_day_goes_on_over_a_boot(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 91 * DAY), d;
	int64_t wall = T0 + 91 * DAY;
	int n;

	(void)state;
	pass_hours(&c, 12, &wall, &n);
	d = rebooted(&c, wall += 60 * NS_PER_S);
	assert_true(d.doubtful);
	assert_int_equal(d.k.ring_ns, T0 + 12 * HOUR); /* that minute is in doubt, too */
	pass_hours(&d, 12, &wall, &n);
	assert_int_equal(n, 12);
	assert_int_equal(d.k.ring_ns, T0 + 91 * DAY + 24 * HOUR + 60 * NS_PER_S);
}

static void a_clock_set_wrong_and_put_right_again_was_no_time(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 100 * DAY + HOUR), d;
	int64_t wall = T0 + 100 * DAY + HOUR;
	int n;

	(void)state;
	/* Before it was started, and noticed after 20 hours. */
	pass_hours(&c, 20, &wall, &n);
	assert_true(c.doubtful);
	pass(&c, HOUR, T0 + 22 * HOUR);
	assert_int_equal(c.k.ring_ns, T0 + 22 * HOUR);
	assert_false(c.doubtful);
	/* While it ran: so it was no time at the next boot either, put right or not. */
	c = started(T0);
	pass(&c, HOUR, T0 + 100 * DAY);
	d = rebooted(&c, T0 + 100 * DAY + HOUR);
	assert_int_equal(d.k.ring_ns, T0 + 2 * HOUR);
	assert_true(d.doubtful);
	elapsed_trust(&d, true);
	pass(&d, HOUR, T0 + 3 * HOUR);
	assert_int_equal(d.k.ring_ns, T0 + 3 * HOUR);
	assert_false(d.doubtful);
	d = rebooted(&c, T0 + 2 * HOUR);
	assert_int_equal(d.k.ring_ns, T0 + 2 * HOUR);
	assert_false(d.doubtful);
	/* Set back while it ran, and found right. */
	c = started(T0);
	pass(&c, HOUR, T0 - 100 * DAY);
	d = rebooted(&c, T0 + DAY);
	assert_int_equal(d.k.ring_ns, T0 + DAY);
	d = rebooted(&c, T0 - 100 * DAY + 23 * HOUR);
	assert_int_equal(d.k.ring_ns, T0 + DAY);
}

static void a_clock_without_a_battery_is_corrected_later(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 20 * NS_PER_S);

	(void)state;
	pass(&c, HOUR, T0 + HOUR + 20 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + HOUR + 20 * NS_PER_S);
	/* The network says that 30 days have gone by. */
	elapsed_trust(&c, true);
	pass(&c, HOUR, T0 + 30 * DAY);
	assert_in_range(c.k.ring_ns, T0 + 30 * DAY - HOUR, T0 + 30 * DAY + HOUR);
	assert_false(c.doubtful);
	/* From 1970 as well, however long that is steady. */
	c = rebooted(&a, Y1970 + 40 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0);
	for (int i = 1; i < 50; i++) {
		pass(&c, HOUR, Y1970 + i * HOUR);
		assert_true(c.doubtful);
	}
	elapsed_trust(&c, true);
	pass(&c, HOUR, T0 + 30 * DAY);
	assert_in_range(c.k.ring_ns, T0 + 30 * DAY - HOUR, T0 + 30 * DAY + HOUR);
	assert_false(c.doubtful);
	/* Set by hand: nobody vouches for that either. */
	c = rebooted(&a, Y1970 + 40 * NS_PER_S);
	pass(&c, HOUR, T0 + 30 * DAY);
	assert_int_equal(c.k.ring_ns, T0 + HOUR);
	assert_true(c.doubtful);
}

/* A clock that is weeks behind, and does not look unset: that it is steady says nothing. */
static void a_clock_behind_leaves_the_time_off_open(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 - 30 * DAY);
	int64_t wall = T0 - 30 * DAY;
	int n;

	(void)state;
	pass_hours(&c, 50, &wall, &n);
	assert_int_equal(n, 0);
	elapsed_trust(&c, true);
	pass(&c, HOUR, T0 + 95 * DAY);
	assert_in_range(c.k.ring_ns, T0 + 95 * DAY - HOUR, T0 + 95 * DAY + HOUR);
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

static void a_boot_into_2099_is_never_believed(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, Y2099);
	int64_t wall = Y2099;
	int n;

	(void)state;
	assert_int_equal(c.k.ring_ns, T0);
	pass_hours(&c, 100, &wall, &n);
	assert_int_equal(n, 0);
	assert_int_equal(c.k.ring_ns, T0 + 100 * HOUR);
	/* Corrected: 2099 never happened. */
	pass(&c, HOUR, T0 + 101 * HOUR);
	assert_int_equal(c.k.ring_ns, T0 + 101 * HOUR);
	assert_false(c.doubtful);
}

static void longer_than_a_battery_lasts_takes_a_clock_that_is_vouched_for_a_day(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 500 * DAY);
	int64_t wall = T0 + 500 * DAY;
	int n;

	(void)state;
	pass_hours(&c, 10, &wall, &n);
	elapsed_trust(&c, true);
	pass_hours(&c, 13, &wall, &n);
	assert_int_equal(c.k.ring_ns, T0 + 23 * HOUR);
	pass_hours(&c, 1, &wall, &n);
	assert_int_equal(n, 1);
	assert_int_equal(c.k.ring_ns, T0 + 500 * DAY + 24 * HOUR);
}

static void a_week_without_network_time_is_a_week(void **state)
{
	struct elapsed c = started(T0);
	int64_t wall = T0;

	(void)state;
	elapsed_trust(&c, true);
	pass(&c, HOUR, wall += HOUR);
	elapsed_trust(&c, false);
	/* A crystal 100 ppm fast, looked at each minute, is a minute ahead by then. */
	for (int i = 0; i < 7 * 24 * 60; i++) {
		pass(&c, 60 * NS_PER_S, wall += 60 * NS_PER_S + 6 * NS_PER_MS);
		assert_false(c.doubtful);
	}
	assert_int_equal(c.k.ring_ns, T0 + 7 * DAY + HOUR);
}

/* A second more or less, February 29th, an hour of summer time that somebody takes for UTC. */
static void the_calendar_is_nothing_to_it(void **state)
{
	const int64_t leap_day = INT64_C(1835395200) * NS_PER_S; /* 2028-02-29 */
	struct elapsed c = started(leap_day - HOUR);

	(void)state;
	pass(&c, 2 * HOUR, leap_day + HOUR);
	pass(&c, 24 * HOUR, leap_day + 25 * HOUR);
	assert_int_equal(c.k.ring_ns, leap_day + 25 * HOUR);
	pass(&c, NS_PER_S, leap_day + 25 * HOUR); /* 23:59:60 */
	assert_false(c.doubtful);
	pass(&c, NS_PER_S, leap_day + 25 * HOUR + 37 * NS_PER_S); /* TAI taken for UTC */
	assert_false(c.doubtful);
	assert_int_equal(c.k.ring_ns, leap_day + 25 * HOUR + 2 * NS_PER_S);
	pass(&c, NS_PER_S, leap_day + 26 * HOUR); /* local time taken for UTC */
	assert_true(c.doubtful);
	assert_int_equal(c.k.ring_ns, leap_day + 25 * HOUR + 3 * NS_PER_S);
}

static void its_words_say_what_is_in_doubt(void **state)
{
	struct elapsed a = started(T0), c = rebooted(&a, T0 + 100 * DAY);
	char words[ELAPSED_WORDS];

	(void)state;
	assert_string_equal(elapsed_words(&a, words), "");
	assert_non_null(strstr(elapsed_words(&c, words), "was off for 2400 h"));
	c = rebooted(&a, Y1970);
	assert_non_null(strstr(elapsed_words(&c, words), "how long the box was off is unknown"));
	pass(&a, HOUR, T0 + 100 * DAY);
	assert_non_null(strstr(elapsed_words(&a, words), "8636400 s off: retention goes by"));
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
	elapsed_start(&c, &a.k, 0, 0, T0 + 2 * DAY, a.k.mono_ns + 5 * NS_PER_S);
	assert_int_equal(c.k.ring_ns, T0 + 2 * DAY);
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
	    cmocka_unit_test(what_nobody_vouches_for_is_believed_for_three_days_in_all),
	    cmocka_unit_test(a_long_time_off_waits_for_somebody_to_vouch),
	    cmocka_unit_test(that_day_goes_on_over_a_boot),
	    cmocka_unit_test(a_clock_set_wrong_and_put_right_again_was_no_time),
	    cmocka_unit_test(a_clock_behind_leaves_the_time_off_open),
	    cmocka_unit_test(a_clock_without_a_battery_is_corrected_later),
	    cmocka_unit_test(a_clock_that_is_set_for_the_first_time_is_believed),
	    cmocka_unit_test(a_boot_into_2099_is_never_believed),
	    cmocka_unit_test(longer_than_a_battery_lasts_takes_a_clock_that_is_vouched_for_a_day),
	    cmocka_unit_test(a_week_without_network_time_is_a_week),
	    cmocka_unit_test(the_calendar_is_nothing_to_it),
	    cmocka_unit_test(its_words_say_what_is_in_doubt),
	    cmocka_unit_test(a_restart_of_the_role_alone_is_exact),
	    cmocka_unit_test(never_below_the_newest_read),
	    cmocka_unit_test(validity_is_never_judged_by_a_clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
