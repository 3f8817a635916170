/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/audit_sign.h"
#include "firmware/store/pulls.h"
#include "firmware/store/upkeep.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

static const uint8_t one[CRYPT_SHA256_SIZE] = {1}, two[CRYPT_SHA256_SIZE] = {2};
static const struct store_evidence_conf few = {.per_hour = 3, .day_min = 90};

static struct store_conf conf_of(void)
{
	return (struct store_conf){
	    .site = {.name = "test-01"},
	    .evidence = {.purposes = "homicide, court-order", .window_min = 30, .per_hour = 3}};
}

static struct request request_of(int n)
{
	struct request r = {.camera = "test-01",
			    .plate = "ABC123",
			    .case_number = "26-1",
			    .purpose = "homicide",
			    .issued_ns = T0,
			    .expires_ns = T0 + HOUR};

	(void)snprintf(r.nonce, sizeof r.nonce, "nonce-%016d", n);
	return r;
}

static struct pulls_now at(int64_t after_ns)
{
	return (struct pulls_now){T0 + after_ns, T0 + after_ns};
}

static bool take(struct place *p, int n, const uint8_t *who, int64_t after_ns)
{
	const struct request r = request_of(n);
	const struct pulls_now now = at(after_ns);

	p->why = (struct err){0};
	return pulls_take(p->db, &r, who, &few, &now, &p->why);
}

static bool judged(const struct request *r, int64_t after_ns, struct err *why)
{
	const struct store_conf conf = conf_of();
	const struct pulls_now now = at(after_ns);

	*why = (struct err){0};
	return pulls_judge(r, &conf, &now, why);
}

static void what_a_request_may_say(void **state)
{
	struct request r = request_of(1);
	struct err why;

	(void)state;
	assert_true(judged(&r, 0, &why));
	assert_true(judged(&r, HOUR - 1, &why));
	assert_false(judged(&r, HOUR, &why));
	assert_int_equal(why.code, ERR_POLICY);
	assert_true(judged(&r, -5 * MINUTE, &why)); /* a custodian's clock may be ahead */
	assert_false(judged(&r, -5 * MINUTE - 1, &why));
	(void)snprintf(r.purpose, sizeof r.purpose, "homicid");
	assert_false(judged(&r, 0, &why));
	r = request_of(1);
	(void)snprintf(r.camera, sizeof r.camera, "test-0");
	assert_false(judged(&r, 0, &why));
	/* A window alone, and one with a plate. */
	r = request_of(1);
	r.has_window = true;
	r.from_ns = T0 - 30 * MINUTE;
	r.to_ns = T0 + 1;
	assert_true(judged(&r, 0, &why));
	r.plate[0] = '\0';
	assert_false(judged(&r, 0, &why));
	r.to_ns = T0;
	assert_true(judged(&r, 0, &why));
}

static void a_nonce_is_good_once(void **state)
{
	struct place *p = *state;

	assert_true(take(p, 1, one, 0));
	assert_false(take(p, 1, one, MINUTE));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_false(take(p, 1, two, MINUTE));
	place_close(p);
	place_open(p);
	assert_false(take(p, 1, one, MINUTE));
	assert_true(take(p, 2, one, MINUTE));
}

static void an_hour_has_so_many(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 3; i++)
		assert_true(take(p, i, one, i));
	assert_false(take(p, 10, one, MINUTE));
	for (int i = 3; i < 6; i++)
		assert_true(take(p, i, two, i));
	/* All together twice as many, whoever asks. */
	assert_false(take(p, 10, (const uint8_t[CRYPT_SHA256_SIZE]){3}, MINUTE));
	place_close(p);
	place_open(p);
	assert_false(take(p, 10, one, HOUR - 1));
	/* Then one has gone, and one may come. */
	{
		struct request r = request_of(10);
		const struct pulls_now now = at(HOUR);

		r.expires_ns = T0 + 2 * HOUR;
		assert_true(pulls_take(p->db, &r, one, &few, &now, &p->why));
		r = request_of(11);
		assert_false(pulls_take(p->db, &r, one, &few, &now, &p->why));
	}
}

