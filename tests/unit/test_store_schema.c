/* SPDX-License-Identifier: Apache-2.0 */
/* Every schema that ever shipped is upgraded to the newest, step by step; a newer one is refused.
 */
#include "tests/unit/store_help.h"

#include "firmware/store/audit.h"

#include <unistd.h>

#define STEPS_MAX 64u

/* A database of schema `version`, as the firmware of then made it, in place of the one that is
 * there. */
static void begin_at(struct place *p, unsigned version)
{
	struct db_schema then = {db_schema.steps, version, NULL};
	const char *const files[] = {DB_FILE, DB_FILE "-wal", DB_FILE "-shm"};
	char path[PATH_MAX];

	place_close(p);
	for (size_t i = 0; i < 3; i++) {
		path_in(p, files[i], path);
		(void)unlink(path);
	}
	p->why = (struct err){0};
	if (!db_open(p->folder, &then, T0, &p->db, &p->how, &p->why))
		fail_msg("schema %u: %s", version, p->why.text);
	assert_true(p->how.fresh);
	assert_int_equal(count_of(p, "PRAGMA user_version"), (int64_t)version);
}

static void run(struct place *p, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db_handle(p->db), sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
}

/* What stays whatever the steps: the chain, numbers, a hit on its way, and from 3 on reads. */
static void put_rows(struct place *p, unsigned version)
{
	for (int i = 0; i < 3; i++)
		assert_true(audit_append(
		    p->db,
		    &(struct audit_record){.who = "store", .what = "start", .outcome = "done"},
		    T0 + i, &p->why));
	assert_true(db_state_set(p->db, "list_version", 41, &p->why));
	run(p,
	    "INSERT INTO outbox(passage_id, kept_ns, best_ns, grade, category, list_version, size,"
	    " body) VALUES(zeroblob(16), 1, 1, 'EXACT', 'V', 7, 2, x'7b7d')");
	run(p, "INSERT INTO quarantine VALUES('quarantine-1.db', 77)");
	if (version < 3)
		run(p, "INSERT INTO passage(passage_id, kept_ns, stored_ns, first_ns, last_ns,"
		       " best_ns, pairs, degraded, low_quality, hit, plate, confidence, chars,"
		       " alternatives) VALUES(zeroblob(16), 1, 1, 1, 1, 1, 9, 0, 0, 0, 'ABC123',"
		       " 0.9, '[]', '[]')");
	else
		run(p, "INSERT INTO passage(passage_id, period, kept_ns, stored_ns, first_ns,"
		       " last_ns, best_ns, pairs, degraded, low_quality, hit, mac, sealed)"
		       " VALUES(zeroblob(16), 1, 1, 1, 1, 1, 1, 9, 0, 0, 0, zeroblob(16),"
		       " zeroblob(40));"
		       "INSERT INTO period VALUES(1, zeroblob(72))");
}

