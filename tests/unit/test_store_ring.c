/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/elapsed.h"
#include "firmware/store/ring.h"
#include "firmware/store/upkeep.h"

#define DAY NS_PER_DAY

static uint8_t jpeg[6000] = {0xff, 0xd8};

static bool put(struct place *p, uint64_t n, int64_t kept_ns, enum ring_kind kind)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct wire_passage m = passage_of(n, "ABC123");
	struct ring_passage r = {.p = &m,
				 .hit = kind,
				 .list_version = kind == RING_HIT ? 42 : 0,
				 .key = key_at(p, kept_ns),
				 .kept_ns = kept_ns,
				 .stored_ns = kept_ns};
	bool has;

	for (size_t i = 0; i < WIRE_PICTURES; i++)
		r.pictures[i] = (struct ring_picture){jpeg, sizeof jpeg};
	return db_begin(p->db, &tx, &p->why) && ring_has(p->db, m.id, &has, &p->why) && !has &&
	       ring_insert(p->db, &r, &p->why) && db_commit(&tx, &p->why);
}

#define CROPS "SELECT count(crop_0) + count(crop_1) FROM passage"

#define ANGLE                                                                                      \
	"\"capture_ns\":1800000000000000001,\"frames\":5,"                                         \
	"\"quad\":[100.0,200.0,300.0,400.0,500.0,600.0,700.0,800.0],"                              \
	"\"plate\":\"ABC123\",\"jurisdiction\":\"MO\",\"confidence\":0.900000,"                    \
	"\"chars\":[0.950,0.950,0.950,0.950,0.950,0.950],\"alternatives\":[[\"ABC123\",0.900]]"

static void a_read_is_kept_whole(void **state)
{
	struct place *p = *state;

	const char *text;

	assert_true(put(p, 1, T0, RING_READ));
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage WHERE hit = 0"
				     " AND kept_ns = 1800000000000000000 AND period = kept_ns"
				     " AND length(mac) = 16"),
			 1);
	text = opened(p, SEAL_READ, "SELECT period, passage_id, sealed FROM passage");
	assert_non_null(text);
	assert_string_equal(text,
			    "{\"plate\":\"ABC123\",\"jurisdiction\":\"MO\",\"confidence\":0.900000,"
			    "\"chars\":[0.950,0.950,0.950,0.950,0.950,0.950],"
			    "\"alternatives\":[[\"ABC123\",0.900]],\"angles\":["
			    "{\"camera\":0," ANGLE "},{\"camera\":1," ANGLE "}]}");
	text =
	    opened(p, SEAL_PICTURE + WIRE_CROP_1, "SELECT period, passage_id, crop_1 FROM passage");
	assert_non_null(text);
	assert_memory_equal(text, jpeg, sizeof jpeg);
	/* One cannot stand in for another. */
	assert_null(opened(p, SEAL_PICTURE + WIRE_CROP_1,
			   "SELECT period, passage_id, crop_0 FROM passage"));
	/* Of a read that is no hit the crops, never the scenes. */
	assert_int_equal(count_of(p, CROPS), 2);
	assert_int_equal(count_of(p, "SELECT count(*) FROM picture"), 0);
	assert_true(put(p, 2, T0, RING_HIT));
	text = opened(p, SEAL_READ, "SELECT period, passage_id, sealed FROM passage WHERE hit = 1");
	assert_non_null(text);
	assert_non_null(strstr(text, "}],\"list_version\":42}"));
	assert_int_equal(count_of(p, CROPS), 4);
	assert_int_equal(count_of(p, "SELECT count(*) FROM picture WHERE length(sealed) = 6028"),
			 2);
	assert_true(put(p, 3, T0, RING_SUPPRESSED));
	assert_int_equal(count_of(p, CROPS), 6);
	assert_int_equal(count_of(p, "SELECT count(*) FROM picture"), 2);
}

static void an_id_is_there_once(void **state)
{
	struct place *p = *state;

	assert_true(put(p, 1, T0, RING_READ));
	assert_false(put(p, 1, T0, RING_READ));
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage"), 1);
	/* Even without asking first. */
	{
		struct wire_passage m = passage_of(1, "XYZ");
		struct ring_passage r = {.p = &m, .key = key_at(p, T0), .kept_ns = T0};

		assert_false(ring_insert(p->db, &r, &p->why));
	}
}

