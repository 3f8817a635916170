/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit chain: append-only records, each hashed with its predecessor. It holds no plate,
 * outlives the reads, and an edit, a removal, a reordering or a replay shows when it is verified.
 * (A cut at the end shows against a head noted elsewhere.)
 */
#ifndef FIRMWARE_STORE_AUDIT_H
#define FIRMWARE_STORE_AUDIT_H

#include "firmware/base/crypt.h"
#include "firmware/store/db.h"

struct audit_record {	     /* all borrowed; NULL is "" */
	const char *who;     /* certificate identity, or the role that acts by itself: "store" */
	const char *what;    /* "start", "hit", "purge", …: SCHEMA.md lists them */
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

#define AUDIT_FIELDS	6u
#define AUDIT_FIELD_MAX 1024u /* bytes of a field, without its terminator */

struct audit_row { /* a record as it is kept or exported */
	int64_t seq, at_ns;
	char text[AUDIT_FIELDS][AUDIT_FIELD_MAX + 1]; /* in the order of struct audit_record */
	uint8_t prev[CRYPT_SHA256_SIZE], hash[CRYPT_SHA256_SIZE];
};

/* The same, borrowed from the row. */
struct audit_record audit_record_of(const struct audit_row *r);

/* Where records come from, in the order they are kept. */
struct audit_source {
	/* The next one; *more false: there is none. False: it cannot be read, *e says why. */
	bool (*next)(void *arg, struct audit_row *out, bool *more, struct err *e);
	/* Begin again at the first. */
	bool (*again)(void *arg, struct err *e);
	void *arg;
};

/* The chain of a database, record by record: no transaction is held between two, so that a slow
 * reader stands in nobody's way. ERR_SIGNATURE: a record that the store cannot have written. */
struct audit_cursor {
	struct db *db;
	int64_t seq; /* of the last one given */
};
struct audit_source audit_cursor_start(struct audit_cursor *c, struct db *d);

/* What a signature of the chain is over: "alpr-audit-head-1", seq (64 bit, big-endian) and hash of
 * the record before it. Returns out. */
#define AUDIT_SAID_SIZE (17 + 8 + CRYPT_SHA256_SIZE)
const uint8_t *audit_said(const struct audit_head *head, uint8_t out[AUDIT_SAID_SIZE]);

struct audit_wanted {			/* what is known from elsewhere; zeroed: nothing */
	struct audit_head head;		/* must be in the chain */
	bool has_key;			/* a chain must be signed, and each time by this key: */
	uint8_t key[CRYPT_SHA256_SIZE]; /* crypt_key_id */
};

struct audit_found {
	struct audit_head last;		/* record that holds */
	int64_t signed_seq;		/* newest record under a good signature; 0: none is */
	uint8_t key[CRYPT_SHA256_SIZE]; /* that signed it */
	int64_t keys; /* how many times another key began to sign, the first included */
};

/*
 * Walk a whole chain from its first record. ERR_SIGNATURE with the sequence number, when a record
 * was changed, removed, put in another place or there twice, when a signature is not good, or when
 * what is wanted is not there; whatever the source says. *found is filled in any case.
 */
bool audit_walk(const struct audit_source *s, const struct audit_wanted *wanted,
		struct audit_found *found, struct err *e) MUST_CHECK;

/* audit_walk over the chain of `d`, with a head noted elsewhere (may be NULL). *records: how many
 * hold. Its errors; db_fail's codes. */
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