/* All tables and indices as text; static, of two calls. */
static const char *shape(struct place *p)
{
	static char text[2][32768];
	static unsigned n;
	char *out = text[n++ % 2];
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_prepare_v2(
			     db_handle(p->db),
			     "SELECT group_concat(type || ' ' || name || ' ' || coalesce(sql, ''),"
			     " char(10)) FROM (SELECT * FROM sqlite_master ORDER BY name)",
			     -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_true(sqlite3_column_bytes(st, 0) < 32768);
	(void)snprintf(out, sizeof text[0], "%s", (const char *)sqlite3_column_text(st, 0));
	(void)sqlite3_finalize(st);
	return out;
}

static void upgrade(struct place *p)
{
	db_close(p->db);
	p->db = NULL;
	p->why = (struct err){0};
	if (!db_open(p->folder, &db_schema, T0, &p->db, &p->how, &p->why))
		fail_msg("%s", p->why.text);
	assert_false(p->how.fresh);
	assert_string_equal(p->how.quarantine, "");
	assert_int_equal(count_of(p, "PRAGMA user_version"), (int64_t)db_schema.n);
	assert_int_equal(count_of(p, "SELECT count(*) FROM pragma_integrity_check"
				     " WHERE integrity_check <> 'ok'"),
			 0);
}

static void each_older_schema_is_upgraded(void **state)
{
	struct place *p = *state;
	const char *fresh;
	int64_t n;

	begin_at(p, db_schema.n);
	fresh = shape(p);
	for (unsigned version = 1; version < db_schema.n; version++) {
		begin_at(p, version);
		put_rows(p, version);
		upgrade(p);
		assert_string_equal(shape(p), fresh);
		assert_true(audit_verify(p->db, NULL, &n, &p->why));
		assert_int_equal(n, 3);
		assert_true(db_state_get(p->db, "list_version", &n, &p->why));
		assert_int_equal(n, 41);
		assert_int_equal(count_of(p, "SELECT count(*) FROM outbox WHERE state = 0"), 1);
		assert_int_equal(count_of(p, "SELECT due_ns FROM quarantine"), 77);
		/* Before 3 they lay open. */
		assert_int_equal(count_of(p, "SELECT count(*) FROM reads"), version >= 3);
		upgrade(p); /* once more changes nothing */
		assert_string_equal(shape(p), fresh);
	}
}

/* The power goes, or the disk is full, in any one of the steps: it is as it was, and goes on. */
static void an_upgrade_that_breaks_off_goes_on(void **state)
{
	static const char *steps[STEPS_MAX];
	struct db_schema broken = {steps, db_schema.n, NULL};
	struct place *p = *state;
	char before[32768];

	assert_true(db_schema.n < STEPS_MAX);
	for (unsigned bad = 1; bad < db_schema.n; bad++) {
		for (unsigned i = 0; i < db_schema.n; i++)
			steps[i] = db_schema.steps[i];
		begin_at(p, bad);
		put_rows(p, bad);
		(void)snprintf(before, sizeof before, "%s", shape(p));
		db_close(p->db);
		p->db = NULL;
		steps[bad] = "CREATE TABLE half(x INTEGER) STRICT; DELETE FROM audit;"
			     " INSERT INTO half VALUES('no number')";
		assert_false(db_open(p->folder, &broken, T0, &p->db, &p->how, &p->why));
		assert_string_equal(p->how.quarantine, "");
		{
			struct db_schema then = {db_schema.steps, bad, NULL};

			assert_true(db_open(p->folder, &then, T0, &p->db, &p->how, &p->why));
		}
		assert_string_equal(shape(p), before);
		assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 3);
		upgrade(p);
	}
}

static void read_file(const struct place *p, uint8_t *out, size_t size, size_t *len)
{
	char path[PATH_MAX];
	FILE *f;

	path_in(p, DB_FILE, path);
	f = fopen(path, "rb");
	assert_non_null(f);
	*len = fread(out, 1, size, f);
	(void)fclose(f);
	assert_true(*len > 100 && *len < size);
	/* How often somebody opened it to write, and with which SQLite: all else is to be the same
	 * (file format, 1.3.8 and 1.3.22). */
	memset(out + 24, 0, 4);
	memset(out + 92, 0, 8);
}

static void each_newer_schema_is_refused(void **state)
{
	static const int64_t ahead[] = {1, 2, 1000, INT32_MAX};
	static uint8_t before[1 << 20], after[1 << 20];
	struct place *p = *state;
	size_t len, n;

	for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
		int64_t version = ahead[i] == INT32_MAX ? INT32_MAX : db_schema.n + ahead[i];
		char sql[64], said[128];

		begin_at(p, db_schema.n);
		(void)snprintf(sql, sizeof sql, "PRAGMA user_version = %" PRId64, version);
		run(p, sql);
		db_close(p->db);
		p->db = NULL;
		read_file(p, before, sizeof before, &len);
		assert_false(db_open(p->folder, &db_schema, T0, &p->db, &p->how, &p->why));
		assert_int_equal(p->why.code, ERR_POLICY);
		(void)snprintf(said, sizeof said, "its schema %" PRId64 " is newer", version);
		assert_non_null(strstr(p->why.text, said));
		assert_null(p->db);
		assert_false(db_open_to_read(p->folder, &db_schema, &p->db, &p->why));
		assert_int_equal(p->why.code, ERR_POLICY);
		read_file(p, after, sizeof after, &n);
		assert_int_equal(n, len);
		assert_memory_equal(before, after, len);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    T(each_older_schema_is_upgraded),
	    T(an_upgrade_that_breaks_off_goes_on),
	    T(each_newer_schema_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
