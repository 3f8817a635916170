/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/base/gift.h"
#include "firmware/store/audit.h"
#include "firmware/store/outbox.h"
#include "firmware/store/sender.h"

#define MS NS_PER_MS

static void put(struct place *p, uint8_t n)
{
	uint8_t id[WIRE_ID_SIZE] = {n};
	char body[64];
	struct outbox_hit h = {id, T0 + n, T0, "EXACT", 'V', 3, body, 0, key_at(p, T0)};

	h.len = (size_t)snprintf(body, sizeof body, "{\"n\":%u}", n);
	assert_true(outbox_put(p->db, &h, &p->why));
}

static void a_hit_is_there_once(void **state)
{
	struct place *p = *state;
	uint8_t id[WIRE_ID_SIZE] = {1};
	struct outbox_hit h = {id, T0, T0, "EXACT", 'V', 3, "{}", 2, key_at(p, T0)};

	put(p, 1);
	assert_false(outbox_put(p->db, &h, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM outbox"), 1);
}

static void the_newest_comes_first_and_skipped_ones_do_not(void **state)
{
	struct place *p = *state;
	struct outbox_due due;
	bool found;

	for (uint8_t i = 1; i <= 5; i++)
		put(p, i);
	assert_true(outbox_next(p->db, &p->keys, NULL, 0, &due, &found, &p->why));
	assert_true(found);
	assert_int_equal(due.id, 5);
	assert_int_equal(due.size, 7);
	assert_true(outbox_next(p->db, &p->keys, (int64_t[]){5, 3, 4}, 3, &due, &found, &p->why));
	assert_int_equal(due.id, 2);
	assert_true(
	    outbox_next(p->db, &p->keys, (int64_t[]){1, 2, 3, 4, 5}, 5, &due, &found, &p->why));
	assert_false(found);
}

static void an_acknowledged_hit_leaves_its_time_and_no_body(void **state)
{
	struct place *p = *state;
	struct outbox_counts n;
	int64_t latency, median;

	put(p, 1);
	assert_true(outbox_latency(p->db, &median, &p->why));
	assert_int_equal(median, -1);
	assert_true(outbox_end(p->db, 1, OUTBOX_ACKNOWLEDGED, 201, T0 + 250 * MS, T0 + NS_PER_S,
			       &latency, &p->why));
	assert_int_equal(latency, 250 * MS);
	assert_int_equal(
	    count_of(p, "SELECT count(*) FROM outbox WHERE sealed IS NULL AND latency_ms = 250"
			" AND http_status = 201 AND state = 1"),
	    1);
	assert_int_equal(
	    count_of(p, "SELECT count(*) FROM audit WHERE what = 'hit-ended' AND who = 'rtcc'"
			" AND outcome = 'acknowledged'"),
	    1);
	assert_true(outbox_count(p->db, &n, &p->why));
	assert_int_equal(n.pending, 0);
	assert_int_equal(n.acknowledged, 1);
	assert_true(outbox_latency(p->db, &median, &p->why));
	assert_int_equal(median, 250);
	/* A second answer to it is none. */
	assert_false(outbox_end(p->db, 1, OUTBOX_REFUSED, 400, T0, T0, &latency, &p->why));
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
}

static void a_refused_hit_stays_to_be_seen(void **state)
{
	struct place *p = *state;
	struct outbox_counts n;
	struct outbox_due due;
	int64_t latency;
	bool found;
	int fd = -1;

	put(p, 1);
	assert_true(outbox_end(p->db, 1, OUTBOX_REFUSED, 422, T0, T0, &latency, &p->why));
	assert_true(outbox_count(p->db, &n, &p->why));
	assert_int_equal(n.refused, 1);
	assert_int_equal(n.pending, 0);
	assert_int_equal(
	    count_of(p,
		     "SELECT count(*) FROM outbox WHERE sealed IS NOT NULL AND http_status = 422"),
	    1);
	assert_true(outbox_next(p->db, &p->keys, NULL, 0, &due, &found, &p->why));
	assert_false(found);
	assert_false(outbox_gift(p->db, &p->keys, 1, &fd, &p->why));
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
}

static void the_median_is_that_of_the_last(void **state)
{
	struct place *p = *state;
	int64_t latency, median;

	for (uint8_t i = 1; i <= 5; i++) {
		put(p, i);
		assert_true(outbox_end(p->db, i, OUTBOX_ACKNOWLEDGED, 200, T0 + i * i * 100 * MS,
				       T0, &latency, &p->why));
	}
	assert_true(outbox_latency(p->db, &median, &p->why));
	assert_int_equal(median, 900);
}

static void no_row_outlives_the_retention(void **state)
{
	struct place *p = *state;
	int64_t latency, pending;

	for (uint8_t i = 1; i <= 10; i++)
		put(p, i);
	assert_true(outbox_end(p->db, 2, OUTBOX_ACKNOWLEDGED, 200, T0, T0, &latency, &p->why));
	assert_true(outbox_end(p->db, 3, OUTBOX_REFUSED, 400, T0, T0, &latency, &p->why));
	assert_true(outbox_expire(p->db, T0, 64, T0, &pending, &p->why));
	assert_int_equal(pending, 0);
	assert_true(outbox_expire(p->db, T0 + 5, 64, T0, &pending, &p->why));
	assert_int_equal(pending, 3);
	assert_int_equal(count_of(p, "SELECT min(id) FROM outbox"), 6);
	assert_int_equal(count_of(p, "SELECT count(*) FROM outbox"), 5);
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'hits_expired'"), 3);
	assert_int_equal(
	    count_of(p,
		     "SELECT json_extract(detail, '$.hits') FROM audit WHERE outcome = 'expired'"),
	    3);
	/* An id is never used twice: a late answer must not end another hit. */
	assert_true(outbox_expire(p->db, T0 + 100, 64, T0, &pending, &p->why));
	put(p, 50);
	assert_int_equal(count_of(p, "SELECT id FROM outbox"), 11);
}

/* --- the sender ----------------------------------------------------------------------------------
 */

struct uplink {
	int64_t got[64];
	unsigned n;
	enum err_code fails; /* ERR_NONE: takes it */
	char body[64];
};

static bool take(void *arg, const struct wire_hit *m, int fd, struct err *e)
{
	struct uplink *u = arg;
	struct gift g;

	if (u->fails != ERR_NONE)
		return err_set(e, u->fails, "not now");
	assert_true(gift_map(fd, 4096, &g, e));
	assert_int_equal(g.len, m->size);
	memcpy(u->body, g.data, g.len);
	u->body[g.len] = '\0';
	gift_unmap(&g);
	u->got[u->n++] = m->outbox_id;
	return true;
}

static bool answer(struct sender *s, struct place *p, int64_t id, enum wire_outcome outcome,
		   int64_t mono)
{
	struct wire_hit_done m = {
	    .outbox_id = id, .outcome = outcome, .http_status = 200, .ended_ns = T0};
	int64_t latency;

	return sender_answer(s, p->db, &m, T0, mono, &latency, &p->why);
}

static void pump(struct sender *s, struct place *p, struct uplink *u, int64_t mono)
{
	assert_true(sender_pump(s, p->db, &p->keys, mono, take, u, &p->why));
}

static void at_most_four_are_under_way(void **state)
{
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {0};

	for (uint8_t i = 1; i <= 9; i++)
		put(p, i);
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 0); /* nobody is there */
	sender_connected(&s);
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 4);
	assert_int_equal(sender_under_way(&s), 4);
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 4);
	assert_string_equal(u.body, "{\"n\":6}");
	assert_true(answer(&s, p, 8, WIRE_ACKNOWLEDGED, 1));
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 5);
	assert_int_equal(u.got[4], 5);
}

