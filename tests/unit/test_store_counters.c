/* SPDX-License-Identifier: Apache-2.0 */
/* Months of the annual report: on a clock that is right, wrong, put forward and back, and with the
 * power off. */
#include "tests/unit/store_help.h"

#include "firmware/store/audit.h"
#include "firmware/store/counters.h"
#include "firmware/store/upkeep.h"

#include <time.h>

#define DAY   NS_PER_DAY
#define HOUR  (3600 * NS_PER_S)
#define Y2099 (INT64_C(4070908800) * NS_PER_S)

struct life {
	struct place *p;
	struct elapsed clock;
	struct counters c;
	struct counters_live live;
	struct crypt_key *key;
	int64_t mono;
};

static int64_t utc(int year, int month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

	return (int64_t)timegm(&tm) * NS_PER_S;
}

static void tick(struct life *l, bool last)
{
	const struct counters_now now = {.clock = &l->clock,
					 .mono_ns = l->mono,
					 .site = "pole 7",
					 .key = l->key,
					 .live = l->live,
					 .last = last};

	if (!counters_tick(&l->c, l->p->db, &now, &l->p->why))
		fail_msg("%s", l->p->why.text);
}

/* The machine starts at such a wall time: nothing of the process, and all of the database. */
static void start(struct life *l, int64_t wall)
{
	struct elapsed_kept kept;

	l->c = (struct counters){0};
	l->live = (struct counters_live){0};
	l->mono = 5 * NS_PER_S;
	assert_true(upkeep_load_clock(l->p->db, &kept, &l->p->why));
	elapsed_start(&l->clock, &kept, 0, kept.boot + 1, wall, l->mono);
	tick(l, false);
}

/* The process ends as it should, and the power goes. */
static void stop(struct life *l)
{
	tick(l, true);
	assert_true(upkeep_save_clock(l->p->db, &l->clock.k, &l->p->why));
	place_close(l->p);
	place_open(l->p);
	place_hasty(l->p);
}

/* Time passes in steps of an hour, from this wall time on. */
static void pass_at(struct life *l, int64_t by, int64_t wall)
{
	for (int64_t step; by > 0; by -= step) {
		step = by < HOUR ? by : HOUR;
		l->mono += step;
		wall += step;
		elapsed_tick(&l->clock, wall, l->mono);
		tick(l, false);
	}
}

static void pass(struct life *l, int64_t by)
{
	pass_at(l, by, l->clock.k.wall_ns);
}

static void count(struct life *l, const char *name, int64_t n)
{
	assert_true(db_state_add(l->p->db, name, n, &l->p->why));
}

static struct life born(void **state, int64_t wall)
{
	struct life l = {.p = *state};

	place_hasty(l.p);
	assert_true(crypt_key_generate(&l.key, &l.p->why));
	start(&l, wall);
	return l;
}

static void end(struct life *l)
{
	crypt_key_free(l->key);
}

/* Number n of the statements: every one is signed and names the one before. */
static struct counters_row row_of(struct life *l, int64_t n)
{
	struct counters_row row, prior;
	uint8_t digest[CRYPT_SHA256_SIZE];
	char text[STATEMENT_TEXT_SIZE];
	bool found;

	assert_true(counters_next(l->p->db, n - 1, &row, &found, &l->p->why));
	assert_true(found);
	assert_int_equal(row.s.n, n);
	assert_true(statement_text(&row.s, text, &l->p->why));
	assert_true(
	    crypt_verify(l->key, text, strlen(text), row.signature, row.signature_len, &l->p->why));
	if (n > 1) {
		assert_true(counters_next(l->p->db, n - 2, &prior, &found, &l->p->why));
		assert_true(statement_digest(&prior.s, digest, &l->p->why));
		assert_memory_equal(row.s.previous, digest, sizeof digest);
	}
	return row;
}

