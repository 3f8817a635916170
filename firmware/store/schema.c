/* SPDX-License-Identifier: Apache-2.0 */
/* Every schema there ever was, as steps; SCHEMA.md says what the columns mean. A step that has
 * shipped is never edited. */
#include "firmware/store/ring.h"

#define TEXT(n)	 TEXT_(n)
#define TEXT_(n) #n

static const char step_1[] =
    "CREATE TABLE state(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* Ids count up with ring time, so the oldest passage is the first row and no index on time is
       needed. */
    "CREATE TABLE passage("
    " id INTEGER PRIMARY KEY,"
    " passage_id BLOB NOT NULL UNIQUE CHECK(length(passage_id) = 16),"
    " kept_ns INTEGER NOT NULL,"
    " stored_ns INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, best_ns INTEGER NOT NULL,"
    " pairs INTEGER NOT NULL,"
    " degraded INTEGER NOT NULL, low_quality INTEGER NOT NULL, hit INTEGER NOT NULL,"
    " plate TEXT NOT NULL, jurisdiction TEXT, confidence REAL NOT NULL,"
    " chars TEXT NOT NULL, alternatives TEXT NOT NULL) STRICT;"

    /* id = passage * 2 + camera, and passage * 4 + kind: found without an index, purged by range.
     */
    "CREATE TABLE angle("
    " id INTEGER PRIMARY KEY,"
    " capture_ns INTEGER NOT NULL, frames INTEGER NOT NULL, quad TEXT NOT NULL,"
    " plate TEXT NOT NULL, jurisdiction TEXT, confidence REAL NOT NULL,"
    " chars TEXT NOT NULL, alternatives TEXT NOT NULL) STRICT;"
    "CREATE TABLE picture(id INTEGER PRIMARY KEY, jpeg BLOB NOT NULL) STRICT;"

    "CREATE TABLE outbox("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " passage_id BLOB NOT NULL UNIQUE,"
    " kept_ns INTEGER NOT NULL, best_ns INTEGER NOT NULL,"
    " grade TEXT NOT NULL, category TEXT NOT NULL, list_version INTEGER NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL, http_status INTEGER, ended_ns INTEGER, latency_ms INTEGER,"
    " body BLOB) STRICT;"
    "CREATE INDEX outbox_pending ON outbox(id) WHERE state = 0;"

    "CREATE TABLE cooldown("
    " key BLOB PRIMARY KEY, seen_ns INTEGER NOT NULL, kept_ns INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE audit("
    " seq INTEGER PRIMARY KEY,"
    " at_ns INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,"
    " purpose TEXT NOT NULL, case_number TEXT NOT NULL, outcome TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"

    "CREATE TABLE quarantine(name TEXT PRIMARY KEY, due_ns INTEGER NOT NULL) STRICT;";

/* One row: with which ETag the list in force was offered. */
static const char step_2[] = "CREATE TABLE list_offer("
			     " id INTEGER PRIMARY KEY CHECK(id = 1),"
			     " bundle_id INTEGER NOT NULL, etag TEXT NOT NULL) STRICT;";

/*
 * What tells of a plate lies sealed from here on. Reads of before lie open: they go, and how many
 * they were is left for the audit chain; open bodies of hits stay until they are sealed or sent
 * (outbox_settle).
 */
static const char step_3[] =
    "INSERT INTO state(name, value) SELECT 'dropped_unsealed', n"
    " FROM (SELECT count(*) AS n FROM passage) WHERE n > 0;"
    "DROP TABLE angle;"
    "DROP TABLE picture;"
    "DROP TABLE passage;"
    "DELETE FROM cooldown;"
    "CREATE TABLE period(id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;"
    "CREATE TABLE passage("
    " id INTEGER PRIMARY KEY,"
    " passage_id BLOB NOT NULL UNIQUE CHECK(length(passage_id) = 16),"
    " period INTEGER NOT NULL, kept_ns INTEGER NOT NULL,"
    " stored_ns INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, best_ns INTEGER NOT NULL,"
    " pairs INTEGER NOT NULL,"
    " degraded INTEGER NOT NULL, low_quality INTEGER NOT NULL, hit INTEGER NOT NULL,"
    " mac BLOB, sealed BLOB NOT NULL) STRICT;"
    /* The period first: rows of one hour lie together, where they are written and purged. */
    "CREATE INDEX passage_mac ON passage(period, mac) WHERE mac IS NOT NULL;"
    "CREATE TABLE picture(id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;"
    "ALTER TABLE outbox ADD COLUMN period INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN sealed BLOB;"
    "CREATE INDEX outbox_sealed ON outbox(period) WHERE sealed IS NOT NULL;";

