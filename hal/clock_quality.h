/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How good the system clock is, as whoever disciplines it (chrony) tells the kernel: drivers
 * `kernel` (adjtimex(2)) and `fake` behind one vtable.
 *
 * The kernel only passes on what it is told. chrony clears STA_UNSYNC with `rtcsync` in its
 * configuration and not otherwise (sys_timex.c, set_sync_status), and sets maxerror to root
 * distance. When nobody updates it, the kernel lets maxerror grow by 500 us a second and sets
 * STA_UNSYNC at 16 s (kernel/time/ntp.c, second_overflow): a chrony that died is seen within nine
 * hours, and in the meantime max_error_us says how bad it may be.
 */
#ifndef HAL_CLOCK_QUALITY_H
#define HAL_CLOCK_QUALITY_H

#include "firmware/base/err.h"

#include <stdint.h>

struct clock_quality;

struct clock_quality_conf {
	char driver[256]; /* one of clock_quality_names() */
	char source[256]; /* fake: file, see below; kernel: unused */
};

struct clock_quality_reading {
	bool synchronised; /* the kernel's clock is disciplined (not STA_UNSYNC, not TIME_ERROR) */
	int64_t max_error_us; /* most that it may be off, microseconds, 0 and up */
	int64_t est_error_us; /* what it is estimated to be off, microseconds, 0 and up */
	int32_t tai_offset_s; /* TAI - UTC, seconds; 0: nobody has told the kernel */
};

/*
 * The file of `fake`, written in place and read again at each call: "[clock]", then lines of
 * `synchronised = yes|no`, `max_error_us`, `est_error_us`, `tai_offset_s`; what is missing is 0 or
 * no.
 */
struct clock_quality_ops {
	const char *name;
	/* *out: close. ERR_CONFIG: fake without a file; ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
	bool (*open)(const struct clock_quality_conf *conf, struct clock_quality **out,
		     struct err *e);
	/*
	 * What holds now. In a sandbox: SANDBOX_CLOCK. ERR_FORMAT, ERR_LIMIT: what the file of
	 * `fake` holds is no reading, or too long; ERR_IO: the system refused.
	 */
	bool (*read)(struct clock_quality *c, struct clock_quality_reading *out, struct err *e);
	void (*close)(struct clock_quality *c); /* NULL is harmless */
};

/* The driver of that name, or NULL when it is unknown or not compiled in. */
const struct clock_quality_ops *clock_quality_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("kernel|fake"). */
const char *clock_quality_names(void);

#endif
