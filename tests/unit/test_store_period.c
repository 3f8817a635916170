/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the periods, on a keystore in a file and, where it is built in, in a simulated TPM.
 */
#include "tests/unit/store_help.h"

#include "firmware/store/outbox.h"
#ifdef CONFIG_KEYSTORE_TPM2_SIMULATOR
#include "tests/unit/chip.h"
#include "tests/unit/tree.h"
#endif

#define HOUR PERIOD_NS

static struct keystore_conf conf;
static const uint8_t id[WIRE_ID_SIZE] = {1, 2, 3};

/* --- a keystore that fails when it is told to ----------------------------------------------------
 */

static struct {
	const struct keystore_ops *real;
	bool rotate, retire;
	int wraps; /* so many more, then it fails; -1: it does not */
} fails = {.wraps = -1};

static bool weak_rotate(struct keystore *k, struct err *e)
{
	return fails.rotate ? err_set(e, ERR_FORMAT, "no") : fails.real->rotate(k, e);
}

static bool weak_retire(struct keystore *k, struct err *e)
{
	return fails.retire ? err_set(e, ERR_IO, "no") : fails.real->retire(k, e);
}

static bool weak_wrap(struct keystore *k, const uint8_t key[KEYSTORE_KEY], uint64_t context,
		      uint8_t out[KEYSTORE_WRAPPED], struct err *e)
{
	if (fails.wraps == 0)
		return err_set(e, ERR_IO, "no");
	fails.wraps -= fails.wraps > 0;
	return fails.real->wrap(k, key, context, out, e);
}

static void weaken(struct periods *p)
{
	static struct keystore_ops weak;

	weak = *p->ops;
	fails.real = p->ops;
	fails.wraps = -1;
	weak.rotate = weak_rotate;
	weak.retire = weak_retire;
	weak.wrap = weak_wrap;
	p->ops = &weak;
}

/* --- what the tests do ---------------------------------------------------------------------------
 */

static void again(struct place *p)
{
	periods_close(&p->keys);
	if (!periods_open(&p->keys, &conf, p->db, T0 + 100 * HOUR, T0, &p->why))
		fail_msg("%s", p->why.text);
}

static int begin(void **state)
{
	struct place *p;

	if (place_make(state) != 0)
		return -1;
	p = *state;
	fails.rotate = fails.retire = false;
	conf = (struct keystore_conf){.driver = "file", .create = true};
	(void)snprintf(conf.path, sizeof conf.path, "%s/keystore", p->folder);
	return 0;
}

struct sample {
	int64_t period;
	uint8_t sealed[6 + SEAL_EXTRA];
	uint8_t wrapped[KEYSTORE_WRAPPED]; /* as a copy of the disk has it */
};

static struct sample sample(struct place *p, int64_t kept_ns)
{
	struct sample s = {.period = key_at(p, kept_ns)->id};
	sqlite3_stmt *st = NULL;

