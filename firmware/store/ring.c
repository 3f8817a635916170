/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/ring.h"

#include "firmware/store/seal.h"
#include "firmware/store/text.h"

#include <string.h>

/* Free room kept for what comes next: giving all of it back would only mean growing again. */
#define RESERVE_BYTES (INT64_C(4) << 20)

#define CUT_OFF_BYTES (INT64_C(1) << 20) /* at once: pages are moved */

#define ROW_MAX (INT64_MAX / 8) /* ids of pictures follow from it */

#define INDEXED "(SELECT coalesce(max(value), 0) FROM state WHERE name = 'plates_to')"

bool ring_has(struct db *d, const uint8_t id[WIRE_ID_SIZE], bool *has, struct err *e)
{
	int64_t found;

	if (!db_int(d, &found, 0, e,
		    "SELECT 1 FROM recent WHERE passage_id = ?1"
		    " UNION ALL SELECT 1 FROM outbox WHERE passage_id = ?1 LIMIT 1",
		    "b", id, (size_t)WIRE_ID_SIZE))
		return false;
	*has = found != 0;
	return true;
}

/* --- a passage -----------------------------------------------------------------------------------
 */

/* A row on its way in: what of it has to be sealed first. */
struct sealing {
	uint8_t read[TEXT_READ_SIZE + SEAL_EXTRA];
	size_t read_len;
	uint8_t mac[SEAL_MAC];
	uint8_t *pictures[WIRE_PICTURES]; /* owned; NULL: none */
};

static void sealing_free(struct sealing **s)
{
	if (!*s)
		return;
	for (unsigned i = 0; i < WIRE_PICTURES; i++)
		free((*s)->pictures[i]);
	free(*s);
}

static size_t sealed_len(const struct ring_passage *r, const struct sealing *s, unsigned kind)
{
	return s->pictures[kind] ? r->pictures[kind].len + SEAL_EXTRA : 0;
}

static bool seal_picture(const struct ring_passage *r, unsigned kind, struct sealing *s,
			 struct err *e)
{
	const struct ring_picture *p = &r->pictures[kind];
	bool scene = kind == WIRE_SCENE_0 || kind == WIRE_SCENE_1;

	if (!p->jpeg || (scene && r->hit != RING_HIT))
		return true;
	s->pictures[kind] = malloc(p->len + SEAL_EXTRA);
	if (!s->pictures[kind])
		return err_set(e, ERR_NO_MEMORY, "no memory");
	return seal_put(r->key, SEAL_PICTURE + kind, r->p->id, p->jpeg, p->len, s->pictures[kind],
			e);
}

static bool seal_all(const struct ring_passage *r, struct sealing *s, struct err *e)
{
	const struct wire_passage *p = r->p;
	char text[TEXT_READ_SIZE];
	size_t len = strlen(text_read(p, r->list_version, text));
	bool done = seal_put(r->key, SEAL_READ, p->id, text, len, s->read, e) &&
		    (!p->read.text[0] || seal_plate(r->key, p->read.text, s->mac, e));

	explicit_bzero(text, sizeof text);
	s->read_len = len + SEAL_EXTRA;
	for (unsigned i = 0; done && i < WIRE_PICTURES; i++)
		done = seal_picture(r, i, s, e);
	return done;
}

/* Ids go up for good: what an index or a picture may still say of one must not be said of another.
 */
static bool next_row(struct db *d, int64_t *row, struct err *e)
{
	if (!db_int(d, row, 0, e,
		    "SELECT 1 + max(coalesce((SELECT max(id) FROM passage), 0),"
		    " coalesce((SELECT max(id) FROM passage_3), 0), " INDEXED ")",
		    ""))
		return false;
	return (*row > 0 && *row < ROW_MAX) || err_set(e, ERR_FORMAT, "ids are damaged");
}

