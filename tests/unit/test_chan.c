/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/chan.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2];
static struct err why;

static int open_pair(void **state)
{
	(void)state;
	memset(&why, 0, sizeof why);
	return chan_pair(ends, &why) ? 0 : -1;
}

static int close_pair(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

static bool receive(void *to, size_t size, size_t *len, int *fds, size_t max_fds, size_t *n)
{
	return chan_recv(ends[1], to, size, len, fds, max_fds, n, &why);
}

static void messages_arrive_whole_and_apart(void **state)
{
	static uint8_t big[CHAN_MESSAGE_MAX], back[CHAN_MESSAGE_MAX];
	size_t len, n;

	(void)state;
	memset(big, 7, sizeof big);
	assert_true(chan_send(ends[0], "ab", 2, NULL, 0, &why));
	assert_true(chan_send(ends[0], big, sizeof big, NULL, 0, &why));
	assert_true(receive(back, sizeof back, &len, NULL, 0, &n));
	assert_int_equal(len, 2);
	assert_true(receive(back, sizeof back, &len, NULL, 0, &n));
	assert_int_equal(len, sizeof big);
	assert_memory_equal(big, back, sizeof big);
	assert_int_equal(n, 0);
	assert_false(receive(back, sizeof back, &len, NULL, 0, &n));
	assert_int_equal(why.code, ERR_AGAIN);
}

static void descriptors_travel(void **state)
{
	int p[2], sent[CHAN_FDS_MAX], got[CHAN_FDS_MAX];
	char c = 0;
	size_t len, n;

	(void)state;
	assert_int_equal(pipe(p), 0);
	for (size_t i = 0; i < CHAN_FDS_MAX; i++)
		sent[i] = p[1];
	assert_true(chan_send(ends[0], "x", 1, sent, CHAN_FDS_MAX, &why));
	assert_true(receive(&c, 1, &len, got, CHAN_FDS_MAX, &n));
	assert_int_equal(n, CHAN_FDS_MAX);
	assert_int_equal(fcntl(got[3], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got[3], "y", 1), 1);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 'y');
	for (size_t i = 0; i < n; i++)
		(void)close(got[i]);
	(void)close(p[0]);
	(void)close(p[1]);
}

static void what_is_too_large_is_not_sent(void **state)
{
	static uint8_t big[CHAN_MESSAGE_MAX + 1];
	int fds[CHAN_FDS_MAX + 1] = {0};

	(void)state;
	assert_false(chan_send(ends[0], big, sizeof big, NULL, 0, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(chan_send(ends[0], big, 1, fds, CHAN_FDS_MAX + 1, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(chan_send(ends[0], big, 0, NULL, 0, &why));
	assert_int_equal(why.code, ERR_LIMIT);
}

static void what_is_too_large_is_dropped_and_its_descriptors_closed(void **state)
{
	size_t before, len, n;
	int fds[2] = {0, 1}, got[2];
	char small[4];

	(void)state;
	before = open_descriptors();
	assert_true(chan_send(ends[0], "12345", 5, fds, 2, &why));
	assert_false(receive(small, sizeof small, &len, got, 2, &n));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_int_equal(n, 0);
	assert_true(chan_send(ends[0], "1", 1, fds, 2, &why));
	assert_false(receive(small, sizeof small, &len, got, 1, &n));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_true(chan_send(ends[0], "1", 1, NULL, 0, &why)); /* the channel lives on */
	assert_true(receive(small, sizeof small, &len, got, 1, &n));
	assert_int_equal(open_descriptors(), before);
}

static void more_descriptors_than_a_message_may_have_are_closed(void **state)
{
	union {
		char bytes[CMSG_SPACE((CHAN_FDS_MAX + 4) * sizeof(int))];
		struct cmsghdr align;
	} c;
	struct iovec io = {.iov_base = "x", .iov_len = 1};
	struct msghdr h = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = c.bytes,
			   .msg_controllen = sizeof c.bytes};
	int fds[CHAN_FDS_MAX];
	struct cmsghdr *m;
	size_t before, len, n;
	char byte;

	(void)state;
	memset(&c, 0, sizeof c); /* descriptor 0, many times */
	m = CMSG_FIRSTHDR(&h);
	m->cmsg_level = SOL_SOCKET;
	m->cmsg_type = SCM_RIGHTS;
	m->cmsg_len = CMSG_LEN((CHAN_FDS_MAX + 4) * sizeof(int));
	before = open_descriptors();
	assert_int_equal(sendmsg(ends[0], &h, 0), 1);
	assert_false(receive(&byte, 1, &len, fds, CHAN_FDS_MAX, &n));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_int_equal(open_descriptors(), before);
}

static void full_queue_says_again_and_recovers(void **state)
{
	static uint8_t big[CHAN_MESSAGE_MAX];
	size_t sent = 0, len, n;

	(void)state;
	while (chan_send(ends[0], big, sizeof big, NULL, 0, &why))
		assert_true(++sent < 10000);
	assert_int_equal(why.code, ERR_AGAIN);
	assert_true(sent > 2);
	assert_true(receive(big, sizeof big, &len, NULL, 0, &n));
	assert_true(chan_send(ends[0], big, sizeof big, NULL, 0, &why));
}

static void closed_peer_is_told_apart(void **state)
{
	char byte;
	size_t len, n;

	(void)state;
	assert_true(chan_send(ends[0], "last", 4, NULL, 0, &why));
	(void)close(ends[0]);
	ends[0] = -1;
	assert_false(receive(&byte, 1, &len, NULL, 0, &n)); /* too large, and still there */
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(receive(&byte, 1, &len, NULL, 0, &n));
	assert_int_equal(why.code, ERR_PEER);
	assert_false(chan_send(ends[1], "x", 1, NULL, 0, &why));
	assert_int_equal(why.code, ERR_PEER);
}

static void no_channel_is_an_error(void **state)
{
	char byte;
	size_t len, n;

	(void)state;
	assert_false(chan_recv(-1, &byte, 1, &len, NULL, 0, &n, &why));
	assert_int_equal(why.code, ERR_IO);
	assert_false(chan_send(-1, "x", 1, NULL, 0, &why));
	assert_int_equal(why.code, ERR_IO);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_PAIR(messages_arrive_whole_and_apart),
	    WITH_PAIR(descriptors_travel),
	    WITH_PAIR(what_is_too_large_is_not_sent),
	    WITH_PAIR(what_is_too_large_is_dropped_and_its_descriptors_closed),
	    WITH_PAIR(more_descriptors_than_a_message_may_have_are_closed),
	    WITH_PAIR(full_queue_says_again_and_recovers),
	    WITH_PAIR(closed_peer_is_told_apart),
	    WITH_PAIR(no_channel_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
