/* SPDX-License-Identifier: Apache-2.0 */
/* What a sick box says of itself: every trouble in plain words, none hidden by another. */
#include "firmware/device/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct judge j;
static struct wire_status s;

static const char *say(void)
{
	judge_say(&j, s.state, sizeof s.state, s.detail, sizeof s.detail);
	return s.detail;
}

static int begin(void **state)
{
	(void)state;
	memset(&j, 0, sizeof j);
	j.limits = (struct judge_limits){90, 70, 500, 100, 38.627, -90.199};
	return 0;
}

static void heat(bool disk, const char *name, int32_t millidegrees)
{
	struct temperature_reading r = {.disk = disk, .millidegrees = millidegrees};

	(void)snprintf(r.name, sizeof r.name, "%s", name);
	judge_heat(&j, &r);
}

static void clock_says(bool synchronised, int64_t max_error_us)
{
	j.clock_known = true;
	j.clock = (struct clock_quality_reading){synchronised, max_error_us, 0, 0};
}

static void a_well_box_says_ok(void **state)
{
	(void)state;
	clock_says(true, 500000);
	judge_cool(&j);
	heat(true, "nvme Composite", 69999);
	heat(false, "cpu_thermal", 89999);
	assert_string_equal(say(), "");
	assert_string_equal(s.state, "ok");
}

static void each_trouble_has_its_words(void **state)
{
	(void)state;
	j.door_open = true;
	assert_string_equal(say(), "cabinet door is open");
	assert_string_equal(s.state, "door");
	j.door_open = false;
	j.key_missing = true;
	assert_string_equal(say(), "device key is missing");
	j.key_is_tpm = true;
	assert_string_equal(say(), "TPM is missing");
	assert_string_equal(s.state, "key");
	j.key_missing = false;
	j.key_fails = true;
	assert_string_equal(say(), "TPM is missing or does not answer");
	j.key_is_tpm = false;
	assert_string_equal(say(), "device key cannot be used");
}

static void a_clock_says_how_far_it_may_be_off(void **state)
{
	(void)state;
	clock_says(false, 3200000);
	assert_string_equal(say(), "clock is not synchronised (may be off by 3.2 s)");
	assert_string_equal(s.state, "clock");
	clock_says(false, 0);
	assert_string_equal(say(), "clock is not synchronised (may be off by 0 ms)");
	clock_says(false, 16000000);
	assert_string_equal(say(), "clock is not synchronised (may be off by 16 s or more)");
	clock_says(false, INT64_MAX);
	assert_string_equal(say(), "clock is not synchronised (may be off by 16 s or more)");
	clock_says(true, 500001);
	assert_string_equal(say(), "clock may be off by 500 ms");
	clock_says(true, 500000);
	assert_string_equal(say(), "");
}

static void the_hottest_of_a_kind_is_named_and_the_others_are_counted(void **state)
{
	(void)state;
	judge_cool(&j);
	heat(true, "nvme Composite", 78200);
	assert_string_equal(say(), "disk is 78 \xc2\xb0"
				   "C");
	assert_string_equal(s.state, "hot");
	heat(true, "nvme Sensor 2", 75000);
	heat(true, "nvme Sensor 3", 12000);
	heat(false, "cpu_thermal", 97000);
	assert_string_equal(say(), "disk is 78 \xc2\xb0"
				   "C and 1 more, cpu_thermal is 97 \xc2\xb0"
				   "C");
}

static void a_hot_sensor_is_well_again_three_degrees_below(void **state)
{
	static const struct {
		int32_t millidegrees;
		bool hot;
	} rounds[] = {{69999, false}, {70000, true},  {67001, true},
		      {67000, true},  {66999, false}, {69999, false}};

	(void)state;
	for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
		judge_cool(&j);
		heat(true, "nvme", rounds[i].millidegrees);
		assert_int_equal(strcmp((say(), s.state), "hot") == 0, rounds[i].hot);
	}
	judge_cool(&j); /* the disk has gone: what is not known is not hot */
	assert_string_equal((say(), s.state), "ok");
	assert_false(j.disk.known);
}

