/* SPDX-License-Identifier: Apache-2.0 */
/* The driver on folders laid out as sysfs has it, good and hostile; and on the machine's own. */
#include "hal/temperature.h"
#include "tests/unit/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct temperature_ops *fake(void)
{
	const struct temperature_ops *ops = temperature_find("fake");

	assert_non_null(ops);
	return ops;
}

static struct temperature *open_folder(void)
{
	struct temperature_conf conf = {.driver = "fake"};
	struct temperature *t = NULL;
	struct err e = {0};

	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path(""));
	if (!fake()->open(&conf, &t, &e))
		fail_msg("%s", e.text);
	return t;
}

/* A board with a processor and two disks. */
static void lay_out(void)
{
	tree_write("hwmon0/name", "cpu_thermal\n");
	tree_write("hwmon0/temp1_input", "45000\n");
	tree_write("hwmon10/name", "drivetemp\n");
	tree_write("hwmon10/temp1_input", "-12500\n");
	tree_write("hwmon2/name", "nvme\n");
	tree_write("hwmon2/temp1_input", "61850\n");
	tree_write("hwmon2/temp1_label", "Composite\n");
	tree_write("hwmon2/temp2_input", "59000\n");
	tree_write("hwmon2/temp1_crit", "84850\n");
	tree_write("hwmon2/fan1_input", "1200\n");
	tree_write("elsewhere/temp1_input", "1\n");
}

static void every_sensor_is_found_in_order(void **state)
{
	static const struct {
		const char *name;
		bool disk;
		int32_t millidegrees;
	} want[] = {
	    {"cpu_thermal", false, 45000},
	    {"nvme Composite", true, 61850},
	    {"nvme 2", true, 59000},
	    {"drivetemp", true, -12500},
	};
	struct temperature *t;
	struct err e = {0};

	(void)state;
	lay_out();
	t = open_folder();
	assert_int_equal(fake()->sensors(t), sizeof want / sizeof want[0]);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		struct temperature_reading r;

		assert_true(fake()->read(t, i, &r, &e));
		assert_string_equal(r.name, want[i].name);
		assert_int_equal(r.disk, want[i].disk);
		assert_int_equal(r.millidegrees, want[i].millidegrees);
	}
	fake()->close(t);
}

static void values_are_read_again(void **state)
{
	struct temperature_reading r;
	struct temperature *t;
	struct err e = {0};

	(void)state;
	lay_out();
	t = open_folder();
	tree_write("hwmon0/temp1_input", "90001\n");
	assert_true(fake()->read(t, 0, &r, &e));
	assert_int_equal(r.millidegrees, 90001);
	fake()->close(t);
}

static void hostile_values_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
	    {"", ERR_FORMAT},
	    {"\n", ERR_FORMAT},
	    {"hot\n", ERR_FORMAT},
	    {"45000 \n", ERR_FORMAT},
	    {"45000\n\n", ERR_FORMAT},
	    {" 45000\n", ERR_FORMAT},
	    {"+45000\n", ERR_FORMAT},
	    {"-\n", ERR_FORMAT},
	    {"4e3\n", ERR_FORMAT},
	    {"99999999999999999999\n", ERR_FORMAT},
	    {"0000000000000000000000000000000000000000000000001\n", ERR_FORMAT},
	    {"200001\n", ERR_LIMIT},
	    {"-60001\n", ERR_LIMIT},
	    {"9223372036854775807\n", ERR_LIMIT},
	};
	struct temperature *t;

	(void)state;
	lay_out();
	t = open_folder();
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct temperature_reading r;
		struct err e = {0};

		tree_write("hwmon0/temp1_input", cases[i].text);
		assert_false(fake()->read(t, 0, &r, &e));
		assert_int_equal(e.code, cases[i].code);
		assert_string_equal(r.name, "cpu_thermal");
		assert_non_null(strstr(e.text, "cpu_thermal"));
	}
	tree_write_bytes("hwmon0/temp1_input",
			 "45\0"
			 "00\n",
			 6);
	assert_false(fake()->read(t, 0, &(struct temperature_reading){0}, NULL));
	fake()->close(t);
}

