/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring time: the clock that retention is counted on. It starts as UTC when the ring is first made
 * and from then on only elapses: by the monotonic clock while the machine runs, by the difference
 * of wall times for the time it was off. A wall clock set to 1970 or 2099 therefore neither purges
 * early nor keeps longer.
 */
#ifndef FIRMWARE_STORE_ELAPSED_H
#define FIRMWARE_STORE_ELAPSED_H

#include <stdbool.h>
#include <stdint.h>

/* Wall time this far from what is expected is a jump, less is drift. */
#define ELAPSED_DRIFT_NS  (INT64_C(600) * 1000000000)
/* A jump ahead up to this is believed at once to be time that the machine was off (once after each
 * boot). */
#define ELAPSED_OFF_NS	  (INT64_C(400) * 86400 * 1000000000)
/* A larger one, and any one back, is believed when the wall clock has been steady for this long. */
#define ELAPSED_STEADY_NS (INT64_C(86400) * 1000000000)
/* No clock that is set shows a time before this: from there to any later time is a clock being set,
 * believed at once, and is no time that has passed. 2024-01-01. */
#define ELAPSED_UNSET_NS  (INT64_C(1704067200) * 1000000000)

/* What outlives the process: keep it in the database, at least once a minute. */
struct elapsed_kept {
	int64_t ring_ns; /* 0: there is none yet */
	int64_t wall_ns; /* wall time that belongs to it */
	int64_t mono_ns; /* CLOCK_MONOTONIC then: valid within the same boot */
	int64_t boot;	 /* names the boot (any number that differs from boot to boot); 0: unknown,
			    then every start counts as one */
};

struct elapsed {
	struct elapsed_kept k;
	bool off_unknown; /* time off since the last boot is not accounted for yet */
	bool doubtful;	  /* the wall clock is not where it should be */
	int64_t jump_ns;  /* by how much */
	int64_t since_ns; /* CLOCK_MONOTONIC since when that has been the case */
};

/* Start from what was kept (ring_ns 0: a new ring). `newest_ns`: kept_ns of the newest passage;
 * ring time never goes below. */
void elapsed_start(struct elapsed *c, const struct elapsed_kept *kept, int64_t newest_ns,
		   int64_t boot, int64_t wall_ns, int64_t mono_ns);

/* Let time pass; call it at least every minute and before every use. Ring time never goes back. */
void elapsed_tick(struct elapsed *c, int64_t wall_ns, int64_t mono_ns);

/* Wall time to judge validity by (expiry, age of a list): never earlier than what is known to have
 * passed. */
int64_t elapsed_wall(const struct elapsed *c, int64_t wall_ns);

#endif