/* Statement n: its month, its notes, and what it says that was counted in it. */
static void states(struct life *l, int64_t n, int32_t month, const char *notes, const char *name,
		   int64_t counted)
{
	struct counters_row row = row_of(l, n), prior = {0};
	int64_t had = 0;

	if (n > 1)
		prior = row_of(l, n - 1);
	if (n > 1 && statement_figure(&prior.s, name) > 0)
		had = statement_figure(&prior.s, name);
	assert_int_equal(row.s.month, month);
	assert_string_equal(row.s.notes, notes);
	assert_int_equal(statement_figure(&row.s, name) - had, counted);
}

static int64_t statements(struct life *l)
{
	return count_of(l->p, "SELECT count(*) FROM counters");
}

#define MONTH(year, month) ((year)*12 + (month)-1)

/* --- the calendar --------------------------------------------------------------------------------
 */

static void months_are_those_of_utc(void **state)
{
	char time[STATEMENT_TIME_SIZE];

	(void)state;
	assert_int_equal(statement_month(0), MONTH(1970, 1));
	assert_int_equal(statement_month(utc(2027, 3, 1) - 1), MONTH(2027, 2));
	assert_int_equal(statement_month(utc(2027, 3, 1)), MONTH(2027, 3));
	assert_int_equal(statement_month(utc(2028, 2, 29)), MONTH(2028, 2));
	assert_int_equal(statement_month(utc(2028, 3, 1) - 1), MONTH(2028, 2));
	assert_int_equal(statement_month(utc(2028, 1, 1) - 1), MONTH(2027, 12));
	assert_int_equal(statement_month_begin(MONTH(2028, 3)), utc(2028, 3, 1));
	assert_int_equal(statement_month_begin(MONTH(2027, 12) + 1), utc(2028, 1, 1));
	assert_string_equal(statement_time(utc(2028, 2, 29) + 1, time), "2028-02-29T00:00:00Z");
}

static void each_month_has_what_was_counted_in_it(void **state)
{
	struct life l = born(state, utc(2028, 1, 20));

	states(&l, 1, STATEMENT_BEFORE, "", "passages", 0);
	assert_int_equal(count_of(l.p, "SELECT count(*) FROM audit"), 0);
	count(&l, "passages", 5);
	pass(&l, 12 * DAY); /* to the first of February */
	count(&l, "passages", 7);
	pass(&l, 28 * DAY); /* the 29th of a leap year */
	count(&l, "passages", 11);
	assert_int_equal(statements(&l), 3);
	pass(&l, 1 * DAY);
	assert_int_equal(statements(&l), 4);
	states(&l, 2, MONTH(2028, 1), "part", "passages", 5);
	states(&l, 3, MONTH(2028, 2), "", "passages", 18);
	assert_false(row_of(&l, 3).s.open);
	assert_string_equal(row_of(&l, 3).s.from, "2028-02-01T00:00:00Z");
	assert_string_equal(row_of(&l, 3).s.until, "2028-03-01T00:00:00Z");
	assert_string_equal(row_of(&l, 3).s.site, "pole 7");
	assert_true(row_of(&l, 4).s.open);
	states(&l, 3, MONTH(2028, 2), "", "uptime_s", 29 * 86400);
	/* The chain knows the finished months. */
	assert_int_equal(count_of(l.p, "SELECT count(*) FROM audit WHERE what = 'counters' AND who "
				       "= 'store' AND outcome = 'done'"),
			 2);
	assert_int_equal(count_of(l.p, "SELECT json_extract(detail, '$.month') = '2028-02' FROM "
				       "audit WHERE seq = 2"),
			 1);
	end(&l);
}

/* --- a clock that is wrong -----------------------------------------------------------------------
 */

