/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/gift.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct err why;

static int make(const char *a, const char *b)
{
	struct iovec parts[] = {
	    {(void *)(uintptr_t)a, strlen(a)}, {NULL, 0}, {(void *)(uintptr_t)b, strlen(b)}};
	int fd = -1;

	assert_true(gift_make("test", parts, 3, &fd, &why));
	return fd;
}

static void parts_arrive_in_order(void **state)
{
	int fd = make("passage:", "crop");
	struct gift g;

	(void)state;
	assert_true(gift_map(fd, 12, &g, &why));
	assert_int_equal(g.len, 12);
	assert_memory_equal(g.data, "passage:crop", 12);
	gift_unmap(&g);
	assert_null(g.data);
	gift_unmap(&g);
	(void)close(fd);
}

static void nobody_can_change_a_gift(void **state)
{
	int fd = make("a", "b");

	(void)state;
	assert_true(write(fd, "c", 1) < 0);
	assert_true(ftruncate(fd, 0) < 0);
	assert_true(ftruncate(fd, 10) < 0);
	assert_true(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
	assert_ptr_equal(mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
}

static void one_that_is_passed_on_is_only_measured(void **state)
{
	int fd = make("abc", "def"), open_fd = -1;
	size_t len = 0;

	(void)state;
	assert_true(gift_check(fd, 6, &len, &why));
	assert_int_equal(len, 6);
	assert_false(gift_check(fd, 5, &len, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	(void)close(fd);
	assert_false(gift_check(fd, 6, &len, &why));
	assert_true(gift_begin("open", &open_fd, &why));
	assert_false(gift_check(open_fd, 6, &len, &why));
	assert_int_equal(why.code, ERR_PEER);
	(void)close(open_fd);
}

static void empty_gift_is_a_gift(void **state)
{
	int fd = make("", "");
	struct gift g;

	(void)state;
	assert_true(gift_map(fd, 0, &g, &why));
	assert_null(g.data);
	assert_int_equal(g.len, 0);
	gift_unmap(&g);
	(void)close(fd);
}

static void larger_than_taken_is_refused(void **state)
{
	int fd = make("abc", "def");
	struct gift g;

	(void)state;
	assert_false(gift_map(fd, 5, &g, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_null(g.data);
	(void)close(fd);
}

static void not_ours(int fd)
{
	struct gift g;

	assert_true(fd >= 0);
	assert_false(gift_map(fd, 4096, &g, &why));
	assert_int_equal(why.code, ERR_PEER);
	(void)close(fd);
}

static void anything_else_is_refused(void **state)
{
	int some = memfd_create("some", MFD_ALLOW_SEALING),
	    future = memfd_create("future", MFD_ALLOW_SEALING), p[2];
	struct gift g;

	(void)state;
	not_ours(memfd_create("unsealed", 0));
	assert_int_equal(fcntl(some, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
	not_ours(some);
	assert_int_equal(fcntl(future, F_ADD_SEALS,
			       F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL),
			 0);
	not_ours(future); /* an older writable mapping could still change it */
	not_ours(open("/etc/passwd", O_RDONLY));
	assert_int_equal(pipe(p), 0);
	not_ours(p[0]);
	(void)close(p[1]);
	assert_false(gift_map(-1, 10, &g, &why));
	assert_int_equal(why.code, ERR_PEER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parts_arrive_in_order),
	    cmocka_unit_test(nobody_can_change_a_gift),
	    cmocka_unit_test(one_that_is_passed_on_is_only_measured),
	    cmocka_unit_test(empty_gift_is_a_gift),
	    cmocka_unit_test(larger_than_taken_is_refused),
	    cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
