/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian's libcamera is linked with lttng-ust, by which it can be traced, and which starts a thread
 * that looks for a tracer before main begins. Landlock binds the thread that asks for it and those
 * that it starts: that one would keep every file (sandbox.c refuses to go on then). There is no
 * switch in the library; but a program's own pthread_create comes before the C library's.
 */
#include "firmware/capture/late_threads.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static bool allowed;

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
		   void *(*run)(void *), void *restrict arg)
{
	create_fn *create = (create_fn *)dlsym(RTLD_NEXT, "pthread_create");

	return allowed && create ? create(thread, attr, run, arg) : EAGAIN;
}

void late_threads_allow(void)
{
	allowed = true;
}
