/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of the door, however often device is started anew. */
#include "tests/unit/store_help.h"

#include "firmware/store/audit.h"
#include "firmware/store/door.h"

#define DEVICE	INT64_C(1001)
#define ANOTHER INT64_C(1002)

static void note(struct place *p, int64_t process, int64_t openings)
{
	if (!door_note(p->db, process, openings, T0, &p->why))
		fail_msg("%s", p->why.text);
}

/* The records: how many, and how many openings they tell of. */
static void recorded(struct place *p, int64_t records, int64_t openings)
{
	int64_t n;

	assert_int_equal(count_of(p, "SELECT count(*) FROM audit WHERE who = 'device' AND what = "
				     "'door' AND outcome = 'opened'"),
			 records);
	assert_int_equal(
	    count_of(p, "SELECT coalesce(sum(json_extract(detail, '$.openings')), 0) FROM audit"),
	    openings);
	assert_true(audit_verify(p->db, NULL, &n, &p->why));
	assert_int_equal(n, records);
}

static void each_opening_is_recorded_once(void **state)
{
	struct place *p = *state;

	note(p, DEVICE, 0);
	recorded(p, 0, 0);
	note(p, DEVICE, 1);
	note(p, DEVICE, 1);
	recorded(p, 1, 1);
	note(p, DEVICE, 4);
	recorded(p, 2, 4);
}

static void a_restart_of_the_store_forgets_nothing_and_doubles_nothing(void **state)
{
	struct place *p = *state;

	note(p, DEVICE, 2);
	place_close(p);
	place_open(p);
	note(p, DEVICE, 2);
	recorded(p, 1, 2);
	note(p, DEVICE, 3); /* opened while there was no store */
	recorded(p, 2, 3);
}

static void another_process_counts_from_nothing(void **state)
{
	struct place *p = *state;

	note(p, DEVICE, 2);
	note(p, ANOTHER, 0);
	recorded(p, 1, 2);
	note(p, ANOTHER, 1);
	recorded(p, 2, 3);
	note(p, DEVICE, 3); /* its door was open when it started, and more often than before */
	recorded(p, 3, 6);
}

static void less_than_before_is_no_opening(void **state)
{
	struct place *p = *state;

	note(p, DEVICE, INT64_MAX);
	note(p, DEVICE, 5);
	recorded(p, 1, INT64_MAX);
	note(p, DEVICE, 5);
	recorded(p, 1, INT64_MAX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    T(each_opening_is_recorded_once),
	    T(a_restart_of_the_store_forgets_nothing_and_doubles_nothing),
	    T(another_process_counts_from_nothing),
	    T(less_than_before_is_no_opening),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
