/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/outbox.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/store/audit.h"
#include "firmware/store/seal.h"
#include "firmware/store/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool outbox_put(struct db *d, const struct outbox_hit *h, struct err *e)
{
	AUTO_FREE uint8_t *sealed = malloc(h->len + SEAL_EXTRA);
	char category[2] = {h->category, 0};

	if (!sealed)
		return err_set(e, ERR_NO_MEMORY, "outbox: no memory");
	if (!seal_put(h->key, SEAL_HIT, h->passage_id, h->json, h->len, sealed, e) ||
	    !db_run(d, NULL, e,
		    "INSERT INTO outbox(passage_id, kept_ns, best_ns, grade, category, "
		    "list_version, size, period, sealed)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		    "biittiiib", h->passage_id, (size_t)WIRE_ID_SIZE, h->kept_ns, h->best_ns,
		    h->grade, category, (int64_t)h->list_version, (int64_t)h->len, h->key->id,
		    sealed, h->len + SEAL_EXTRA))
		return err_prefix(e, "outbox");
	return true;
}

static bool skipped(int64_t id, const int64_t *skip, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (skip[i] == id)
			return true;
	return false;
}

bool outbox_next(struct db *d, const struct periods *keys, const int64_t *skip, size_t n,
		 struct outbox_due *out, bool *found, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;

	*found = false;
	st = db_query(d, e,
		      "SELECT id, best_ns, size FROM outbox WHERE state = 0"
		      " AND (?2 OR body IS NOT NULL OR period = ?3) ORDER BY id DESC LIMIT ?1",
		      "iii", (int64_t)n + 1, (int64_t)(keys->keystore != NULL), keys->passing.id);
	while (st) {
		if (!db_step(d, st, &row, e))
			break;
		if (!row)
			return true;
		if (skipped(sqlite3_column_int64(st, 0), skip, n))
			continue;
		out->id = sqlite3_column_int64(st, 0);
		out->best_ns = sqlite3_column_int64(st, 1);
		out->size = sqlite3_column_int64(st, 2);
		*found = true;
		return true;
	}
	return err_prefix(e, "outbox");
}

static bool gift_of(const void *bytes, size_t len, int *fd, struct err *e)
{
	struct iovec part = {(void *)(uintptr_t)bytes, len};

	return gift_make("hit", &part, 1, fd, e);
}

/* Columns of the row: passage_id, period, sealed. */
static bool open_row(const struct periods *keys, sqlite3_stmt *st, int *fd, struct err *e)
{
	size_t len = (size_t)sqlite3_column_bytes(st, 2);
	AUTO_FREE uint8_t *plain = NULL;
	struct period_key key;
	bool done;

	if (sqlite3_column_bytes(st, 0) != WIRE_ID_SIZE || len < SEAL_EXTRA ||
	    !periods_live(keys, sqlite3_column_int64(st, 1)))
		return err_set(e, ERR_SIGNATURE, "its key is not here");
	if (!periods_get(keys, sqlite3_column_int64(st, 1), &key, e))
		return false;
	plain = malloc(len);
	done = plain ? seal_get(&key, SEAL_HIT, sqlite3_column_blob(st, 0),
				sqlite3_column_blob(st, 2), len, plain, e) &&
			   gift_of(plain, len - SEAL_EXTRA, fd, e)
		     : err_set(e, ERR_NO_MEMORY, "no memory");
	if (plain)
		explicit_bzero(plain, len);
	explicit_bzero(&key, sizeof key);
	return done;
}

bool outbox_gift(struct db *d, const struct periods *keys, int64_t id, int *fd, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row, done;

	st = db_query(
	    d, e, "SELECT passage_id, period, sealed, body FROM outbox WHERE id = ? AND state = 0",
	    "i", id);
	if (!st || !db_step(d, st, &row, e))
		return err_prefix(e, "outbox");
	if (!row)
		return err_set(e, ERR_NOT_FOUND, "outbox: hit %" PRId64 " is not pending", id);
	if (sqlite3_column_type(st, 3) == SQLITE_BLOB) /* of an older schema, not sealed yet */
		done =
		    gift_of(sqlite3_column_blob(st, 3), (size_t)sqlite3_column_bytes(st, 3), fd, e);
	else
		done = open_row(keys, st, fd, e);
	return done || err_prefix(e, "outbox: hit %" PRId64, id);
}

