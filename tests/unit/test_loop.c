/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/clock.h"
#include "firmware/base/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct err e;
	int pipes[2][2];
	int calls, other_calls, timer_id;
	int last_signal;
	int64_t started;
};

static struct fixture f;

static int set_up(void **state)
{
	(void)state;
	memset(&f, 0, sizeof f);
	for (int i = 0; i < 2; i++)
		if (pipe(f.pipes[i]) < 0)
			return -1;
	f.started = clock_mono_ns();
	return loop_new(&f.loop, &f.e) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(f.loop);
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			(void)close(f.pipes[i][j]);
	return 0;
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop(f.loop);
}

static void run_for_ms(int64_t ms)
{
	assert_true(loop_timer(f.loop, ms * NS_PER_MS, 0, stop, NULL) >= 0);
	assert_true(loop_run(f.loop, &f.e));
}

static void count(void *arg)
{
	(*(int *)arg)++;
}

static void drain(void *arg, int fd, uint32_t events)
{
	char byte;

	if (events & EPOLLIN)
		assert_int_equal(read(fd, &byte, 1), 1);
	(*(int *)arg)++;
}

static void readable_descriptor_calls(void **state)
{
	(void)state;
	assert_true(loop_watch(f.loop, f.pipes[0][0], EPOLLIN, drain, &f.calls, &f.e));
	assert_int_equal(write(f.pipes[0][1], "abc", 3), 3);
	run_for_ms(10);
	assert_int_equal(f.calls, 3);
	assert_true(loop_watch(f.loop, f.pipes[0][0], EPOLLIN, drain, &f.other_calls, &f.e));
	assert_int_equal(write(f.pipes[0][1], "d", 1), 1);
	run_for_ms(10);
	assert_int_equal(f.calls, 3); /* replaced, not added */
	assert_int_equal(f.other_calls, 1);
	loop_forget(f.loop, f.pipes[0][0]);
	loop_forget(f.loop, f.pipes[0][0]);
	loop_forget(f.loop, -1);
	assert_int_equal(write(f.pipes[0][1], "e", 1), 1);
	run_for_ms(10);
	assert_int_equal(f.other_calls, 1);
}

static void forget_the_other(void *arg, int fd, uint32_t events)
{
	(void)arg;
	(void)events;
	f.calls++;
	loop_forget(f.loop, f.pipes[0][0]);
	loop_forget(f.loop, f.pipes[1][0]);
	/* its place is taken at once by another: the queued event must not reach that one */
	assert_true(loop_watch(f.loop, fd == f.pipes[0][0] ? f.pipes[1][1] : f.pipes[0][1],
			       EPOLLPRI, drain, &f.other_calls, &f.e));
	loop_stop(f.loop);
}

static void forgotten_in_the_same_round_is_not_called(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(
		    loop_watch(f.loop, f.pipes[i][0], EPOLLIN, forget_the_other, NULL, &f.e));
		assert_int_equal(write(f.pipes[i][1], "x", 1), 1);
	}
	assert_true(loop_run(f.loop, &f.e));
	run_for_ms(5);
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.other_calls, 0);
}

static void hang_up_is_told(void **state)
{
	(void)state;
	assert_true(loop_watch(f.loop, f.pipes[0][0], EPOLLIN, forget_the_other, NULL, &f.e));
	(void)close(f.pipes[0][1]);
	f.pipes[0][1] = dup(f.pipes[1][1]);
	assert_true(loop_run(f.loop, &f.e));
	assert_int_equal(f.calls, 1);
}

