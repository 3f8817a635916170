/* SPDX-License-Identifier: Apache-2.0 */
/* What can still be read of a quarantined database and must not be lost: the audit chain and hits
 * that were not answered yet. */
#ifndef FIRMWARE_STORE_SALVAGE_H
#define FIRMWARE_STORE_SALVAGE_H

#include "firmware/store/db.h"

struct salvaged {
	int64_t audit_records; /* whose chain verifies, from the first on */
	int64_t hits;	       /* pending */
	int64_t keys;	       /* of periods: without them nobody opens the rest */
	int64_t due_ns;	       /* ring time at which the file must be gone */
};

/* An unreadable file may hold reads of any age; nothing can be retrieved from it, and it is kept
 * this long for the maker. */
#define SALVAGE_UNREADABLE_NS (INT64_C(86400) * 1000000000)

/*
 * Copy from `name` in `folder` into the fresh database `d`: audit records as long as they verify,
 * the keys of the periods as they are wrapped, which requests for evidence were taken up, pending
 * hits that are whole, the hotlist's floor and ETag, the clock and the counters as far as `d` has
 * none, and the files quarantined before it. What cannot be read is left out and is no error. New
 * outbox ids begin at now_ns in milliseconds, beyond those that uplink may still hold.
 * `retention_ns`: how long the file may stay, counted from the oldest read in it; `now_ns` stands
 * in for a clock that cannot be read. False: `d` failed, or ERR_NO_MEMORY: nothing is taken over
 * yet.
 */
bool salvage(struct db *d, const char *folder, const char *name, int64_t retention_ns,
	     int64_t now_ns, struct salvaged *out, struct err *e) MUST_CHECK;

/*
 * The newest quarantined file in `folder` that `d` knows nothing of: one just put aside, or one
 * whose salvage was cut short by a full disk or a power cut. Until it is salvaged and noted
 * (upkeep_quarantine) its hits are lost and nobody deletes it. *found false: there is none. ERR_IO;
 * db_fail's codes.
 */
bool salvage_forgotten(struct db *d, const char *folder, char name[DB_QUARANTINE_SIZE], bool *found,
		       struct err *e) MUST_CHECK;

/*
 * While `d` has no record of its own: those of the newest file before `name` that has any and that
 * `d` knows nothing of. A fresh database that is put aside before all was taken over into it has
 * none, and the first record that is made here would keep out those of the file before it. *n: how
 * many. As salvage.
 */
bool salvage_chain(struct db *d, const char *folder, const char *name, int64_t *n,
		   struct err *e) MUST_CHECK;

#endif