static void leftovers_of_another_passage_do_not_refuse_one(void **state)
{
	struct place *p = *state;

	assert_int_equal(sqlite3_exec(db_handle(p->db), "INSERT INTO picture VALUES(6, x'00')",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(put(p, 1, T0, RING_HIT));
	assert_int_equal(count_of(p, "SELECT count(*) FROM picture WHERE length(sealed) = 6028"),
			 2);
}

static void purges_what_is_due_and_nothing_else(void **state)
{
	struct place *p = *state;
	struct ring_limits l = {90 * DAY, INT64_MAX, 0};
	struct ring_purged out;

	for (uint64_t i = 0; i < 20; i++)
		assert_true(put(p, i, T0 + (int64_t)i * DAY, i == 3 ? RING_HIT : RING_READ));
	assert_true(ring_purge(p->db, &l, T0 + 90 * DAY - 1, 64, &out, &p->why));
	assert_int_equal(out.passages, 0);
	assert_true(ring_purge(p->db, &l, T0 + 90 * DAY, 64, &out, &p->why));
	assert_int_equal(out.passages, 1);
	assert_false(out.more);
	assert_true(ring_purge(p->db, &l, T0 + 99 * DAY, 4, &out, &p->why));
	assert_int_equal(out.passages, 4);
	assert_true(out.more);
	assert_int_equal(out.first_ns, T0 + DAY);
	assert_int_equal(out.last_ns, T0 + 4 * DAY);
	assert_true(ring_purge(p->db, &l, T0 + 99 * DAY, 64, &out, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage"), 10);
	assert_int_equal(count_of(p, CROPS), 20);
	assert_int_equal(count_of(p, "SELECT count(*) FROM picture"), 0); /* the hit's scenes */
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'purged'"), 10);
}

static void stays_within_its_bytes_oldest_first(void **state)
{
	struct place *p = *state;
	struct ring_limits l = {90 * DAY, 2 << 20, 0};
	struct ring_purged out;
	struct ring_size size;

	place_hasty(p);
	for (uint64_t i = 0; i < 400; i++) {
		assert_true(put(p, i, T0 + (int64_t)i, RING_READ));
		assert_true(ring_purge(p->db, &l, T0 + (int64_t)i, 16, &out, &p->why));
	}
	assert_true(ring_measure(p->db, &size, &p->why));
	assert_in_range(size.used_bytes, 1 << 20, 2 << 20);
	assert_in_range(size.passages, 50, 200);
	assert_int_equal(size.newest_ns, T0 + 399);
	assert_int_equal(size.oldest_ns, T0 + 400 - size.passages);
	/* Making room takes the oldest whatever their age, and frees pages for what comes. */
	assert_true(ring_make_room(p->db, 10, &out, &p->why));
	assert_int_equal(out.passages, 10);
	assert_int_equal(out.first_ns, size.oldest_ns);
}

/* Bytes of the disk that the database has. */
static int64_t room_of(struct place *p)
{
	char path[PATH_MAX];
	struct stat st;
	bool done;

	assert_true(db_checkpoint(p->db, &done, &p->why));
	path_in(p, DB_FILE, path);
	assert_int_equal(stat(path, &st), 0);
	return (int64_t)st.st_blocks * 512;
}

static void fill_and_make_room(struct place *p, uint64_t from)
{
	struct ring_purged out;

	for (uint64_t i = from; i < from + 900; i++)
		assert_true(put(p, i, T0, RING_READ));
	assert_true(ring_make_room(p->db, 880, &out, &p->why));
}

static void gives_room_back(void **state)
{
	struct place *p = *state;
	int64_t before, after, sound;
	struct ring_size size;

	place_hasty(p);
	fill_and_make_room(p, 0);
	before = room_of(p);
	assert_true(ring_shrink(p->db, 1 << 20, &p->why)); /* a part, and the rest */
	after = room_of(p);
	assert_in_range(before - after, 1 << 20, 8 << 20);
	for (int i = 0; i < 40; i++)
		assert_true(ring_shrink(p->db, 1 << 20, &p->why));
	assert_true(ring_measure(p->db, &size, &p->why));
	assert_in_range(room_of(p), size.used_bytes, before / 2);
	/* What comes takes it again, and all of it is sound. */
	sound = count_of(p, "SELECT count(*) FROM pragma_integrity_check"
			    " WHERE integrity_check = 'ok'");
	assert_int_equal(sound, 1);
	fill_and_make_room(p, 1000);
	assert_in_range(room_of(p), before - before / 8, before + before / 8);
	assert_int_equal(count_of(p, "SELECT count(*) FROM passage"), 40);
	assert_int_equal(count_of(p, CROPS " WHERE length(crop_0) = 6028"), 80);
	sound = count_of(p, "SELECT count(*) FROM pragma_integrity_check"
			    " WHERE integrity_check = 'ok'");
	assert_int_equal(sound, 1);
}

/* While somebody reads what was, nothing of it becomes a hole. */
static void no_room_is_given_back_behind_a_reader(void **state)
{
	struct place *p = *state;
	sqlite3_stmt *st = NULL;
	sqlite3 *reader = NULL;
	struct ring_size size;
	char path[PATH_MAX];
	int n;

	place_hasty(p);
	for (uint64_t i = 2000; i < 2900; i++)
		assert_true(put(p, i, T0, RING_READ));
	path_in(p, DB_FILE, path);
	assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(reader, "SELECT crop_0 FROM passage", -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	(void)sqlite3_busy_timeout(db_handle(p->db), 10);
	fill_and_make_room(p, 3000);
	assert_true(ring_shrink(p->db, INT64_MAX, &p->why));
	for (n = 1; sqlite3_step(st) == SQLITE_ROW; n++)
		assert_memory_not_equal(sqlite3_column_blob(st, 0), jpeg, 100);
	assert_int_equal(n, 900);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(reader);
	assert_true(room_of(p) > 20 << 20);
	assert_true(ring_shrink(p->db, INT64_MAX, &p->why));
	assert_true(ring_measure(p->db, &size, &p->why));
	assert_in_range(room_of(p), size.used_bytes, size.used_bytes + (8 << 20));
	assert_true(size.file_bytes > size.used_bytes + (10 << 20));
}

/* A database of before is cut off at its end. */
static void an_older_one_is_cut_off(void **state)
{
	struct place *p = *state;
	struct ring_purged out;
	struct ring_size before, after;
	bool done;

	assert_int_equal(sqlite3_exec(db_handle(p->db), "PRAGMA auto_vacuum = INCREMENTAL; VACUUM",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	place_hasty(p);
	for (uint64_t i = 0; i < 900; i++)
		assert_true(put(p, i, T0, RING_READ));
	assert_true(ring_make_room(p->db, 900, &out, &p->why));
	assert_true(ring_measure(p->db, &before, &p->why));
	for (int i = 0; i < 40; i++)
		assert_true(ring_shrink(p->db, 1 << 20, &p->why));
	assert_true(db_checkpoint(p->db, &done, &p->why));
	assert_true(done);
	assert_true(ring_measure(p->db, &after, &p->why));
	assert_true(after.file_bytes < before.file_bytes / 2);
	assert_int_equal(bytes_of(p, DB_FILE), after.file_bytes);
	assert_int_equal(bytes_of(p, DB_FILE "-wal"), 0);
}

/* What was deleted lies in none of the files once the WAL is truncated. */
static void nothing_purged_is_left_in_the_files(void **state)
{
	struct place *p = *state;
	struct ring_purged out;
	bool done;
	char path[PATH_MAX], *bytes;
	FILE *f;
	size_t n;

	memcpy(jpeg + 3000, "MARKED-PICTURE", 14);
	assert_true(put(p, 1, T0, RING_READ));
	assert_true(ring_make_room(p->db, 10, &out, &p->why));
	assert_true(db_checkpoint(p->db, &done, &p->why));
	assert_true(done);
	path_in(p, DB_FILE, path);
	f = fopen(path, "rb");
	assert_non_null(f);
	bytes = malloc(1 << 22);
	assert_non_null(bytes);
	n = fread(bytes, 1, 1 << 22, f);
	(void)fclose(f);
	assert_true(n > 4096);
	assert_null(memmem(bytes, n, "MARKED-PICTURE", 14));
	assert_null(memmem(bytes, n, "ABC123", 6));
	free(bytes);
	memset(jpeg + 3000, 0, 14);
	assert_int_equal(bytes_of(p, DB_FILE "-wal"), 0);
}

/* --- by its plate --------------------------------------------------------------------------------
 */

/* How many passages of the period that kept_ns is in have this plate. */
static int found(struct place *p, int64_t kept_ns, const char *plate)
{
	sqlite3_stmt *st;
	uint8_t mac[SEAL_MAC];
	int64_t before = 0;
	bool row = true;
	int n = 0;

	assert_true(seal_plate(key_at(p, kept_ns), plate, mac, &p->why));
	st = ring_with_plate(p->db, key_at(p, kept_ns)->id, mac, &p->why);
	assert_non_null(st);
	for (;; n++) {
		assert_true(db_step(p->db, st, &row, &p->why));
		if (!row)
			break;
		assert_true(sqlite3_column_int64(st, 0) > before);
		before = sqlite3_column_int64(st, 0);
		assert_true(sqlite3_column_int64(st, 1) >= kept_ns);
	}
	db_done(&st);
	return n;
}

static void a_plate_is_found_in_the_index_and_beside_it(void **state)
{
	struct place *p = *state;
	struct ring_purged out;
	bool more;

	for (uint64_t i = 0; i < 20; i++)
		assert_true(put(p, i, T0 + (int64_t)i, RING_READ));
	assert_int_equal(found(p, T0, "ABC123"), 20);
	assert_int_equal(found(p, T0, "ABC124"), 0);
	assert_true(ring_index(p->db, 30, &more, &p->why)); /* too few yet */
	assert_false(more);
	assert_int_equal(count_of(p, "SELECT count(*) FROM plate"), 0);
	assert_true(ring_index(p->db, 8, &more, &p->why));
	assert_true(more);
	assert_int_equal(count_of(p, "SELECT count(*) FROM plate"), 8);
	assert_int_equal(found(p, T0, "ABC123"), 20);
	for (uint64_t i = 20; i < 30; i++)
		assert_true(put(p, i, T0 + PERIOD_NS + (int64_t)i, RING_READ));
	while (more)
		assert_true(ring_index(p->db, 8, &more, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM plate"), 24);
	assert_int_equal(found(p, T0 + PERIOD_NS, "ABC123"), 10);
	/* A purged passage is not found, and its period's last takes the entries along. */
	assert_true(ring_make_room(p->db, 5, &out, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM plate"), 24);
	assert_int_equal(found(p, T0 + PERIOD_NS, "ABC123"), 10);
	assert_true(ring_make_room(p->db, 15, &out, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM plate"), 4);
	assert_true(ring_make_room(p->db, 15, &out, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM plate"), 0);
	/* Ids go on where they were: what is indexed already is none of the new. */
	assert_true(put(p, 50, T0 + PERIOD_NS, RING_READ));
	assert_true(count_of(p, "SELECT id FROM passage") > 24);
	assert_int_equal(found(p, T0 + PERIOD_NS, "ABC123"), 1);
}

static void damaged_ids_are_noticed(void **state)
{
	struct place *p = *state;

	assert_true(db_state_set(p->db, "plates_to", INT64_MAX - 1, &p->why));
	assert_false(put(p, 1, T0, RING_READ));
	assert_int_equal(p->why.code, ERR_FORMAT);
}

/* Of the newest it is known, over a restart as well, and as long as they are there. */
static void a_repeat_is_known_after_a_restart(void **state)
{
	struct place *p = *state;
	struct wire_passage m = passage_of(3, "ABC123");
	struct ring_purged out;
	bool has;

	for (uint64_t i = 0; i < 5; i++)
		assert_true(put(p, i, T0, RING_READ));
	place_close(p);
	place_open(p);
	assert_true(ring_has(p->db, m.id, &has, &p->why));
	assert_true(has);
	assert_true(ring_make_room(p->db, 5, &out, &p->why));
	assert_true(ring_has(p->db, m.id, &has, &p->why));
	assert_false(has);
	/* What was rolled back is no repeat. */
	{
		AUTO_ROLLBACK struct db_tx tx = {0};
		struct ring_passage r = {.p = &m, .key = key_at(p, T0), .kept_ns = T0};

		assert_true(db_begin(p->db, &tx, &p->why));
		assert_true(ring_insert(p->db, &r, &p->why));
	}
	assert_true(ring_has(p->db, m.id, &has, &p->why));
	assert_false(has);
	assert_true(put(p, 3, T0, RING_READ));
	place_hasty(p);
	for (uint64_t i = 10; i < 10 + RING_RECENT; i++)
		assert_true(put(p, i, T0, RING_READ));
	assert_int_equal(count_of(p, "SELECT count(*) FROM recent"), RING_RECENT);
}

static void a_picture_is_there_or_not(void **state)
{
	struct place *p = *state;
	uint8_t *sealed = NULL;
	size_t len;

	assert_true(put(p, 1, T0, RING_HIT));
	assert_true(put(p, 2, T0, RING_READ));
	for (int64_t row = 1; row <= 3; row++)
		for (unsigned kind = 0; kind < WIRE_PICTURES; kind++) {
			bool there = row == 1 || (row == 2 && kind <= WIRE_CROP_1);

			assert_true(ring_sealed_picture(p->db, row, kind, &sealed, &len, &p->why));
			assert_int_equal(sealed != NULL, there);
			assert_int_equal(len, there ? sizeof jpeg + SEAL_EXTRA : 0);
			free(sealed);
		}
}

/* --- simulated time ------------------------------------------------------------------------------
 */

#define ROOT "/dev/shm/alpr-test-store-ring"

struct sim {
	struct place *p;
	struct upkeep u;
	struct elapsed c;
	uint64_t n;
	int64_t wall, mono;
	int64_t largest; /* database file, once the ring is full */
};

static void sim_start(struct sim *s, struct place *p)
{
	struct elapsed_kept none = {0};

	*s = (struct sim){.p = p, .wall = T0, .mono = 5 * NS_PER_S};
	s->u = (struct upkeep){.limits = {90 * DAY, INT64_MAX, 0},
			       .cooldown_s = 300,
			       .folder = p->folder,
			       .keys = &p->keys};
	/* Thousands of rotations: in memory, where a sync costs nothing. */
	periods_close(&p->keys);
	(void)unlink(ROOT);
	p->root = ROOT;
	place_keys(p);
	place_hasty(p);
	elapsed_start(&s->c, &none, 0, 1, s->wall, s->mono);
}

/* `by` of real time passes, which the wall clock shows; one passage comes at the end of it. */
static void sim_step(struct sim *s, int64_t by)
{
	s->wall += by;
	s->mono += by;
	elapsed_tick(&s->c, s->wall, s->mono);
	do
		assert_true(upkeep_step(&s->u, s->p->db, &s->c, s->wall, &s->p->why));
	while (s->u.more);
	assert_true(put(s->p, s->n++, s->c.k.ring_ns, RING_READ));
}

static int64_t oldest_age(struct sim *s)
{
	struct ring_size size;

	assert_true(ring_measure(s->p->db, &size, &s->p->why));
	return s->c.k.ring_ns - size.oldest_ns;
}

/* The database without the audit chain, which is kept. */
static int64_t ring_bytes(struct sim *s)
{
	return bytes_of(s->p, DB_FILE) -
	       count_of(s->p, "SELECT sum(pgsize) FROM dbstat WHERE name = 'audit'");
}

static void three_years_flat(void **state)
{
	const int64_t step = 6 * 3600 * NS_PER_S;
	struct sim s;
	int64_t full = 0;

	sim_start(&s, *state);
	for (int day = 0; day < 3 * 365; day++) {
		for (int k = 0; k < 4; k++) {
			sim_step(&s, step);
			/* Due reads go at the next look; nothing goes before the hour of its day.
			 */
			assert_true(oldest_age(&s) <= 90 * DAY);
			if (day >= 90)
				assert_true(oldest_age(&s) > 90 * DAY - step - PERIOD_NS);
			assert_int_equal(s.p->keys.n,
					 count_of(s.p, "SELECT count(*) FROM passage"));
		}
		if (day == 100)
			full = ring_bytes(&s);
		if (day > 100 && day % 20 == 0)
			assert_in_range(ring_bytes(&s), full - full / 50, full + full / 33);
	}
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM passage"), 90 * 4);
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM period"), 90 * 4);
	assert_int_equal(count_of(s.p, "SELECT value FROM state WHERE name = 'purged'"),
			 (3 * 365 - 90) * 4);
	/* Each is in the record of its key, and no plate. */
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM audit WHERE what = 'purge'"), 0);
	assert_int_equal(count_of(s.p, "SELECT sum(json_extract(detail, '$.passages')) FROM audit"
				       " WHERE what = 'purge-keys' AND outcome = 'done'"),
			 (3 * 365 - 90) * 4);
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM audit WHERE detail LIKE '%ABC%'"), 0);
}

static void a_wrong_clock_purges_nothing_early_and_keeps_nothing_longer(void **state)
{
	struct sim s;
	int64_t right;

	sim_start(&s, *state);
	for (int k = 0; k < 60 * 4; k++)
		sim_step(&s, 6 * 3600 * NS_PER_S);
	/* Forward to 2099, a week of it, and back; then 1970, then right again. */
	right = s.wall;
	s.wall = INT64_C(4070908800) * NS_PER_S;
	for (int k = 0; k < 7 * 4; k++)
		sim_step(&s, 6 * 3600 * NS_PER_S);
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM passage"), 67 * 4);
	s.wall = 0;
	for (int k = 0; k < 7 * 4; k++)
		sim_step(&s, 6 * 3600 * NS_PER_S);
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM passage"), 74 * 4);
	s.wall = right + 14 * DAY;
	for (int k = 0; k < 30 * 4; k++) {
		sim_step(&s, 6 * 3600 * NS_PER_S);
		assert_true(oldest_age(&s) <= 90 * DAY);
	}
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM passage"), 90 * 4);
	assert_int_equal(s.c.k.ring_ns, T0 + 104 * DAY);
}

/* The power is off for `off`; the machine comes back with a wall clock that shows `wall`. */
static void sim_reboot(struct sim *s, int64_t wall)
{
	struct elapsed_kept kept;
	struct ring_size size;

	assert_true(upkeep_save_clock(s->p->db, &s->c.k, &s->p->why));
	place_close(s->p);
	place_open(s->p);
	place_hasty(s->p);
	assert_true(upkeep_load_clock(s->p->db, &kept, &s->p->why));
	assert_true(ring_measure(s->p->db, &size, &s->p->why));
	s->wall = wall;
	s->mono = 3 * NS_PER_S;
	s->u.next_ns = 0;
	elapsed_start(&s->c, &kept, size.newest_ns, kept.boot + 1, s->wall, s->mono);
}

static void a_purge_that_fell_due_while_the_box_was_off_runs_first(void **state)
{
	struct sim s;

	sim_start(&s, *state);
	for (int k = 0; k < 10; k++)
		sim_step(&s, DAY);
	/* Nobody vouches for the clock: nothing goes on its word. */
	sim_reboot(&s, s.wall + 85 * DAY);
	sim_step(&s, 0);
	assert_true(s.c.doubtful);
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM passage"), 10 + 1);
	elapsed_trust(&s.c, true);
	sim_step(&s, 0);
	assert_int_equal(count_of(s.p, "SELECT count(*) FROM passage"), 5 + 2);
}

static int sim_end(void **state)
{
	(void)unlink(ROOT);
	return place_end(state);
}

int main(void)
{
#define T(f)   cmocka_unit_test_setup_teardown(f, place_make, place_end)
#define SIM(f) cmocka_unit_test_setup_teardown(f, place_make, sim_end)
	const struct CMUnitTest tests[] = {
	    T(a_read_is_kept_whole),
	    T(an_id_is_there_once),
	    T(leftovers_of_another_passage_do_not_refuse_one),
	    T(purges_what_is_due_and_nothing_else),
	    T(stays_within_its_bytes_oldest_first),
	    T(gives_room_back),
	    T(no_room_is_given_back_behind_a_reader),
	    T(an_older_one_is_cut_off),
	    T(a_plate_is_found_in_the_index_and_beside_it),
	    T(damaged_ids_are_noticed),
	    T(a_repeat_is_known_after_a_restart),
	    T(a_picture_is_there_or_not),
	    T(nothing_purged_is_left_in_the_files),
	    SIM(three_years_flat),
	    SIM(a_wrong_clock_purges_nothing_early_and_keeps_nothing_longer),
	    SIM(a_purge_that_fell_due_while_the_box_was_off_runs_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
