/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine whose clock lies, for one process: loaded into it before all else (LD_PRELOAD), it adds
 * to what the kernel says of time, names the boot, and says whether the clock is synchronised. What
 * it says lies in the file $ALPR_CLOCK, mapped, so that a test changes it while the process runs
 * and no sandbox is in the way: four numbers of 64 bits, see struct lie.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static const volatile struct lie {
	int64_t wall_ns;      /* added to the wall clock, */
	int64_t since_ns;     /* and to the time since boot */
	int64_t boot;	      /* names it */
	int64_t synchronised; /* 0, 1 */
} * lie;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("ALPR_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *lie, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED) {
		(void)fprintf(stderr, "clock: no lie to tell\n");
		_exit(2);
	}
	(void)close(fd);
	lie = map;
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void add(struct timespec *t, int64_t ns)
{
	int64_t all = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + ns;

	t->tv_sec = all / 1000000000;
	t->tv_nsec = all % 1000000000;
	if (t->tv_nsec < 0) {
		t->tv_nsec += 1000000000;
		t->tv_sec--;
	}
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	int rc;

	if (!real)
		*(void **)&real = next("clock_gettime");
	rc = real(id, t);
	if (rc == 0 && lie && id == CLOCK_REALTIME)
		add(t, lie->wall_ns);
	else if (rc == 0 && lie && (id == CLOCK_MONOTONIC || id == CLOCK_BOOTTIME))
		add(t, lie->since_ns);
	return rc;
}

/* A timer that is due at a time since boot is the kernel's. */
int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	static int (*real)(int, int, const struct itimerspec *, struct itimerspec *);
	struct itimerspec t = *new;

	if (!real)
		*(void **)&real = next("timerfd_settime");
	if ((flags & TFD_TIMER_ABSTIME) && (t.it_value.tv_sec || t.it_value.tv_nsec))
		add(&t.it_value, -lie->since_ns);
	return real(fd, flags, &t, old);
}

int clock_adjtime(clockid_t id, struct timex *t)
{
	(void)id;
	memset(t, 0, sizeof *t);
	t->maxerror = lie->synchronised ? 1000 : 16000000;
	t->status = lie->synchronised ? 0 : STA_UNSYNC;
	return lie->synchronised ? TIME_OK : TIME_ERROR;
}

static int boot_id(void)
{
	int fd = memfd_create("boot", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (dprintf(fd, "boot %lld\n", (long long)lie->boot) < 0 || lseek(fd, 0, SEEK_SET) != 0))
		return -1;
	return fd;
}

static int open_real(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...);

	*(void **)&real = next(name);
	if (lie && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
		return boot_id();
	return real(path, flags, mode);
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode = 0;                                                                   \
                                                                                                   \
		va_start(ap, flags);                                                               \
		if (flags & (O_CREAT | O_TMPFILE))                                                 \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		return open_real(#name, path, flags, mode);                                        \
	}

OPEN(open)
OPEN(open64)
