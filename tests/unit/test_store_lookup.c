/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/lookup.h"
#include "firmware/store/ring.h"
#include "firmware/store/upkeep.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)
#define BEGIN  (T0 - T0 % HOUR)

/* Kept at ring time kept_ns; the box's clock showed best_ns. */
static void put_seen(struct place *p, uint64_t n, const char *plate, int64_t kept_ns,
		     int64_t best_ns)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct wire_passage m = passage_of(n, plate);
	struct ring_passage r = {
	    .p = &m, .key = key_at(p, kept_ns), .kept_ns = kept_ns, .stored_ns = best_ns};

	m.best_ns = best_ns;
	assert_true(db_begin(p->db, &tx, &p->why) && ring_insert(p->db, &r, &p->why) &&
		    db_commit(&tx, &p->why));
}

static void put(struct place *p, uint64_t n, const char *plate, int64_t kept_ns)
{
	put_seen(p, n, plate, kept_ns, kept_ns);
}

static void settle(struct place *p)
{
	struct spans spans = {0};
	bool more = true;

	while (more)
		assert_true(spans_settle(&spans, p->db, &p->keys, &more, &p->why));
}

/* The rows found, as text: they count up from 1 as they are put. */
static const char *look(struct place *p, const struct lookup_want *w)
{
	static char out[400];
	struct lookup l;
	bool done = false;
	size_t len = 0;

	lookup_begin(&l, w);
	while (!done)
		assert_true(lookup_step(&l, p->db, &p->keys, &done, &p->why));
	out[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		len += (size_t)snprintf(out + len, sizeof out - len, "%s%" PRId64, i ? " " : "",
					l.rows[i]);
	lookup_end(&l);
	return out;
}

static const char *by_plate(struct place *p, const char *plate)
{
	struct lookup_want w = {.floor_ns = INT64_MIN};

	(void)snprintf(w.plate, sizeof w.plate, "%s", plate);
	return look(p, &w);
}

static const char *by_window(struct place *p, int64_t from_ns, int64_t to_ns)
{
	return look(p,
		    &(struct lookup_want){
			.window = true, .from_ns = from_ns, .to_ns = to_ns, .floor_ns = INT64_MIN});
}

static void an_exact_plate_in_every_hour(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 10; i++) {
		put(p, (uint64_t)(2 * i), i % 3 ? "ABC123" : "AB0123", BEGIN + i * HOUR);
		put(p, (uint64_t)(2 * i + 1), "", BEGIN + i * HOUR + MINUTE);
	}
	assert_string_equal(by_plate(p, "AB0123"), "1 7 13 19");
	assert_string_equal(by_plate(p, "ABO123"), "1 7 13 19"); /* as matching folds it */
	assert_string_equal(by_plate(p, "AB0124"), "");
	assert_string_equal(by_plate(p, "AB012"), "");
	settle(p);
	assert_string_equal(by_plate(p, "AB0123"), "1 7 13 19");
}

/* Exact is what was read: not one of its alternatives, and nothing that looks like it. */
static void an_alternative_is_not_the_plate(void **state)
{
	struct place *p = *state;
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct wire_passage m = passage_of(1, "ABC128");
	struct ring_passage r = {.p = &m, .key = key_at(p, T0), .kept_ns = T0, .stored_ns = T0};

	m.read.n_alternatives = 2;
	(void)snprintf(m.read.alternatives[1].text, PLATE_TEXT_SIZE, "ABC12B");
	assert_true(db_begin(p->db, &tx, &p->why) && ring_insert(p->db, &r, &p->why) &&
		    db_commit(&tx, &p->why));
	assert_string_equal(by_plate(p, "ABC12B"), "");
	assert_string_equal(by_plate(p, "ABC128"), "1");
}

static void a_plate_and_a_window(void **state)
{
	struct place *p = *state;
	struct lookup_want w = {.plate = "ABC123",
				.window = true,
				.from_ns = BEGIN + HOUR,
				.to_ns = BEGIN + 3 * HOUR,
				.floor_ns = INT64_MIN};

	for (int i = 0; i < 5; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * HOUR);
	assert_string_equal(look(p, &w), "2 3");
}

