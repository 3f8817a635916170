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
#include "firmware/store/lookup.h"
#include "firmware/store/period.h"
#include "firmware/store/ring.h"

#define UPKEEP_EVERY_NS	 (60 * NS_PER_S) /* between looks when nothing is to be done */
#define UPKEEP_RECORD_NS NS_PER_DAY	 /* purges are summed up in one audit record a day */
#define UPKEEP_STEP	 32		 /* passages of one step */
#define UPKEEP_INDEX	 512		 /* passages whose plates are indexed together */

struct upkeep {
	struct ring_limits limits;
	int64_t cooldown_s;
	const char *folder;   /* of the store; borrowed */
	struct periods *keys; /* borrowed */
	int64_t next_ns;      /* ring time of the next look */
	int64_t recorded_ns;  /* ring time of the last purge record */
	struct spans spans;
	bool more;	   /* the last step left something */
	bool leisurely;	   /* rows alone, whose keys are destroyed: no hurry while others wait */
	bool truncate;	   /* what was purged still lies in the WAL */
	bool truncate_now; /* and its keys have just been destroyed */
};

/* One step at ring time c->k.ring_ns and wall time wall_ns. False: the database failed
 * (ERR_NO_SPACE: it may pass). */
bool upkeep_step(struct upkeep *u, struct db *d, const struct elapsed *c, int64_t wall_ns,
		 struct err *e) MUST_CHECK;

/* Sum up in the audit chain the passages that were deleted and that no record has counted yet, if
 * any: those that went with their key are in the record of that (purge.h). */
bool upkeep_record(struct upkeep *u, struct db *d, int64_t ring_ns, int64_t wall_ns,
		   struct err *e) MUST_CHECK;

/* Write the ring's clock down; read what was written (ring_ns 0: nothing). */
bool upkeep_save_clock(struct db *d, const struct elapsed_kept *k, struct err *e) MUST_CHECK;
bool upkeep_load_clock(struct db *d, struct elapsed_kept *k, struct err *e) MUST_CHECK;

/* Record in the audit chain what the migration from an older schema dropped, if it did. */
bool upkeep_migrated(struct db *d, int64_t wall_ns, struct err *e) MUST_CHECK;

/* Go on with the ring's clock in a database just opened (elapsed_start), and write it down. */
bool upkeep_start_clock(struct db *d, struct elapsed *c, int64_t boot, int64_t wall_ns,
			int64_t mono_ns, struct err *e) MUST_CHECK;

/* Open the keystore and load the keys that the database holds (periods_open), bring the outbox in
 * line with them (outbox_settle), then upkeep_migrated. Their errors. */
bool upkeep_open_keys(struct db *d, struct periods *keys, const struct keystore_conf *conf,
		      int64_t ring_ns, int64_t wall_ns, struct err *e) MUST_CHECK;

/* Take over from the quarantined file `name` in `folder` what can be saved (salvage), note it and
 * record it in the audit chain. Their errors. */
bool upkeep_take_over(struct db *d, const char *folder, const char *name, int64_t retention_ns,
		      int64_t wall_ns, struct err *e) MUST_CHECK;

/* Note a quarantined file: it is deleted at ring time due_ns. */
bool upkeep_quarantine(struct db *d, const char *name, int64_t due_ns, struct err *e) MUST_CHECK;

#endif
