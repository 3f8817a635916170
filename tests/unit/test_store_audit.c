/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/audit_sign.h"

#include <unistd.h>

#define RECORDS 30

static int with_chain(void **state)
{
	struct place *p;
	char detail[32];

	(void)place_make(state);
	p = *state;
	for (int i = 1; i <= RECORDS; i++) {
		struct audit_record r = {
		    .who = "store", .what = "hit", .outcome = "queued", .detail = detail};

		(void)snprintf(detail, sizeof detail, "{\"n\":%d}", i);
		assert_true(audit_append(p->db, &r, T0 + i, &p->why));
	}
	return 0;
}

static void sql(struct place *p, const char *text)
{
	assert_int_equal(sqlite3_exec(db_handle(p->db), text, NULL, NULL, NULL), SQLITE_OK);
	assert_true(sqlite3_changes(db_handle(p->db)) > 0);
}

static void broken_at(struct place *p, const char *said, int64_t whole)
{
	int64_t n;

	assert_false(audit_verify(p->db, NULL, &n, &p->why));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	assert_non_null(strstr(p->why.text, said));
	assert_int_equal(n, whole);
}

static void an_honest_chain_verifies(void **state)
{
	struct place *p = *state;
	struct audit_head head;
	int64_t n;

	assert_true(audit_head(p->db, &head, &p->why));
	assert_int_equal(head.seq, RECORDS);
	assert_true(audit_verify(p->db, &head, &n, &p->why));
	assert_int_equal(n, RECORDS);
	place_close(p);
	place_open(p);
	assert_true(audit_append(p->db, &(struct audit_record){.what = "start"}, T0, &p->why));
	assert_true(audit_verify(p->db, &head, &n, &p->why));
	assert_int_equal(n, RECORDS + 1);
}

/* So that an offline tool can be written against it: the first record's hash, computed elsewhere.
 */
static void the_hash_is_what_the_document_says(void **state)
{
	static const uint8_t expected[CRYPT_SHA256_SIZE] = {
	    0x98, 0x95, 0xe1, 0xac, 0x4f, 0x66, 0x5f, 0xae, 0x47, 0x45, 0xf5,
	    0x5f, 0x71, 0xb9, 0x04, 0xee, 0x7f, 0x7b, 0x68, 0x26, 0x4d, 0x44,
	    0x3f, 0x71, 0x2e, 0x35, 0xd4, 0x7a, 0xfe, 0xc8, 0x46, 0x17,
	};
	static const uint8_t zeros[CRYPT_SHA256_SIZE];
	uint8_t hash[CRYPT_SHA256_SIZE];
	struct audit_record r = {"store", "hit", NULL, NULL, "queued", "{\"n\":1}"};
	struct err e;

	(void)state;
	assert_true(audit_hash(&r, 1, T0 + 1, zeros, hash, &e));
	assert_memory_equal(hash, expected, sizeof hash);
}

static void an_edit_shows(void **state)
{
	static const char *const edits[] = {
	    "UPDATE audit SET detail = '{\"n\":99}' WHERE seq = 7",
	    "UPDATE audit SET at_ns = at_ns + 1 WHERE seq = 7",
	    "UPDATE audit SET who = 'nobody' WHERE seq = 7",
	    "UPDATE audit SET what = 'x' WHERE seq = 7",
	    "UPDATE audit SET purpose = 'x' WHERE seq = 7",
	    "UPDATE audit SET case_number = 'x' WHERE seq = 7",
	    "UPDATE audit SET outcome = 'x' WHERE seq = 7",
	    "UPDATE audit SET prev = zeroblob(32) WHERE seq = 7",
	    "UPDATE audit SET hash = zeroblob(32) WHERE seq = 7",
	    "UPDATE audit SET hash = x'00' WHERE seq = 7",
	    "UPDATE audit SET detail = detail || char(0) || 'x' WHERE seq = 7",
	    /* Moving bytes from one field to its neighbour. */
	    "UPDATE audit SET who = 'stor', what = 'ehit' WHERE seq = 7",
	};

	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		struct place *p = *state;

		sql(p, "SAVEPOINT s; UPDATE audit SET who = who");
		sql(p, edits[i]);
		broken_at(p, "record 7 was changed", 6);
		assert_int_equal(
		    sqlite3_exec(db_handle(p->db), "ROLLBACK TO s; RELEASE s", NULL, NULL, NULL),
		    SQLITE_OK);
	}
}

