/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/audit.h"
#include "firmware/store/outbox.h"
#include "firmware/store/salvage.h"
#include "firmware/store/upkeep.h"

#include <fcntl.h>
#include <unistd.h>

static void opens_with_the_settings_that_are_promised(void **state)
{
	struct place *p = *state;

	assert_true(p->how.fresh);
	assert_string_equal(p->how.quarantine, "");
	assert_int_equal(count_of(p, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	assert_int_equal(count_of(p, "PRAGMA synchronous"), 2);
	assert_int_equal(count_of(p, "PRAGMA foreign_keys"), 1);
	assert_int_equal(count_of(p, "PRAGMA secure_delete"), 2);
	assert_int_equal(count_of(p, "PRAGMA trusted_schema"), 0);
	assert_int_equal(count_of(p, "PRAGMA auto_vacuum"), 0);
	assert_int_equal(count_of(p, "PRAGMA mmap_size"), 0);
	assert_int_equal(count_of(p, "PRAGMA temp_store"), 2);
	assert_int_equal(count_of(p, "PRAGMA user_version"), (int64_t)db_schema.n);
	/* Defensive: the schema cannot be written by hand. */
	(void)sqlite3_exec(db_handle(p->db), "PRAGMA writable_schema = ON", NULL, NULL, NULL);
	assert_int_not_equal(
	    sqlite3_exec(db_handle(p->db), "DELETE FROM sqlite_master", NULL, NULL, NULL),
	    SQLITE_OK);
}

static void what_is_not_committed_is_not_there(void **state)
{
	struct place *p = *state;
	int64_t n;

	{
		AUTO_ROLLBACK struct db_tx tx = {0};

		assert_true(db_begin(p->db, &tx, &p->why));
		assert_true(db_state_set(p->db, "n", 7, &p->why));
	}
	assert_true(db_state_get(p->db, "n", &n, &p->why));
	assert_int_equal(n, 0);
	{
		AUTO_ROLLBACK struct db_tx tx = {0};

		assert_true(db_begin(p->db, &tx, &p->why));
		assert_true(db_state_add(p->db, "n", 7, &p->why));
		assert_true(db_state_add(p->db, "n", -2, &p->why));
		assert_true(db_commit(&tx, &p->why));
	}
	assert_true(db_state_get(p->db, "n", &n, &p->why));
	assert_int_equal(n, 5);
}

static bool holds(struct place *p, const char *name, const char *text)
{
	static char bytes[1 << 20];
	char path[PATH_MAX];
	size_t n;
	FILE *f;

	path_in(p, name, path);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof bytes, f);
	(void)fclose(f);
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void an_older_schema_is_upgraded_and_keeps_its_rows(void **state)
{
	static const char *steps[16];
	struct db_schema newer = {steps, db_schema.n + 1, NULL};
	struct place *p = *state;
	int64_t n;

	assert_true(db_schema.n < 16);
	for (unsigned i = 0; i < db_schema.n; i++)
		steps[i] = db_schema.steps[i];
	steps[db_schema.n] = "CREATE TABLE later(x INTEGER) STRICT; INSERT INTO later VALUES(11)";
	assert_true(db_state_set(p->db, "n", 5, &p->why));
	place_close(p);
	assert_true(db_open(p->folder, &newer, T0, &p->db, &p->how, &p->why));
	assert_false(p->how.fresh);
	assert_true(db_state_get(p->db, "n", &n, &p->why));
	assert_int_equal(n, 5);
	assert_int_equal(count_of(p, "SELECT x FROM later"), 11);
	assert_int_equal(count_of(p, "PRAGMA user_version"), (int64_t)newer.n);
}

/* Of before reads were sealed: reads go, hits on their way stay, and the chain says so. */
static void what_an_older_schema_left_open_goes(void **state)
{
	static const char *steps[2];
	struct db_schema old = {steps, 2, NULL};
	struct place *p = *state;
	char path[PATH_MAX];

	place_close(p);
	path_in(p, DB_FILE, path);
	assert_int_equal(remove(path), 0);
	steps[0] = db_schema.steps[0];
	steps[1] = db_schema.steps[1];
	assert_true(db_open(p->folder, &old, T0, &p->db, &p->how, &p->why));
	assert_int_equal(
	    sqlite3_exec(
		db_handle(p->db),
		"INSERT INTO passage VALUES(1, randomblob(16), 1, 1, 1, 1, 1, 9, 0, 0, 1,"
		" 'ABC123', 'MO', 0.9, '[]', '[]');"
		"INSERT INTO outbox(passage_id, kept_ns, best_ns, grade, category,"
		" list_version, size, body) VALUES(randomblob(16), 1, 1, 'EXACT', 'V', 3, 17,"
		" CAST('{\"plate\":\"ABC123\"}' AS BLOB))",
		NULL, NULL, NULL),
	    SQLITE_OK);
	place_close(p);
	place_open(p);
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage"), 0);
	assert_true(upkeep_migrated(p->db, T0, &p->why));
	assert_true(upkeep_migrated(p->db, T0, &p->why));
	assert_int_equal(count_of(p,
				  "SELECT json_extract(detail, '$.passages') FROM audit"
				  " WHERE what = 'purge' AND seq = (SELECT max(seq) FROM audit)"),
			 1);
	assert_true(outbox_settle(p->db, &p->keys, T0, T0, &p->why));
	assert_string_equal(opened(p, SEAL_HIT, "SELECT period, passage_id, sealed FROM outbox"),
			    "{\"plate\":\"ABC123\"}");
	place_close(p);
	assert_false(holds(p, DB_FILE, "ABC123"));
}

static void put_passages(struct place *p, uint64_t from, uint64_t n)
{
	AUTO_ROLLBACK struct db_tx tx = {0};

	(void)key_at(p, T0);
	assert_true(db_begin(p->db, &tx, &p->why));
	for (uint64_t i = from; i < from + n; i++) {
		struct wire_passage m = passage_of(i + 1, "ABC123");
		struct ring_passage r = {
		    .p = &m, .key = key_at(p, T0), .kept_ns = T0, .stored_ns = T0};

		assert_true(ring_insert(p->db, &r, &p->why));
	}
	assert_true(db_commit(&tx, &p->why));
}

static void run(struct place *p, const char *sql)
{
	assert_int_equal(sqlite3_exec(db_handle(p->db), sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Two reads of schema 6, with a crop each, sealed under the period of T0. */
static void put_old_reads(struct place *p)
{
	static const char jpeg[] = "\xff\xd8 as it was";
	uint8_t sealed[100 + SEAL_EXTRA], mac[SEAL_MAC];

	for (int64_t i = 1; i <= 2; i++) {
		struct wire_passage m = passage_of((uint64_t)i, "OLD123");

		assert_true(seal_plate(key_at(p, T0), "OLD123", mac, &p->why));
		assert_true(seal_put(key_at(p, T0), SEAL_READ, m.id, "{}", 2, sealed, &p->why));
		assert_true(db_run(p->db, NULL, &p->why,
				   "INSERT INTO passage VALUES(?, ?, ?, ?, 1, 1, 1, 1, 9, 0, 0, 0,"
				   " ?, ?)",
				   "ibiibb", i, m.id, (size_t)WIRE_ID_SIZE, T0, T0, mac, sizeof mac,
				   sealed, (size_t)2 + SEAL_EXTRA));
		assert_true(seal_put(key_at(p, T0), SEAL_PICTURE, m.id, jpeg, sizeof jpeg, sealed,
				     &p->why));
		assert_true(db_run(p->db, NULL, &p->why, "INSERT INTO picture VALUES(?, ?)", "ib",
				   i * 4, sealed, sizeof jpeg + SEAL_EXTRA));
	}
}

static int64_t found(struct place *p, const char *plate)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	uint8_t mac[SEAL_MAC];
	bool row;

	assert_true(seal_plate(key_at(p, T0), plate, mac, &p->why));
	st = ring_with_plate(p->db, T0, mac, &p->why);
	assert_non_null(st);
	assert_true(db_step(p->db, st, &row, &p->why));
	return row ? sqlite3_column_int64(st, 0) : 0;
}

/* Rows from before crops lay beside their read: they stay where they are until they are due, and
 * count as the others do. */
static void reads_of_schema_6_stay(void **state)
{
	static const char *steps[6];
	struct db_schema old = {steps, 6, NULL};
	struct place *p = *state;
	struct wire_passage m = passage_of(2, "OLD123");
	struct ring_purged out;
	struct ring_size size;
	uint8_t *sealed = NULL;
	char path[PATH_MAX];
	size_t len;
	bool has;

	place_close(p);
	path_in(p, DB_FILE, path);
	assert_int_equal(remove(path), 0);
	for (unsigned i = 0; i < 6; i++)
		steps[i] = db_schema.steps[i];
	assert_true(db_open(p->folder, &old, T0, &p->db, &p->how, &p->why));
	run(p, "DELETE FROM period");
	place_keys(p);
	put_old_reads(p);
	place_close(p);
	place_open(p);
	assert_string_equal(p->how.quarantine, "");
	put_passages(p, 9, 1);
	assert_int_equal(count_of(p, "SELECT count(*) FROM reads"), 3);
	assert_int_equal(count_of(p, "SELECT id FROM passage"), 3);
	assert_true(ring_has(p->db, m.id, &has, &p->why));
	assert_true(has);
	assert_int_equal(found(p, "OLD123"), 1);
	assert_int_equal(found(p, "ABC123"), 3);
	assert_true(ring_sealed_picture(p->db, 2, WIRE_CROP_0, &sealed, &len, &p->why));
	assert_non_null(sealed);
	free(sealed);
	assert_string_equal(opened(p, SEAL_READ, "SELECT period, passage_id, sealed FROM reads"),
			    "{}");
	assert_true(ring_measure(p->db, &size, &p->why));
	assert_int_equal(size.passages, 3);
	assert_true(ring_make_room(p->db, 2, &out, &p->why));
	assert_int_equal(out.passages, 2);
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage_3"), 0);
	assert_int_equal(count_of(p, "SELECT count(*) FROM picture"), 0);
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage"), 1);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	static const char *steps[16];
	struct db_schema broken = {steps, db_schema.n + 1, NULL};
	struct place *p = *state;

	for (unsigned i = 0; i < db_schema.n; i++)
		steps[i] = db_schema.steps[i];
	steps[db_schema.n] = "CREATE TABLE later(x INTEGER) STRICT; CREATE TABLE state(y)";
	place_close(p);
	assert_false(db_open(p->folder, &broken, T0, &p->db, &p->how, &p->why));
	assert_non_null(strstr(p->why.text, "migration to schema"));
	assert_null(p->db);
	place_open(p);
	assert_int_equal(count_of(p, "PRAGMA user_version"), (int64_t)db_schema.n);
	assert_int_equal(count_of(p, "SELECT count(*) FROM sqlite_master WHERE name = 'later'"), 0);
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];

	assert_int_equal(
	    sqlite3_exec(db_handle(p->db), "PRAGMA user_version = 99", NULL, NULL, NULL),
	    SQLITE_OK);
	place_close(p);
	assert_false(db_open(p->folder, &db_schema, T0, &p->db, &p->how, &p->why));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_string_equal(p->how.quarantine, "");
	path_in(p, DB_FILE, path);
	assert_int_equal(access(path, F_OK), 0);
}

static void overwrite(const struct place *p, const char *name, off_t at, size_t len, uint8_t with)
{
	char path[PATH_MAX];
	uint8_t bytes[4096];
	int fd;

	path_in(p, name, path);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	memset(bytes, with, sizeof bytes);
	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	(void)close(fd);
}

/* A changed bit in the schema is none that SQLite's check finds. */
static void a_schema_without_a_column_is_damage(void **state)
{
	static const char damage[] =
	    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET"
	    " sql = replace(sql, 'kept_ns', 'kept_os') WHERE name = 'passage'";
	struct place *p = *state;
	char path[PATH_MAX];
	sqlite3 *h;

	place_close(p);
	path_in(p, DB_FILE, path);
	assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
	assert_int_equal(sqlite3_exec(h, damage, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(h);
	place_open(p);
	assert_string_not_equal(p->how.quarantine, "");
	assert_int_equal(count_of(p, "SELECT count(kept_ns) FROM passage"), 0);
}

static void a_file_that_is_no_database_is_put_aside(void **state)
{
	struct place *p = *state;

	place_close(p);
	overwrite(p, DB_FILE, 0, 100, 'x');
	place_open(p);
	assert_true(p->how.fresh);
	assert_string_not_equal(p->how.quarantine, "");
	assert_true(bytes_of(p, p->how.quarantine) > 0);
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage"), 0);
}

/* Make it a database of more than 256 MB, whose further pages are a hole. */
static void enlarge(struct place *p)
{
	uint8_t pages[4] = {0, 4, 0x80, 0};
	char path[PATH_MAX];
	int fd;

	path_in(p, DB_FILE, path);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, pages, sizeof pages, 28), sizeof pages);
	assert_int_equal(ftruncate(fd, (off_t)0x48000 * 1024), 0);
	(void)close(fd);
}

/* The check at the start must end before the parent loses its patience, however many reads there
 * are. */
static void a_large_ring_is_not_read_whole_at_the_start(void **state)
{
	struct place *p = *state;
	int64_t leaf;

	put_passages(p, 0, 1500);
	leaf = count_of(p, "SELECT pageno FROM dbstat WHERE name = 'passage' AND pagetype = 'leaf'"
			   " ORDER BY path LIMIT 1 OFFSET 70");
	assert_true(leaf > 1);
	place_close(p);
	enlarge(p);
	place_open(p);
	assert_string_equal(p->how.quarantine, "");
	place_close(p);
	overwrite(p, DB_FILE, (off_t)(leaf - 1) * 1024, 1024, 0x5a);
	place_open(p); /* damage in the middle waits until it is read */
	assert_string_equal(p->how.quarantine, "");
}

/* What the start itself reads is looked at before. */
static void damage_at_the_ends_of_a_large_ring_is_seen(void **state)
{
	static const char *const tables[] = {"passage", "period", "outbox", "audit"};

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		struct place *p = *state;
		char sql[100];
		int64_t root;

		put_passages(p, 1000 * i, 10);
		(void)snprintf(sql, sizeof sql,
			       "SELECT rootpage FROM sqlite_master WHERE name = '%s'", tables[i]);
		root = count_of(p, sql);
		place_close(p);
		enlarge(p);
		overwrite(p, DB_FILE, (off_t)(root - 1) * 1024, 1024, 0x5a);
		place_open(p);
		assert_string_not_equal(p->how.quarantine, "");
		place_end(state);
		assert_int_equal(place_make(state), 0);
	}
}

static void put_hits(struct place *p, int n)
{
	for (int i = 0; i < n; i++) {
		uint8_t id[WIRE_ID_SIZE] = {(uint8_t)(i + 1)};
		char body[3000];
		struct outbox_hit h = {id, T0,	 T0,	      "EXACT",	    'V',
				       3,  body, sizeof body, key_at(p, T0)};

		memset(body, ' ', sizeof body);
		body[0] = '{';
		body[sizeof body - 1] = '}';
		assert_true(outbox_put(p->db, &h, &p->why));
		assert_true(audit_append(
		    p->db, &(struct audit_record){.who = "store", .what = "hit"}, T0 + i, &p->why));
	}
}

/* A page of the read table is destroyed: the chain, the hits and the hotlist's floor survive into
 * the fresh ring. */
static void a_damaged_ring_loses_no_hit_and_no_record(void **state)
{
	struct place *p = *state;
	struct audit_head before, after;
	struct salvaged got;
	int64_t n, root;

	put_hits(p, 20);
	assert_true(db_state_set(p->db, "list_version", 41, &p->why));
	assert_true(
	    db_run(p->db, NULL, &p->why, "INSERT INTO list_offer VALUES(1, 77, 'tag')", ""));
	assert_true(db_run(p->db, NULL, &p->why,
			   "INSERT INTO pull(nonce, requester, taken_ns, expires_ns)"
			   " VALUES('once', x'01', 2, 3)",
			   ""));
	assert_true(audit_head(p->db, &before, &p->why));
	root = count_of(p, "SELECT rootpage FROM sqlite_master WHERE name = 'passage'");
	place_close(p);
	overwrite(p, DB_FILE, (off_t)(root - 1) * 1024, 1024, 0x5a);
	place_open(p);
	assert_string_not_equal(p->how.quarantine, "");
	assert_true(
	    salvage(p->db, p->folder, p->how.quarantine, 90 * NS_PER_DAY, T0, &got, &p->why));
	assert_int_equal(got.hits, 20);
	assert_int_equal(got.audit_records, 20);
	assert_true(got.due_ns <= T0 + 90 * NS_PER_DAY);
	assert_true(audit_head(p->db, &after, &p->why));
	assert_int_equal(after.seq, before.seq);
	assert_memory_equal(after.hash, before.hash, sizeof after.hash);
	assert_true(audit_verify(p->db, &before, &n, &p->why));
	assert_true(db_state_get(p->db, "list_version", &n, &p->why));
	assert_int_equal(n, 41);
	assert_int_equal(
	    count_of(p, "SELECT bundle_id FROM list_offer WHERE id = 1 AND etag = 'tag'"), 77);
	assert_int_equal(count_of(p, "SELECT count(*) FROM pull WHERE nonce = 'once'"
				     " AND requester = x'01' AND taken_ns = 2 AND expires_ns = 3"),
			 1);
	assert_int_equal(
	    count_of(p, "SELECT count(*) FROM outbox WHERE state = 0 AND length(sealed) = 3028"),
	    20);
}

static void put_aside_as(struct place *p, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	place_close(p);
	path_in(p, DB_FILE, from);
	path_in(p, name, to);
	assert_int_equal(rename(from, to), 0);
	place_open(p);
}

/* The fresh database is damaged as well before anything was taken over into it: its first record
 * would be in the way of the chain. */
static void the_chain_is_that_of_the_file_before(void **state)
{
	struct place *p = *state;
	char name[DB_QUARANTINE_SIZE];
	int64_t records;
	bool found;

	for (int i = 0; i < 3; i++)
		assert_true(
		    audit_append(p->db, &(struct audit_record){.what = "start"}, T0, &p->why));
	put_aside_as(p, "quarantine-100.db");
	put_aside_as(p, "quarantine-200.db");
	for (int i = 0; i < 2; i++) {
		assert_true(salvage_forgotten(p->db, p->folder, name, &found, &p->why));
		assert_true(found);
		assert_string_equal(name, i == 0 ? "quarantine-200.db" : "quarantine-100.db");
		assert_true(upkeep_take_over(p->db, p->folder, name, 90 * NS_PER_DAY, T0, &p->why));
	}
	assert_true(audit_verify(p->db, NULL, &records, &p->why));
	assert_int_equal(records, 5);
	assert_int_equal(count_of(p, "SELECT seq FROM audit WHERE what = 'quarantine' AND"
				     " json_extract(detail, '$.audit_records_kept') = 3"),
			 4);
}

/* Between the destruction of a key and the deletion of its rows, which go with the file. */
static void what_was_purged_before_is_counted(void **state)
{
	struct place *p = *state;
	struct salvaged got;

	put_hits(p, 2);
	assert_true(periods_destroy(&p->keys, p->db, T0 + PERIOD_NS, T0, &p->why));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'purged_unrecorded'"),
			 -count_of(p, "SELECT count(*) FROM reads"));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'purged'"), 0);
	assert_true(db_state_set(p->db, "purged_unrecorded", -2, &p->why));
	put_aside_as(p, "quarantine-100.db");
	assert_true(
	    salvage(p->db, p->folder, "quarantine-100.db", 90 * NS_PER_DAY, T0, &got, &p->why));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'purged'"), 2);
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'purged_unrecorded'"),
			 0);
}

