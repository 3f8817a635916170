/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/base/gift.h"
#include "firmware/store/audit.h"
#include "firmware/store/counters.h"
#include "firmware/store/keep.h"
#include "firmware/store/outbox.h"
#include "hotlist/match.h"
#include "tests/unit/lists.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOW (T0 + 60 * NS_PER_S)

static struct bundle *list;
static uint8_t jpeg[6000] = {0xff, 0xd8, 0xff};

#define CROPS "SELECT count(crop_0) + count(crop_1) FROM passage"

struct bench {
	struct place *p;
	struct store_conf conf;
	struct space space;
	struct keep k;
	struct keep_when when;
	struct keep_result got;
};

static int group_begin(void **state)
{
	struct bundle_info info = lists_info();
	struct entry x[3];

	if (lists_begin(state) != 0)
		return -1;
	x[0] = lists_entry("WANT 01", "MO", 'V');
	x[1] = lists_entry("WANT 02", "MO", 'F');
	x[2] = lists_entry("WANT 02", "MO", 'F');
	(void)snprintf(x[2].case_number, sizeof x[2].case_number, "V777777777");
	list = lists_load(x, 3, &info);
	return list ? 0 : -1;
}

static int group_end(void **state)
{
	bundle_close(list);
	return lists_end(state);
}

static struct bench bench_of(void **state)
{
	struct bench b = {.p = *state, .when = {T0, NOW, NOW}};

	b.conf.hotlist.cooldown_s = 300;
	(void)snprintf(b.conf.site.name, sizeof b.conf.site.name, "test-01");
	assert_true(space_open(&b.space, b.p->folder, 64 << 20, &b.p->why));
	return b;
}

static bool keep(struct bench *b, const struct wire_passage *m)
{
	struct intake in = {.p = *m};

	for (size_t i = 0; i < WIRE_PICTURES; i++)
		in.pictures[i] = (struct ring_picture){jpeg, sizeof jpeg};
	b->k = (struct keep){b->p->db, &b->conf, list, NULL, &b->space, &b->p->keys};
	return keep_passage(&b->k, &in, &b->when, &b->got, &b->p->why);
}

static bool keep_plate(struct bench *b, uint64_t n, const char *plate)
{
	struct wire_passage m = passage_of(n, plate);

	m.best_ns = m.last_ns = T0 + (int64_t)n;
	return keep(b, &m);
}

static int64_t rows(struct bench *b)
{
	return count_of(b->p,
			"SELECT (SELECT count(*) FROM passage) + (SELECT count(*) FROM picture)"
			" + (SELECT count(*) FROM outbox)"
			" + (SELECT count(*) FROM audit) + (SELECT count(*) FROM cooldown)"
			" + (SELECT count(*) FROM state)");
}

static void a_read_is_no_hit(void **state)
{
	struct bench b = bench_of(state);

	assert_true(keep_plate(&b, 1, "ABC123"));
	assert_int_equal(b.got.outcome, KEEP_ACCEPTED);
	assert_false(b.got.hit);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage WHERE hit = 0"), 1);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM outbox"), 0);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM audit"), 0);
}

/* Its read has made room for others, or stayed behind in a damaged database; its hit is still here.
 */
static void a_hit_sent_again_is_a_repeat_without_its_read(void **state)
{
	struct bench b = bench_of(state);

	b.conf.hotlist.cooldown_s = 0;
	assert_true(keep_plate(&b, 1, "WANT01"));
	assert_int_equal(count_of(b.p, "DELETE FROM passage"), -1);
	assert_true(keep_plate(&b, 1, "WANT01"));
	assert_int_equal(b.got.outcome, KEEP_REPEAT);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM outbox"), 1);
}