static bool insert_passage(struct db *d, const struct ring_passage *r, const struct sealing *s,
			   int64_t row, struct err *e)
{
	const struct wire_passage *p = r->p;

	return db_run(d, NULL, e, "INSERT INTO recent(id, passage_id) VALUES(?, ?)", "ib", row,
		      p->id, (size_t)WIRE_ID_SIZE) &&
	       db_run(d, NULL, e, "DELETE FROM recent WHERE id <= ?", "i", row - RING_RECENT) &&
	       db_run(d, NULL, e,
		      "INSERT INTO passage(id, passage_id, period, kept_ns, stored_ns, first_ns,"
		      " last_ns, best_ns, pairs, degraded, low_quality, hit, mac, sealed, crop_0,"
		      " crop_1) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		      "ibiiiiiiiiiibbbb", row, p->id, (size_t)WIRE_ID_SIZE, r->key->id, r->kept_ns,
		      r->stored_ns, p->first_ns, p->last_ns, p->best_ns, (int64_t)p->pairs,
		      (int64_t)p->degraded, (int64_t)p->low_quality, (int64_t)r->hit,
		      p->read.text[0] ? s->mac : NULL, sizeof s->mac, s->read, s->read_len,
		      s->pictures[WIRE_CROP_0], sealed_len(r, s, WIRE_CROP_0),
		      s->pictures[WIRE_CROP_1], sealed_len(r, s, WIRE_CROP_1));
}

/* Its id follows from the passage's: a row that a damaged purge left behind is no reason to refuse
 * it. */
static bool insert_scene(struct db *d, const struct ring_passage *r, const struct sealing *s,
			 int64_t row, unsigned kind, struct err *e)
{
	return !s->pictures[kind] ||
	       db_run(d, NULL, e, "INSERT OR REPLACE INTO picture(id, sealed) VALUES(?, ?)", "ib",
		      row * (int64_t)WIRE_PICTURES + kind, s->pictures[kind],
		      sealed_len(r, s, kind));
}

bool ring_insert(struct db *d, const struct ring_passage *r, struct err *e)
{
	CLEANUP(sealing_free) struct sealing *s = calloc(1, sizeof *s);
	int64_t row;

	if (!s)
		return err_set(e, ERR_NO_MEMORY, "ring: no memory");
	return (seal_all(r, s, e) && next_row(d, &row, e) && insert_passage(d, r, s, row, e) &&
		insert_scene(d, r, s, row, WIRE_SCENE_0, e) &&
		insert_scene(d, r, s, row, WIRE_SCENE_1, e)) ||
	       err_prefix(e, "ring");
}

/* --- what is in it -------------------------------------------------------------------------------
 */

sqlite3_stmt *ring_with_plate(struct db *d, int64_t period, const uint8_t mac[SEAL_MAC],
			      struct err *e)
{
	/* Periods go up with ids: only the newest have passages that are not in the index yet. */
	return db_query(d, e,
			"SELECT p.id, kept_ns, best_ns FROM plate CROSS JOIN passage AS p"
			" ON p.id = plate.id WHERE plate.period = ?1 AND plate.mac = ?2"
			" UNION ALL SELECT id, kept_ns, best_ns FROM passage"
			" WHERE id > " INDEXED " AND period = ?1 AND mac = ?2"
			" AND ?1 >= (SELECT period FROM passage WHERE id > " INDEXED
			" ORDER BY id LIMIT 1)"
			" UNION ALL SELECT id, kept_ns, best_ns FROM passage_3"
			" WHERE period = ?1 AND mac = ?2 ORDER BY 1",
			"ib", period, mac, (size_t)SEAL_MAC);
}

bool ring_sealed_picture(struct db *d, int64_t row, unsigned kind, uint8_t **sealed, size_t *len,
			 struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e,
		     "SELECT CASE ?2 WHEN 0 THEN crop_0 WHEN 1 THEN crop_1 END FROM passage"
		     " WHERE id = ?1 AND ?2 < 2 UNION ALL SELECT sealed FROM picture"
		     " WHERE id = ?1 * 4 + ?2",
		     "ii", row, (int64_t)kind);
	bool there = true;

	*sealed = NULL;
	*len = 0;
	while (st && there) {
		if (!db_step(d, st, &there, e))
			return err_prefix(e, "ring: picture");
		if (!there || sqlite3_column_type(st, 0) != SQLITE_BLOB)
			continue;
		*len = (size_t)sqlite3_column_bytes(st, 0);
		*sealed = malloc(*len + 1);
		if (!*sealed)
			return err_set(e, ERR_NO_MEMORY, "ring: no memory");
		if (*len > 0)
			memcpy(*sealed, sqlite3_column_blob(st, 0), *len);
		return true;
	}
	return st != NULL || err_prefix(e, "ring: picture");
}

