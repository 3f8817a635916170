/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to happen as time passes: reads, outbox rows, cooldowns and quarantined files go when
 * their retention is over, the ring stays within its bound, its clock is written down. All in small
 * steps, so that a passage never waits long.
 */
#ifndef FIRMWARE_STORE_UPKEEP_H
#define FIRMWARE_STORE_UPKEEP_H

#include "firmware/base/clock.h"
#include "firmware/store/db.h"
#include "firmware/store/elapsed.h"
#include "firmware/store/period.h"
#include "firmware/store/ring.h"

#define UPKEEP_EVERY_NS	 (60 * NS_PER_S) /* between looks when nothing is to be done */
#define UPKEEP_RECORD_NS NS_PER_DAY	 /* purges are summed up in one audit record a day */
#define UPKEEP_STEP	 64		 /* passages of one step */

struct upkeep {
	struct ring_limits limits;
	int64_t cooldown_s;
	const char *folder;   /* of the store; borrowed */
	struct periods *keys; /* borrowed */
	int64_t next_ns;      /* ring time of the next look */
	int64_t recorded_ns;  /* ring time of the last purge record */
	bool more;	      /* the last step left something */
	bool truncate;	      /* what was purged still lies in the WAL */
};

/* One step at ring time c->k.ring_ns and wall time wall_ns. False: the database failed
 * (ERR_NO_SPACE: it may pass). */
bool upkeep_step(struct upkeep *u, struct db *d, const struct elapsed *c, int64_t wall_ns,
		 struct err *e) MUST_CHECK;

/* Record in the audit chain what the migration from an older schema dropped, if it did. */
bool upkeep_migrated(struct db *d, int64_t wall_ns, struct err *e) MUST_CHECK;

/* Sum up in the audit chain what was purged since the last record, if anything. */
bool upkeep_record(struct upkeep *u, struct db *d, int64_t ring_ns, int64_t wall_ns,
		   struct err *e) MUST_CHECK;

/* Write the ring's clock down; read what was written (ring_ns 0: nothing). */
bool upkeep_save_clock(struct db *d, const struct elapsed_kept *k, struct err *e) MUST_CHECK;
bool upkeep_load_clock(struct db *d, struct elapsed_kept *k, struct err *e) MUST_CHECK;

/* Note a quarantined file: it is deleted at ring time due_ns. */
bool upkeep_quarantine(struct db *d, const char *name, int64_t due_ns, struct err *e) MUST_CHECK;

#endif
