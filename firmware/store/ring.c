/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/ring.h"

#include "firmware/store/seal.h"
#include "firmware/store/text.h"

#include <string.h>

/* Free pages kept for what comes next: giving every one back would only mean growing again. */
#define RESERVE_PAGES 1024

bool ring_has(struct db *d, const uint8_t id[WIRE_ID_SIZE], bool *has, struct err *e)
{
	int64_t found;

	if (!db_int(d, &found, 0, e,
		    "SELECT 1 FROM passage WHERE passage_id = ?1"
		    " UNION ALL SELECT 1 FROM outbox WHERE passage_id = ?1 LIMIT 1",
		    "b", id, (size_t)WIRE_ID_SIZE))
		return false;
	*has = found != 0;
	return true;
}

static bool insert_passage(struct db *d, const struct ring_passage *r, struct err *e)
{
	const struct wire_passage *p = r->p;
	uint8_t sealed[TEXT_READ_SIZE + SEAL_EXTRA], mac[SEAL_MAC];
	char text[TEXT_READ_SIZE];
	size_t len = strlen(text_read(p, r->list_version, text));
	bool done = seal_put(r->key, SEAL_READ, p->id, text, len, sealed, e) &&
		    (!p->read.text[0] || seal_plate(r->key, p->read.text, mac, e));

	explicit_bzero(text, sizeof text);
	return done &&
	       db_run(
		   d, NULL, e,
		   "INSERT INTO passage(passage_id, period, kept_ns, stored_ns, first_ns, last_ns,"
		   " best_ns, pairs, degraded, low_quality, hit, mac, sealed)"
		   " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		   "biiiiiiiiiibb", p->id, (size_t)WIRE_ID_SIZE, r->key->id, r->kept_ns,
		   r->stored_ns, p->first_ns, p->last_ns, p->best_ns, (int64_t)p->pairs,
		   (int64_t)p->degraded, (int64_t)p->low_quality, (int64_t)r->hit,
		   p->read.text[0] ? mac : NULL, sizeof mac, sealed, len + SEAL_EXTRA);
}

/* Its id follows from the passage's: a row that a damaged purge left behind is no reason to refuse
 * it. */
static bool insert_picture(struct db *d, const struct ring_passage *r, int64_t row, unsigned kind,
			   struct err *e)
{
	const struct ring_picture *p = &r->pictures[kind];
	AUTO_FREE uint8_t *sealed = malloc(p->len + SEAL_EXTRA);

	if (!sealed)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	return seal_put(r->key, SEAL_PICTURE + kind, r->p->id, p->jpeg, p->len, sealed, e) &&
	       db_run(d, NULL, e, "INSERT OR REPLACE INTO picture(id, sealed) VALUES(?, ?)", "ib",
		      row * (int64_t)WIRE_PICTURES + kind, sealed, p->len + SEAL_EXTRA);
}

bool ring_insert(struct db *d, const struct ring_passage *r, struct err *e)
{
	int64_t row;

	if (!insert_passage(d, r, e))
		return err_prefix(e, "ring");
	row = sqlite3_last_insert_rowid(db_handle(d));
	for (unsigned i = 0; i < WIRE_PICTURES; i++) {
		bool scene = i == WIRE_SCENE_0 || i == WIRE_SCENE_1;

		if (!r->pictures[i].jpeg || (scene && r->hit != RING_HIT))
			continue;
		if (!insert_picture(d, r, row, i, e))
			return err_prefix(e, "ring: picture %u", i);
	}
	return true;
}

/* Everything of passages with row id <= last. */
static bool delete_to(struct db *d, int64_t last, int64_t *passages, struct err *e)
{
	return db_run(d, NULL, e, "DELETE FROM picture WHERE id < ?", "i",
		      (last + 1) * (int64_t)WIRE_PICTURES) &&
	       db_run(d, passages, e, "DELETE FROM passage WHERE id <= ?", "i", last);
}

/* The oldest `most` passages kept before or at `until`: row ids go with time, so only the first
 * rows are looked at. */