bool ring_index(struct db *d, int64_t most, bool *more, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t to;

	*more = false;
	if (!db_int(d, &to, 0, e,
		    "SELECT max(id) FROM (SELECT id FROM passage WHERE id > " INDEXED
		    " ORDER BY id LIMIT ?) HAVING count(*) = ?1",
		    "i", most))
		return err_prefix(e, "ring: index");
	if (to == 0)
		return true;
	*more = true;
	return (db_begin(d, &tx, e) &&
		db_run(d, NULL, e,
		       "INSERT OR IGNORE INTO plate(period, mac, id) SELECT period, mac, id"
		       " FROM passage WHERE id > " INDEXED " AND id <= ? AND mac IS NOT NULL",
		       "i", to) &&
		db_state_set(d, "plates_to", to, e) && db_commit(&tx, e)) ||
	       err_prefix(e, "ring: index");
}

/* --- the purge -----------------------------------------------------------------------------------
 */

/* Everything of passages with row id <= last. */
static bool delete_to(struct db *d, int64_t last, int64_t *passages, struct err *e)
{
	int64_t older = 0, newer = 0;

	if (!db_run(d, NULL, e, "DELETE FROM picture WHERE id < ?", "i",
		    (last + 1) * (int64_t)WIRE_PICTURES) ||
	    !db_run(d, &older, e, "DELETE FROM passage_3 WHERE id <= ?", "i", last) ||
	    !db_run(d, &newer, e, "DELETE FROM passage WHERE id <= ?", "i", last) ||
	    !db_run(d, NULL, e, "DELETE FROM recent WHERE id <= ?", "i", last))
		return false;
	*passages = older + newer;
	/* Of a period of which something is left, entries may outlive their passages. */
	return db_run(d, NULL, e,
		      "DELETE FROM plate WHERE period <"
		      " coalesce((SELECT period FROM (SELECT period, id FROM reads ORDER BY id "
		      "LIMIT 1)), 9223372036854775807)",
		      "");
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
		      " (SELECT id, kept_ns FROM reads ORDER BY id LIMIT ?) WHERE kept_ns <= ?",
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

/* Of a database from before schema 7: pages of its end take the place of free ones, and it is cut
 * off. Each step of the pragma frees one page. */
static bool cut_off(struct db *d, int64_t pages, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = db_query(d, e, "PRAGMA incremental_vacuum", "");
	bool row = true;

	for (int64_t i = 0; st && row && i < pages; i++)
		if (!db_step(d, st, &row, e))
			return err_prefix(e, "ring: shrink");
	return st != NULL;
}

bool ring_shrink(struct db *d, int64_t bytes, struct err *e)
{
	int64_t page, freed, all, vacuums, pages;

	if (!db_int(d, &page, 0, e, "PRAGMA page_size", "") ||
	    !db_int(d, &freed, 0, e, "PRAGMA freelist_count", "") ||
	    !db_int(d, &all, 0, e, "PRAGMA page_count", "") ||
	    !db_int(d, &vacuums, 0, e, "PRAGMA auto_vacuum", ""))
		return false;
	if (page <= 0 || freed * page <= RESERVE_BYTES || freed <= all / 8)
		return true;
	if (vacuums == 0)
		return db_give_back(d, RESERVE_BYTES + all * page / 8, bytes, e) ||
		       err_prefix(e, "ring: shrink");
	pages = freed - RESERVE_BYTES / page;
	if (bytes > CUT_OFF_BYTES)
		bytes = CUT_OFF_BYTES;
	return cut_off(d, bytes / page < pages ? bytes / page : pages, e);
}

bool ring_measure(struct db *d, struct ring_size *out, struct err *e)
{
	int64_t page, all, freed, first, last;

	if (!db_int(d, &page, 0, e, "PRAGMA page_size", "") ||
	    !db_int(d, &all, 0, e, "PRAGMA page_count", "") ||
	    !db_int(d, &freed, 0, e, "PRAGMA freelist_count", "") ||
	    !db_int(d, &first, 0, e, "SELECT id FROM reads ORDER BY id LIMIT 1", "") ||
	    !db_int(d, &last, -1, e, "SELECT id FROM reads ORDER BY id DESC LIMIT 1", "") ||
	    !db_int(d, &out->oldest_ns, 0, e, "SELECT kept_ns, id FROM reads ORDER BY id LIMIT 1",
		    "") ||
	    !db_int(d, &out->newest_ns, 0, e,
		    "SELECT kept_ns, id FROM reads ORDER BY id DESC LIMIT 1", ""))
		return err_prefix(e, "ring: size");
	out->file_bytes = page * all;
	out->used_bytes = page * (all - freed);
	out->passages = last < 0 ? 0 : last - first + 1;
	return true;
}
