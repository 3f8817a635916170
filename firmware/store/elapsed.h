/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring time: the clock that retention is counted on. It starts as UTC when the ring is first made
 * and from then on only elapses: by the kernel's clock since boot while the machine runs, by the
 * difference of wall times for the time it was off. A wall clock set to 1970 or 2099 therefore
 * neither purges early nor keeps longer.
 *
 * While the machine runs nothing has to be believed. After a boot only the wall clock knows how
 * long it was off, and it may be the battery's clock, set wrong by somebody or by its own age. Two
 * things must never happen: reads purged early because such a clock runs ahead, and reads given to
 * anybody after their time because it was not believed. So a time off is
 *
 *   - believed at once when the kernel says that the clock is synchronised (network or GNSS time),
 *     up to ELAPSED_OFF_NS: the purge that was due runs before the first read is taken;
 *   - believed at once on the word of the battery's clock as long as all that was so believed since
 *     the last synchronisation is at most ELAPSED_UNPROVEN_NS: power cuts are that short, and if it
 *     is wrong, reads go three days early and not ninety;
 *   - else in doubt. Nothing is purged on it, and nothing is given out (`doubtful`: evidence pulls
 *     are refused), whatever turns out to be true. It ends when the clock is synchronised, when it
 *     is put right, or when it has been steady for ELAPSED_STEADY_NS, which leaves whoever set it
 *     wrong a day to notice: then it is believed. Never so more than ELAPSED_OFF_NS, where the
 *     battery of a clock fails sooner than a box comes back: that takes a clock that is
 * synchronised and steady for as long (receivers of GNSS have been off by 1024 weeks).
 *
 * A clock behind what is known to have passed says nothing about the time off: that stays in doubt
 * until it is put right. Without a battery's clock and without network time it stays unknown; a
 * system that restores the time of its last stop at boot then looks like one that was off for
 * seconds only.
 *
 * A wall clock that jumps while it is watched is no time, also at the boot after that: the jump is
 * remembered, and the time off is counted from where the clock stood. It is in doubt until it is
 * put right, synchronised or steady for ELAPSED_STEADY_NS.
 */
#ifndef FIRMWARE_STORE_ELAPSED_H
#define FIRMWARE_STORE_ELAPSED_H

#include <stdbool.h>
#include <stdint.h>

/* Wall time this far from what is expected is a jump, less is drift. */
#define ELAPSED_DRIFT_NS    (INT64_C(600) * 1000000000)
/* Time off that the battery's clock may claim, in all, between two synchronisations. */
#define ELAPSED_UNPROVEN_NS (INT64_C(3) * 86400 * 1000000000)
/* No longer time off is believed of a clock that is not steady and synchronised. */
#define ELAPSED_OFF_NS	    (INT64_C(400) * 86400 * 1000000000)
/* What is in doubt is believed when the wall clock has been steady for this long, boots included.
 */
#define ELAPSED_STEADY_NS   (INT64_C(86400) * 1000000000)
/* No clock that is set shows a time before this: from there to any later time is a clock being set,
 * believed at once, and is no time that has passed. 2024-01-01. */
#define ELAPSED_UNSET_NS    (INT64_C(1704067200) * 1000000000)

/* What outlives the process: keep it in the database, at least once a minute. Of one that an older
 * firmware kept the last five are 0. */
struct elapsed_kept {
	int64_t ring_ns; /* 0: there is none yet */
	int64_t wall_ns; /* wall time that belongs to it, as far as it is believed */
	int64_t mono_ns; /* the kernel's time since boot then: valid within the same boot */
	int64_t boot;	 /* names the boot (any number that differs from boot to boot); 0: unknown,
			    then every start counts as one */
	int64_t skew_ns; /* how far ahead of wall_ns the wall clock stands since it is in doubt */
	int64_t steady_ns;   /* for how long it has stood there */
	int64_t known_ns;    /* part of it that came about while it was watched: no time */
	int64_t open;	     /* 1: how long the machine was off is not accounted for yet */
	int64_t unproven_ns; /* time off believed since the clock was last synchronised */
};

struct elapsed {
	struct elapsed_kept k;
	bool synchronised; /* elapsed_trust */
	bool doubtful;	   /* the wall clock is not where it should be: nothing may be given out */
	int64_t jump_ns;   /* by how much, while it is */
};

/* Start from what was kept (ring_ns 0: a new ring). `newest_ns`: kept_ns of the newest passage;
 * ring time never goes below. The clock is not synchronised until elapsed_trust says so. */
void elapsed_start(struct elapsed *c, const struct elapsed_kept *kept, int64_t newest_ns,
		   int64_t boot, int64_t wall_ns, int64_t mono_ns);

/* Whether the kernel's clock is synchronised (hal/clock_quality.h), from the next tick on. */
void elapsed_trust(struct elapsed *c, bool synchronised);

/* Let time pass; call it at least every minute and before every use. Ring time never goes back. */
void elapsed_tick(struct elapsed *c, int64_t wall_ns, int64_t mono_ns);

/* Wall time to judge validity by (expiry, age of a list): never earlier than what is known to have
 * passed. */
int64_t elapsed_wall(const struct elapsed *c, int64_t wall_ns);

/* What is in doubt, in words for a status line; out is returned. "": nothing is. */
#define ELAPSED_WORDS 200u
const char *elapsed_words(const struct elapsed *c, char out[ELAPSED_WORDS]);

#endif