static bool pending_row(struct db *d, int64_t id, int64_t *best_ns, char passage[TEXT_ID_SIZE],
			struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;

	st = db_query(d, e, "SELECT best_ns, passage_id FROM outbox WHERE id = ? AND state = 0",
		      "i", id);
	if (!st || !db_step(d, st, &row, e))
		return false;
	if (!row || sqlite3_column_bytes(st, 1) != WIRE_ID_SIZE)
		return err_set(e, ERR_NOT_FOUND, "hit %" PRId64 " is not pending", id);
	*best_ns = sqlite3_column_int64(st, 0);
	(void)text_id(sqlite3_column_blob(st, 1), passage);
	return true;
}

bool outbox_end(struct db *d, int64_t id, enum outbox_state state, uint32_t http_status,
		int64_t ended_ns, int64_t now_ns, int64_t *latency_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char passage[TEXT_ID_SIZE], detail[160];
	int64_t best_ns = 0, kept_state = state;
	bool done = state == OUTBOX_ACKNOWLEDGED;

	if (!db_begin(d, &tx, e) || !pending_row(d, id, &best_ns, passage, e))
		return err_prefix(e, "outbox");
	if (__builtin_sub_overflow(ended_ns, best_ns, latency_ns) || *latency_ns < 0)
		*latency_ns = 0;
	(void)snprintf(detail, sizeof detail, "{\"passage\":\"%s\",\"http_status\":%" PRIu32 "}",
		       passage, http_status);
	/* The row's own statement differs by outcome: only a refused hit keeps its body. */
	if (!db_run(d, NULL, e,
		    "UPDATE outbox SET state = ?2, http_status = ?3, ended_ns = ?4,"
		    " latency_ms = CASE ?2 WHEN 1 THEN ?5 END,"
		    " body = CASE ?2 WHEN 1 THEN NULL ELSE body END,"
		    " sealed = CASE ?2 WHEN 1 THEN NULL ELSE sealed END"
		    " WHERE id = ?1",
		    "iiiii", id, kept_state, (int64_t)http_status, ended_ns,
		    *latency_ns / NS_PER_MS) ||
	    !db_state_add(d, done ? "hits_acknowledged" : "hits_refused", 1, e) ||
	    !audit_append(d,
			  &(struct audit_record){.who = "rtcc",
						 .what = "hit-ended",
						 .outcome = done ? "acknowledged" : "refused",
						 .detail = detail},
			  now_ns, e) ||
	    !db_commit(&tx, e))
		return err_prefix(e, "outbox");
	return true;
}

static bool record_expiry(struct db *d, int64_t pending, int64_t now_ns, struct err *e)
{
	char detail[64];

	if (pending == 0)
		return true;
	(void)snprintf(detail, sizeof detail, "{\"hits\":%" PRId64 "}", pending);
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = "store", .what = "hit-ended", .outcome = "expired", .detail = detail},
	    now_ns, e);
}

bool outbox_expire(struct db *d, int64_t until, int64_t most, int64_t now_ns, int64_t *pending,
		   struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t last, gone;

	*pending = 0;
	if (!db_int(d, &last, 0, e,
		    "SELECT max(id) FROM (SELECT id, kept_ns FROM outbox ORDER BY id LIMIT ?)"
		    " WHERE kept_ns <= ?",
		    "ii", most, until))
		return err_prefix(e, "outbox");
	if (last == 0)
		return true;
	if (!db_begin(d, &tx, e) ||
	    !db_int(d, pending, 0, e, "SELECT count(*) FROM outbox WHERE id <= ? AND state = 0",
		    "i", last) ||
	    !db_run(d, &gone, e, "DELETE FROM outbox WHERE id <= ?", "i", last) ||
	    !db_state_add(d, "purged_hits", gone, e) ||
	    !db_state_add(d, "hits_expired", *pending, e) ||
	    !record_expiry(d, *pending, now_ns, e) || !db_commit(&tx, e))
		return err_prefix(e, "outbox: expiry");
	return true;
}

