/* SPDX-License-Identifier: Apache-2.0 */
/* Time, in one place. Wall time is CLOCK_REALTIME in nanoseconds UTC; waiting uses CLOCK_MONOTONIC.
 */
#ifndef FIRMWARE_BASE_CLOCK_H
#define FIRMWARE_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

/* Nanoseconds since 1970-01-01 UTC. Every capture time and stored time is on this clock. */
int64_t clock_utc_ns(void);

/* Nanoseconds on CLOCK_MONOTONIC: for intervals and timeouts only. */
int64_t clock_mono_ns(void);

/* Nanoseconds since the machine was started, times that it was suspended included
 * (CLOCK_BOOTTIME): for what must have passed, not for waiting. */
int64_t clock_boot_ns(void);

/*
 * Make timerfd(2) `fd` (CLOCK_MONOTONIC) readable from due_ns on, at once when that has passed; 0:
 * never. Cannot fail with a descriptor of that kind.
 */
void clock_arm(int fd, int64_t due_ns);

#define CLOCK_RFC3339_SIZE 32u

/* Write `utc_ns` as RFC 3339 with milliseconds, "2026-01-31T23:59:59.123Z", into out. Returns out.
 */
char *clock_rfc3339(int64_t utc_ns, char out[CLOCK_RFC3339_SIZE]);

/* The way back, for UTC alone: "2026-01-31T23:59:59Z", with a fraction of 1 to 9 digits or without;
 * from 1970 to 2261. False: it is not that, or no such time (a leap second neither). */
bool clock_parse_rfc3339(const char *text, int64_t *utc_ns);

#endif