static void a_restarted_uplink_gets_all_again(void **state)
{
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {0};

	for (uint8_t i = 1; i <= 3; i++)
		put(p, i);
	sender_connected(&s);
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 3);
	sender_connected(&s);
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 6);
	assert_int_equal(u.got[3], 3);
}

static void an_answer_nobody_waits_for_is_refused(void **state)
{
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {0};

	put(p, 1);
	sender_connected(&s);
	assert_false(answer(&s, p, 1, WIRE_ACKNOWLEDGED, 1));
	assert_int_equal(p->why.code, ERR_PEER);
	assert_false(answer(&s, p, 0, WIRE_ACKNOWLEDGED, 1));
	pump(&s, p, &u, 1);
	assert_false(answer(&s, p, 1, (enum wire_outcome)9, 1));
	assert_int_equal(p->why.code, ERR_PEER);
	assert_int_equal(sender_under_way(&s), 1);
	assert_true(answer(&s, p, 1, WIRE_ACKNOWLEDGED, 1));
	assert_false(answer(&s, p, 1, WIRE_ACKNOWLEDGED, 1));
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
}

static void what_could_not_be_sent_waits_ever_longer(void **state)
{
	static const int64_t waits_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {0};
	int64_t now = NS_PER_S;

	put(p, 1);
	sender_connected(&s);
	pump(&s, p, &u, now);
	for (unsigned i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
		assert_int_equal(u.n, i + 1);
		assert_true(answer(&s, p, 1, WIRE_LATER, now));
		pump(&s, p, &u, now + waits_ms[i] * MS - 1);
		assert_int_equal(u.n, i + 1);
		now += waits_ms[i] * MS;
		pump(&s, p, &u, now);
	}
	/* Another hit is not held up by it, and an answer clears the slate. */
	assert_true(answer(&s, p, 1, WIRE_LATER, now));
	put(p, 2);
	pump(&s, p, &u, now);
	assert_int_equal(u.got[u.n - 1], 2);
	pump(&s, p, &u, now + 31 * NS_PER_S);
	assert_int_equal(u.got[u.n - 1], 1);
	assert_true(answer(&s, p, 1, WIRE_ACKNOWLEDGED, now));
	assert_int_equal(s.later[0].id, 0);
}

