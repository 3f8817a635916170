/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/ring.h"

#include "firmware/store/text.h"

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

static const char *or_null(const char *s)
{
	return s[0] ? s : NULL;
}

static bool insert_passage(struct db *d, const struct ring_passage *r, struct err *e)
{
	const struct wire_passage *p = r->p;
	char chars[TEXT_CHARS_SIZE], alternatives[TEXT_ALTERNATIVES_SIZE];

	return db_run(
	    d, NULL, e,
	    "INSERT INTO passage(passage_id, kept_ns, stored_ns, first_ns, last_ns, best_ns, pairs,"
	    " degraded, low_quality, hit, plate, jurisdiction, confidence, chars, alternatives)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "biiiiiiiiittrtt", p->id, (size_t)WIRE_ID_SIZE, r->kept_ns, r->stored_ns, p->first_ns,
	    p->last_ns, p->best_ns, (int64_t)p->pairs, (int64_t)p->degraded,
	    (int64_t)p->low_quality, (int64_t)r->hit, p->read.text, or_null(p->read.jurisdiction),
	    (double)p->read.confidence, text_chars(&p->read, chars),
	    text_alternatives(&p->read, alternatives));
}

/* Their ids follow from the passage's: rows that a damaged purge left behind are no reason to
 * refuse it. */
static bool insert_angle(struct db *d, int64_t id, const struct wire_angle *a, struct err *e)
{
	char chars[TEXT_CHARS_SIZE], alternatives[TEXT_ALTERNATIVES_SIZE], quad[TEXT_QUAD_SIZE];

	return db_run(
	    d, NULL, e,
	    "INSERT OR REPLACE INTO angle(id, capture_ns, frames, quad, plate, jurisdiction, "
	    "confidence, chars,"
	    " alternatives) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    "iiitttrtt", id, a->capture_ns, (int64_t)a->frames, text_quad(&a->quad, quad),
	    a->read.text, or_null(a->read.jurisdiction), (double)a->read.confidence,
	    text_chars(&a->read, chars), text_alternatives(&a->read, alternatives));
}

bool ring_insert(struct db *d, const struct ring_passage *r, struct err *e)
{
	int64_t row;

	if (!insert_passage(d, r, e))
		return err_prefix(e, "ring");
	row = sqlite3_last_insert_rowid(db_handle(d));
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (r->p->angles[i].present &&
		    !insert_angle(d, row * (int64_t)FRAME_CAMERAS + i, &r->p->angles[i], e))
			return err_prefix(e, "ring: angle %u", i);
	for (unsigned i = 0; i < WIRE_PICTURES; i++) {
		bool scene = i == WIRE_SCENE_0 || i == WIRE_SCENE_1;

		if (!r->pictures[i].jpeg || (scene && r->hit != RING_HIT))
			continue;
		if (!db_run(d, NULL, e, "INSERT OR REPLACE INTO picture(id, jpeg) VALUES(?, ?)",
			    "ib", row * (int64_t)WIRE_PICTURES + i, r->pictures[i].jpeg,
			    r->pictures[i].len))
			return err_prefix(e, "ring: picture %u", i);
	}
	return true;
}

/* Everything of passages with row id <= last. */
static bool delete_to(struct db *d, int64_t last, int64_t *passages, struct err *e)
{
	return db_run(d, NULL, e, "DELETE FROM picture WHERE id < ?", "i",
		      (last + 1) * (int64_t)WIRE_PICTURES) &&
	       db_run(d, NULL, e, "DELETE FROM angle WHERE id < ?", "i",
		      (last + 1) * (int64_t)FRAME_CAMERAS) &&
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
	struct ring_size size = {0};

	*out = (struct ring_purged){0};
	if (!step(d, now_ns - l->retention_ns, most, out, e) || !ring_measure(d, &size, e))
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
