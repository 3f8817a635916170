/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/clock_quality.h"
#include "tests/unit/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const struct clock_quality_ops *driver(const char *name)
{
	const struct clock_quality_ops *ops = clock_quality_find(name);

	assert_non_null(ops);
	return ops;
}

static struct clock_quality *open_file(void)
{
	struct clock_quality_conf conf = {.driver = "fake"};
	struct clock_quality *c = NULL;
	struct err e = {0};

	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path("clock"));
	if (!driver("fake")->open(&conf, &c, &e))
		fail_msg("%s", e.text);
	return c;
}

static void the_kernel_answers(void **state)
{
	const struct clock_quality_conf conf = {.driver = "kernel"};
	struct clock_quality_reading r = {0};
	struct clock_quality *c = NULL;
	struct timex t = {0};
	struct err e = {0};

	(void)state;
	assert_true(driver("kernel")->open(&conf, &c, &e));
	assert_true(driver("kernel")->read(c, &r, &e));
	assert_true(clock_adjtime(CLOCK_REALTIME, &t) >= 0);
	assert_int_equal(r.synchronised, !(t.status & STA_UNSYNC));
	assert_int_equal(r.tai_offset_s, t.tai);
	assert_true(r.max_error_us >= 0 && r.max_error_us <= t.maxerror);
	driver("kernel")->close(c);
	driver("kernel")->close(NULL);
}

static void the_file_is_read_again(void **state)
{
	struct clock_quality_reading r;
	struct clock_quality *c;
	struct err e = {0};

	(void)state;
	tree_write("clock", "[clock]\nsynchronised = yes\nmax_error_us = 12000\n"
			    "est_error_us = 300\ntai_offset_s = 37\n");
	c = open_file();
	assert_true(driver("fake")->read(c, &r, &e));
	assert_true(r.synchronised);
	assert_int_equal(r.max_error_us, 12000);
	assert_int_equal(r.est_error_us, 300);
	assert_int_equal(r.tai_offset_s, 37);
	tree_write("clock", "[clock]\nmax_error_us = 16000000\n");
	assert_true(driver("fake")->read(c, &r, &e));
	assert_false(r.synchronised);
	assert_int_equal(r.max_error_us, 16000000);
	assert_int_equal(r.tai_offset_s, 0);
	driver("fake")->close(c);
}

static void what_is_no_reading_is_refused(void **state)
{
	static const char *const texts[] = {
	    "[clock]\nsynchronised = perhaps\n",
	    "[clock]\nmax_error_us = -1\n",
	    "[clock]\nmax_error_us = 1e300\n",
	    "[clock]\ntai_offset_s = 2000\n",
	    "[clock]\nleap = yes\n",
	    "synchronised yes\n",
	};
	struct clock_quality_reading r;
	struct clock_quality *c;
	char huge[2000];
	struct err e = {0};

	(void)state;
	tree_write("clock", "");
	c = open_file();
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		tree_write("clock", texts[i]);
		assert_false(driver("fake")->read(c, &r, &e));
		assert_int_equal(e.code, ERR_FORMAT);
		assert_false(r.synchronised);
	}
	memset(huge, ';', sizeof huge);
	tree_write_bytes("clock", huge, sizeof huge);
	assert_false(driver("fake")->read(c, &r, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	driver("fake")->close(c);
}

static void a_fake_needs_its_file(void **state)
{
	struct clock_quality_conf conf = {.driver = "fake"};
	struct clock_quality *c = NULL;
	struct err e = {0};

	(void)state;
	assert_false(driver("fake")->open(&conf, &c, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path("missing"));
	assert_false(driver("fake")->open(&conf, &c, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	(void)snprintf(conf.source, sizeof conf.source, "%s", tree_path(""));
	assert_false(driver("fake")->open(&conf, &c, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_null(c);
}

static void drivers_have_names(void **state)
{
	(void)state;
	assert_null(clock_quality_find("sundial"));
	assert_string_equal(clock_quality_names(), "kernel|fake");
}

int main(void)
{
#define IN_TREE(t) cmocka_unit_test_setup_teardown(t, tree_make, tree_remove)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_kernel_answers),   IN_TREE(the_file_is_read_again),
	    IN_TREE(what_is_no_reading_is_refused), IN_TREE(a_fake_needs_its_file),
	    cmocka_unit_test(drivers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
