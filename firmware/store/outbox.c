/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/outbox.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/store/audit.h"
#include "firmware/store/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool outbox_put(struct db *d, const struct outbox_hit *h, struct err *e)
{
	char category[2] = {h->category, 0};

	if (!db_run(d, NULL, e,
		    "INSERT INTO outbox(passage_id, kept_ns, best_ns, grade, category, "
		    "list_version, size, body)"
		    " VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		    "biittiib", h->passage_id, (size_t)WIRE_ID_SIZE, h->kept_ns, h->best_ns,
		    h->grade, category, (int64_t)h->list_version, (int64_t)h->len, h->json, h->len))
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

bool outbox_next(struct db *d, const int64_t *skip, size_t n, struct outbox_due *out, bool *found,
		 struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;

	*found = false;
	st = db_query(
	    d, e, "SELECT id, best_ns, size FROM outbox WHERE state = 0 ORDER BY id DESC LIMIT ?",
	    "i", (int64_t)n + 1);
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

bool outbox_gift(struct db *d, int64_t id, int *fd, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	struct iovec part;
	bool row;

	st = db_query(d, e, "SELECT body FROM outbox WHERE id = ? AND state = 0", "i", id);
	if (!st || !db_step(d, st, &row, e))
		return err_prefix(e, "outbox");
	if (!row || sqlite3_column_type(st, 0) != SQLITE_BLOB)
		return err_set(e, ERR_NOT_FOUND, "outbox: hit %" PRId64 " is not pending", id);
	part.iov_base = (void *)(uintptr_t)sqlite3_column_blob(st, 0);
	part.iov_len = (size_t)sqlite3_column_bytes(st, 0);
	return gift_make("hit", &part, 1, fd, e) || err_prefix(e, "outbox: hit %" PRId64, id);
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
		    " latency_ms = CASE ?2 WHEN 1 THEN ?5 END, body = CASE ?2 WHEN 1 THEN NULL "
		    "ELSE body END"
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
	int64_t last;

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
	    !db_run(d, NULL, e, "DELETE FROM outbox WHERE id <= ?", "i", last) ||
	    !db_state_add(d, "hits_expired", *pending, e) ||
	    !record_expiry(d, *pending, now_ns, e) || !db_commit(&tx, e))
		return err_prefix(e, "outbox: expiry");
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