static void nothing_is_salvaged_from_garbage(void **state)
{
	struct place *p = *state;
	struct salvaged got;

	put_hits(p, 3);
	place_close(p);
	overwrite(p, DB_FILE, 0, 4096, 0);
	overwrite(p, DB_FILE, 0, 100, 'x');
	place_open(p);
	assert_true(
	    salvage(p->db, p->folder, p->how.quarantine, 90 * NS_PER_DAY, T0, &got, &p->why));
	assert_int_equal(got.hits, 0);
	assert_int_equal(got.audit_records, 0);
	assert_int_equal(got.due_ns, T0 + SALVAGE_UNREADABLE_NS);
}

/* Power went between putting it aside and taking it over: it is found again, until it is noted. */
static void a_quarantined_file_that_nobody_noted_is_found(void **state)
{
	struct place *p = *state;
	char name[DB_QUARANTINE_SIZE], first[DB_QUARANTINE_SIZE];
	struct salvaged got;
	bool found = true;

	assert_true(salvage_forgotten(p->db, p->folder, name, &found, &p->why));
	assert_false(found);
	put_hits(p, 2);
	assert_true(db_state_set(p->db, "list_version", 41, &p->why));
	place_close(p);
	overwrite(p, DB_FILE, 0, 100, 'x');
	place_open(p);
	(void)snprintf(first, sizeof first, "%s", p->how.quarantine);
	place_close(p);
	place_open(p);
	assert_string_equal(p->how.quarantine, "");
	assert_true(salvage_forgotten(p->db, p->folder, name, &found, &p->why));
	assert_true(found);
	assert_string_equal(name, first);
	assert_true(db_state_set(p->db, "list_version", 42, &p->why));
	assert_true(salvage(p->db, p->folder, name, 90 * NS_PER_DAY, T0, &got, &p->why));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'list_version'"), 42);
	assert_true(upkeep_quarantine(p->db, name, got.due_ns, &p->why));
	assert_true(salvage_forgotten(p->db, p->folder, name, &found, &p->why));
	assert_false(found);
}