static void a_hit_comes_with_all_that_belongs_to_it(void **state)
{
	struct bench b = bench_of(state);

	assert_true(keep_plate(&b, 1, "WANT01"));
	assert_true(b.got.hit);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage WHERE hit = 1"), 1);
	assert_int_equal(count_of(b.p, CROPS), 2);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM picture"), 2);
	assert_int_equal(count_of(b.p,
				  "SELECT count(*) FROM outbox JOIN passage USING(passage_id)"
				  " WHERE grade = 'EXACT' AND category = 'V' AND list_version = 7"
				  " AND size + 28 = length(outbox.sealed) AND body IS NULL"),
			 1);
	assert_non_null(
	    strstr(opened(b.p, SEAL_HIT, "SELECT period, passage_id, sealed FROM outbox"),
		   "\"id\":\"01000000000000000000000000000001\""));
	assert_int_equal(
	    count_of(b.p,
		     "SELECT count(*) FROM audit WHERE what = 'hit'"
		     " AND json_extract(detail, '$.category') = 'V' AND detail NOT LIKE '%WANT%'"),
	    1);
	assert_int_equal(count_of(b.p, "SELECT value FROM state WHERE name = 'hits'"), 1);
}

/* Whichever part cannot be written: none of it is. */
static void all_or_nothing(void **state)
{
	static const char *const tables[] = {"passage", "picture",  "outbox",
					     "audit",	"cooldown", "state"};
	struct bench b = bench_of(state);
	char sql[200];

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		(void)snprintf(sql, sizeof sql,
			       "CREATE TEMP TRIGGER t BEFORE INSERT ON main.%s BEGIN SELECT "
			       "raise(ABORT, 'no'); END",
			       tables[i]);
		assert_int_equal(sqlite3_exec(db_handle(b.p->db), sql, NULL, NULL, NULL),
				 SQLITE_OK);
		assert_false(keep_plate(&b, 1, "WANT01"));
		assert_int_equal(
		    sqlite3_exec(db_handle(b.p->db), "DROP TRIGGER t", NULL, NULL, NULL),
		    SQLITE_OK);
		assert_int_equal(rows(&b), 0);
	}
	assert_true(keep_plate(&b, 1, "WANT01"));
	assert_true(b.got.hit);
}

static void a_repeat_is_harmless(void **state)
{
	struct bench b = bench_of(state);
	int64_t before;

	assert_true(keep_plate(&b, 1, "WANT01"));
	before = rows(&b);
	for (int i = 0; i < 3; i++) {
		assert_true(keep_plate(&b, 1, "WANT01"));
		assert_int_equal(b.got.outcome, KEEP_REPEAT);
		assert_false(b.got.hit);
	}
	assert_int_equal(rows(&b), before);
	assert_int_equal(count_of(b.p, "SELECT value FROM state WHERE name = 'passages'"), 1);
}

static void a_poor_read_is_kept_and_never_matched(void **state)
{
	struct bench b = bench_of(state);
	struct wire_passage m = passage_of(1, "WANT01");

	m.low_quality = 1;
	assert_true(keep(&b, &m));
	assert_false(b.got.hit);
	assert_int_equal(
	    count_of(b.p, "SELECT count(*) FROM passage WHERE low_quality = 1 AND hit = 0"), 1);
}

static void without_a_list_or_with_a_stale_one_nothing_rings(void **state)
{
	struct bench b = bench_of(state);
	struct bundle *had = list;

	b.when.valid_ns = T0 + 2 * NS_PER_DAY;
	assert_true(keep_plate(&b, 1, "WANT01"));
	assert_false(b.got.hit);
	b.when.valid_ns = NOW;
	list = NULL;
	assert_true(keep_plate(&b, 2, "WANT01"));
	assert_false(b.got.hit);
	list = had;
	assert_true(keep_plate(&b, 3, "WANT01"));
	assert_true(b.got.hit);
}

static struct wire_passage seen_at(uint64_t n, const char *plate, const char *jurisdiction,
				   int64_t s)
{
	struct wire_passage m = passage_of(n, plate);

	m.first_ns = m.last_ns = m.best_ns = T0 + s * NS_PER_S;
	(void)snprintf(m.read.jurisdiction, sizeof m.read.jurisdiction, "%s", jurisdiction);
	return m;
}

static void rings(struct bench *b, const struct wire_passage *m, bool expected)
{
	assert_true(keep(b, m));
	assert_int_equal(b->got.outcome, KEEP_ACCEPTED);
	assert_int_equal(b->got.hit, expected);
}

