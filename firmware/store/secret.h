/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of the box that no purge destroys, kept in the database as the keys of the periods are:
 * wrapped by the newest root key of the keystore, and wrapped anew in the transaction of each
 * rotation. A copy of the disk of before the last rotation does not open them, nor does any without
 * the keystore.
 */
#ifndef FIRMWARE_STORE_SECRET_H
#define FIRMWARE_STORE_SECRET_H

#include "firmware/store/db.h"
#include "firmware/store/period.h"

enum secret_id { SECRET_AUDIT = 1 }; /* the key that signs the audit chain: P-256, its scalar */

/*
 * The secret; the caller wipes *out. *found false: there is none, or the keystore does not open it
 * any more. ERR_NOT_FOUND: no keystore; ERR_AGAIN: its keys are not loaded; ERR_NO_MEMORY;
 * db_fail's codes.
 */
bool secret_get(const struct periods *p, struct db *d, enum secret_id id, uint8_t out[KEYSTORE_KEY],
		bool *found, struct err *e) MUST_CHECK;

/* Put it in the place of what is there, committed. As secret_get; ERR_IO: the keystore. */
bool secret_put(const struct periods *p, struct db *d, enum secret_id id,
		const uint8_t key[KEYSTORE_KEY], struct err *e) MUST_CHECK;

/* Wrap all of them under the newest root key, inside a transaction; what the keystore does not open
 * any more goes. ERR_IO: the keystore; ERR_NO_MEMORY; db_fail's codes. */
bool secrets_wrap_anew(const struct periods *p, struct db *d, struct err *e) MUST_CHECK;

#endif