/* Nobody gets a day by its hours: all windows together are counted, whoever asks. */
static void a_day_has_so_many_minutes_of_windows(void **state)
{
	const struct store_evidence_conf many = {.per_hour = 100, .day_min = 90};
	struct place *p = *state;
	struct pulls_now now = at(0);
	struct request r;

	for (int i = 0; i < 4; i++) {
		r = request_of(i);
		r.plate[0] = '\0';
		r.has_window = true;
		r.from_ns = T0 - (i + 1) * 30 * MINUTE;
		r.to_ns = r.from_ns + (i < 3 ? 30 * MINUTE : 1);
		p->why = (struct err){0};
		assert_int_equal(pulls_take(p->db, &r, i % 2 ? one : two, &many, &now, &p->why),
				 i < 3);
	}
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_non_null(strstr(p->why.text, "90 minutes"));
	assert_int_equal(count_of(p, "SELECT count(*) FROM pull"), 3);
	/* Also after a restart; a plate may be asked for; after a day there is room again. */
	place_close(p);
	place_open(p);
	now = at(PULLS_DAY_NS - 1);
	r.expires_ns = T0 + 25 * HOUR;
	assert_false(pulls_take(p->db, &r, one, &many, &now, &p->why));
	assert_true(take(p, 10, one, MINUTE));
	now = at(PULLS_DAY_NS);
	assert_true(pulls_take(p->db, &r, one, &many, &now, &p->why));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'windows_min'"), 1);
}