static void timers_keep_time(void **state)
{
	struct timespec before, after;

	(void)state;
	assert_true(loop_timer(f.loop, 5 * NS_PER_MS, 10 * NS_PER_MS, count, &f.calls) >= 0);
	assert_true(loop_timer(f.loop, 5 * NS_PER_MS, 0, count, &f.other_calls) >= 0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	run_for_ms(100);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_true(clock_mono_ns() - f.started >= 100 * NS_PER_MS);
	assert_in_range(f.calls, 2, 10);
	assert_int_equal(f.other_calls, 1);
	/* waiting is no busy loop */
	assert_true((after.tv_sec - before.tv_sec) * NS_PER_S + after.tv_nsec - before.tv_nsec <
		    50 * NS_PER_MS);
}

static void sleep_long(void *arg)
{
	struct timespec t = {.tv_nsec = 60 * NS_PER_MS};

	count(arg);
	(void)nanosleep(&t, NULL);
}

static void late_timer_does_not_make_up(void **state)
{
	(void)state;
	assert_true(loop_timer(f.loop, 0, 5 * NS_PER_MS, count, &f.calls) >= 0);
	assert_true(loop_timer(f.loop, 0, 0, sleep_long, &f.other_calls) >= 0);
	run_for_ms(30);
	assert_in_range(f.calls, 1, 3);
}

static void cancelled_timer_stays_silent(void **state)
{
	int id = loop_timer(f.loop, 0, 0, count, &f.calls), second;

	(void)state;
	loop_cancel(f.loop, id);
	second = loop_timer(f.loop, 0, 0, count, &f.other_calls);
	loop_cancel(f.loop, id); /* an old id, whose slot has a new tenant */
	loop_cancel(f.loop, -1);
	assert_int_not_equal(id, second);
	run_for_ms(5);
	assert_int_equal(f.calls, 0);
	assert_int_equal(f.other_calls, 1);
}

static void cancel_itself(void *arg)
{
	count(arg);
	loop_cancel(f.loop, f.timer_id);
}

static void timer_may_cancel_itself(void **state)
{
	(void)state;
	f.timer_id = loop_timer(f.loop, 0, NS_PER_MS, cancel_itself, &f.calls);
	run_for_ms(10);
	assert_int_equal(f.calls, 1);
}

static void note_signal(void *arg, int signum)
{
	(void)arg;
	f.last_signal = signum;
	loop_stop(f.loop);
}

static void signals_come_through_the_loop(void **state)
{
	(void)state;
	assert_true(loop_signal(f.loop, SIGUSR1, note_signal, NULL, &f.e));
	assert_true(loop_signal(f.loop, SIGUSR2, note_signal, NULL, &f.e));
	assert_int_equal(raise(SIGUSR2), 0);
	assert_int_equal(f.last_signal, 0);
	assert_true(loop_run(f.loop, &f.e));
	assert_int_equal(f.last_signal, SIGUSR2);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_true(loop_run(f.loop, &f.e));
	assert_int_equal(f.last_signal, SIGUSR1);
}

static void limits_are_refusals(void **state)
{
	int fds[70], made = 0;

	(void)state;
	for (; made < 70; made++) {
		fds[made] = dup(f.pipes[0][0]);
		if (!loop_watch(f.loop, fds[made], EPOLLIN, drain, NULL, &f.e))
			break;
	}
	assert_int_equal(made, 64);
	assert_int_equal(f.e.code, ERR_LIMIT);
	loop_forget(f.loop, fds[0]);
	assert_true(loop_watch(f.loop, fds[64], EPOLLIN, drain, NULL, &f.e));
	loop_forget(f.loop, fds[1]); /* signals need a place too */
	for (int i = 0; i <= made; i++)
		(void)close(fds[i]);
	for (int i = 0; i < 32; i++)
		assert_true(loop_timer(f.loop, NS_PER_S, 0, stop, NULL) >= 0);
	assert_int_equal(loop_timer(f.loop, NS_PER_S, 0, stop, NULL), -1);
	for (int i = 0; i < 8; i++)
		assert_true(loop_signal(f.loop, SIGRTMIN + i, note_signal, NULL, &f.e));
	assert_false(loop_signal(f.loop, SIGRTMIN + 8, note_signal, NULL, &f.e));
	assert_int_equal(f.e.code, ERR_LIMIT);
}

static void what_cannot_be_watched_is_refused(void **state)
{
	(void)state;
	assert_false(loop_watch(f.loop, -1, EPOLLIN, drain, NULL, &f.e));
	assert_int_equal(f.e.code, ERR_IO);
	assert_false(loop_watch(f.loop, 9999, EPOLLIN, drain, NULL, &f.e));
	assert_int_equal(f.e.code, ERR_IO);
	assert_false(loop_signal(f.loop, 9999, note_signal, NULL, &f.e));
	assert_int_equal(f.e.code, ERR_IO);
}

static void stopped_before_it_runs_it_returns_at_once(void **state)
{
	(void)state;
	loop_stop(f.loop);
	assert_true(loop_run(f.loop, &f.e)); /* would wait for ever */
	loop_free(NULL);
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LOOP(readable_descriptor_calls),
	    WITH_LOOP(forgotten_in_the_same_round_is_not_called),
	    WITH_LOOP(hang_up_is_told),
	    WITH_LOOP(timers_keep_time),
	    WITH_LOOP(late_timer_does_not_make_up),
	    WITH_LOOP(cancelled_timer_stays_silent),
	    WITH_LOOP(timer_may_cancel_itself),
	    WITH_LOOP(signals_come_through_the_loop),
	    WITH_LOOP(limits_are_refusals),
	    WITH_LOOP(what_cannot_be_watched_is_refused),
	    WITH_LOOP(stopped_before_it_runs_it_returns_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
