/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a purge took, in the audit chain. Passages are purged with their key: one record
 * "purge-keys" for each destruction says from when until when, how many passages and how many hits.
 * Their rows follow in small steps; rows that go while their key lives on (to make room) are summed
 * up in a record "purge" once a day.
 *
 * `purged_unrecorded` in the database is how many rows were deleted that no record has counted yet;
 * below 0: how many were counted whose rows are still there.
 */
#ifndef FIRMWARE_STORE_PURGE_H
#define FIRMWARE_STORE_PURGE_H

#include "firmware/store/db.h"

struct purge_keys {
	size_t periods;		   /* > 0: how many keys */
	int64_t first_ns, last_ns; /* ids of the first and the last of them */
};

/* Record the destruction of these keys at wall time wall_ns; inside the transaction that deletes
 * them. db_fail's codes. */
bool purge_record(struct db *d, const struct purge_keys *k, int64_t wall_ns,
		  struct err *e) MUST_CHECK;

#endif