/* The database that knows when a file is due is damaged in its turn. */
static void files_put_aside_before_are_still_deleted(void **state)
{
	struct place *p = *state;
	struct salvaged got;
	int64_t root;

	assert_true(upkeep_quarantine(p->db, "quarantine-1.db", T0 + 5, &p->why));
	assert_true(upkeep_quarantine(p->db, "quarantine-2.db", INT64_MAX, &p->why));
	root = count_of(p, "SELECT rootpage FROM sqlite_master WHERE name = 'passage'");
	place_close(p);
	overwrite(p, DB_FILE, (off_t)(root - 1) * 1024, 1024, 0x5a);
	place_open(p);
	assert_true(
	    salvage(p->db, p->folder, p->how.quarantine, 90 * NS_PER_DAY, T0, &got, &p->why));
	assert_int_equal(
	    count_of(p, "SELECT due_ns FROM quarantine WHERE name = 'quarantine-1.db'"), T0 + 5);
	assert_int_equal(
	    count_of(p, "SELECT due_ns FROM quarantine WHERE name = 'quarantine-2.db'"),
	    T0 + 90 * NS_PER_DAY);
}

/* A quarantined file holds reads: it does not outlive them. */
static void a_quarantined_file_goes_when_its_time_is_over(void **state)
{
	struct place *p = *state;
	struct upkeep u = {
	    .limits = {90 * NS_PER_DAY, INT64_MAX, 0}, .folder = p->folder, .keys = &p->keys};
	struct elapsed c = {.k = {T0, T0, 0, 0}};
	char name[DB_QUARANTINE_SIZE];

	place_close(p);
	overwrite(p, DB_FILE, 0, 100, 'x');
	place_open(p);
	(void)snprintf(name, sizeof name, "%s", p->how.quarantine);
	assert_true(upkeep_quarantine(p->db, name, T0 + NS_PER_DAY, &p->why));
	assert_true(upkeep_step(&u, p->db, &c, T0, &p->why));
	assert_true(bytes_of(p, name) > 0);
	c.k.ring_ns = T0 + NS_PER_DAY;
	assert_true(upkeep_step(&u, p->db, &c, T0, &p->why));
	assert_int_equal(bytes_of(p, name), -1);
	assert_int_equal(count_of(p, "SELECT count(*) FROM quarantine"), 0);
}