static void many_that_wait_do_not_make_a_busy_loop(void **state)
{
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {0};

	for (uint8_t i = 1; i <= 60; i++)
		put(p, i);
	sender_connected(&s);
	for (int i = 0; i < 200; i++) {
		unsigned before = u.n;

		pump(&s, p, &u, NS_PER_S);
		for (unsigned k = before; k < u.n; k++)
			assert_true(answer(&s, p, u.got[k], WIRE_LATER, NS_PER_S));
		assert_true(u.n <= SENDER_LATER + SENDER_CREDITS);
	}
}

static void a_peer_that_is_gone_or_full_costs_nothing(void **state)
{
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {.fails = ERR_AGAIN};

	put(p, 1);
	sender_connected(&s);
	pump(&s, p, &u, 1);
	assert_int_equal(sender_under_way(&s), 0);
	u.fails = ERR_PEER;
	pump(&s, p, &u, 1);
	assert_int_equal(sender_under_way(&s), 0);
	assert_false(s.connected);
	u.fails = ERR_NONE;
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 0);
	sender_connected(&s);
	pump(&s, p, &u, 1);
	assert_int_equal(u.n, 1);
}

static void an_answer_from_another_time_is_not_believed(void **state)
{
	struct place *p = *state;
	struct sender s = {0};
	struct uplink u = {0};
	struct wire_hit_done m = {.outcome = WIRE_ACKNOWLEDGED, .ended_ns = INT64_MAX};
	int64_t latency;

	for (uint8_t i = 1; i <= 2; i++)
		put(p, i);
	sender_connected(&s);
	pump(&s, p, &u, 1);
	m.outbox_id = 1;
	assert_true(sender_answer(&s, p->db, &m, T0 + NS_PER_S, 1, &latency, &p->why));
	assert_int_equal(latency, NS_PER_S);
	m.outbox_id = 2;
	m.ended_ns = INT64_MIN;
	assert_true(sender_answer(&s, p->db, &m, T0 + NS_PER_S, 1, &latency, &p->why));
	assert_int_equal(latency, NS_PER_S);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, place_make, place_end)
	const struct CMUnitTest tests[] = {
	    T(a_hit_is_there_once),
	    T(the_newest_comes_first_and_skipped_ones_do_not),
	    T(an_acknowledged_hit_leaves_its_time_and_no_body),
	    T(a_refused_hit_stays_to_be_seen),
	    T(the_median_is_that_of_the_last),
	    T(no_row_outlives_the_retention),
	    T(at_most_four_are_under_way),
	    T(a_restarted_uplink_gets_all_again),
	    T(an_answer_nobody_waits_for_is_refused),
	    T(what_could_not_be_sent_waits_ever_longer),
	    T(many_that_wait_do_not_make_a_busy_loop),
	    T(a_peer_that_is_gone_or_full_costs_nothing),
	    T(an_answer_from_another_time_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
