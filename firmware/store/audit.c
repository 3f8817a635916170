/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/audit.h"

#include <inttypes.h>
#include <string.h>

#define FIELDS	  6u
#define FIELD_MAX 1024u
#define TAG	  "alpr-audit-1"

static void fields_of(const struct audit_record *r, const char *out[FIELDS])
{
	const char *f[FIELDS] = {r->who,	 r->what,    r->purpose,
				 r->case_number, r->outcome, r->detail};

	for (size_t i = 0; i < FIELDS; i++)
		out[i] = f[i] ? f[i] : "";
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return to + len;
}

static uint8_t *put_number(uint8_t *to, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
	return to + bytes;
}

bool audit_hash(const struct audit_record *r, int64_t seq, int64_t at_ns,
		const uint8_t prev[CRYPT_SHA256_SIZE], uint8_t out[CRYPT_SHA256_SIZE],
		struct err *e)
{
	uint8_t bytes[sizeof TAG - 1 + CRYPT_SHA256_SIZE + 16 + (size_t)FIELDS * (4 + FIELD_MAX)];
	const char *f[FIELDS];
	uint8_t *p = put(bytes, TAG, sizeof TAG - 1);

	fields_of(r, f);
	p = put(p, prev, CRYPT_SHA256_SIZE);
	p = put_number(p, (uint64_t)seq, 8);
	p = put_number(p, (uint64_t)at_ns, 8);
	for (size_t i = 0; i < FIELDS; i++) {
		size_t len = strlen(f[i]);

		if (len > FIELD_MAX)
			return err_set(e, ERR_LIMIT, "audit: a field of %zu bytes", len);
		p = put_number(p, len, 4);
		p = put(p, f[i], len);
	}
	return crypt_sha256(bytes, (size_t)(p - bytes), out, e);
}

bool audit_head(struct db *d, struct audit_head *out, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;

	*out = (struct audit_head){0};
	st = db_query(d, e, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", "");
	if (!st || !db_step(d, st, &row, e))
		return err_prefix(e, "audit");
	if (!row)
		return true;
	if (sqlite3_column_bytes(st, 1) != CRYPT_SHA256_SIZE)
		return err_set(e, ERR_SIGNATURE, "audit: the newest record has no proper hash");
	out->seq = sqlite3_column_int64(st, 0);
	memcpy(out->hash, sqlite3_column_blob(st, 1), CRYPT_SHA256_SIZE);
	return true;
}

bool audit_append(struct db *d, const struct audit_record *r, int64_t at_ns, struct err *e)
{
	struct audit_head head;
	uint8_t hash[CRYPT_SHA256_SIZE];
	const char *f[FIELDS];

	if (!audit_head(d, &head, e) || !audit_hash(r, head.seq + 1, at_ns, head.hash, hash, e))
		return false;
	fields_of(r, f);
	if (!db_run(d, NULL, e,
		    "INSERT INTO audit(seq, at_ns, who, what, purpose, case_number, outcome, "
		    "detail, prev, hash)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    "iittttttbb", head.seq + 1, at_ns, f[0], f[1], f[2], f[3], f[4], f[5],
		    head.hash, sizeof head.hash, hash, sizeof hash))
		return err_prefix(e, "audit");
	return true;
}

static bool same_hash(sqlite3_stmt *st, int column, const uint8_t hash[CRYPT_SHA256_SIZE])
{
	return sqlite3_column_type(st, column) == SQLITE_BLOB &&
	       sqlite3_column_bytes(st, column) == CRYPT_SHA256_SIZE &&
	       memcmp(sqlite3_column_blob(st, column), hash, CRYPT_SHA256_SIZE) == 0;
}

/* One row against its predecessor `head`, which becomes this row. */
static bool verify_row(sqlite3_stmt *st, struct audit_head *head, struct err *e)
{
	const char *f[FIELDS];
	uint8_t hash[CRYPT_SHA256_SIZE];
	int64_t seq = sqlite3_column_int64(st, 0);

	if (seq != head->seq + 1)
		return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " is missing",
			       head->seq + 1);
	for (size_t i = 0; i < FIELDS; i++) {
		f[i] = (const char *)sqlite3_column_text(st, (int)i + 2);
		/* A text with a NUL inside would be hashed only up to it. */
		if (f[i] && strlen(f[i]) != (size_t)sqlite3_column_bytes(st, (int)i + 2))
			return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was changed",
				       seq);
	}
	if (!audit_hash(&(struct audit_record){f[0], f[1], f[2], f[3], f[4], f[5]}, seq,
			sqlite3_column_int64(st, 1), head->hash, hash, e))
		return err_prefix(e, "audit: record %" PRId64, seq);
	if (!same_hash(st, 8, head->hash) || !same_hash(st, 9, hash))
		return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was changed", seq);
	head->seq = seq;
	memcpy(head->hash, hash, sizeof hash);
	return true;
}

bool audit_verify(struct db *d, const struct audit_head *expect, int64_t *records, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	struct audit_head head = {0};
	bool row, met = !expect || expect->seq == 0;

	*records = 0;
	st = db_query(
	    d, e,
	    "SELECT seq, at_ns, who, what, purpose, case_number, outcome, detail, prev, hash"
	    " FROM audit ORDER BY seq",
	    "");
	for (;;) {
		if (!st || !db_step(d, st, &row, e))
			return err_prefix(e, "audit");
		if (!row)
			break;
		if (!verify_row(st, &head, e))
			return false;
		++*records;
		if (!met && head.seq == expect->seq) {
			met = memcmp(head.hash, expect->hash, sizeof head.hash) == 0;
			if (!met)
				break;
		}
	}
	return met ||
	       err_set(e, ERR_SIGNATURE,
		       "audit: the chain does not hold the record %" PRId64 " that was noted",
		       expect->seq);
}
