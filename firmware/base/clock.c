/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/clock.h"

#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t = {0};

	(void)clock_gettime(id, &t); /* cannot fail for these clocks */
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_utc_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

char *clock_rfc3339(int64_t utc_ns, char out[CLOCK_RFC3339_SIZE])
{
	int64_t s = utc_ns / NS_PER_S, ns = utc_ns % NS_PER_S;
	struct tm tm = {0};
	time_t t;

	if (ns < 0) { /* C rounds towards zero; a time before 1970 rounds down */
		ns += NS_PER_S;
		s--;
	}
	t = (time_t)s;
	(void)gmtime_r(&t, &tm); /* int64 nanoseconds end in the year 2262 */
	(void)snprintf(out, CLOCK_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		       (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
		       tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100,
		       (int)(ns / NS_PER_MS) % 1000);
	return out;
}

void clock_arm(int fd, int64_t due_ns)
{
	struct itimerspec t = {
	    .it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};

	(void)timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
}
