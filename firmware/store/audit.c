/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/audit.h"

#include <inttypes.h>
#include <string.h>

#define FIELDS	  AUDIT_FIELDS
#define FIELD_MAX AUDIT_FIELD_MAX
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

const uint8_t *audit_said(const struct audit_head *head, uint8_t out[AUDIT_SAID_SIZE])
{
	static const char tag[] = "alpr-audit-head-1";

	_Static_assert(sizeof tag - 1 + 8 + sizeof head->hash == AUDIT_SAID_SIZE, "all of it");
	(void)put(put_number(put(out, tag, sizeof tag - 1), (uint64_t)head->seq, 8), head->hash,
		  sizeof head->hash);
	return out;
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

/* --- the chain of a database ------------------------------------------------------------------ */

static bool take_hash(sqlite3_stmt *st, int column, uint8_t out[CRYPT_SHA256_SIZE])
{
	if (sqlite3_column_type(st, column) != SQLITE_BLOB ||
	    sqlite3_column_bytes(st, column) != CRYPT_SHA256_SIZE)
		return false;
	memcpy(out, sqlite3_column_blob(st, column), CRYPT_SHA256_SIZE);
	return true;
}

static bool take_text(sqlite3_stmt *st, int column, char out[FIELD_MAX + 1])
{
	const char *t = (const char *)sqlite3_column_text(st, column);
	size_t len = (size_t)sqlite3_column_bytes(st, column);

	/* A text with a NUL inside would be hashed only up to it. */
	if (!t || len > FIELD_MAX || strlen(t) != len)
		return false;
	memcpy(out, t, len + 1);
	return true;
}

static bool cursor_next(void *arg, struct audit_row *out, bool *more, struct err *e)
{
	struct audit_cursor *c = arg;
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool whole = true;

	st = db_query(
	    c->db, e,
	    "SELECT seq, at_ns, who, what, purpose, case_number, outcome, detail, prev, hash"
	    " FROM audit WHERE seq > ? ORDER BY seq LIMIT 1",
	    "i", c->seq);
	if (!st || !db_step(c->db, st, more, e))
		return err_prefix(e, "audit");
	if (!*more)
		return true;
	out->seq = c->seq = sqlite3_column_int64(st, 0);
	out->at_ns = sqlite3_column_int64(st, 1);
	for (size_t i = 0; i < FIELDS; i++)
		whole = whole && take_text(st, (int)i + 2, out->text[i]);
	return (whole && take_hash(st, 8, out->prev) && take_hash(st, 9, out->hash)) ||
	       err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was changed", out->seq);
}

static bool cursor_again(void *arg, struct err *e)
{
	(void)e;
	((struct audit_cursor *)arg)->seq = INT64_MIN;
	return true;
}

struct audit_source audit_cursor_start(struct audit_cursor *c, struct db *d)
{
	*c = (struct audit_cursor){d, INT64_MIN};
	return (struct audit_source){cursor_next, cursor_again, c};
}

bool audit_verify(struct db *d, const struct audit_head *expect, int64_t *records, struct err *e)
{
	struct audit_cursor c;
	const struct audit_source s = audit_cursor_start(&c, d);
	const struct audit_wanted wanted = {.head = expect ? *expect : (struct audit_head){0}};
	struct audit_found found;
	bool holds = audit_walk(&s, &wanted, &found, e);

	*records = found.last.seq;
	return holds;
}