static void distances_are_those_of_the_earth(void **state)
{
	(void)state;
	assert_true(fabs(judge_distance_m(38.627, -90.199, 38.627, -90.199)) < 1e-6);
	/* a degree of latitude; London to Paris; over the date line; to the antipode */
	assert_true(fabs(judge_distance_m(0, 0, 1, 0) - 111195) < 10);
	assert_true(fabs(judge_distance_m(51.5074, -0.1278, 48.8566, 2.3522) - 343556) < 500);
	assert_true(fabs(judge_distance_m(0, 179.999, 0, -179.999) - 222.4) < 1);
	assert_true(fabs(judge_distance_m(0, 0, 0, 180) - 20015115) < 100);
	assert_true(fabs(judge_distance_m(90, 0, -90, 77) - 20015115) < 100);
}

static void a_box_has_moved_when_it_is_surely_elsewhere(void **state)
{
	struct location_reading r = {LOCATION_3D, 38.627, -90.199, 0, 1};

	(void)state;
	judge_place(&j, &r);
	assert_string_equal((say(), s.state), "ok");
	r.latitude += 0.0046;
	judge_place(&j, &r);
	assert_string_equal(say(), "box is 511 m from its surveyed place");
	assert_string_equal(s.state, "moved");
	r.accuracy_m = 450; /* it may well be where it belongs */
	judge_place(&j, &r);
	assert_string_equal((say(), s.state), "ok");
	r = (struct location_reading){LOCATION_2D, 38.627, -90.199, 5, 2};
	judge_place(&j, &r);
	assert_string_equal((say(), s.state), "ok");
}

static void what_cannot_be_watched_is_said(void **state)
{
	(void)state;
	assert_true(judge_blind(&j, SENSE_DOOR, "fake door: level: Input/output error"));
	assert_false(judge_blind(&j, SENSE_DOOR, "fake door: level: Input/output error"));
	assert_string_equal(say(), "door cannot be watched: fake door: level: Input/output error");
	assert_string_equal(s.state, "blind");
	assert_true(judge_blind(&j, SENSE_CLOCK, "x"));
	assert_string_equal(say(), "cannot be watched: door, clock");
	assert_true(judge_blind(&j, SENSE_DOOR, NULL));
	assert_false(judge_blind(&j, SENSE_DOOR, NULL));
	assert_string_equal(say(), "clock cannot be watched: x");
	assert_string_equal(sense_name(SENSES), "?");
}

/* The longest that each can say, all at once: every one is there, whole. */
static void all_at_once_hide_nothing(void **state)
{
	char why[300], name[64];
	struct location_reading far = {LOCATION_3D, -38.627, 89.801, 0, 1};

	(void)state;
	memset(why, 'w', sizeof why - 1);
	why[sizeof why - 1] = '\0';
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	j.door_open = j.key_fails = j.key_is_tpm = true;
	clock_says(false, INT64_MAX);
	judge_cool(&j);
	for (unsigned i = 0; i < TEMPERATURE_SENSORS; i++) {
		heat(true, "nvme", TEMPERATURE_MOST);
		heat(false, name, TEMPERATURE_MOST);
	}
	judge_place(&j, &far);
	(void)judge_blind(&j, SENSE_TEMPERATURE, why);
	(void)say();
	assert_string_equal(s.state, "door+clock+key+hot+moved+blind");
	assert_true(strlen(s.detail) + 16 < sizeof s.detail);
	assert_non_null(strstr(s.detail, "cabinet door is open; "));
	assert_non_null(strstr(s.detail, "(may be off by 16 s or more); "));
	assert_non_null(strstr(s.detail, "; TPM is missing or does not answer; "));
	assert_non_null(strstr(s.detail, "disk is 200 \xc2\xb0"
					 "C and 31 more, nnn"));
	assert_non_null(strstr(s.detail, "n is 200 \xc2\xb0"
					 "C and 31 more; box is "));
	assert_non_null(strstr(s.detail, " m from its surveyed place; temperature cannot be "
					 "watched: www"));
	for (unsigned i = 0; i < SENSES; i++)
		(void)judge_blind(&j, (enum sense)i, why);
	assert_non_null(strstr(say(), "; cannot be watched: door, temperature, clock, location, "
				      "keystore"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, begin)
	const struct CMUnitTest tests[] = {
	    T(a_well_box_says_ok),
	    T(each_trouble_has_its_words),
	    T(a_clock_says_how_far_it_may_be_off),
	    T(the_hottest_of_a_kind_is_named_and_the_others_are_counted),
	    T(a_hot_sensor_is_well_again_three_degrees_below),
	    T(distances_are_those_of_the_earth),
	    T(a_box_has_moved_when_it_is_surely_elsewhere),
	    T(what_cannot_be_watched_is_said),
	    T(all_at_once_hide_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
