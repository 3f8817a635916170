/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of a role: epoll, timers, signals. One thread, no locks; a callback must not
 * block.
 */
#ifndef FIRMWARE_BASE_LOOP_H
#define FIRMWARE_BASE_LOOP_H

#include "firmware/base/err.h"

#include <stdint.h>

struct loop;

/* Called with what happened: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR. */
typedef void (*loop_fd_fn)(void *arg, int fd, uint32_t events);
typedef void (*loop_timer_fn)(void *arg);
typedef void (*loop_signal_fn)(void *arg, int signum);

/* Make a loop. *out: loop_free. ERR_IO, ERR_NO_MEMORY. */
bool loop_new(struct loop **out, struct err *e) MUST_CHECK;
void loop_free(struct loop *l);

/* Watch fd (borrowed) for `events`. Watching an fd again replaces its callback. ERR_IO, ERR_LIMIT
 * (64 fds). */
bool loop_watch(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *arg,
		struct err *e) MUST_CHECK;
/* Stop watching fd; must be called before it is closed. Harmless when it is not watched. */
void loop_forget(struct loop *l, int fd);

/*
 * Call fn after delay_ns, then every period_ns (0: once). Returns an id >= 0 for loop_cancel, -1
 * when there are already 32 timers. Timers use CLOCK_MONOTONIC.
 */
int loop_timer(struct loop *l, int64_t delay_ns, int64_t period_ns, loop_timer_fn fn, void *arg);
void loop_cancel(struct loop *l, int id);

/* Block `signum` and deliver it through the loop instead. ERR_IO, ERR_LIMIT (8 signals). */
bool loop_signal(struct loop *l, int signum, loop_signal_fn fn, void *arg,
		 struct err *e) MUST_CHECK;

/* Run until loop_stop. ERR_IO. */
bool loop_run(struct loop *l, struct err *e) MUST_CHECK;
void loop_stop(struct loop *l);

#endif