static void a_clock_in_doubt_makes_no_month(void **state)
{
	const int64_t wrong[] = {0, Y2099, utc(2027, 9, 1), INT64_MAX / 2};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct life l;

		if (i > 0) {
			(void)place_end(state);
			(void)place_make(state);
		}
		l = born(state, utc(2027, 1, 31));
		count(&l, "passages", 1);
		pass(&l, HOUR);
		/* It is over, by any clock; but by which? */
		for (int64_t h = 0; h < 48; h++)
			pass_at(&l, HOUR, wrong[i] + (h % 2) * DAY);
		assert_true(l.clock.doubtful);
		count(&l, "passages", 2);
		assert_int_equal(statements(&l), 2);
		pass_at(&l, HOUR, utc(2027, 2, 2) + HOUR);
		assert_false(l.clock.doubtful);
		count(&l, "passages", 4);
		pass(&l, HOUR);
		assert_int_equal(statements(&l), 3);
		states(&l, 2, MONTH(2027, 1), "part clock", "passages", 3);
		states(&l, 3, MONTH(2027, 2), "part", "passages", 4);
		end(&l);
	}
}

static void a_clock_that_is_not_set_begins_none(void **state)
{
	struct life l = born(state, 1000 * NS_PER_S);

	count(&l, "reads", 3);
	pass(&l, 40 * DAY);
	assert_int_equal(statements(&l), 1);
	assert_true(row_of(&l, 1).s.open);
	states(&l, 1, STATEMENT_BEFORE, "clock", "reads", 3);
	pass_at(&l, HOUR, utc(2027, 5, 3));
	states(&l, 1, STATEMENT_BEFORE, "clock", "reads", 3);
	assert_false(row_of(&l, 1).s.open);
	count(&l, "reads", 4);
	stop(&l);
	states(&l, 2, MONTH(2027, 5), "part", "reads", 4);
	end(&l);
}

/* Network time itself was wrong, and put right again: no month is stated twice without saying so,
 * and nothing is counted twice or lost. */
static void a_clock_that_was_wrong_for_long_is_told(void **state)
{
	struct life l = born(state, utc(2027, 3, 10));

	count(&l, "hits", 1);
	elapsed_trust(&l.clock, true);
	pass_at(&l, 25 * HOUR, utc(2027, 9, 1));
	count(&l, "hits", 2);
	pass(&l, HOUR);
	pass_at(&l, 26 * HOUR, utc(2027, 3, 12));
	count(&l, "hits", 4);
	pass(&l, HOUR);
	assert_int_equal(statements(&l), 4);
	states(&l, 2, MONTH(2027, 3), "part", "hits", 1);
	states(&l, 3, MONTH(2027, 9), "part", "hits", 2);
	states(&l, 4, MONTH(2027, 3), "part again", "hits", 4);
	end(&l);
}

/* Nobody vouches for it: it makes no month, however long it stands there. */
static void a_clock_that_nobody_vouches_for_makes_no_month(void **state)
{
	struct life l = born(state, utc(2027, 3, 10));

	count(&l, "hits", 1);
	pass_at(&l, HOUR, Y2099);
	pass(&l, 2 * DAY);
	count(&l, "hits", 2);
	pass_at(&l, HOUR, utc(2027, 3, 13));
	pass(&l, HOUR);
	assert_int_equal(statements(&l), 2);
	states(&l, 2, MONTH(2027, 3), "part clock", "hits", 3);
	end(&l);
}

/* --- the power goes ------------------------------------------------------------------------------
 */

static void a_box_that_was_off_for_two_months_says_until_when_it_counted(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));

	count(&l, "passages", 5);
	pass(&l, 9 * DAY);
	stop(&l);
	start(&l, utc(2027, 4, 5));
	elapsed_trust(&l.clock, true);
	pass_at(&l, NS_PER_S, utc(2027, 4, 5) - NS_PER_S);
	count(&l, "passages", 6);
	pass(&l, DAY);
	assert_int_equal(statements(&l), 3);
	states(&l, 2, MONTH(2027, 1), "part clock", "passages", 5);
	assert_string_equal(row_of(&l, 2).s.until, "2027-01-10T00:00:00Z");
	states(&l, 3, MONTH(2027, 4), "part", "passages", 6);
	assert_string_equal(row_of(&l, 3).s.from, "2027-04-05T00:00:00Z");
	states(&l, 2, MONTH(2027, 1), "part clock", "uptime_s", 9 * 86400 + 1);
	end(&l);
}

