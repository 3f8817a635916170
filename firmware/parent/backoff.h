/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a role that died is started again: 100 ms, doubled each time, up to a
 * most. */
#ifndef FIRMWARE_PARENT_BACKOFF_H
#define FIRMWARE_PARENT_BACKOFF_H

#include <stdint.h>

#define BACKOFF_FIRST_MS  100
#define BACKOFF_MOST_MS	  30000
#define BACKOFF_STABLE_MS 60000 /* a role that ran this long starts at the first delay again */

struct backoff {
	int64_t next_ms; /* 0: not used yet */
};

/*
 * The delay in milliseconds before the next start of a role that has just ended after ran_ms (>=
 * 0), never more than most_ms (BACKOFF_FIRST_MS to BACKOFF_MOST_MS). Start with a zeroed *b.
 */
int64_t backoff_delay(struct backoff *b, int64_t ran_ms, int64_t most_ms);

#endif