/* What the table of a damaged database does not give back is not good once more. */
static void a_lost_nonce_is_not_good_again(void **state)
{
	struct place *p = *state;
	struct request r = request_of(2);
	struct pulls_now now = at(10 * MINUTE);
	char path[100];
	FILE *f;

	assert_true(take(p, 1, one, MINUTE));
	place_close(p);
	(void)snprintf(path, sizeof path, "%s/%s", p->folder, DB_FILE);
	f = fopen(path, "r+");
	assert_non_null(f);
	for (int i = 0; i < 100; i++)
		(void)fputc('x', f);
	assert_int_equal(fclose(f), 0);
	place_open(p);
	assert_string_not_equal(p->how.quarantine, "");
	assert_true(upkeep_take_over(p->db, p->folder, p->how.quarantine, 90 * NS_PER_DAY,
				     T0 + 2 * MINUTE, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM pull"), 0);
	assert_false(take(p, 1, one, 3 * MINUTE));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_non_null(strstr(p->why.text, "sign a new one"));
	/* One that was signed since: a custodian's clock may be ahead. */
	r.issued_ns = T0 + 7 * MINUTE;
	assert_false(pulls_take(p->db, &r, one, &few, &now, &p->why));
	r.issued_ns += 1;
	assert_true(pulls_take(p->db, &r, one, &few, &now, &p->why));
}

static void what_has_expired_is_forgotten_and_refused(void **state)
{
	struct place *p = *state;
	struct request r = request_of(2);
	struct pulls_now now = at(HOUR - 1);

	assert_true(take(p, 1, one, 0));
	assert_true(pulls_forget(p->db, &now, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM pull"), 1);
	now = at(HOUR);
	assert_true(pulls_forget(p->db, &now, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM pull"), 0);
	/* The clock is set back: the request would be good again, and so would one that expires
	 * when it did. */
	assert_false(take(p, 1, one, 0));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_false(take(p, 3, one, 0));
	now = at(0);
	r.expires_ns += 1;
	assert_true(pulls_take(p->db, &r, one, &few, &now, &p->why));
	/* Expired by the wall clock, and its hour is not over. */
	now = (struct pulls_now){T0 + 9 * HOUR, T0 + MINUTE};
	assert_true(pulls_forget(p->db, &now, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM pull"), 1);
}

static struct pulls_note refusal(const struct request *r, const char *who)
{
	return (struct pulls_note){.subject = who,
				   .serial = "01",
				   .request = r,
				   .digest = one,
				   .way = "uplink",
				   .outcome = "refused",
				   .why = "because"};
}

static void what_proves_nobody_is_summed_up(void **state)
{
	struct place *p = *state;
	const struct request none = {0};
	const struct pulls_note n = refusal(&none, NULL);
	struct pulls_noise noise = {0};
	struct pulls_now now = at(0);

	for (int i = 0; i < 1000; i++)
		assert_true(pulls_refuse(p->db, &noise, &n, &now, &p->why));
	assert_int_equal(noise.n, 1000);
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 0);
	assert_true(pulls_tend(p->db, &noise, &now, false, &p->why));
	assert_int_equal(noise.n, 0);
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit WHERE who = 'unknown'"
				     " AND detail = '{\"requests\":1000}'"),
			 1);
	for (int i = 0; i < 60; i++) {
		now = at(i * MINUTE);
		assert_true(pulls_refuse(p->db, &noise, &n, &now, &p->why));
		assert_true(pulls_tend(p->db, &noise, &now, false, &p->why));
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 1);
	now = at(HOUR);
	assert_true(pulls_tend(p->db, &noise, &now, false, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), 2);
	assert_true(pulls_refuse(p->db, &noise, &n, &now, &p->why));
	assert_true(pulls_tend(p->db, &noise, &now, true, &p->why));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'pulls_refused'"), 1061);
}

static void so_is_what_is_refused_too_often(void **state)
{
	struct place *p = *state;
	const struct request r = request_of(1);
	const struct pulls_note n = refusal(&r, "CN=somebody");
	struct pulls_noise noise = {0};
	struct pulls_now now = at(0);

	place_hasty(p);
	for (int i = 0; i < 100; i++)
		assert_true(pulls_refuse(p->db, &noise, &n, &now, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), PULLS_REFUSALS);
	assert_int_equal(noise.n, 100 - PULLS_REFUSALS);
	assert_int_equal(count_of(p,
				  "SELECT count(*) FROM audit WHERE who = 'CN=somebody, serial 01'"
				  " AND what = 'evidence' AND purpose = 'homicide'"
				  " AND case_number = '26-1' AND outcome = 'refused'"
				  " AND detail LIKE '%\"why\":\"because\"%'"
				  " AND detail NOT LIKE '%ABC%'"),
			 PULLS_REFUSALS);
	now = at(HOUR);
	assert_true(pulls_refuse(p->db, &noise, &n, &now, &p->why));
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit"), PULLS_REFUSALS + 1);
}

/* The longest of everything, and what JSON has to escape. */
static void every_record_fits(void **state)
{
	struct place *p = *state;
	AUTO_FREE struct audit_row *row = calloc(1, sizeof *row);
	struct request r = request_of(1);
	struct pulls_note n = {.request = &r, .digest = one, .way = "control", .outcome = "failed"};
	char subject[256], serial[96], why[256];

	memset(subject, '"', sizeof subject - 1);
	memset(serial, 'f', sizeof serial - 1);
	memset(why, '"', sizeof why - 1);
	subject[255] = serial[95] = why[255] = '\0';
	memset(r.case_number, '\\', sizeof r.case_number - 1);
	r.has_window = true;
	n.subject = subject;
	n.serial = serial;
	n.why = why;
	assert_non_null(row);
	assert_true(pulls_record(p->db, &n, T0, row, &p->why));
	assert_int_equal(row->seq, 1);
	assert_int_equal(row->at_ns, T0);
	assert_string_equal(row->text[3], r.case_number);
	n.outcome = "sealed";
	n.why = NULL;
	n.counts = (struct archive_counts){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
	assert_true(pulls_record(p->db, &n, T0, row, &p->why));
	assert_non_null(strstr(row->text[5], "\"reads\":9223372036854775807,"));
	assert_int_equal(count_of(p, "SELECT value FROM state WHERE name = 'pulls'"), 1);
	/* The box signs its chain at the next look. */
	{
		struct crypt_key *k;

		assert_true(crypt_key_generate(&k, &p->why));
		assert_true(audit_sign(p->db, k, T0, T0, &p->why));
		crypt_key_free(k);
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit WHERE what = 'signed'"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_request_may_say),
	    cmocka_unit_test_setup_teardown(a_nonce_is_good_once, place_make, place_end),
	    cmocka_unit_test_setup_teardown(an_hour_has_so_many, place_make, place_end),
	    cmocka_unit_test_setup_teardown(a_day_has_so_many_minutes_of_windows, place_make,
					    place_end),
	    cmocka_unit_test_setup_teardown(a_lost_nonce_is_not_good_again, place_make, place_end),
	    cmocka_unit_test_setup_teardown(what_has_expired_is_forgotten_and_refused, place_make,
					    place_end),
	    cmocka_unit_test_setup_teardown(what_proves_nobody_is_summed_up, place_make, place_end),
	    cmocka_unit_test_setup_teardown(so_is_what_is_refused_too_often, place_make, place_end),
	    cmocka_unit_test_setup_teardown(every_record_fits, place_make, place_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