static void a_restart_makes_no_month(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));

	for (int i = 0; i < 20; i++) {
		count(&l, "passages", 1);
		l.live.reads_dropped = 2;
		pass(&l, DAY);
		stop(&l);
		start(&l, l.clock.k.wall_ns + 60 * NS_PER_S);
	}
	assert_int_equal(statements(&l), 2);
	pass(&l, 20 * DAY);
	states(&l, 2, MONTH(2027, 1), "", "passages", 20);
	/* What is counted in memory is added up once. */
	states(&l, 2, MONTH(2027, 1), "", "reads_dropped", 40);
	end(&l);
}

/* Killed: what was counted in a transaction is there, of what is counted in memory a minute is not.
 */
static void a_crash_costs_a_minute_of_uptime(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));

	pass(&l, HOUR);
	count(&l, "passages", 3);
	l.mono += 59 * NS_PER_S;
	elapsed_tick(&l.clock, l.clock.k.wall_ns + 59 * NS_PER_S, l.mono);
	tick(&l, false);
	start(&l, l.clock.k.wall_ns);
	pass(&l, HOUR);
	states(&l, 2, MONTH(2027, 1), "", "passages", 3);
	states(&l, 2, MONTH(2027, 1), "", "uptime_s", 7200);
	end(&l);
}

static void without_a_key_it_is_signed_when_there_is_one(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));
	struct crypt_key *had = l.key;

	l.key = NULL;
	pass(&l, 40 * DAY);
	assert_int_equal(count_of(l.p, "SELECT count(*) FROM counters WHERE signature IS NULL"), 2);
	l.key = had;
	pass(&l, 2 * HOUR);
	states(&l, 2, MONTH(2027, 1), "", "uptime_s", 31 * 86400);
	states(&l, 3, MONTH(2027, 2), "", "uptime_s", 9 * 86400 + 7200);
	end(&l);
}

/* --- damage --------------------------------------------------------------------------------------
 */

static void damage(struct place *p, const char *table)
{
	char path[PATH_MAX], sql[96];
	int64_t root;
	bool done;
	FILE *f;

	assert_true(db_checkpoint(p->db, &done, &p->why));
	(void)snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_master WHERE name = '%s'",
		       table);
	root = count_of(p, sql);
	place_close(p);
	path_in(p, DB_FILE, path);
	f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, (long)(root - 1) * 1024, SEEK_SET), 0);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(fputc(0x5a, f), 0x5a);
	assert_int_equal(fclose(f), 0);
	place_open(p);
	assert_string_not_equal(p->how.quarantine, "");
	assert_true(upkeep_take_over(p->db, p->folder, p->how.quarantine, 90 * DAY, T0, &p->why));
	place_hasty(p);
}

static void months_and_figures_outlive_a_damaged_ring(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));

	count(&l, "passages", 5);
	pass(&l, 40 * DAY);
	count(&l, "passages", 6);
	stop(&l);
	count(&l, "passages", 1);
	damage(l.p, "passage");
	start(&l, l.clock.k.wall_ns + HOUR);
	pass(&l, 30 * DAY);
	states(&l, 2, MONTH(2027, 1), "", "passages", 5);
	states(&l, 3, MONTH(2027, 2), "damage", "passages", 7);
	states(&l, 4, MONTH(2027, 3), "", "passages", 0);
	end(&l);
}

/* The counters themselves are lost: they never stand below what was stated of them. */
static void what_was_stated_stands(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));

	count(&l, "passages", 5);
	pass(&l, 40 * DAY);
	count(&l, "passages", 6);
	pass(&l, 2 * HOUR); /* stated hourly */
	count(&l, "passages", 1);
	damage(l.p, "state");
	assert_int_equal(count_of(l.p, "SELECT count(*) FROM state WHERE name = 'passages'"), 0);
	start(&l, l.clock.k.wall_ns);
	count(&l, "passages", 2);
	pass(&l, 30 * DAY);
	states(&l, 3, MONTH(2027, 2), "damage", "passages", 8);
	end(&l);
}

