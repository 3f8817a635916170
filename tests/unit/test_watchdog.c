/* SPDX-License-Identifier: Apache-2.0 */
/* What needs no watchdog: a real one (softdog) is fed, left and stopped in a guest. */
#include "hal/watchdog.h"
#include "tests/unit/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const struct watchdog_ops *driver(const char *name)
{
	const struct watchdog_ops *ops = watchdog_find(name);

	assert_non_null(ops);
	return ops;
}

static bool open_as(const char *name, const char *source, int64_t timeout_s, struct watchdog **w,
		    struct err *e)
{
	struct watchdog_conf conf = {.timeout_s = timeout_s};

	(void)snprintf(conf.driver, sizeof conf.driver, "%s", name);
	(void)snprintf(conf.source, sizeof conf.source, "%s", source);
	return driver(name)->open(&conf, w, e);
}

static void the_fake_says_what_was_done(void **state)
{
	struct watchdog_about about;
	struct watchdog *w = NULL;
	struct err e = {0};

	(void)state;
	assert_true(open_as("fake", tree_path("dog"), 30, &w, &e));
	driver("fake")->about(w, &about);
	assert_int_equal(about.timeout_s, 30);
	assert_true(about.stops);
	assert_false(about.was_reset);
	assert_true(driver("fake")->feed(w, &e));
	assert_true(driver("fake")->feed(w, &e));
	driver("fake")->close(w, false);
	assert_string_equal(tree_read("dog", NULL), "open 30\nfeed\nfeed\nleave\n");
	assert_true(open_as("fake", tree_path("dog"), 5, &w, &e));
	driver("fake")->close(w, true);
	assert_string_equal(tree_read("dog", NULL), "open 30\nfeed\nfeed\nleave\nopen 5\nstop\n");
	driver("fake")->close(NULL, true);
	driver("device")->close(NULL, true);
}

static void hunger_is_an_error(void **state)
{
	struct watchdog *w = NULL;
	struct err e = {0};

	(void)state;
	assert_false(open_as("fake", "/dev/full", 30, &w, &e));
	assert_int_equal(e.code, ERR_NO_SPACE);
	assert_null(w);
}

static void what_is_no_watchdog_is_refused(void **state)
{
	static const struct {
		const char *driver, *source;
		int64_t timeout_s;
		enum err_code code;
	} cases[] = {
	    {"device", "/dev/null", 30, ERR_FORMAT},
	    {"device", "/etc/passwd", 30, ERR_FORMAT},
	    {"device", "/dev/no-such-watchdog", 30, ERR_NOT_FOUND},
	    {"device", "", 30, ERR_CONFIG},
	    {"device", "/dev/null", 0, ERR_CONFIG},
	    {"device", "/dev/null", 3601, ERR_CONFIG},
	    {"device", "/dev/null", INT64_MIN, ERR_CONFIG},
	    {"fake", "", 30, ERR_CONFIG},
	    {"fake", "/nowhere/dog", 30, ERR_NOT_FOUND},
	    {"fake", "/tmp", 30, ERR_IO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct watchdog *w = NULL;
		struct err e = {0};

		assert_false(open_as(cases[i].driver, cases[i].source, cases[i].timeout_s, &w, &e));
		assert_int_equal(e.code, cases[i].code);
		assert_int_equal(strncmp(e.text, "watchdog: ", 10), 0);
		assert_null(w);
	}
}

static void drivers_have_names(void **state)
{
	(void)state;
	assert_null(watchdog_find("cat"));
	assert_string_equal(watchdog_names(), "device|fake");
}

int main(void)
{
#define IN_TREE(t) cmocka_unit_test_setup_teardown(t, tree_make, tree_remove)
	const struct CMUnitTest tests[] = {
	    IN_TREE(the_fake_says_what_was_done),
	    cmocka_unit_test(hunger_is_an_error),
	    cmocka_unit_test(what_is_no_watchdog_is_refused),
	    cmocka_unit_test(drivers_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
