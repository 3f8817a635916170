/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait after a failure: doubled each time, up to a cap, with jitter so that a thousand
 * boxes do not come back at once. */
#ifndef FIRMWARE_UPLINK_BACKOFF_H
#define FIRMWARE_UPLINK_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t min_ns, max_ns; /* 0 < min_ns <= max_ns */
	unsigned failures;	/* in a row */
};

/*
 * Count a failure; returns how long to wait, ns: between half and all of min(max_ns, min_ns *
 * 2^(failures - 1)), by `random`. At least `asked_ns` when the other side asked for a pause, but
 * never more than max_ns.
 */
int64_t backoff_fail(struct backoff *b, uint32_t random, int64_t asked_ns);

/* Count a success: the next failure starts at min_ns again. */
void backoff_clear(struct backoff *b);

#endif
