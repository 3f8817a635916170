/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/elapsed.h"

/* Wall times come from outside: no subtraction of two of them may overflow. */
static int64_t difference(int64_t a, int64_t b)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d))
		return a > b ? INT64_MAX : INT64_MIN;
	return d;
}

static bool drift(int64_t d)
{
	return d >= -ELAPSED_DRIFT_NS && d <= ELAPSED_DRIFT_NS;
}

/* The wall clock is believed from here on; a step ahead that the machine may have been off for has
 * elapsed. */
static void believe(struct elapsed *c, int64_t wall_ns, int64_t jump)
{
	if (c->off_unknown && jump > 0 && !drift(jump)) {
		c->k.ring_ns += jump;
		c->off_unknown = false;
	}
	c->k.wall_ns = wall_ns;
	c->doubtful = false;
}

static void judge(struct elapsed *c, int64_t wall_ns)
{
	int64_t jump = difference(wall_ns, c->k.wall_ns);

	if (c->k.wall_ns < ELAPSED_UNSET_NS && wall_ns >= ELAPSED_UNSET_NS) {
		believe(c, wall_ns, 0);
		return;
	}
	if (drift(jump) || (c->off_unknown && jump > 0 && jump <= ELAPSED_OFF_NS)) {
		believe(c, wall_ns, jump);
		return;
	}
	if (!c->doubtful || !drift(difference(jump, c->jump_ns))) {
		c->doubtful = true;
		c->jump_ns = jump;
		c->since_ns = c->k.mono_ns;
	} else if (c->k.mono_ns - c->since_ns >= ELAPSED_STEADY_NS) {
		believe(c, wall_ns, jump);
	}
}

void elapsed_start(struct elapsed *c, const struct elapsed_kept *kept, int64_t newest_ns,
		   int64_t boot, int64_t wall_ns, int64_t mono_ns)
{
	*c = (struct elapsed){.k = *kept};
	if (c->k.ring_ns == 0)
		c->k = (struct elapsed_kept){wall_ns, wall_ns, mono_ns, boot};
	if (kept->ring_ns != 0 && boot != 0 && kept->boot == boot && mono_ns >= kept->mono_ns) {
		elapsed_tick(c, wall_ns, mono_ns);
	} else if (kept->ring_ns != 0) {
		int64_t off = difference(wall_ns, kept->wall_ns);

		c->off_unknown = true;
		c->k.mono_ns = mono_ns;
		c->k.boot = boot;
		/* A clock without a battery starts a little after it stopped: time counts, the
		 * question stays open. */
		if (off > 0 && drift(off))
			c->k.ring_ns += off;
		judge(c, wall_ns);
	}
	if (c->k.ring_ns < newest_ns)
		c->k.ring_ns = newest_ns;
}

void elapsed_tick(struct elapsed *c, int64_t wall_ns, int64_t mono_ns)
{
	int64_t d = mono_ns - c->k.mono_ns;

	if (d > 0) {
		c->k.mono_ns = mono_ns;
		c->k.ring_ns += d;
		c->k.wall_ns += d;
	}
	judge(c, wall_ns);
}

int64_t elapsed_wall(const struct elapsed *c, int64_t wall_ns)
{
	return c->doubtful && c->k.wall_ns > wall_ns ? c->k.wall_ns : wall_ns;
}