/* Columns of the row: id, passage_id, body. */
static bool seal_row(struct db *d, const struct period_key *key, sqlite3_stmt *st, struct err *e)
{
	size_t len = (size_t)sqlite3_column_bytes(st, 2);
	AUTO_FREE uint8_t *sealed = malloc(len + SEAL_EXTRA);
	int64_t id = sqlite3_column_int64(st, 0);

	if (!sealed)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (sqlite3_column_bytes(st, 1) != WIRE_ID_SIZE)
		return db_run(d, NULL, e, "DELETE FROM outbox WHERE id = ?", "i", id);
	return seal_put(key, SEAL_HIT, sqlite3_column_blob(st, 1), sqlite3_column_blob(st, 2), len,
			sealed, e) &&
	       db_run(d, NULL, e,
		      "UPDATE outbox SET period = ?, sealed = ?, body = NULL WHERE id = ?", "ibi",
		      key->id, sealed, len + SEAL_EXTRA, id);
}

static bool seal_open_ones(struct db *d, struct periods *keys, int64_t kept_ns, struct err *e)
{
	const struct period_key *key;
	bool row = true;

	while (row) {
		AUTO_DONE sqlite3_stmt *st = db_query(
		    d, e, "SELECT id, passage_id, body FROM outbox WHERE body IS NOT NULL LIMIT 1",
		    "");

		if (!st || !db_step(d, st, &row, e) ||
		    (row && (!periods_at(keys, d, kept_ns, &key, e) || !seal_row(d, key, st, e))))
			return false;
	}
	return true;
}

static bool lose(struct db *d, int64_t period, int64_t now_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t pending;

	return db_begin(d, &tx, e) &&
	       db_int(d, &pending, 0, e,
		      "SELECT count(*) FROM outbox WHERE period = ? AND state = 0", "i", period) &&
	       db_run(d, NULL, e, "DELETE FROM outbox WHERE period = ? AND sealed IS NOT NULL", "i",
		      period) &&
	       db_state_add(d, "hits_expired", pending, e) &&
	       record_expiry(d, pending, now_ns, e) && db_commit(&tx, e);
}

bool outbox_settle(struct db *d, struct periods *keys, int64_t kept_ns, int64_t now_ns,
		   struct err *e)
{
	int64_t period = INT64_MIN;

	if (!keys->keystore)
		return true;
	if (!seal_open_ones(d, keys, kept_ns, e))
		return err_prefix(e, "outbox");
	while (period != INT64_MAX) {
		if (!db_int(
			d, &period, INT64_MAX, e,
			"SELECT min(period) FROM outbox WHERE period > ? AND sealed IS NOT NULL",
			"i", period) ||
		    (period != INT64_MAX && !periods_live(keys, period) &&
		     !lose(d, period, now_ns, e)))
			return err_prefix(e, "outbox");
	}
	return true;
}

bool outbox_count(struct db *d, struct outbox_counts *out, struct err *e)
{
	return (db_int(d, &out->pending, 0, e, "SELECT count(*) FROM outbox WHERE state = 0", "") &&
		db_state_get(d, "hits_acknowledged", &out->acknowledged, e) &&
		db_state_get(d, "hits_refused", &out->refused, e)) ||
	       err_prefix(e, "outbox");
}

bool outbox_latency(struct db *d, int64_t *median_ms, struct err *e)
{
	return db_int(d, median_ms, -1, e,
		      "WITH last AS (SELECT latency_ms AS ms FROM outbox WHERE state = 1 ORDER BY "
		      "id DESC LIMIT ?1)"
		      " SELECT ms FROM last ORDER BY ms LIMIT 1 OFFSET (SELECT (count(*) - 1) / 2 "
		      "FROM last)",
		      "i", (int64_t)OUTBOX_LATENCIES) ||
	       err_prefix(e, "outbox");
}
