/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit chain is signed: a record "signed" holds an ECDSA signature over the record before it,
 * and so over all before that. The key is this box's own, made at its first start, and lies in the
 * database under its keystore. Without it nobody can make the chain anew up to a signature.
 */
#ifndef FIRMWARE_STORE_AUDIT_SIGN_H
#define FIRMWARE_STORE_AUDIT_SIGN_H

#include "firmware/base/clock.h"
#include "firmware/store/audit.h"
#include "firmware/store/period.h"

#define AUDIT_KEY_FILE "audit.key" /* in the store folder, by an older firmware: PEM */
#define AUDIT_SIGNED   "signed"	   /* what such a record says that it is */

#define AUDIT_SIGN_RECORDS 1000	      /* a signature after so many records, */
#define AUDIT_SIGN_NS	   NS_PER_DAY /* or, if there is any, after so long */

/*
 * The key that `d` holds, opened by the keystore (secret.h). When there is none, or it opens no
 * more, the one that an older firmware left in `folder` in the open, else a new one (*made: it is)
 * is put there; then nothing of it is in the open. Without a keystore there is none:
 * ERR_NOT_FOUND. ERR_AGAIN; ERR_IO, ERR_NO_SPACE, ERR_NO_MEMORY; db_fail's codes. *out:
 * crypt_key_free.
 */
bool audit_key_open(struct periods *p, struct db *d, const char *folder, struct crypt_key **out,
		    bool *made, struct err *e) MUST_CHECK;

/* Put a key that is in use into a database that does not hold it: one that took the place of a
 * damaged one. As audit_key_open. */
bool audit_key_keep(struct periods *p, struct db *d, const struct crypt_key *k,
		    struct err *e) MUST_CHECK;

/* A signature is due at once: something was recorded that is not to wait for the day to end. Inside
 * the transaction of its record. db_fail's codes. */
bool audit_sign_soon(struct db *d, struct err *e) MUST_CHECK;

/* Append a signature at ring time ring_ns and wall time wall_ns if one is due. db_fail's codes;
 * crypt_sign's. */
bool audit_sign(struct db *d, struct crypt_key *k, int64_t ring_ns, int64_t wall_ns,
		struct err *e) MUST_CHECK;

#endif