static void a_removal_shows(void **state)
{
	struct place *p = *state;

	sql(p, "DELETE FROM audit WHERE seq = 11");
	broken_at(p, "record 11 is missing", 10);
	sql(p, "UPDATE audit SET seq = seq - 1 WHERE seq > 11");
	broken_at(p, "record 11 does not follow record 10", 10);
	sql(p, "DELETE FROM audit WHERE seq IN (5, 6, 7)");
	broken_at(p, "records 5 to 7 are missing", 4);
}

static void removing_the_beginning_shows(void **state)
{
	struct place *p = *state;

	sql(p, "DELETE FROM audit WHERE seq <= 5");
	broken_at(p, "records 1 to 5 are missing", 0);
}

static void a_reordering_shows(void **state)
{
	struct place *p = *state;

	sql(p, "UPDATE audit SET seq = -3 WHERE seq = 3");
	sql(p, "UPDATE audit SET seq = 3 WHERE seq = 4");
	sql(p, "UPDATE audit SET seq = 4 WHERE seq = -3");
	broken_at(p, "record 3 stands before the one that it follows: they were reordered", 2);
}

static void a_replay_shows(void **state)
{
	struct place *p = *state;

	sql(p, "INSERT INTO audit SELECT 31, at_ns, who, what, purpose, case_number, outcome, "
	       "detail, prev, hash"
	       " FROM audit WHERE seq = 12");
	broken_at(p, "record 31 is record 12 once more: it was replayed", 30);
	sql(p, "UPDATE audit SET seq = 0 WHERE seq = 31");
	broken_at(p, "record 0 was never written", 0);
}

static void a_cut_shows_against_the_head_that_was_noted(void **state)
{
	struct place *p = *state;
	struct audit_head head;
	int64_t n;

	assert_true(audit_head(p->db, &head, &p->why));
	sql(p, "DELETE FROM audit WHERE seq > 20");
	/* Alone it cannot show: that is why the head goes out. */
	assert_true(audit_verify(p->db, NULL, &n, &p->why));
	assert_false(audit_verify(p->db, &head, &n, &p->why));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	/* Nor does a chain that was grown afresh to the same length pass. */
	for (int i = 21; i <= 31; i++)
		assert_true(
		    audit_append(p->db, &(struct audit_record){.what = "forged"}, T0, &p->why));
	assert_true(audit_verify(p->db, NULL, &n, &p->why));
	assert_false(audit_verify(p->db, &head, &n, &p->why));
}

static void a_record_is_bounded(void **state)
{
	struct place *p = *state;
	char large[1026];

	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	assert_false(audit_append(p->db, &(struct audit_record){.detail = large}, T0, &p->why));
	assert_int_equal(p->why.code, ERR_LIMIT);
	large[1024] = '\0';
	assert_true(audit_append(p->db, &(struct audit_record){.detail = large}, T0, &p->why));
}

static void it_goes_and_comes_with_its_transaction(void **state)
{
	struct place *p = *state;
	struct audit_head head;

	{
		AUTO_ROLLBACK struct db_tx tx = {0};

		assert_true(db_begin(p->db, &tx, &p->why));
		assert_true(
		    audit_append(p->db, &(struct audit_record){.what = "hit"}, T0, &p->why));
	}
	assert_true(audit_head(p->db, &head, &p->why));
	assert_int_equal(head.seq, RECORDS);
}

/* --- signatures --- */

static struct crypt_key *key_of(struct place *p, bool expect_made)
{
	struct crypt_key *k;
	bool made;

	assert_true(audit_key_open(&p->keys, p->db, p->folder, &k, &made, &p->why));
	assert_int_equal(made, expect_made);
	return k;
}

static struct audit_found walked(struct place *p, struct crypt_key *wanted_key, const char *said)
{
	struct audit_wanted wanted = {.has_key = wanted_key != NULL};
	struct audit_cursor c;
	const struct audit_source s = audit_cursor_start(&c, p->db);
	struct audit_found found;

