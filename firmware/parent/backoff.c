/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/backoff.h"

int64_t backoff_delay(struct backoff *b, int64_t ran_ms, int64_t most_ms)
{
	int64_t delay;

	if (b->next_ms < BACKOFF_FIRST_MS || ran_ms >= BACKOFF_STABLE_MS)
		b->next_ms = BACKOFF_FIRST_MS;
	delay = b->next_ms < most_ms ? b->next_ms : most_ms;
	if (b->next_ms < BACKOFF_MOST_MS)
		b->next_ms *= 2;
	return delay;
}
