/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/backoff.h"

int64_t backoff_fail(struct backoff *b, uint32_t random, int64_t asked_ns)
{
	int64_t wait = b->min_ns;

	for (unsigned i = 0; i < b->failures && wait < b->max_ns; i++)
		wait = wait > b->max_ns / 2 ? b->max_ns : 2 * wait;
	if (b->failures < UINT32_MAX)
		b->failures++;
	wait -= (int64_t)((double)wait * 0.5 * ((double)random / UINT32_MAX));
	if (wait < asked_ns)
		wait = asked_ns;
	return wait < b->max_ns ? wait : b->max_ns;
}

void backoff_clear(struct backoff *b)
{
	b->failures = 0;
}