static void a_second_handle_that_writes_is_busy_not_broken(void **state)
{
	struct place *p = *state;
	sqlite3 *other;
	char path[PATH_MAX];

	path_in(p, DB_FILE, path);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_busy_timeout(db_handle(p->db), 10);
	assert_false(db_state_set(p->db, "n", 1, &p->why));
	assert_int_equal(p->why.code, ERR_AGAIN);
	(void)sqlite3_close(other);
	assert_true(db_state_set(p->db, "n", 1, &p->why));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    T(opens_with_the_settings_that_are_promised),
	    T(what_is_not_committed_is_not_there),
	    T(an_older_schema_is_upgraded_and_keeps_its_rows),
	    T(what_an_older_schema_left_open_goes),
	    T(reads_of_schema_6_stay),
	    T(a_migration_that_fails_changes_nothing),
	    T(a_newer_schema_is_refused_and_left_alone),
	    T(a_schema_without_a_column_is_damage),
	    T(a_file_that_is_no_database_is_put_aside),
	    T(a_large_ring_is_not_read_whole_at_the_start),
	    T(damage_at_the_ends_of_a_large_ring_is_seen),
	    T(a_damaged_ring_loses_no_hit_and_no_record),
	    T(the_chain_is_that_of_the_file_before),
	    T(what_was_purged_before_is_counted),
	    T(nothing_is_salvaged_from_garbage),
	    T(a_quarantined_file_that_nobody_noted_is_found),
	    T(files_put_aside_before_are_still_deleted),
	    T(a_quarantined_file_goes_when_its_time_is_over),
	    T(a_second_handle_that_writes_is_busy_not_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
