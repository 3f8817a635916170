/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/door.h"

#include "firmware/base/clock.h"
#include "tests/unit/folder.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void edge_is(struct door *d, bool is_open)
{
	const struct door_ops *ops = door_find("fake");
	struct door_edge edge = {0};
	struct err e = {0};
	int64_t before = clock_utc_ns();

	assert_true(readable(ops->fd(d)));
	assert_true(ops->edge(d, &edge, &e));
	assert_int_equal(edge.open, is_open);
	assert_true(edge.at_ns >= before && edge.at_ns <= clock_utc_ns());
	assert_false(ops->edge(d, &edge, &e));
	assert_int_equal(e.code, ERR_AGAIN);
	assert_false(readable(ops->fd(d)));
}

static void test_state_and_edges(void **state)
{
	const struct door_ops *ops = door_find("fake");

	(void)state;
	for (int low = 0; low < 2; low++) {
		CLEANUP(folder_remove) struct folder f = folder_make();
		struct door_setup setup = {.folder = f.path, .line = {.active_low = low}};
		const char *open_level = low ? "0" : "1", *shut_level = low ? "1" : "0";
		struct door *d = NULL;
		struct err e = {0};
		bool is_open = true;

		folder_write(&f, "door", shut_level);
		assert_true(ops->open(&setup, &d, &e));
		assert_true(ops->read(d, &is_open, &e));
		assert_false(is_open);
		assert_false(readable(ops->fd(d)));
		folder_write(&f, "door", open_level);
		assert_true(ops->read(d, &is_open, &e));
		assert_true(is_open);
		edge_is(d, true);
		folder_write(&f, "door", shut_level);
		edge_is(d, false);
		ops->close(d);
	}
}

/* A level that is none is said by read, and is not an edge; afterwards all goes on. */
static void test_nonsense_is_told(void **state)
{
	CLEANUP(folder_remove) struct folder f = folder_make();
	const struct door_ops *ops = door_find("fake");
	struct door_setup setup = {.folder = f.path};
	struct door *d = NULL;
	struct door_edge edge;
	struct err e = {0};
	bool is_open;

	(void)state;
	folder_write(&f, "door", "0");
	assert_true(ops->open(&setup, &d, &e));
	for (int i = 0; i < 2; i++) {
		folder_write(&f, "door", i ? "" : "ajar");
		assert_false(ops->read(d, &is_open, &e));
		assert_int_equal(e.code, ERR_FORMAT);
		assert_false(ops->edge(d, &edge, &e));
		assert_int_equal(e.code, ERR_AGAIN);
	}
	folder_write(&f, "door", "1");
	edge_is(d, true);
	ops->close(d);
}

static void test_refusals(void **state)
{
	CLEANUP(folder_remove) struct folder f = folder_make();
	const struct door_ops *ops = door_find("fake");
	struct door_setup setup = {0};
	struct door *d = NULL;
	struct err e = {0};

	(void)state;
	assert_false(ops->open(&setup, &d, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	setup.folder = f.path;
	assert_false(ops->open(&setup, &d, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	folder_write(&f, "door", "?");
	assert_false(ops->open(&setup, &d, &e));
	assert_int_equal(e.code, ERR_FORMAT);
	assert_null(d);
	ops->close(NULL);
	assert_null(door_find("none"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_state_and_edges),
	    cmocka_unit_test(test_nonsense_is_told),
	    cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