static void a_car_that_stays_rings_once(void **state)
{
	struct bench b = bench_of(state);
	struct wire_passage m;
	uint64_t n = 1;

	for (int64_t s = 0; s <= 3000; s += 250) {
		m = seen_at(n++, "WANT01", "MO", s);
		rings(&b, &m, s == 0);
	}
	/* A restart forgets nothing. */
	place_close(b.p);
	place_open(b.p);
	m = seen_at(n++, "WANT01", "MO", 3200);
	rings(&b, &m, false);
	/* Another wanted car, the same plate from elsewhere unknown, and the same car when it has
	 * been gone. */
	m = seen_at(n++, "WANT02", "MO", 3201);
	rings(&b, &m, true);
	m = seen_at(n++, "WANT01", "", 3202);
	rings(&b, &m, true);
	m = seen_at(n++, "WANT01", "MO", 3200 + 300);
	rings(&b, &m, true);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage WHERE hit = 2"), 13);
	assert_int_equal(
	    count_of(b.p, "SELECT value FROM state WHERE name = 'hits_suppressed_cooldown'"), 13);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM outbox"), 4);
	/* Pictures of the scene go with hits only. */
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM picture WHERE id % 4 >= 2"), 8);
	/* No plate is kept in it. */
	assert_int_equal(
	    count_of(b.p, "SELECT count(*) FROM cooldown WHERE instr(key, CAST('WANT' AS BLOB))"),
	    0);
}

static void no_cooldown_rings_always(void **state)
{
	struct bench b = bench_of(state);

	b.conf.hotlist.cooldown_s = 0;
	for (uint64_t i = 1; i < 5; i++) {
		assert_true(keep_plate(&b, i, "WANT01"));
		assert_true(b.got.hit);
	}
}

static int64_t counted(struct bench *b, const char *name)
{
	int64_t n;

	assert_true(db_state_get(b->p->db, name, &n, &b->p->why));
	return n;
}

static void hits_are_counted_by_category_and_grade(void **state)
{
	struct bench b = bench_of(state);
	struct wire_passage m = seen_at(1, "WANT01", "MO", 1);

	b.conf.hotlist.cooldown_s = 0;
	rings(&b, &m, true);
	assert_true(keep(&b, &m)); /* a repeat: harmless, and not counted */
	m = seen_at(2, "WANT01", "", 2);
	rings(&b, &m, true);
	m = seen_at(3, "WANT02", "MO", 3);
	rings(&b, &m, true);
	m = seen_at(4, "WANT02", "MO", 4);
	rings(&b, &m, true);
	assert_int_equal(counted(&b, "hits"), 4);
	assert_int_equal(counted(&b, "hits_v_exact"), 1);
	assert_int_equal(counted(&b, "hits_v_jurisdiction_unknown"), 1);
	assert_int_equal(counted(&b, "hits_f_exact"), 2);
	assert_int_equal(
	    count_of(b.p, "SELECT sum(value) FROM state WHERE name GLOB 'hits_[fvpm]_*'"), 4);
}

/* By the policy they do not alert: that there was one is counted, and nothing else is kept of it.
 */
static void a_look_alike_is_counted_and_silent(void **state)
{
	struct bench b = bench_of(state);
	struct wire_passage m;
	const char *const read[] = {"WANT0I", "WANTOI", "ABC123"};

	for (uint64_t i = 0; i < 3; i++) {
		assert_true(keep_plate(&b, i + 1, read[i]));
		assert_false(b.got.hit);
		assert_int_equal(b.got.outcome, KEEP_ACCEPTED);
	}
	assert_int_equal(counted(&b, "lookalikes_suppressed"), 2);
	/* One that is too poor is not even looked up. */
	m = passage_of(9, "WANT0I");
	m.low_quality = 1;
	assert_true(keep(&b, &m));
	assert_int_equal(counted(&b, "lookalikes_suppressed"), 2);
	assert_int_equal(counted(&b, "hits"), 0);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM audit"), 0);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM outbox"), 0);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage WHERE hit = 0"), 4);
}

/* What is counted is counted with what it counts, or not at all; and on few pages of the database.
 */