	if (wanted_key)
		assert_true(crypt_key_id(wanted_key, wanted.key, &p->why));
	p->why.text[0] = '\0';
	assert_int_equal(audit_walk(&s, &wanted, &found, &p->why), said == NULL);
	if (said && !strstr(p->why.text, said))
		fail_msg("%s", p->why.text);
	return found;
}

static int64_t sign_at(struct place *p, struct crypt_key *k, int64_t ring_ns)
{
	assert_true(audit_sign(p->db, k, ring_ns, T0, &p->why));
	return count_of(p, "SELECT count(*) FROM audit WHERE what = 'signed'");
}

static void name_of(struct place *p, struct crypt_key *k, uint8_t out[CRYPT_SHA256_SIZE])
{
	assert_true(crypt_key_id(k, out, &p->why));
	crypt_key_free(k);
}

static void the_key_is_made_once_and_outlives_rotations(void **state)
{
	struct place *p = *state;
	uint8_t first[CRYPT_SHA256_SIZE], again[CRYPT_SHA256_SIZE];

	name_of(p, key_of(p, true), first);
	for (int i = 0; i < 3; i++) {
		(void)key_at(p, T0 + i * PERIOD_NS);
		assert_true(
		    periods_destroy(&p->keys, p->db, T0 + (i + 1) * PERIOD_NS, T0, &p->why));
		place_close(p);
		place_open(p);
		name_of(p, key_of(p, false), again);
		assert_memory_equal(first, again, sizeof first);
	}
	assert_int_equal(count_of(p, "SELECT count(*) FROM secret WHERE length(wrapped) = 72"), 1);
}

