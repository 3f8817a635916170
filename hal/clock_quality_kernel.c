/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel was told of its clock: clock_adjtime(2) with modes 0. */
#include "hal/clock_quality.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

struct clock_quality {
	char nothing; /* the kernel keeps it all */
};

static bool kernel_open(const struct clock_quality_conf *conf, struct clock_quality **out,
			struct err *e)
{
	(void)conf;
	*out = calloc(1, sizeof **out);
	return *out ? true : err_set(e, ERR_NO_MEMORY, "clock: no memory");
}

/* A program under test may run where the clock is a stranger's: what cannot be is not passed on. */
static bool sensible(const struct clock_quality_reading *r, struct err *e)
{
	if (r->max_error_us < 0 || r->est_error_us < 0 || r->tai_offset_s < 0)
		return err_set(e, ERR_IO, "clock: the kernel says what cannot be");
	return true;
}

static bool kernel_read(struct clock_quality *c, struct clock_quality_reading *out, struct err *e)
{
	struct timex t = {.modes = 0}; /* asks, sets nothing */
	int state = clock_adjtime(CLOCK_REALTIME, &t);

	(void)c;
	memset(out, 0, sizeof *out);
	if (state < 0)
		return err_errno(e, errno, "clock: the kernel does not say how good it is");
	out->synchronised = state != TIME_ERROR && !(t.status & STA_UNSYNC);
	out->max_error_us = t.maxerror;
	out->est_error_us = t.esterror;
	out->tai_offset_s = t.tai;
	return sensible(out, e);
}

static void kernel_close(struct clock_quality *c)
{
	free(c);
}

const struct clock_quality_ops clock_quality_kernel = {
    .name = "kernel",
    .open = kernel_open,
    .read = kernel_read,
    .close = kernel_close,
};