static void counting_takes_few_pages(void **state)
{
	struct bench b = bench_of(state);
	char name[COUNTERS_NAME_SIZE];

	for (size_t i = 0; counters_names[i]; i++)
		assert_true(db_state_add(b.p->db, counters_names[i], INT64_MAX / 2, &b.p->why));
	for (const char *c = "M"; *c; c++)
		for (int g = GRADE_EXACT; g <= GRADE_LOOKALIKE; g++)
			assert_true(db_state_add(
			    b.p->db, counters_hit(*c, match_grade_name((enum match_grade)g), name),
			    INT64_MAX / 2, &b.p->why));
	assert_in_range(count_of(b.p, "SELECT count(*) FROM dbstat WHERE name = 'state'"
				      " AND pagetype = 'leaf'"),
			1, 2);
}

/* --- several at once -----------------------------------------------------------------------------
 */

static bool keep_all(struct bench *b, const struct wire_passage m[], size_t n,
		     struct keep_result out[])
{
	struct intake in[4] = {0};

	for (size_t i = 0; i < n; i++) {
		in[i].p = m[i];
		for (size_t k = 0; k < WIRE_PICTURES; k++)
			in[i].pictures[k] = (struct ring_picture){jpeg, sizeof jpeg};
	}
	b->k = (struct keep){b->p->db, &b->conf, list, NULL, &b->space, &b->p->keys};
	return keep_together(&b->k, in, n, &b->when, out, &b->p->why);
}

static void what_comes_together_is_committed_together(void **state)
{
	struct bench b = bench_of(state);
	struct wire_passage m[4] = {passage_of(1, "ABC123"), passage_of(2, "WANT01"),
				    passage_of(1, "ABC123"), passage_of(3, "WANT01")};
	struct keep_result out[4];
	int64_t before;

	assert_true(keep_all(&b, m, 4, out));
	assert_int_equal(out[0].outcome, KEEP_ACCEPTED);
	assert_int_equal(out[1].outcome, KEEP_ACCEPTED);
	assert_int_equal(out[2].outcome, KEEP_REPEAT);
	assert_int_equal(out[3].outcome, KEEP_ACCEPTED);
	/* The same car: it rings once. */
	assert_true(out[1].hit && !out[0].hit && !out[3].hit);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage"), 3);
	assert_int_equal(count_of(b.p, CROPS), 6);
	assert_int_equal(counted(&b, "passages"), 3);
	assert_int_equal(counted(&b, "hits_suppressed_cooldown"), 1);
	before = rows(&b);
	assert_true(keep_all(&b, m, 4, out));
	for (int i = 0; i < 4; i++)
		assert_int_equal(out[i].outcome, KEEP_REPEAT);
	assert_int_equal(rows(&b), before);
}