static void names_are_cleaned_and_cut(void **state)
{
	struct temperature_reading r;
	struct temperature *t;
	struct err e = {0};

	(void)state;
	tree_write("hwmon0/name", "a\"b\\c\x1b\xc3\xa4\n");
	tree_write("hwmon0/temp1_input", "1\n");
	tree_write("hwmon0/temp1_label",
		   "a label that goes on and on, longer than anybody wants to read it\n");
	tree_write("hwmon1/temp1_input", "2\n");
	t = open_folder();
	assert_true(fake()->read(t, 0, &r, &e));
	assert_string_equal(r.name, "a?b?c??? a label that goes on and on, lo");
	assert_true(fake()->read(t, 1, &r, &e));
	assert_string_equal(r.name, "hwmon1"); /* it has no name of its own */
	fake()->close(t);
}

static void what_is_no_file_cannot_be_read(void **state)
{
	struct temperature_reading r;
	struct temperature *t;
	struct err e = {0};

	(void)state;
	tree_write("hwmon0/name", "fifo\n");
	assert_int_equal(mkfifo(tree_path("hwmon0/temp1_input"), 0600), 0);
	t = open_folder();
	assert_false(fake()->read(t, 0, &r, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_string_equal(r.name, "fifo");
	assert_false(fake()->read(t, 1, &r, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	fake()->close(t);
}

static void more_sensors_than_fit_are_left_out(void **state)
{
	struct temperature *t;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "hwmon%u/temp1_input", i);
		tree_write(name, "1\n");
	}
	t = open_folder();
	assert_int_equal(fake()->sensors(t), TEMPERATURE_SENSORS);
	fake()->close(t);
}

static void no_sensor_is_said_so(void **state)
{
	struct temperature_conf conf = {.driver = "fake"};
	struct temperature *t = NULL;
	struct err e = {0};

	(void)state;
	assert_false(fake()->open(&conf, &t, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path(""));
	assert_false(fake()->open(&conf, &t, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no sensor"));
	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path("missing"));
	assert_false(fake()->open(&conf, &t, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_null(t);
	fake()->close(NULL);
}

/* Whatever this machine has: nothing but a reading within its range, or a refusal in words. */
static void the_machine_itself(void **state)
{
	const struct temperature_ops *hwmon = temperature_find("hwmon");
	struct temperature_conf conf = {.driver = "hwmon"};
	struct temperature *t = NULL;
	struct err e = {0};

	(void)state;
	assert_non_null(hwmon);
	if (!hwmon->open(&conf, &t, &e)) {
		assert_int_equal(e.code, ERR_NOT_FOUND);
		return;
	}
	for (size_t i = 0; i < hwmon->sensors(t); i++) {
		struct temperature_reading r;

		if (hwmon->read(t, i, &r, &e))
			assert_in_range(r.millidegrees - TEMPERATURE_LEAST, 0,
					TEMPERATURE_MOST - TEMPERATURE_LEAST);
		assert_true(r.name[0]);
	}
	hwmon->close(t);
}

static void drivers_have_names(void **state)
{
	(void)state;
	assert_null(temperature_find("thermometer"));
	assert_string_equal(temperature_names(), "hwmon|fake");
}

int main(void)
{
#define IN_TREE(t) cmocka_unit_test_setup_teardown(t, tree_make, tree_remove)
	const struct CMUnitTest tests[] = {
	    IN_TREE(every_sensor_is_found_in_order), IN_TREE(values_are_read_again),
	    IN_TREE(hostile_values_are_refused),     IN_TREE(names_are_cleaned_and_cut),
	    IN_TREE(what_is_no_file_cannot_be_read), IN_TREE(more_sensors_than_fit_are_left_out),
	    IN_TREE(no_sensor_is_said_so),	     cmocka_unit_test(the_machine_itself),
	    cmocka_unit_test(drivers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
