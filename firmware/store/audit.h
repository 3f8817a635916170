/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit chain: append-only records, each hashed with its predecessor. It holds no plate,
 * outlives the reads, and an edit, a removal or a reordering shows when it is verified. (A cut at
 * the end shows against a head noted elsewhere.)
 */
#ifndef FIRMWARE_STORE_AUDIT_H
#define FIRMWARE_STORE_AUDIT_H

#include "firmware/base/crypt.h"
#include "firmware/store/db.h"

struct audit_record {	 /* all borrowed; NULL is "" */
	const char *who; /* certificate identity, or the role that acts by itself: "store" */
	const char
	    *what; /* "start", "stop", "hotlist", "purge", "hit", "hit-ended", "quarantine", … */
	const char *purpose; /* of a request, from the authorised list */
	const char *case_number;
	const char *outcome; /* "done", "refused", … */
	const char *detail;  /* JSON object; no plate, no key, no secret */
};

struct audit_head {
	int64_t seq;			 /* of the newest record; 0: none */
	uint8_t hash[CRYPT_SHA256_SIZE]; /* its hash; zeros when there is none */
};

/* Append a record at wall time at_ns; inside the transaction of what it records, or alone.
 * ERR_LIMIT: a field > 1024 bytes. */
bool audit_append(struct db *d, const struct audit_record *r, int64_t at_ns,
		  struct err *e) MUST_CHECK;

/* The newest record. ERR_SIGNATURE: its hash is none; db_fail's codes. */
bool audit_head(struct db *d, struct audit_head *out, struct err *e) MUST_CHECK;

/*
 * Walk the whole chain. `expect` (may be NULL): a head noted earlier, which must be in it.
 * *records: how many hold. ERR_SIGNATURE with the sequence number: edited, removed, reordered, or
 * cut before `expect`; db_fail's codes.
 */
bool audit_verify(struct db *d, const struct audit_head *expect, int64_t *records,
		  struct err *e) MUST_CHECK;

/*
 * The hash of one record: SHA-256 of "alpr-audit-1", prev, seq and at_ns (64 bit, big-endian), and
 * the six fields in the order of the struct, each with its length (32 bit, big-endian) in front.
 * Offline tools compute the same (SCHEMA.md).
 */
bool audit_hash(const struct audit_record *r, int64_t seq, int64_t at_ns,
		const uint8_t prev[CRYPT_SHA256_SIZE], uint8_t out[CRYPT_SHA256_SIZE],
		struct err *e) MUST_CHECK;

#endif