static void a_window_has_its_beginning_and_not_its_end(void **state)
{
	struct place *p = *state;

	assert_string_equal(by_window(p, 0, INT64_MAX), "");
	for (int i = 0; i < 12; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * 10 * MINUTE);
	for (int settled = 0; settled < 2; settled++) {
		assert_string_equal(by_window(p, BEGIN + 50 * MINUTE, BEGIN + 80 * MINUTE),
				    "6 7 8");
		assert_string_equal(by_window(p, BEGIN + 50 * MINUTE, BEGIN + 50 * MINUTE), "");
		assert_string_equal(by_window(p, BEGIN - HOUR, BEGIN), "");
		assert_string_equal(by_window(p, BEGIN + 120 * MINUTE, BEGIN + 180 * MINUTE), "");
		assert_string_equal(by_window(p, BEGIN + 110 * MINUTE, INT64_MAX), "12");
		assert_string_equal(by_window(p, INT64_MIN, BEGIN + 1), "1");
		settle(p);
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM span"), 1);
}

/* Rows of a period longer than one step looks at. */
static void a_long_period(void **state)
{
	struct place *p = *state;

	place_hasty(p);
	for (int i = 0; i < 1700; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * NS_PER_S);
	assert_string_equal(by_window(p, BEGIN + 1600 * NS_PER_S, BEGIN + 1602 * NS_PER_S),
			    "1601 1602");
	put(p, 2000, "ABC123", BEGIN + HOUR);
	settle(p);
	assert_string_equal(by_window(p, BEGIN + 1600 * NS_PER_S, BEGIN + 1602 * NS_PER_S),
			    "1601 1602");
}

/* Ring time goes on; the box's clock is set back by a day, forward by a year, to 1970, and right
 * again, within hours and across them. No read is lost, by whichever time it is asked for. */
static void no_read_is_lost_to_a_clock_that_jumps(void **state)
{
	const int64_t day = NS_PER_DAY, year = 365 * NS_PER_DAY, s = 10 * MINUTE;
	const int64_t wrong[] = {0, 0, -day, -day, 0, year, year, year, 0, -T0, -T0, 0};
	struct place *p = *state;
	char one[8];

	for (int i = 0; i < 12; i++)
		put_seen(p, (uint64_t)i, "ABC123", BEGIN + i * s, BEGIN + i * s + wrong[i]);
	put(p, 20, "ABC123", BEGIN + 5 * HOUR);
	for (int settled = 0; settled < 2; settled++) {
		for (int i = 0; i < 12; i++) {
			int64_t shown = BEGIN + i * s + wrong[i];

			(void)snprintf(one, sizeof one, "%d", i + 1);
			assert_string_equal(by_window(p, shown, shown + 1), one);
			/* And by the time that it must have been. */
			assert_string_equal(by_window(p, BEGIN + i * s, BEGIN + i * s + 1), one);
		}
		assert_string_equal(by_window(p, BEGIN, BEGIN + HOUR), "1 2 3 4 5 6");
		assert_string_equal(by_window(p, BEGIN - day, BEGIN - day + HOUR), "3 4");
		settle(p);
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM span"), 2);
}

/* A ring that was made before the clock was set: its time lies decades behind, always. */
static void ring_time_may_lie_elsewhere(void **state)
{
	const int64_t off = 50 * 365 * NS_PER_DAY;
	struct place *p = *state;
	struct lookup_want w = {.window = true,
				.from_ns = BEGIN + off,
				.to_ns = BEGIN + off + HOUR,
				.floor_ns = INT64_MIN,
				.offset_ns = off};

	for (int i = 0; i < 12; i++)
		put_seen(p, (uint64_t)i, "ABC123", BEGIN + i * 10 * MINUTE,
			 BEGIN + i * 10 * MINUTE + off);
	assert_string_equal(look(p, &w), "1 2 3 4 5 6");
	/* One is far enough off to be doubted, the other is not. */
	put_seen(p, 30, "ABC123", BEGIN + 2 * HOUR + MINUTE, BEGIN + 2 * HOUR + off - 8 * MINUTE);
	put_seen(p, 31, "ABC123", BEGIN + 2 * HOUR + MINUTE, BEGIN + 2 * HOUR + off - 11 * MINUTE);
	w.from_ns = BEGIN + off + 2 * HOUR;
	w.to_ns = w.from_ns + HOUR;
	assert_string_equal(look(p, &w), "14");
}

static void what_is_past_retention_is_not_found(void **state)
{
	struct place *p = *state;
	struct lookup_want w = {.plate = "ABC123"};

	for (int i = 0; i < 6; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * HOUR + MINUTE);
	/* None is purged yet. */
	w.floor_ns = period_due(BEGIN + 2 * HOUR + 90 * NS_PER_DAY, 90 * NS_PER_DAY);
	assert_string_equal(look(p, &w), "4 5 6");
	w = (struct lookup_want){
	    .window = true, .from_ns = BEGIN, .to_ns = INT64_MAX, .floor_ns = w.floor_ns};
	assert_string_equal(look(p, &w), "4 5 6");
	settle(p);
	assert_string_equal(look(p, &w), "4 5 6");
	w.floor_ns = BEGIN + 7 * HOUR;
	assert_string_equal(look(p, &w), "");
}

static void what_has_no_key_is_not_found(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 4; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * HOUR);
	settle(p);
	assert_true(periods_destroy(&p->keys, p->db, BEGIN + 2 * HOUR, T0, &p->why));
	assert_string_equal(by_plate(p, "ABC123"), "3 4");
	assert_string_equal(by_window(p, BEGIN, BEGIN + 9 * HOUR), "3 4");
	/* Their spans go with the next that is settled. */
	assert_int_equal(count_of(p, "SELECT count(*) FROM span"), 3);
	put(p, 9, "ABC123", BEGIN + 4 * HOUR);
	settle(p);
	assert_int_equal(count_of(p, "SELECT count(*) FROM span"), 2);
	assert_string_equal(by_window(p, BEGIN, BEGIN + 9 * HOUR), "3 4 5");
}

/* Between two steps the oldest hours are purged: nothing of it is found twice or takes another's
 * place. */
static void a_purge_between_two_steps(void **state)
{
	struct place *p = *state;
	struct lookup_want w = {.window = true, .to_ns = INT64_MAX, .floor_ns = INT64_MIN};
	struct ring_limits limits = {3 * HOUR, INT64_MAX, 0};
	struct ring_purged purged;
	struct lookup l;
	bool done = false;

	for (int i = 0; i < 6; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * HOUR);
	lookup_begin(&l, &w);
	assert_true(lookup_step(&l, p->db, &p->keys, &done, &p->why)); /* enters the first */
	assert_true(ring_purge(p->db, &limits, BEGIN + 5 * HOUR, 64, &purged, &p->why));
	assert_int_equal(purged.passages, 3);
	assert_true(periods_destroy(&p->keys, p->db, BEGIN + 3 * HOUR, T0, &p->why));
	while (!done)
		assert_true(lookup_step(&l, p->db, &p->keys, &done, &p->why));
	assert_int_equal(l.n, 3);
	assert_int_equal(l.rows[0], 4);
	assert_int_equal(l.rows[2], 6);
	lookup_end(&l);
}

/* The store itself settles them, also those of a database that had none. */
static void upkeep_settles(void **state)
{
	struct place *p = *state;
	struct upkeep u = {
	    .limits = {90 * NS_PER_DAY, INT64_MAX, 0}, .folder = p->folder, .keys = &p->keys};
	struct elapsed c = {.k = {.ring_ns = BEGIN + 6 * HOUR, .wall_ns = BEGIN + 6 * HOUR}};

	for (int i = 0; i < 6; i++)
		put(p, (uint64_t)i, "ABC123", BEGIN + i * HOUR);
	do
		assert_true(upkeep_step(&u, p->db, &c, T0, &p->why));
	while (u.more);
	assert_int_equal(count_of(p, "SELECT count(*) FROM span"), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_exact_plate_in_every_hour, place_make, place_end),
	    cmocka_unit_test_setup_teardown(an_alternative_is_not_the_plate, place_make, place_end),
	    cmocka_unit_test_setup_teardown(a_plate_and_a_window, place_make, place_end),
	    cmocka_unit_test_setup_teardown(a_window_has_its_beginning_and_not_its_end, place_make,
					    place_end),
	    cmocka_unit_test_setup_teardown(a_long_period, place_make, place_end),
	    cmocka_unit_test_setup_teardown(no_read_is_lost_to_a_clock_that_jumps, place_make,
					    place_end),
	    cmocka_unit_test_setup_teardown(ring_time_may_lie_elsewhere, place_make, place_end),
	    cmocka_unit_test_setup_teardown(what_is_past_retention_is_not_found, place_make,
					    place_end),
	    cmocka_unit_test_setup_teardown(what_has_no_key_is_not_found, place_make, place_end),
	    cmocka_unit_test_setup_teardown(a_purge_between_two_steps, place_make, place_end),
	    cmocka_unit_test_setup_teardown(upkeep_settles, place_make, place_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
