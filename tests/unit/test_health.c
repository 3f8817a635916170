/* SPDX-License-Identifier: Apache-2.0 */
/* What capture's status says of each camera. */
#include "firmware/capture/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct camera { /* one whose state the test says */
	struct camera_state states[FRAME_CAMERAS];
};

static void fake_state(const struct camera *c, unsigned camera, struct camera_state *out)
{
	*out = c->states[camera];
}

static const struct camera_ops fake = {.name = "fake", .state = fake_state};
static const struct camera_ops mute = {.name = "mute"};

static int64_t counter(const struct wire_status *s, const char *name)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (strcmp(s->counters[i].name, name) == 0)
			return s->counters[i].value;
	return -1;
}

static void test_all_well(void **state)
{
	const struct camera c = {.states = {{.here = true, .well = true, .missed = 3},
					    {.here = true, .well = true, .late = 4}}};
	struct health h = {0};
	struct wire_status s = {0};
	char why[96] = "x";

	(void)state;
	assert_false(health_tell(&h, &fake, &c, why, sizeof why, &s));
	assert_string_equal(why, "");
	assert_int_equal(counter(&s, "camera0_missed"), 3);
	assert_int_equal(counter(&s, "camera1_late"), 4);
	assert_int_equal(counter(&s, "camera1_restarts"), 0);
	assert_int_equal(counter(&s, "camera1_failed"), 0);
}

static void test_which_is_ill_and_why(void **state)
{
	struct camera c = {
	    .states = {{.here = true, .well = true},
		       {.here = true, .restarts = 2, .failed = 9, .what = "it hangs"}}};
	struct health h = {0};
	struct wire_status s = {0};
	char why[96], cut[24];

	(void)state;
	assert_true(health_tell(&h, &fake, &c, why, sizeof why, &s));
	assert_string_equal(why, "camera 1: it hangs");
	assert_int_equal(counter(&s, "camera1_restarts"), 2);
	assert_int_equal(counter(&s, "camera1_failed"), 9);
	(void)strcpy(c.states[0].what, "not found");
	assert_true(health_tell(&h, &fake, &c, why, sizeof why, &s));
	assert_string_equal(why, "camera 0: not found; camera 1: it hangs");
	assert_true(health_tell(&h, &fake, &c, cut, sizeof cut, &s));
	assert_string_equal(cut, "camera 0: not found; ca");
}

static void test_a_driver_that_says_nothing(void **state)
{
	const struct camera c = {0};
	struct health h = {0};
	struct wire_status s = {0};
	char why[8];

	(void)state;
	assert_false(health_tell(&h, &mute, &c, why, sizeof why, &s));
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_well),
	    cmocka_unit_test(test_which_is_ill_and_why),
	    cmocka_unit_test(test_a_driver_that_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