static bool step(struct db *d, int64_t until, int64_t most, struct ring_purged *out, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	AUTO_DONE sqlite3_stmt *st = NULL;
	int64_t last;
	bool row;

	st = db_query(d, e,
		      "SELECT max(id), count(*), min(kept_ns), max(kept_ns) FROM"
		      " (SELECT id, kept_ns FROM passage ORDER BY id LIMIT ?) WHERE kept_ns <= ?",
		      "ii", most, until);
	if (!st || !db_step(d, st, &row, e))
		return false;
	if (!row || sqlite3_column_int64(st, 1) == 0)
		return true;
	last = sqlite3_column_int64(st, 0);
	out->more = sqlite3_column_int64(st, 1) == most;
	out->first_ns = sqlite3_column_int64(st, 2);
	out->last_ns = sqlite3_column_int64(st, 3);
	db_done(&st);
	if (!db_begin(d, &tx, e) || !delete_to(d, last, &out->passages, e) ||
	    !db_state_add(d, "purged", out->passages, e) ||
	    !db_state_add(d, "purged_unrecorded", out->passages, e) || !db_commit(&tx, e)) {
		*out = (struct ring_purged){0};
		return err_prefix(e, "ring: purge");
	}
	return true;
}

bool ring_purge(struct db *d, const struct ring_limits *l, int64_t now_ns, int64_t most,
		struct ring_purged *out, struct err *e)
{
	int64_t due = period_due(now_ns, l->retention_ns);
	struct ring_size size = {0};

	*out = (struct ring_purged){0};
	if (l->lost_ns - 1 > due)
		due = l->lost_ns - 1;
	if (!step(d, due, most, out, e) || !ring_measure(d, &size, e))
		return false;
	if (out->passages != 0 || size.used_bytes <= l->max_bytes)
		return true;
	return step(d, INT64_MAX, most, out, e);
}

bool ring_make_room(struct db *d, int64_t most, struct ring_purged *out, struct err *e)
{
	*out = (struct ring_purged){0};
	return step(d, INT64_MAX, most, out, e);
}

bool ring_shrink(struct db *d, int64_t pages, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	int64_t freed, all;
	bool row = true;

	if (!db_int(d, &freed, 0, e, "PRAGMA freelist_count", "") ||
	    !db_int(d, &all, 0, e, "PRAGMA page_count", ""))
		return false;
	if (freed <= RESERVE_PAGES || freed <= all / 8)
		return true;
	if (freed - RESERVE_PAGES < pages)
		pages = freed - RESERVE_PAGES;
	/* Each step of it frees one page. */
	st = db_query(d, e, "PRAGMA incremental_vacuum", "");
	for (int64_t i = 0; st && row && i < pages; i++)
		if (!db_step(d, st, &row, e))
			return err_prefix(e, "ring: shrink");
	return st != NULL;
}

bool ring_measure(struct db *d, struct ring_size *out, struct err *e)
{
	int64_t page, all, freed, first, last;

	if (!db_int(d, &page, 0, e, "PRAGMA page_size", "") ||
	    !db_int(d, &all, 0, e, "PRAGMA page_count", "") ||
	    !db_int(d, &freed, 0, e, "PRAGMA freelist_count", "") ||
	    !db_int(d, &first, 0, e, "SELECT min(id) FROM passage", "") ||
	    !db_int(d, &last, -1, e, "SELECT max(id) FROM passage", "") ||
	    !db_int(d, &out->oldest_ns, 0, e, "SELECT kept_ns FROM passage ORDER BY id LIMIT 1",
		    "") ||
	    !db_int(d, &out->newest_ns, 0, e,
		    "SELECT kept_ns FROM passage ORDER BY id DESC LIMIT 1", ""))
		return err_prefix(e, "ring: size");
	out->file_bytes = page * all;
	out->used_bytes = page * (all - freed);
	out->passages = last < 0 ? 0 : last - first + 1;
	return true;
}