/* The last of them cannot be written: none is, and each is new when it comes alone. */
static void together_all_or_nothing(void **state)
{
	struct bench b = bench_of(state);
	struct wire_passage m[3] = {passage_of(1, "ABC123"), passage_of(2, "ABC124"),
				    passage_of(3, "WANT01")};
	struct keep_result out[3];

	assert_int_equal(sqlite3_exec(db_handle(b.p->db),
				      "CREATE TEMP TRIGGER t BEFORE INSERT ON main.outbox BEGIN"
				      " SELECT raise(ABORT, 'no'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_false(keep_all(&b, m, 3, out));
	assert_int_equal(rows(&b), 0);
	assert_true(keep(&b, &m[0]));
	assert_int_equal(b.got.outcome, KEEP_ACCEPTED);
	assert_false(keep(&b, &m[2]));
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage"), 1);
}

/* --- a full disk ---------------------------------------------------------------------------------
 */

/* A database that may not grow is what a full disk is to SQLite. */
static void full_from_here(struct bench *b, int64_t more_pages)
{
	char sql[80];

	(void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %" PRId64,
		       count_of(b->p, "PRAGMA page_count") + more_pages);
	assert_int_equal(sqlite3_exec(db_handle(b->p->db), sql, NULL, NULL, NULL), SQLITE_OK);
}

static void the_oldest_make_room_on_a_full_disk(void **state)
{
	struct bench b = bench_of(state);

	place_hasty(b.p);
	for (uint64_t i = 1; i <= 100; i++)
		assert_true(keep_plate(&b, i, "ABC123"));
	full_from_here(&b, 0);
	for (uint64_t i = 101; i <= 300; i++) {
		assert_true(keep_plate(&b, i, i % 50 ? "ABC123" : "WANT01"));
		assert_int_equal(b.got.outcome, KEEP_ACCEPTED);
		assert_false(b.got.without_crops);
	}
	assert_int_equal(
	    count_of(b.p, "SELECT count(*) FROM passage WHERE best_ns = 1800000000000000300"), 1);
	assert_true(count_of(b.p, "SELECT count(*) FROM passage") > 50);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM outbox"),
			 1); /* the same car each time */
}

static void then_crops_go_and_a_hit_is_taken(void **state)
{
	struct bench b = bench_of(state);

	/* Nothing to purge, room for a row but not for pictures. */
	full_from_here(&b, 1);
	assert_true(keep_plate(&b, 1, "ABC123"));
	assert_int_equal(b.got.outcome, KEEP_ACCEPTED);
	assert_true(b.got.without_crops);
	assert_int_equal(count_of(b.p, CROPS), 0);
	/* A hit may have what the ring is held back from. */
	assert_true(keep_plate(&b, 2, "WANT01"));
	assert_int_equal(b.got.outcome, KEEP_ACCEPTED);
	assert_true(b.got.hit);
	assert_int_equal(
	    count_of(b.p, "SELECT count(*) FROM outbox WHERE length(sealed) = size + 28"), 1);
}

/* Not one byte more can be written, not even to delete: the system says EFBIG as it would say
 * ENOSPC. */
static void then_reads_go_and_a_hit_still_waits(void **state)
{
	struct bench b = bench_of(state);
	struct rlimit had, none;
	bool done;

	assert_true(keep_plate(&b, 1, "ABC123"));
	assert_true(db_checkpoint(b.p->db, &done, &b.p->why));
	assert_true(done);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &had), 0);
	none = had;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(keep_plate(&b, 2, "ABC123"));
	assert_int_equal(b.got.outcome, KEEP_DROPPED);
	assert_true(keep_plate(&b, 3, "WANT01"));
	assert_int_equal(b.got.outcome, KEEP_WAITS);
	assert_true(b.got.made_room);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &had), 0);
	assert_true(keep_plate(&b, 3, "WANT01"));
	assert_true(b.got.hit);
	assert_int_equal(count_of(b.p, "SELECT count(*) FROM passage"), 2);
}

static void a_reserve_is_set_aside_and_given_up(void **state)
{
	struct bench b = bench_of(state);

	assert_true(b.space.there);
	assert_int_equal(bytes_of(b.p, "reserve"), b.space.bytes);
	assert_in_range(b.space.bytes, 256 << 10, 8 << 20);
	assert_true(space_give_up(&b.space));
	assert_false(space_give_up(&b.space));
	assert_int_equal(bytes_of(b.p, "reserve"), -1);
	space_restore(&b.space, INT64_MAX / 2);
	assert_false(b.space.there);
	space_restore(&b.space, 0);
	assert_true(b.space.there);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    T(a_read_is_no_hit),
	    T(a_hit_sent_again_is_a_repeat_without_its_read),
	    T(a_hit_comes_with_all_that_belongs_to_it),
	    T(all_or_nothing),
	    T(a_repeat_is_harmless),
	    T(a_poor_read_is_kept_and_never_matched),
	    T(without_a_list_or_with_a_stale_one_nothing_rings),
	    T(a_car_that_stays_rings_once),
	    T(no_cooldown_rings_always),
	    T(hits_are_counted_by_category_and_grade),
	    T(a_look_alike_is_counted_and_silent),
	    T(counting_takes_few_pages),
	    T(what_comes_together_is_committed_together),
	    T(together_all_or_nothing),
	    T(the_oldest_make_room_on_a_full_disk),
	    T(then_crops_go_and_a_hit_is_taken),
	    T(then_reads_go_and_a_hit_still_waits),
	    T(a_reserve_is_set_aside_and_given_up),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
