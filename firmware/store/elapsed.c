/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/elapsed.h"

#include <inttypes.h>
#include <stdio.h>

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

static bool plausible(int64_t jump)
{
	return jump >= -ELAPSED_OFF_NS && jump <= ELAPSED_OFF_NS;
}

/* The wall clock shows what it should; whatever it was off for has been counted. */
static void believe(struct elapsed *c, int64_t wall_ns)
{
	c->k.wall_ns = wall_ns;
	c->k.known_ns = 0;
	c->doubtful = false;
}

/* So long was the machine off. */
static void pass_off(struct elapsed *c, int64_t off)
{
	c->k.ring_ns += off;
	c->k.wall_ns += off;
	c->k.open = 0;
}

/*
 * The time off that a clock claims which is `jump` ahead: of the two, that it was put right
 * meanwhile and that it still is as far off as it was seen to be, the one that makes it the
 * shorter. Below 0: it claims none.
 */
static int64_t claimed(const struct elapsed *c, int64_t jump)
{
	int64_t still = difference(jump, c->k.known_ns);
	int64_t less = still < jump ? still : jump, more = still < jump ? jump : still;

	if (drift(less) && less < 0)
		return 0;
	return less >= 0 ? less : more;
}

/* Counts for how long the clock has stood `jump` ahead. */
static bool steady(struct elapsed *c, int64_t jump, int64_t passed)
{
	if (drift(difference(jump, c->k.skew_ns))) {
		c->k.steady_ns += passed;
		if (c->k.steady_ns >= ELAPSED_STEADY_NS)
			c->k.skew_ns = jump; /* from here on it may drift */
	} else {
		c->k.skew_ns = jump;
		c->k.steady_ns = 0;
	}
	return c->k.steady_ns >= ELAPSED_STEADY_NS;
}

/* The clock stands elsewhere, and nobody vouches for it. */
static void doubt(struct elapsed *c, int64_t jump, int64_t passed)
{
	bool settled = steady(c, jump, passed) && (c->synchronised || plausible(jump));
	int64_t off = c->synchronised ? jump : claimed(c, jump);

	if (!c->k.open)
		c->k.known_ns = jump;
	else if (settled && off >= 0)
		pass_off(c, off);
	else
		settled = false;
	c->doubtful = !settled;
	c->jump_ns = jump;
}

static void judge(struct elapsed *c, int64_t wall_ns, int64_t passed)
{
	int64_t jump = difference(wall_ns, c->k.wall_ns), off;

	if (c->k.wall_ns < ELAPSED_UNSET_NS && wall_ns >= ELAPSED_UNSET_NS) {
		c->k.open = 0;
		believe(c, wall_ns);
		return;
	}
	if (c->synchronised && plausible(jump)) {
		if (c->k.open && jump > ELAPSED_DRIFT_NS)
			pass_off(c, jump);
		c->k.open = c->k.unproven_ns = c->k.skew_ns = c->k.steady_ns = 0;
		believe(c, wall_ns);
		return;
	}
	off = claimed(c, jump);
	if (c->k.open && off > ELAPSED_DRIFT_NS && off <= ELAPSED_UNPROVEN_NS - c->k.unproven_ns) {
		pass_off(c, off);
		c->k.unproven_ns += off;
		jump -= off;
	}
	if (!drift(jump)) {
		doubt(c, jump, passed);
		return;
	}
	if (steady(c, 0, passed))
		c->k.open = 0;
	believe(c, wall_ns);
}

void elapsed_start(struct elapsed *c, const struct elapsed_kept *kept, int64_t newest_ns,
		   int64_t boot, int64_t wall_ns, int64_t mono_ns)
{
	*c = (struct elapsed){.k = *kept};
	if (c->k.ring_ns == 0)
		c->k = (struct elapsed_kept){
		    .ring_ns = wall_ns, .wall_ns = wall_ns, .mono_ns = mono_ns, .boot = boot};
	if (kept->ring_ns != 0 && boot != 0 && kept->boot == boot && mono_ns >= kept->mono_ns) {
		elapsed_tick(c, wall_ns, mono_ns);
	} else if (kept->ring_ns != 0) {
		int64_t off = claimed(c, difference(wall_ns, kept->wall_ns));

		c->k.open = 1;
		c->k.mono_ns = mono_ns;
		c->k.boot = boot;
		/* A clock without a battery starts a little after it stopped: time counts, the
		 * question stays open. */
		if (off > 0 && drift(off)) {
			c->k.ring_ns += off;
			c->k.wall_ns += off;
		}
		judge(c, wall_ns, 0);
	}
	if (c->k.ring_ns < newest_ns)
		c->k.ring_ns = newest_ns;
}

void elapsed_trust(struct elapsed *c, bool synchronised)
{
	c->synchronised = synchronised;
}

void elapsed_tick(struct elapsed *c, int64_t wall_ns, int64_t mono_ns)
{
	int64_t d = mono_ns - c->k.mono_ns;

	if (d > 0) {
		c->k.mono_ns = mono_ns;
		c->k.ring_ns += d;
		c->k.wall_ns += d;
	}
	judge(c, wall_ns, d > 0 ? d : 0);
}

int64_t elapsed_wall(const struct elapsed *c, int64_t wall_ns)
{
	return c->doubtful && c->k.wall_ns > wall_ns ? c->k.wall_ns : wall_ns;
}

const char *elapsed_words(const struct elapsed *c, char out[ELAPSED_WORDS])
{
	int64_t s = c->jump_ns / 1000000000;

	out[0] = '\0';
	if (c->doubtful && c->k.open && s > 0)
		(void)snprintf(
		    out, ELAPSED_WORDS,
		    "the wall clock says that the box was off for %" PRId64
		    " h, which nothing confirms: nothing is purged on it, and no read is "
		    "given out",
		    s / 3600);
	else if (c->doubtful && c->k.open)
		(void)snprintf(out, ELAPSED_WORDS,
			       "the wall clock is %" PRId64
			       " s behind, so how long the box was off is unknown: no read is "
			       "given out",
			       -s);
	else if (c->doubtful)
		(void)snprintf(
		    out, ELAPSED_WORDS,
		    "the wall clock is %" PRId64 " s off: retention goes by elapsed time", s);
	return out;
}