static void a_copy_of_before_a_rotation_does_not_open_it(void **state)
{
	struct place *p = *state;
	uint8_t first[CRYPT_SHA256_SIZE], again[CRYPT_SHA256_SIZE];

	name_of(p, key_of(p, true), first);
	assert_int_equal(sqlite3_exec(db_handle(p->db), "CREATE TABLE copy AS SELECT * FROM secret",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	(void)key_at(p, T0);
	assert_true(periods_destroy(&p->keys, p->db, T0 + PERIOD_NS, T0, &p->why));
	assert_int_equal(sqlite3_exec(db_handle(p->db),
				      "DELETE FROM secret; INSERT INTO secret SELECT * FROM copy",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	name_of(p, key_of(p, true), again);
	assert_memory_not_equal(first, again, sizeof first);
}

static void the_key_of_an_older_firmware_is_taken_in(void **state)
{
	struct place *p = *state;
	struct crypt_key *old;
	char path[PATH_MAX], pem[CRYPT_PEM_MAX];
	uint8_t first[CRYPT_SHA256_SIZE], again[CRYPT_SHA256_SIZE];
	FILE *f;

	path_in(p, AUDIT_KEY_FILE, path);
	assert_true(crypt_key_generate(&old, &p->why));
	assert_true(crypt_key_private_pem(old, pem, &p->why));
	name_of(p, old, first);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(pem, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	for (int i = 0; i < 2; i++) {
		name_of(p, key_of(p, false), again);
		assert_memory_equal(first, again, sizeof first);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void a_key_that_is_damaged_is_made_anew(void **state)
{
	struct place *p = *state;
	char path[PATH_MAX];
	struct crypt_key *k;
	bool made;

	path_in(p, AUDIT_KEY_FILE, path);
	crypt_key_free(key_of(p, true));
	assert_int_equal(sqlite3_exec(db_handle(p->db), "UPDATE secret SET wrapped = zeroblob(72)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	crypt_key_free(key_of(p, true));
	crypt_key_free(key_of(p, false));
	/* What cannot be removed is not passed over: it may be the key, in the open. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_false(audit_key_open(&p->keys, p->db, p->folder, &k, &made, &p->why));
	assert_int_equal(p->why.code, ERR_IO);
	assert_null(k);
}

static void without_its_keystore_there_is_none(void **state)
{
	struct place *p = *state;
	struct crypt_key *k;
	bool made;

	crypt_key_free(key_of(p, true));
	periods_close(&p->keys);
	assert_false(audit_key_open(&p->keys, p->db, p->folder, &k, &made, &p->why));
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
	place_keys(p);
	crypt_key_free(key_of(p, false));
}

static void a_fresh_database_is_given_the_key_that_is_in_use(void **state)
{
	struct place *p = *state;
	struct crypt_key *k = key_of(p, true);
	uint8_t first[CRYPT_SHA256_SIZE], again[CRYPT_SHA256_SIZE];

	assert_int_equal(sqlite3_exec(db_handle(p->db), "DELETE FROM secret", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(audit_key_keep(&p->keys, p->db, k, &p->why));
	name_of(p, k, first);
	name_of(p, key_of(p, false), again);
	assert_memory_equal(first, again, sizeof first);
}

static void it_is_signed_once_a_day_if_there_is_anything_new(void **state)
{
	struct place *p = *state;
	struct crypt_key *k = key_of(p, true);
	struct audit_found f;

	assert_int_equal(sign_at(p, k, T0), 0);
	assert_int_equal(walked(p, NULL, NULL).signed_seq, 0);
	(void)walked(p, k, "nothing of the chain is signed");
	assert_int_equal(sign_at(p, k, T0 + AUDIT_SIGN_NS - 1), 0);
	assert_int_equal(sign_at(p, k, T0 + AUDIT_SIGN_NS), 1);
	f = walked(p, k, NULL);
	assert_int_equal(f.signed_seq, RECORDS);
	assert_int_equal(f.last.seq, RECORDS + 1);
	assert_int_equal(f.keys, 1);
	assert_int_equal(sign_at(p, k, T0 + 3 * AUDIT_SIGN_NS), 1); /* only the signature is new */
	assert_true(audit_append(p->db, &(struct audit_record){.what = "stop"}, T0, &p->why));
	assert_int_equal(sign_at(p, k, T0 + 3 * AUDIT_SIGN_NS), 2);
	assert_int_equal(walked(p, k, NULL).signed_seq, RECORDS + 2);
	crypt_key_free(k);
}

static void what_is_not_to_wait_is_signed_at_once(void **state)
{
	struct place *p = *state;
	struct crypt_key *k = key_of(p, true);

	/* Also in a chain that is new. */
	assert_true(audit_sign_soon(p->db, &p->why));
	assert_int_equal(sign_at(p, k, T0), 1);
	assert_int_equal(sign_at(p, k, T0 + 1), 1);
	assert_true(audit_append(p->db, &(struct audit_record){.what = "stop"}, T0, &p->why));
	assert_int_equal(sign_at(p, k, T0 + 2), 1);
	assert_true(audit_sign_soon(p->db, &p->why));
	place_close(p);
	place_open(p);
	assert_int_equal(sign_at(p, k, T0 + 3), 2);
	assert_int_equal(walked(p, k, NULL).signed_seq, RECORDS + 2);
	crypt_key_free(k);
}

static void it_is_signed_after_so_many_records(void **state)
{
	struct place *p = *state;
	struct crypt_key *k = key_of(p, true);

	place_hasty(p);
	assert_int_equal(sign_at(p, k, T0), 0);
	for (int i = RECORDS + 1; i < AUDIT_SIGN_RECORDS; i++)
		assert_true(
		    audit_append(p->db, &(struct audit_record){.what = "hit"}, T0, &p->why));
	assert_int_equal(sign_at(p, k, T0), 0);
	assert_true(audit_append(p->db, &(struct audit_record){.what = "hit"}, T0, &p->why));
	assert_int_equal(sign_at(p, k, T0), 1);
	assert_int_equal(sign_at(p, k, T0), 1);
	/* A chain that is shorter than what was signed of the one before it is signed all the same.
	 */
	sql(p, "DELETE FROM audit WHERE seq > 5");
	assert_int_equal(sign_at(p, k, T0 + AUDIT_SIGN_NS), 1);
	assert_int_equal(walked(p, k, NULL).signed_seq, 5);
	crypt_key_free(k);
}

/* Append record `seq` of `copy` to the chain as one would who knows how it is hashed. */
static void append_again(struct place *p, const char *from)
{
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_prepare_v2(db_handle(p->db), from, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const struct audit_record r = {
		    .who = "store",
		    .what = (const char *)sqlite3_column_text(st, 0),
		    .outcome = "done",
		    .detail = (const char *)sqlite3_column_text(st, 1),
		};

		assert_true(audit_append(p->db, &r, T0, &p->why));
	}
	(void)sqlite3_finalize(st);
}

static void what_was_made_anew_under_a_signature_shows(void **state)
{
	struct place *p = *state;
	struct crypt_key *k = key_of(p, true);

	assert_int_equal(sign_at(p, k, T0), 0);
	assert_int_equal(sign_at(p, k, T0 + AUDIT_SIGN_NS), 1);
	assert_int_equal(sqlite3_exec(db_handle(p->db),
				      "CREATE TABLE old AS SELECT * FROM audit;"
				      "UPDATE old SET detail = '{\"n\":99}' WHERE seq = 7;"
				      "DELETE FROM audit WHERE seq >= 7",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	append_again(p, "SELECT what, detail FROM old WHERE seq >= 7 ORDER BY seq");
	(void)walked(p, NULL, "the signature in record 31 is not good: signature: does not verify");
	/* Without the signature it is a good chain, that nobody has signed. */
	sql(p, "DELETE FROM audit WHERE seq > 30");
	assert_int_equal(walked(p, NULL, NULL).signed_seq, 0);
	(void)walked(p, k, "nothing of the chain is signed");
	crypt_key_free(k);
}

static void a_signature_by_another_key_shows(void **state)
{
	struct place *p = *state;
	struct crypt_key *k = key_of(p, true), *forger;
	struct audit_found f;

	assert_true(crypt_key_generate(&forger, &p->why));
	assert_int_equal(sign_at(p, k, T0), 0);
	assert_int_equal(sign_at(p, k, T0 + AUDIT_SIGN_NS), 1);
	assert_true(audit_append(p->db, &(struct audit_record){.what = "hit"}, T0, &p->why));
	assert_int_equal(sign_at(p, forger, T0 + 2 * AUDIT_SIGN_NS), 2);
	f = walked(p, k, "the signature in record 33 is by another key");
	assert_int_equal(f.signed_seq, RECORDS);
	assert_int_equal(walked(p, NULL, NULL).keys, 2);
	(void)walked(p, forger, "the signature in record 31 is by another key");
	crypt_key_free(k);
	crypt_key_free(forger);
}

static void a_signature_that_is_none_shows(void **state)
{
	static const char *const details[] = {
	    "",
	    "{}",
	    "{\"key\":\"",
	    "{\"key\":\"\",\"signature\":\"\"}",
	    "{\"key\":\"3\",\"signature\":\"30\"}",
	    "{\"key\":\"30\",\"signature\":\"30\"}",
	    "{\"key\":\"3G\",\"signature\":\"30\"}",
	};
	struct place *p = *state;
	char large[900];

	for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
		const struct audit_record r = {.what = "signed", .detail = details[i]};

		assert_true(audit_append(p->db, &r, T0, &p->why));
		(void)walked(p, NULL, "the signature in record 31 is not good");
		sql(p, "DELETE FROM audit WHERE seq > 30");
	}
	memset(large, '0', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	memcpy(large, "{\"key\":\"", 8);
	assert_true(audit_append(p->db, &(struct audit_record){.what = "signed", .detail = large},
				 T0, &p->why));
	(void)walked(p, NULL, "the signature in record 31 is not good");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, with_chain, place_end)
	const struct CMUnitTest tests[] = {
	    T(an_honest_chain_verifies),
	    cmocka_unit_test(the_hash_is_what_the_document_says),
	    T(an_edit_shows),
	    T(a_removal_shows),
	    T(removing_the_beginning_shows),
	    T(a_reordering_shows),
	    T(a_replay_shows),
	    T(a_cut_shows_against_the_head_that_was_noted),
	    T(a_record_is_bounded),
	    T(it_goes_and_comes_with_its_transaction),
	    T(the_key_is_made_once_and_outlives_rotations),
	    T(a_copy_of_before_a_rotation_does_not_open_it),
	    T(the_key_of_an_older_firmware_is_taken_in),
	    T(without_its_keystore_there_is_none),
	    T(a_fresh_database_is_given_the_key_that_is_in_use),
	    T(a_key_that_is_damaged_is_made_anew),
	    T(it_is_signed_once_a_day_if_there_is_anything_new),
	    T(what_is_not_to_wait_is_signed_at_once),
	    T(it_is_signed_after_so_many_records),
	    T(what_was_made_anew_under_a_signature_shows),
	    T(a_signature_by_another_key_shows),
	    T(a_signature_that_is_none_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