static void statements_that_are_lost_begin_anew(void **state)
{
	struct life l = born(state, utc(2027, 1, 1));

	count(&l, "passages", 5);
	pass(&l, 40 * DAY);
	stop(&l);
	damage(l.p, "counters");
	start(&l, l.clock.k.wall_ns);
	count(&l, "passages", 6);
	stop(&l);
	states(&l, 1, STATEMENT_BEFORE, "damage", "passages", 5);
	states(&l, 2, MONTH(2027, 2), "part", "passages", 6);
	end(&l);
}

/* A bit of them is another: that is no reason to put the reads aside, and the counting goes on. */
static void a_changed_statement_stops_nothing(void **state)
{
	static const char *const changes[] = {
	    "UPDATE counters SET text = replace(text, 'passages', 'Passages')",
	    "UPDATE counters SET text = x'00ff', key = 7, signature = NULL",
	    "UPDATE counters SET month = 4611686018427387904, from_ns = -9223372036854775807",
	    "UPDATE counters SET n = -n",
	    "UPDATE counters SET n = n + 9223372036854775000",
	    "DELETE FROM counters WHERE open = 1",
	    "UPDATE state SET value = -value WHERE name NOT GLOB 'clock_*'"};

	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		struct life l;

		if (i > 0) {
			(void)place_end(state);
			(void)place_make(state);
		}
		l = born(state, utc(2027, 1, 31));
		pass(&l, 2 * DAY);
		(void)sqlite3_exec(db_handle(l.p->db), changes[i], NULL, NULL, NULL);
		pass(&l, HOUR); /* fails the test if it fails */
		stop(&l);
		start(&l, utc(2027, 2, 28));
		elapsed_trust(&l.clock, true);
		pass_at(&l, 2 * DAY, utc(2027, 2, 28));
		assert_int_equal(count_of(l.p, "SELECT count(*) FROM counters WHERE open = 1 AND "
					       "n > 0 AND text LIKE '%month 2027-03%'"),
				 1);
		end(&l);
	}
}

/* --- what an older schema had --------------------------------------------------------------------
 */

static void earlier_hits_are_counted_from_the_chain(void **state)
{
	static const char *const hits[] = {
	    "{\"passage\":\"0\",\"grade\":\"EXACT\",\"category\":\"V\",\"list_version\":1}",
	    "{\"passage\":\"1\",\"grade\":\"EXACT\",\"category\":\"V\",\"list_version\":1}",
	    "{\"passage\":\"2\",\"grade\":\"LOOKALIKE\",\"category\":\"F\",\"list_version\":1}",
	    "not JSON", "{\"grade\":\"'); DROP\",\"category\":\"V\"}"};
	struct place *p = *state;
	struct db_schema old = {db_schema.steps, 4, NULL};
	char path[PATH_MAX];

	place_close(p);
	path_in(p, DB_FILE, path);
	assert_int_equal(remove(path), 0);
	assert_true(db_open(p->folder, &old, T0, &p->db, &p->how, &p->why));
	for (size_t i = 0; i < sizeof hits / sizeof hits[0]; i++)
		assert_true(audit_append(
		    p->db,
		    &(struct audit_record){
			.who = "store", .what = "hit", .outcome = "queued", .detail = hits[i]},
		    T0, &p->why));
	assert_true(audit_append(p->db,
				 &(struct audit_record){.who = "store",
							.what = "purge-keys",
							.outcome = "done",
							.detail = "{\"periods\":24}"},
				 T0, &p->why));
	place_close(p);
	place_open(p);
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'hits_v_exact'"), 2);
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'hits_f_lookalike'"), 1);
	assert_int_equal(count_of(p, "SELECT count(*) FROM state WHERE name LIKE 'hits_%'"), 2);
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'keys_destroyed'"), 24);
}

