/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/lamp.h"

#include "tests/unit/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct lamp *open_fake(const struct folder *f, bool active_low)
{
	struct lamp_setup setup = {.folder = f->path};
	struct lamp *l = NULL;
	struct err e = {0};

	setup.strobe.active_low = active_low;
	setup.fault.active_low = active_low;
	assert_true(lamp_find("fake")->open(&setup, &l, &e));
	return l;
}

/* Off when opened, on and off as set, off when closed; both polarities. */
static void test_levels(void **state)
{
	const struct lamp_ops *ops = lamp_find("fake");

	(void)state;
	for (int low = 0; low < 2; low++) {
		CLEANUP(folder_remove) struct folder f = folder_make();
		struct lamp *l = open_fake(&f, low);
		const char *on = low ? "0\n" : "1\n", *off = low ? "1\n" : "0\n";
		struct lamp_state s;
		struct err e = {0};

		folder_holds(&f, "lamp", off);
		assert_true(ops->set(l, true, &e));
		folder_holds(&f, "lamp", on);
		assert_true(ops->state(l, &s, &e));
		assert_true(s.on && !s.has_fault && !s.fault);
		assert_true(ops->set(l, false, &e));
		folder_holds(&f, "lamp", off);
		assert_true(ops->state(l, &s, &e));
		assert_false(s.on);
		assert_true(ops->set(l, true, &e));
		ops->close(l);
		folder_holds(&f, "lamp", off);
	}
}

static void test_fault_input(void **state)
{
	const struct lamp_ops *ops = lamp_find("fake");

	(void)state;
	for (int low = 0; low < 2; low++) {
		CLEANUP(folder_remove) struct folder f = folder_make();
		struct lamp *l;
		struct lamp_state s;
		struct err e = {0};

		folder_write(&f, "lamp-fault", low ? "1" : "0");
		l = open_fake(&f, low);
		assert_true(ops->state(l, &s, &e));
		assert_true(s.has_fault && !s.fault);
		folder_write(&f, "lamp-fault", low ? "0" : "1");
		assert_true(ops->state(l, &s, &e));
		assert_true(s.has_fault && s.fault);
		folder_write(&f, "lamp-fault", "broken");
		assert_false(ops->state(l, &s, &e));
		assert_int_equal(e.code, ERR_FORMAT);
		ops->close(l);
	}
}

static void test_failures_are_told(void **state)
{
	CLEANUP(folder_remove) struct folder f = folder_make();
	const struct lamp_ops *ops = lamp_find("fake");
	struct lamp_setup setup = {0};
	struct lamp *l = NULL;
	struct err e = {0};

	(void)state;
	assert_false(ops->open(&setup, &l, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	setup.folder = "/nowhere/at/all";
	assert_false(ops->open(&setup, &l, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	setup.folder = f.path;
	folder_link(&f, "lamp", "/dev/full");
	assert_false(ops->open(&setup, &l, &e));
	assert_int_equal(e.code, ERR_NO_SPACE);
	assert_null(l);
	ops->close(NULL);
	assert_null(lamp_find("none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_levels),
	    cmocka_unit_test(test_fault_input),
	    cmocka_unit_test(test_failures_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
