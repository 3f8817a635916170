/* SPDX-License-Identifier: Apache-2.0 */
/* What the database remembers of hotlists: which was in force last, how it came, what was refused.
 */
#ifndef FIRMWARE_STORE_LIST_RECORD_H
#define FIRMWARE_STORE_LIST_RECORD_H

#include "firmware/store/db.h"
#include "hotlist/bundle.h"

#define LIST_ETAG_SIZE 64u /* bytes of an ETag with its NUL: as in firmware/wire.h */

/*
 * A bundle that was checked whole comes into force at wall time now_ns, offered with `etag` ("": it
 * did not come from uplink): the version below which none is taken any more, its bundle_id, its
 * ETag and the audit record, all of them or none. db_fail's codes.
 */
bool list_record_load(struct db *d, const struct bundle *b, const char *etag, int64_t now_ns,
		      struct err *e) MUST_CHECK;

/* One was refused for *why; that goes into the audit chain. db_fail's codes. */
bool list_record_refusal(struct db *d, const struct err *why, int64_t now_ns,
			 struct err *e) MUST_CHECK;

/* The highest version that was ever in force; 0: none. db_fail's codes. */
bool list_record_floor(struct db *d, int64_t *floor, struct err *e) MUST_CHECK;

/* *checked: is this the bundle that was in force last, so that it need not be checked whole again?
 * Then with which ETag it was offered, else "". db_fail's codes. */
bool list_record_knows(struct db *d, const struct bundle *b, bool *checked,
		       char etag[LIST_ETAG_SIZE], struct err *e) MUST_CHECK;

/* The bundle in force was offered again, under this ETag. db_fail's codes. */
bool list_record_etag(struct db *d, const struct bundle *b, const char *etag,
		      struct err *e) MUST_CHECK;

#endif