/* --- the text ------------------------------------------------------------------------------------
 */

static void a_statement_is_written_in_one_way(void **state)
{
	static const char good[] = "alpr-counters-1\nstatement 2\nprevious "
				   "00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
				   "ff\nsite pole 7\nmonth 2027-01\nstate complete\nfrom "
				   "2027-01-01T00:00:00Z\nuntil 2027-02-01T00:00:00Z\nnotes \nhits "
				   "1\npassages 20\n";
	static const char *const changes[][2] = {{"statement 2", "statement 02"},
						 {"statement 2", "statement x"},
						 {"statement 2", "statement -2"},
						 {"previous 0011", "previous 0g11"},
						 {"previous 0011", "previous 11"},
						 {"ddeeff\n", "ddeeFF\n"},
						 {"2027-01\n", "2027-13\n"},
						 {"2027-01\n", "2027-1\n"},
						 {"complete", "done"},
						 {"Z\nuntil", "\nuntil"},
						 {"notes ", "notes A"},
						 {"hits 1", "hits -1"},
						 {"hits 1", "hits 01"},
						 {"hits 1", "hits 9007199254740992"},
						 {"hits 1", "hits 1\nhits 1"},
						 {"hits 1\npassages 20", "passages 20\nhits 1"},
						 {"hits 1", "Hits 1"},
						 {"hits 1", "hits  1"},
						 {"site pole 7\n", ""},
						 {"20\n", "20"},
						 {"20\n", "20\n\n"},
						 {"site pole", "site \x01pole"},
						 {"site pole", "site =pole"},
						 {"alpr-counters-1", "alpr-counters-2"}};
	struct statement s;
	struct err e = {0};
	char text[STATEMENT_TEXT_SIZE];

	(void)state;
	assert_true(statement_parse(good, &s, &e));
	assert_int_equal(s.month, MONTH(2027, 1));
	assert_int_equal(statement_figure(&s, "passages"), 20);
	assert_int_equal(statement_figure(&s, "reads"), -1);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		const char *at = strstr(good, changes[i][0]);

		assert_non_null(at);
		(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, changes[i][1],
			       at + strlen(changes[i][0]));
		if (statement_parse(text, &s, &e))
			fail_msg("%s", text);
		assert_int_equal(e.code, ERR_SIGNATURE);
	}
	assert_false(statement_parse("", &s, &e));
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_false(statement_parse(text, &s, &e));
}

static void a_name_is_made_harmless(void **state)
{
	char out[CONF_STRING_MAX];

	(void)state;
	statement_name("=cmd|' /C calc'!A0", out);
	assert_string_equal(out, "?cmd|' /C calc'!A0");
	statement_name("a\nb\xff", out);
	assert_string_equal(out, "a?b?");
	statement_name("Straße 5, \"Ecke\"", out);
	assert_string_equal(out, "Straße 5, \"Ecke\"");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(months_are_those_of_utc),
	    T(each_month_has_what_was_counted_in_it),
	    T(a_clock_in_doubt_makes_no_month),
	    T(a_clock_that_is_not_set_begins_none),
	    T(a_clock_that_was_wrong_for_long_is_told),
	    T(a_clock_that_nobody_vouches_for_makes_no_month),
	    T(a_box_that_was_off_for_two_months_says_until_when_it_counted),
	    T(a_restart_makes_no_month),
	    T(a_crash_costs_a_minute_of_uptime),
	    T(without_a_key_it_is_signed_when_there_is_one),
	    T(months_and_figures_outlive_a_damaged_ring),
	    T(what_was_stated_stands),
	    T(statements_that_are_lost_begin_anew),
	    T(a_changed_statement_stops_nothing),
	    T(earlier_hits_are_counted_from_the_chain),
	    cmocka_unit_test(a_statement_is_written_in_one_way),
	    cmocka_unit_test(a_name_is_made_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