/* Where the passages of a period lie, by row and by wall time; what was asked for as evidence. */
static const char step_4[] = "CREATE TABLE span("
			     " period INTEGER PRIMARY KEY,"
			     " first_row INTEGER NOT NULL, last_row INTEGER NOT NULL,"
			     " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL) STRICT;"
			     "CREATE TABLE pull("
			     " id INTEGER PRIMARY KEY,"
			     " nonce TEXT NOT NULL UNIQUE, requester BLOB NOT NULL,"
			     " taken_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL) STRICT;";

/*
 * Statements of counters (COUNTERS.md). Hits and destroyed keys had no counter of their own before:
 * the audit chain tells how many they were.
 */
static const char step_5[] =
    "CREATE TABLE counters("
    " n INTEGER PRIMARY KEY, month INTEGER NOT NULL, open INTEGER NOT NULL,"
    " from_ns INTEGER NOT NULL, notes INTEGER NOT NULL,"
    " text TEXT NOT NULL, key BLOB, signature BLOB) STRICT;"
    "INSERT OR REPLACE INTO state(name, value)"
    " SELECT 'hits_' || lower(category) || '_' || lower(grade), count(*) FROM"
    " (SELECT CASE WHEN json_valid(detail) THEN json_extract(detail, '$.category') END"
    "  AS category,"
    "  CASE WHEN json_valid(detail) THEN json_extract(detail, '$.grade') END AS grade"
    "  FROM audit WHERE what = 'hit' AND outcome = 'queued')"
    " WHERE category IN ('F', 'V', 'P', 'M')"
    " AND grade IN ('EXACT', 'JURISDICTION_UNKNOWN', 'LOOKALIKE') GROUP BY category, grade;"
    "INSERT OR REPLACE INTO state(name, value)"
    " SELECT 'keys_destroyed', n FROM"
    " (SELECT CAST(total(CASE WHEN json_valid(detail)"
    "  THEN json_extract(detail, '$.periods') END) AS INTEGER) AS n"
    "  FROM audit WHERE what = 'purge-keys' AND outcome = 'done') WHERE n > 0;";

/* What the RTCC found of a hit. */
static const char step_6[] = "ALTER TABLE outbox ADD COLUMN verdict INTEGER;"
			     "ALTER TABLE outbox ADD COLUMN verdict_ns INTEGER;";

/*
 * What a passage costs in writes: its crops lie in its row, so that they fill their pages; no index
 * is written for each (`recent` below keeps what uniqueness there has to be, `plate` is filled from
 * the rows in batches). Rows of before stay where they are, in passage_3, until they fall due: they
 * may be millions. `reads` is both.
 */
#define COLUMNS                                                                                    \
	"id, passage_id, period, kept_ns, stored_ns, first_ns, last_ns, best_ns, pairs, degraded," \
	" low_quality, hit, mac, sealed"
static const char step_7[] =
    "ALTER TABLE passage RENAME TO passage_3;"
    "CREATE TABLE passage("
    " id INTEGER PRIMARY KEY,"
    " passage_id BLOB NOT NULL CHECK(length(passage_id) = 16),"
    " period INTEGER NOT NULL, kept_ns INTEGER NOT NULL,"
    " stored_ns INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, best_ns INTEGER NOT NULL,"
    " pairs INTEGER NOT NULL,"
    " degraded INTEGER NOT NULL, low_quality INTEGER NOT NULL, hit INTEGER NOT NULL,"
    " mac BLOB, sealed BLOB NOT NULL, crop_0 BLOB, crop_1 BLOB) STRICT;"
    "CREATE TABLE plate("
    " period INTEGER NOT NULL, mac BLOB NOT NULL, id INTEGER NOT NULL,"
    " PRIMARY KEY(period, mac, id)) STRICT, WITHOUT ROWID;"
    "CREATE VIEW reads AS SELECT " COLUMNS " FROM passage_3 UNION ALL SELECT " COLUMNS
    " FROM passage;";

/* Secrets of the box, wrapped by its keystore (secret.h). */
static const char step_8[] =
    "CREATE TABLE secret(id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL) STRICT;";

static const char *const steps[] = {step_1, step_2, step_3, step_4, step_5, step_6, step_7, step_8};

/*
 * In memory alone, rolled back with the rest: which passages are there already. Vision sends again
 * what it has no answer for, and that is at most its queue ([vision] queue, 256 at most) of the
 * newest.
 */
static const char opened[] =
    "CREATE TEMP TABLE recent("
    " id INTEGER PRIMARY KEY, passage_id BLOB NOT NULL UNIQUE) STRICT;"
    "INSERT OR IGNORE INTO recent SELECT id, passage_id FROM reads ORDER BY id DESC"
    " LIMIT " TEXT(RING_RECENT) ";";

const struct db_schema db_schema = {steps, sizeof steps / sizeof steps[0], opened};
