/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/loop.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define FDS	64u
#define TIMERS	32u
#define SIGNALS 8u
#define EVENTS	16 /* taken from the kernel at a time */

struct watch {
	int fd; /* -1: free */
	uint32_t generation;
	loop_fd_fn fn;
	void *arg;
};

struct timer {
	loop_timer_fn fn; /* NULL: free */
	void *arg;
	int64_t due_ns, period_ns;
	uint32_t generation;
};

struct sig {
	int signum;
	loop_signal_fn fn;
	void *arg;
};

struct loop {
	int epoll_fd, signal_fd;
	bool stopping;
	sigset_t blocked;
	struct watch watches[FDS];
	struct timer timers[TIMERS];
	struct sig signals[SIGNALS];
	size_t n_signals;
};

bool loop_new(struct loop **out, struct err *e)
{
	struct loop *l = calloc(1, sizeof *l);

	if (!l)
		return err_set(e, ERR_NO_MEMORY, "loop");
	l->signal_fd = -1;
	for (size_t i = 0; i < FDS; i++)
		l->watches[i].fd = -1;
	(void)sigemptyset(&l->blocked);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		free(l);
		return err_errno(e, errno, "loop: epoll_create1");
	}
	*out = l;
	return true;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->signal_fd >= 0)
		(void)close(l->signal_fd);
	(void)close(l->epoll_fd);
	free(l);
}

static size_t slot_of(const struct loop *l, int fd)
{
	size_t i = 0;

	while (i < FDS && l->watches[i].fd != fd)
		i++;
	return i;
}

bool loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg, struct err *e)
{
	size_t i = slot_of(l, fd);
	bool again = i < FDS;
	struct epoll_event ev = {.events = events};
	struct watch *w;

	if (fd < 0)
		return err_set(e, ERR_IO, "loop: no descriptor to watch");
	if (!again)
		i = slot_of(l, -1);
	if (i == FDS)
		return err_set(e, ERR_LIMIT, "loop: more than %u descriptors", FDS);
	w = &l->watches[i];
	/* Slot and generation travel with the event: one that was queued for a forgotten fd is told
	 * apart. */
	ev.data.u64 = ((uint64_t)(w->generation + (again ? 0 : 1)) << 32) | i;
	if (epoll_ctl(l->epoll_fd, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) < 0 &&
	    !(again && errno == ENOENT && epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0))
		return err_errno(e, errno, "loop: watch");
	if (!again)
		w->generation++;
	w->fd = fd;
	w->fn = fn;
	w->arg = arg;
	return true;
}

void loop_forget(struct loop *l, int fd)
{
	size_t i = fd < 0 ? FDS : slot_of(l, fd);

	if (i == FDS)
		return;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	l->watches[i].fd = -1;
	l->watches[i].generation++;
}

int loop_timer(struct loop *l, int64_t delay_ns, int64_t period_ns, loop_timer_fn fn, void *arg)
{
	for (uint32_t i = 0; i < TIMERS; i++) {
		struct timer *t = &l->timers[i];

		if (t->fn)
			continue;
		t->generation = (t->generation + 1) & 0xffffffu;
		t->fn = fn;
		t->arg = arg;
		t->period_ns = period_ns;
		t->due_ns = clock_mono_ns() + (delay_ns > 0 ? delay_ns : 0);
		return (int)(t->generation * TIMERS + i);
	}
	return -1;
}

void loop_cancel(struct loop *l, int id)
{
	struct timer *t;

	if (id < 0)
		return;
	t = &l->timers[(uint32_t)id % TIMERS];
	if (t->generation ==
	    (uint32_t)id / TIMERS) /* an old id must not stop the slot's next tenant */
		t->fn = NULL;
}

static void on_signal(void *arg, int fd, uint32_t events)
{
	struct loop *l = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		for (size_t i = 0; i < l->n_signals; i++)
			if ((uint32_t)l->signals[i].signum == info.ssi_signo)
				l->signals[i].fn(l->signals[i].arg, l->signals[i].signum);
}

bool loop_signal(struct loop *l, int signum, loop_signal_fn fn, void *arg, struct err *e)
{
	size_t i = 0;
	int fd;

	while (i < l->n_signals && l->signals[i].signum != signum)
		i++;
	if (i == SIGNALS)
		return err_set(e, ERR_LIMIT, "loop: more than %u signals", SIGNALS);
	if (sigaddset(&l->blocked, signum) < 0 || sigprocmask(SIG_BLOCK, &l->blocked, NULL) < 0)
		return err_errno(e, errno, "loop: block signal %d", signum);
	fd = signalfd(l->signal_fd, &l->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno(e, errno, "loop: signalfd");
	l->signal_fd = fd;
	l->signals[i] = (struct sig){.signum = signum, .fn = fn, .arg = arg};
	if (i == l->n_signals)
		l->n_signals++;
	return loop_watch(l, fd, EPOLLIN, on_signal, l, e);
}

/* Milliseconds until the next timer, rounded up (a wait cut short would spin); -1: no timer. */
static int wait_ms(const struct loop *l)
{
	int64_t next = INT64_MAX, ms;

	for (size_t i = 0; i < TIMERS; i++)
		if (l->timers[i].fn && l->timers[i].due_ns < next)
			next = l->timers[i].due_ns;
	if (next == INT64_MAX)
		return -1;
	next -= clock_mono_ns();
	if (next <= 0)
		return 0;
	ms = (next + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void run_timers(struct loop *l)
{
	int64_t now = clock_mono_ns();

	for (size_t i = 0; i < TIMERS && !l->stopping; i++) {
		struct timer *t = &l->timers[i];
		loop_timer_fn fn = t->fn;

		if (!fn || t->due_ns > now)
			continue;
		if (t->period_ns > 0) {
			t->due_ns += t->period_ns;
			if (t->due_ns <=
			    now) /* late by a period or more: beats are dropped, not made up for */
				t->due_ns = now + t->period_ns;
		} else {
			t->fn = NULL;
		}
		fn(t->arg);
	}
}

bool loop_run(struct loop *l, struct err *e)
{
	while (!l->stopping) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(l->epoll_fd, events, EVENTS, wait_ms(l));

		if (n < 0 && errno != EINTR)
			return err_errno(e, errno, "loop: epoll_wait");
		for (int i = 0; i < n && !l->stopping; i++) {
			const struct watch *w = &l->watches[(uint32_t)events[i].data.u64 % FDS];

			if (w->fd >= 0 && w->generation == (uint32_t)(events[i].data.u64 >> 32))
				w->fn(w->arg, w->fd, events[i].events);
		}
		run_timers(l);
	}
	l->stopping = false;
	return true;
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
}
