/* SPDX-License-Identifier: Apache-2.0 */
/* The role's part of ring time: which boot this is, and who vouches for the wall clock. */
#include "firmware/store/store.h"

#include "firmware/base/clock.h"
#include "hal/clock_quality.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Any number that is another one after the next boot; 0 when the kernel does not say: then every
 * start counts as one. */
static int64_t boot_number(void)
{
	AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[64] = {0};
	uint64_t n = 0;

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		return 0;
	for (const char *p = text; *p; p++)
		n = n * 31 + (unsigned char)*p;
	return (int64_t)(n >> 1);
}

/* Asked before the sandbox is closed, and of the kernel itself: a purge that fell due while the box
 * was off must not wait for device to be there. */
static bool is_synchronised(void)
{
	const struct clock_quality_ops *ops = clock_quality_find("kernel");
	struct clock_quality_reading r = {0};
	struct clock_quality *c = NULL;
	bool known;

	if (!ops || !ops->open(&(struct clock_quality_conf){.driver = "kernel"}, &c, NULL))
		return false;
	known = ops->read(c, &r, NULL);
	ops->close(c);
	return known && r.synchronised;
}

bool store_start_clock(struct store *s, struct err *e)
{
	/* Within one process both are known; out of its sandbox they are out of reach. */
	bool again = s->clock.k.ring_ns != 0;
	int64_t boot = again ? s->clock.k.boot : boot_number();
	bool synchronised = again ? s->clock.synchronised : is_synchronised();

	if (!upkeep_start_clock(s->db, &s->clock, boot, clock_utc_ns(), clock_boot_ns(), e))
		return false;
	elapsed_trust(&s->clock, synchronised);
	(void)store_now(s);
	return true;
}

void store_clock_said(struct store *s, const struct wire_counter *c)
{
	if (strncmp(c->name, "clock_synchronised", sizeof c->name) == 0)
		elapsed_trust(&s->clock, c->value == 1);
}