	assert_true(seal_put(key_at(p, kept_ns), SEAL_READ, id, "ABC123", 6, s.sealed, &p->why));
	assert_int_equal(sqlite3_prepare_v2(db_handle(p->db),
					    "SELECT wrapped FROM period ORDER BY id DESC", -1, &st,
					    NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	memcpy(s.wrapped, sqlite3_column_blob(st, 0), sizeof s.wrapped);
	(void)sqlite3_finalize(st);
	return s;
}

static bool opens(struct place *p, const struct sample *s)
{
	struct period_key k;
	uint8_t plain[6] = {0};

	return periods_get(&p->keys, s->period, &k, &p->why) &&
	       seal_get(&k, SEAL_READ, id, s->sealed, sizeof s->sealed, plain, &p->why) &&
	       memcmp(plain, "ABC123", 6) == 0;
}

/* Does today's keystore open yesterday's copy of the key? */
static bool copy_opens(struct place *p, const struct sample *s)
{
	uint8_t key[KEYSTORE_KEY];

	return p->keys.ops->unwrap(p->keys.keystore, s->wrapped, (uint64_t)s->period, key, NULL);
}

static uint64_t older(struct place *p)
{
	struct keystore_about about;

	p->keys.ops->about(p->keys.keystore, &about);
	return about.older;
}

/* --- the tests -----------------------------------------------------------------------------------
 */

static void an_hour_has_one_key_and_keeps_it(void **state)
{
	struct place *p = *state;
	struct sample first, later, next;

	first = sample(p, T0 + 5);
	later = sample(p, T0 + HOUR - 1);
	next = sample(p, T0 + HOUR);
	assert_int_equal(first.period, T0 + 5);
	assert_int_equal(later.period, first.period);
	assert_int_equal(next.period, T0 + HOUR);
	assert_int_equal(count_of(p, "SELECT count(*) FROM period"), 2);
	again(p);
	assert_true(opens(p, &first) && opens(p, &later) && opens(p, &next));
	/* The newest goes on; a clock that went back does not open another. */
	assert_int_equal(key_at(p, T0 + HOUR + 7)->id, next.period);
	assert_int_equal(key_at(p, T0)->id, next.period);
	/* The same plate is not the same in another hour, nor sealed twice alike. */
	assert_memory_not_equal(first.sealed, later.sealed, sizeof first.sealed);
}

static void what_is_sealed_is_bound_to_its_place(void **state)
{
	struct place *p = *state;
	const struct period_key *k = key_at(p, T0);
	uint8_t other[WIRE_ID_SIZE] = {9}, sealed[6 + SEAL_EXTRA], plain[6], a[SEAL_MAC],
		b[SEAL_MAC];
	struct period_key wrong = *k;

	assert_true(seal_put(k, SEAL_READ, id, "ABC123", 6, sealed, &p->why));
	assert_true(seal_get(k, SEAL_READ, id, sealed, sizeof sealed, plain, &p->why));
	assert_false(seal_get(k, SEAL_HIT, id, sealed, sizeof sealed, plain, &p->why));
	assert_false(seal_get(k, SEAL_READ, other, sealed, sizeof sealed, plain, &p->why));
	assert_false(seal_get(k, SEAL_READ, id, sealed, SEAL_EXTRA - 1, plain, &p->why));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	wrong.id++;
	assert_false(seal_get(&wrong, SEAL_READ, id, sealed, sizeof sealed, plain, &p->why));
	assert_true(seal_plate(k, "ABO123", a, &p->why) && seal_plate(k, "AB0123", b, &p->why));
	assert_memory_equal(a, b, SEAL_MAC);
	assert_true(seal_plate(k, "ABC123", a, &p->why) && seal_plate(k, "ABC124", b, &p->why));
	assert_memory_not_equal(a, b, sizeof a);
	k = key_at(p, T0 + HOUR);
	assert_true(seal_plate(k, "ABC123", b, &p->why));
	assert_memory_not_equal(a, b, sizeof a);
}

static void a_destroyed_key_is_gone_from_every_copy(void **state)
{
	struct place *p = *state;
	struct sample s[5];

	for (int i = 0; i < 5; i++)
		s[i] = sample(p, T0 + i * HOUR);
	assert_true(copy_opens(p, &s[0]));
	assert_true(periods_before(&p->keys, T0 + 3 * HOUR));
	assert_true(periods_destroy(&p->keys, p->db, T0 + 3 * HOUR, T0, &p->why));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'keys_destroyed'"), 3);
	assert_false(periods_before(&p->keys, T0 + 3 * HOUR));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5; i++) {
			assert_int_equal(opens(p, &s[i]), i >= 3);
			assert_false(copy_opens(p, &s[i]));
		}
		assert_int_equal(older(p), 0);
		again(p);
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM period"), 2);
	assert_int_equal(count_of(p,
				  "SELECT json_extract(detail, '$.periods') FROM audit"
				  " WHERE what = 'purge-keys' AND outcome = 'done'"
				  " AND json_extract(detail, '$.from') = '2027-01-15T08:00:00.000Z'"
				  " AND json_extract(detail, '$.to') = '2027-01-15T11:00:00.000Z'"),
			 3);
	/* Nothing to do costs nothing. */
	assert_true(periods_destroy(&p->keys, p->db, T0 + 3 * HOUR, T0, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
	/* All of them, too; then a period begins again. */
	assert_true(periods_destroy(&p->keys, p->db, T0 + 9 * HOUR, T0, &p->why));
	assert_false(opens(p, &s[4]));
	assert_int_equal(key_at(p, T0 + 9 * HOUR)->id, T0 + 9 * HOUR);
}

static void a_rotation_cut_off_anywhere_is_finished(void **state)
{
	struct place *p = *state;
	struct sample s[3];

	for (int cut = 0; cut < 5; cut++) {
		int64_t t = T0 + cut * 10 * HOUR;

		for (int i = 0; i < 3; i++)
			s[i] = sample(p, t + i * HOUR);
		weaken(&p->keys);
		fails.rotate = cut == 0;
		fails.wraps = cut == 1 ? 0 : cut == 2 ? 1 : -1;
		fails.retire = cut >= 3;
		assert_false(periods_destroy(&p->keys, p->db, t + HOUR, T0, &p->why));
		assert_int_equal(p->why.code, ERR_IO); /* not to be taken for a damaged database */
		p->keys.ops = fails.real;
		fails.rotate = fails.retire = false;
		if (cut != 4)
			again(p); /* the power went */
		assert_true(opens(p, &s[1]) && opens(p, &s[2]));
		if (cut != 4)
			assert_int_equal(older(p), 0);
		assert_true(periods_destroy(&p->keys, p->db, t + HOUR, T0, &p->why));
		assert_int_equal(older(p), 0);
		assert_false(opens(p, &s[0]) || copy_opens(p, &s[0]));
		assert_true(opens(p, &s[1]) && opens(p, &s[2]));
	}
}

/* Wrapped under the newest root by a rotation that was not finished, then destroyed: that copy is
 * useless, too. */
static void a_key_wrapped_anew_and_then_destroyed_is_gone(void **state)
{
	struct place *p = *state;
	struct sample s = sample(p, T0), copy;

	(void)sample(p, T0 + HOUR);
	weaken(&p->keys);
	fails.retire = true;
	assert_false(periods_destroy(&p->keys, p->db, T0, T0, &p->why) && older(p) != 0);
	fails.retire = false;
	p->keys.ops = fails.real;
	assert_true(p->keys.ops->rotate(p->keys.keystore, &p->why));
	again(p); /* all are wrapped under the new root */
	copy = sample(p, T0 + HOUR);
	copy.period = s.period;
	assert_true(opens(p, &s));
	assert_true(periods_destroy(&p->keys, p->db, T0 + HOUR, T0, &p->why));
	assert_false(opens(p, &s) || copy_opens(p, &copy));
}

static void a_key_that_does_not_unwrap_is_written_off(void **state)
{
	struct place *p = *state;
	struct sample a = sample(p, T0), b = sample(p, T0 + HOUR);

	assert_int_equal(
	    sqlite3_exec(db_handle(p->db),
			 "UPDATE period SET wrapped = zeroblob(72) WHERE id = 1800000000000000000",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	again(p);
	assert_false(opens(p, &a));
	assert_true(opens(p, &b));
	assert_int_equal(p->keys.lost_ns, b.period);
	assert_int_equal(count_of(p, "SELECT json_extract(detail, '$.periods') FROM audit"
				     " WHERE what = 'purge-keys' AND outcome = 'lost'"),
			 1);
	assert_int_equal(count_of(p, "SELECT count(*) FROM period"), 1);
	again(p);
	assert_int_equal(p->keys.lost_ns, 0);
}

static void put_hit(struct place *p, const struct period_key *k, uint8_t n)
{
	uint8_t hit[WIRE_ID_SIZE] = {n};
	struct outbox_hit h = {hit, T0, T0, "EXACT", 'V', 3, "{\"n\":1}", 7, k};

	assert_true(outbox_put(p->db, &h, &p->why));
}

static void without_its_keystore_no_other_is_made(void **state)
{
	struct place *p = *state;
	const struct period_key *k = NULL;
	struct sample s = sample(p, T0);
	struct outbox_due due;
	char moved[PATH_MAX];
	bool found;
	int fd = -1;

	put_hit(p, key_at(p, T0), 1);
	periods_close(&p->keys);
	(void)snprintf(moved, sizeof moved, "%s.gone", conf.path);
	assert_int_equal(rename(conf.path, moved), 0);
	again(p);
	assert_null(p->keys.keystore);
	assert_string_not_equal(p->keys.fault, "");
	assert_false(periods_at(&p->keys, p->db, T0, &k, &p->why));
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
	/* What was sealed before waits; a hit of now goes out. */
	assert_true(outbox_settle(p->db, &p->keys, T0, T0, &p->why));
	assert_true(outbox_next(p->db, &p->keys, NULL, 0, &due, &found, &p->why));
	assert_false(found);
	assert_false(outbox_gift(p->db, &p->keys, 1, &fd, &p->why));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	assert_true(periods_passing(&p->keys, T0 + 1, &k, &p->why));
	put_hit(p, k, 2);
	assert_true(outbox_next(p->db, &p->keys, NULL, 0, &due, &found, &p->why));
	assert_true(found && due.id == 2);
	assert_true(outbox_gift(p->db, &p->keys, 2, &fd, &p->why));
	(void)close(fd);
	assert_true(periods_destroy(&p->keys, p->db, INT64_MAX, T0, &p->why));
	/* It is back: all is there but what only that process could open. */
	assert_int_equal(rename(moved, conf.path), 0);
	again(p);
	assert_true(opens(p, &s));
	assert_true(outbox_settle(p->db, &p->keys, T0, T0, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM outbox"), 1);
	assert_int_equal(count_of(p, "SELECT json_extract(detail, '$.hits') FROM audit"
				     " WHERE outcome = 'expired'"),
			 1);
}

static void hits_of_an_older_schema_are_sealed(void **state)
{
	struct place *p = *state;

	assert_int_equal(
	    sqlite3_exec(
		db_handle(p->db),
		"INSERT INTO outbox(passage_id, kept_ns, best_ns, grade, category,"
		" list_version, size, body) VALUES(randomblob(16), 1, 1, 'EXACT', 'V', 3, 7,"
		" CAST('{\"n\":5}' AS BLOB)), (x'00', 1, 1, 'EXACT', 'V', 3, 2, x'7b7d')",
		NULL, NULL, NULL),
	    SQLITE_OK);
	assert_true(outbox_settle(p->db, &p->keys, T0, T0, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM outbox WHERE body IS NULL"), 1);
	assert_string_equal(opened(p, SEAL_HIT, "SELECT period, passage_id, sealed FROM outbox"),
			    "{\"n\":5}");
}

static void a_period_is_due_whole(void **state)
{
	(void)state;
	assert_int_equal(T0 % HOUR, 0);
	assert_int_equal(period_begin(T0 + HOUR - 1), T0);
	assert_int_equal(period_begin(-1), -HOUR);
	assert_int_equal(period_due(T0 + 90 * NS_PER_DAY - 1, 90 * NS_PER_DAY), T0 - 1);
	assert_int_equal(period_due(T0 + 90 * NS_PER_DAY, 90 * NS_PER_DAY), T0 + HOUR - 1);
}

#ifdef CONFIG_KEYSTORE_TPM2_SIMULATOR
static struct chip chip;

static int begin_tpm(void **state)
{
	if (tree_make(state) != 0 || begin(state) != 0)
		return -1;
	periods_close(&((struct place *)*state)->keys);
	chip = chip_start("tpm");
	(void)snprintf(conf.driver, sizeof conf.driver, "tpm2");
	chip_name(&chip, conf.device, sizeof conf.device);
	(void)snprintf(conf.path, sizeof conf.path, "%s", tree_path("root"));
	again(*state);
	return 0;
}

static int end_tpm(void **state)
{
	int done = place_end(state);

	chip_stop(&chip);
	return done != 0 ? done : tree_remove(state);
}
#endif

int main(void)
{
#define T(f)   cmocka_unit_test_setup_teardown(f, begin, place_end)
#define TPM(f) cmocka_unit_test_setup_teardown(f, begin_tpm, end_tpm)
	const struct CMUnitTest tests[] = {
	    T(an_hour_has_one_key_and_keeps_it),
	    T(what_is_sealed_is_bound_to_its_place),
	    T(a_destroyed_key_is_gone_from_every_copy),
	    T(a_rotation_cut_off_anywhere_is_finished),
	    T(a_key_wrapped_anew_and_then_destroyed_is_gone),
	    T(a_key_that_does_not_unwrap_is_written_off),
	    T(without_its_keystore_no_other_is_made),
	    T(hits_of_an_older_schema_are_sealed),
	    T(a_period_is_due_whole),
#ifdef CONFIG_KEYSTORE_TPM2_SIMULATOR
	    TPM(an_hour_has_one_key_and_keeps_it),
	    TPM(a_destroyed_key_is_gone_from_every_copy),
	    TPM(a_rotation_cut_off_anywhere_is_finished),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
