/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/base/gift.h"
#include "firmware/store/audit.h"
#include "firmware/store/list.h"
#include "hotlist/layout.h"
#include "hotlist/match.h"
#include "hotlist/tool/diff.h"
#include "tests/unit/lists.h"

#include <fcntl.h>
#include <unistd.h>

#define NOW (T0 + 60 * NS_PER_S)

static struct store_hotlist_conf conf;
static struct list l;

static int begin(void **state)
{
	struct place *p;

	(void)place_make(state);
	p = *state;
	conf = (struct store_hotlist_conf){0};
	(void)snprintf(conf.key, sizeof conf.key, "%s/key.pub", lists.folder);
	(void)snprintf(conf.path, sizeof conf.path, "%s/list.alpb", p->folder);
	return list_open(&l, &conf, p->folder, &p->why) ? 0 : -1;
}

static int end(void **state)
{
	list_close(&l);
	return place_end(state);
}

/* The bytes of a signed list of that version; caller frees. */
static uint8_t *list_bytes(uint64_t version, struct crypt_key *key, size_t *size)
{
	struct bundle_info info = lists_info();
	struct entry x = lists_entry("WANT 01", "MO", 'V');
	uint8_t *file;

	info.version = version;
	file = lists_pack(&x, 1, &info, size);
	assert_non_null(file);
	assert_true(lists_sign(file, *size, key));
	return file;
}

static void on_disk(const char *path, uint64_t version, struct crypt_key *key, size_t cut)
{
	size_t size;
	AUTO_FREE uint8_t *file = list_bytes(version, key, &size);
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(file, 1, size - cut, f), size - cut);
	assert_int_equal(fclose(f), 0);
}

static bool offered(struct place *p, uint64_t version, struct crypt_key *key, size_t damaged_at)
{
	size_t size;
	AUTO_FREE uint8_t *file = list_bytes(version, key, &size);
	AUTO_CLOSE int fd = -1;
	struct iovec part = {file, size};

	if (damaged_at)
		file[damaged_at] ^= 1;
	assert_true(gift_make("bundle", &part, 1, &fd, &p->why));
	return list_offer(&l, p->db, fd, "\"tag\"", NOW, &p->why);
}

static void load(struct place *p)
{
	assert_true(list_load(&l, p->db, NOW, &p->why));
}

static void reopen(struct place *p)
{
	list_close(&l);
	place_close(p);
	place_open(p);
	assert_true(list_open(&l, &conf, p->folder, &p->why));
	load(p);
}

static int64_t audited(struct place *p, const char *outcome)
{
	char sql[128];

	(void)snprintf(sql, sizeof sql,
		       "SELECT count(*) FROM audit WHERE what = 'hotlist' AND outcome = '%s'",
		       outcome);
	return count_of(p, sql);
}

static void no_list_is_no_error_and_says_why(void **state)
{
	struct place *p = *state;

	load(p);
	assert_null(l.b);
	assert_string_not_equal(l.why, "");
	assert_false(list_stale(&l, NOW));
	assert_int_equal(list_version(&l), 0);
	list_close(&l);
	conf.key[0] = '\0';
	assert_true(list_open(&l, &conf, p->folder, &p->why));
	load(p);
	assert_non_null(strstr(l.why, "key"));
	list_close(&l);
	(void)snprintf(conf.key, sizeof conf.key, "%s/absent.pub", p->folder);
	assert_true(list_open(&l, &conf, p->folder, &p->why));
	load(p);
	assert_string_not_equal(l.why, "");
	assert_false(offered(p, 7, lists.key, 0));
}

static void a_good_one_loads_and_is_audited(void **state)
{
	struct place *p = *state;

	on_disk(conf.path, 7, lists.key, 0);
	load(p);
	assert_int_equal(list_version(&l), 7);
	assert_string_equal(l.why, "");
	assert_int_equal(audited(p, "loaded"), 1);
	assert_int_equal(
	    count_of(p, "SELECT count(*) FROM audit WHERE who LIKE 'signer:%' AND length(who) = 71"
			" AND json_extract(detail, '$.version') = 7"),
	    1);
	assert_false(list_stale(&l, NOW));
	assert_true(list_stale(&l, T0 + 86401 * NS_PER_S));
	/* Loading again changes nothing and is not recorded again. */
	load(p);
	assert_int_equal(audited(p, "loaded"), 1);
}

static void bad_ones_are_refused_and_audited(void **state)
{
	struct place *p = *state;

	on_disk(conf.path, 7, lists.other, 0);
	load(p);
	assert_null(l.b);
	on_disk(conf.path, 7, lists.key, 1);
	load(p);
	assert_null(l.b);
	assert_int_equal(truncate(conf.path, 0), 0);
	load(p);
	assert_null(l.b);
	assert_int_equal(audited(p, "refused"), 3);
	assert_int_equal(count_of(p, "SELECT count(*) FROM audit WHERE NOT json_valid(detail)"), 0);
}

static void a_bad_one_leaves_the_old_one_working(void **state)
{
	struct place *p = *state;

	on_disk(conf.path, 7, lists.key, 0);
	load(p);
	(void)unlink(conf.path); /* replaced as an updater does, by a new file */
	on_disk(conf.path, 8, lists.other, 0);
	load(p);
	assert_int_equal(list_version(&l), 7);
	assert_string_not_equal(l.why, "");
	assert_false(offered(p, 9, lists.other, 0));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	assert_false(offered(p, 9, lists.key, 400));
	assert_int_equal(list_version(&l), 7);
}

static void the_newer_one_is_taken_from_uplink_and_outlives_a_restart(void **state)
{
	struct place *p = *state;

	on_disk(conf.path, 7, lists.key, 0);
	load(p);
	assert_true(offered(p, 9, lists.key, 0));
	assert_int_equal(list_version(&l), 9);
	assert_true(bytes_of(p, "hotlist/current.alpb") > 0);
	assert_int_equal(bytes_of(p, "hotlist/next.alpb"), -1);
	reopen(p);
	assert_int_equal(list_version(&l), 9);
	/* The same again: accepted, nothing changes. */
	assert_true(offered(p, 9, lists.key, 0));
	assert_int_equal(list_version(&l), 9);
	/* A newer one on disk wins over the cache. */
	(void)unlink(conf.path);
	on_disk(conf.path, 10, lists.key, 0);
	load(p);
	assert_int_equal(list_version(&l), 10);
}

/* What uplink asks the RTCC with: of the list that it belongs to, and of no other. */
static void the_etag_goes_with_its_list(void **state)
{
	struct place *p = *state;

	on_disk(conf.path, 7, lists.key, 0);
	load(p);
	assert_string_equal(l.etag, "");
	assert_true(offered(p, 9, lists.key, 0));
	assert_string_equal(l.etag, "\"tag\"");
	assert_false(offered(p, 10, lists.other, 0));
	assert_string_equal(l.etag, "\"tag\"");
	reopen(p);
	assert_string_equal(l.etag, "\"tag\"");
	/* The record says nothing of a list that it was not written for. */
	assert_true(db_run(p->db, NULL, &p->why, "UPDATE list_offer SET bundle_id = 1", ""));
	reopen(p);
	assert_int_equal(list_version(&l), 9);
	assert_string_equal(l.etag, "");
	(void)unlink(conf.path);
	on_disk(conf.path, 10, lists.key, 0);
	load(p);
	assert_int_equal(list_version(&l), 10);
	assert_string_equal(l.etag, "");
	reopen(p);
	assert_string_equal(l.etag, "");
}

/* All that a load writes is written at once: with the ETag's table gone none of it is. */
static void what_is_remembered_is_written_together(void **state)
{
	struct place *p = *state;
	int64_t floor;

	assert_true(offered(p, 7, lists.key, 0));
	assert_true(db_run(p->db, NULL, &p->why, "DROP TABLE list_offer", ""));
	assert_false(offered(p, 8, lists.key, 0));
	assert_int_equal(list_version(&l), 7);
	assert_true(db_state_get(p->db, "list_version", &floor, &p->why));
	assert_int_equal(floor, 7);
	assert_int_equal(audited(p, "loaded"), 1);
}

static void it_never_goes_back(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 9, lists.key, 0));
	assert_false(offered(p, 8, lists.key, 0));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_int_equal(list_version(&l), 9);
	/* Not even when the cache is lost: then there is none rather than an old one. */
	(void)unlink(l.cache);
	on_disk(conf.path, 8, lists.key, 0);
	reopen(p);
	assert_null(l.b);
	assert_non_null(strstr(l.why, "older"));
	assert_false(offered(p, 8, lists.key, 0));
	assert_true(offered(p, 9, lists.key, 0));
	assert_false(offered(p, UINT64_MAX, lists.key, 0));
	assert_int_equal(p->why.code, ERR_LIMIT);
}

static void a_damaged_cache_falls_back_to_the_file(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 9, lists.key, 0));
	assert_int_equal(truncate(l.cache, 100), 0);
	on_disk(conf.path, 9, lists.key, 0);
	reopen(p);
	assert_int_equal(list_version(&l), 9);
}

/* The RTCC changes its key: for a while lists by either are good, then by the new one alone. */
static void while_the_signer_changes_its_key_both_are_good(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 7, lists.key, 0));
	assert_false(offered(p, 8, lists.other, 0));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	(void)snprintf(conf.key_next, sizeof conf.key_next, "%s/other.pub", lists.folder);
	reopen(p);
	assert_int_equal(list_version(&l), 7);
	assert_true(offered(p, 8, lists.other, 0));
	assert_int_equal(list_version(&l), 8);
	assert_true(offered(p, 9, lists.key, 0));
	on_disk(conf.path, 10, lists.other, 0);
	load(p);
	assert_int_equal(list_version(&l), 10);
	/* Done: the old one is gone, and what it signs. */
	memcpy(conf.key, conf.key_next, sizeof conf.key);
	conf.key_next[0] = '\0';
	reopen(p);
	assert_int_equal(list_version(&l), 10);
	assert_false(offered(p, 11, lists.key, 0));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	assert_true(offered(p, 11, lists.other, 0));
}

/* --- deltas --------------------------------------------------------------------------------------
 */

/* A delta from the list of version `from` to that of `to`; the latter signed by `key`. */
static bool offer_delta(struct place *p, uint64_t from, uint64_t to, struct crypt_key *key,
			size_t damaged_at)
{
	size_t old_len, new_len, len;
	AUTO_FREE uint8_t *old = list_bytes(from, lists.key, &old_len),
			  *new = list_bytes(to, key, &new_len), *delta = NULL;
	AUTO_CLOSE int fd = -1;
	struct iovec part;

	/* A signature is another each time: what the box has is what the delta is from. */
	if (from == list_version(&l)) {
		FILE *f = fopen(l.cache, "rb");

		assert_non_null(f);
		assert_int_equal(fread(old, 1, old_len, f), old_len);
		assert_int_equal(fclose(f), 0);
	}
	assert_true(diff_bundles(old, old_len, new, new_len, &delta, &len, &p->why));
	if (damaged_at)
		delta[damaged_at] ^= 1;
	part = (struct iovec){delta, len};
	assert_true(gift_make("delta", &part, 1, &fd, &p->why));
	return list_offer(&l, p->db, fd, "\"tag\"", NOW, &p->why);
}

static void a_delta_gives_the_later_list(void **state)
{
	struct place *p = *state;

	assert_false(offer_delta(p, 7, 8, lists.key, 0)); /* there is none yet */
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
	assert_true(offered(p, 7, lists.key, 0));
	assert_true(offer_delta(p, 7, 8, lists.key, 0));
	assert_int_equal(list_version(&l), 8);
	assert_int_equal(bytes_of(p, "hotlist/next.alpb"), -1);
	reopen(p);
	assert_int_equal(list_version(&l), 8);
	assert_int_equal(audited(p, "loaded"), 3);
}

static void deltas_that_are_refused(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 7, lists.key, 0));
	assert_false(offer_delta(p, 6, 8, lists.key, 0)); /* of a list that is not in force */
	assert_int_equal(p->why.code, ERR_NOT_FOUND);
	assert_false(offer_delta(p, 7, 8, lists.other, 0));
	assert_int_equal(p->why.code, ERR_SIGNATURE);
	assert_false(offer_delta(p, 7, 6, lists.key, 0)); /* back */
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_false(offer_delta(p, 7, 8, lists.key, 432)); /* its first change */
	assert_int_equal(p->why.code, ERR_FORMAT);
	assert_int_equal(list_version(&l), 7);
	assert_int_equal(bytes_of(p, "hotlist/next.alpb"), -1);
	assert_int_equal(audited(p, "refused"), 4);
	assert_true(offer_delta(p, 7, 8, lists.key, 0));
	assert_int_equal(list_version(&l), 8);
}

/* --- lists of many entries -----------------------------------------------------------------------
 */

#define MANY 60000u

/* A signed list that takes more than a slice; caller frees. One row of it is forbidden if wanted.
 */
static uint8_t *list_of(unsigned rows, uint64_t version, bool planted, size_t *size)
{
	struct entry *x = calloc(rows, sizeof *x);
	struct bundle_info info = lists_info();
	uint8_t *file;

	assert_non_null(x);
	info.version = version;
	for (unsigned i = 0; i < rows; i++) {
		char plate[13];

		(void)snprintf(plate, sizeof plate, "L%u", i);
		x[i] = lists_entry(plate, "MO", 'V');
	}
	file = lists_pack(x, rows, &info, size);
	free(x);
	assert_non_null(file);
	if (planted) {
		struct layout at;

		assert_true(layout_get_header(file, *size, &at, NULL));
		file[at.records + (size_t)(rows - 1) * LAYOUT_RECORD + 31] = 'X';
	}
	assert_true(lists_sign(file, *size, lists.key));
	return file;
}

static uint8_t *long_list(uint64_t version, bool planted, size_t *size)
{
	return list_of(MANY, version, planted, size);
}

static bool offer_long(struct place *p, uint64_t version, bool planted)
{
	size_t size;
	AUTO_FREE uint8_t *file = long_list(version, planted, &size);
	AUTO_CLOSE int fd = -1;
	struct iovec part = {file, size};

	assert_true(gift_make("bundle", &part, 1, &fd, &p->why));
	return list_offer(&l, p->db, fd, "\"tag\"", NOW, &p->why);
}

/* With no time at all each call does nothing for a long list: end it with one that has enough. */
static bool finish(struct place *p)
{
	assert_true(list_arriving(&l));
	assert_true(list_step(&l, p->db, NOW, 0, &p->why));
	assert_true(list_arriving(&l));
	return list_step(&l, p->db, NOW, INT64_MAX, &p->why);
}

static bool wanted(const char *plate)
{
	struct plate_read read = {.jurisdiction = "MO"};
	struct match m;
	bool stale;

	memcpy(read.text, plate, strlen(plate));
	match_read(l.b, &read, NOW / NS_PER_S, &m, &stale);
	return m.grade == GRADE_EXACT;
}

static void a_long_list_arrives_while_the_old_one_is_in_force(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 7, lists.key, 0));
	assert_true(offer_long(p, 8, false));
	assert_true(list_arriving(&l));
	assert_int_equal(list_version(&l), 7);
	assert_true(wanted("WANT01"));
	assert_true(finish(p));
	assert_false(list_arriving(&l));
	assert_int_equal(list_version(&l), 8);
	assert_true(wanted("L12345"));
	assert_int_equal(audited(p, "loaded"), 2);
	/* Accepted once: a restart does not check it again. */
	reopen(p);
	assert_false(list_arriving(&l));
	assert_int_equal(list_version(&l), 8);
	assert_true(wanted("L0"));
}

static void one_forbidden_row_at_the_end_of_a_long_list_refuses_it(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 7, lists.key, 0));
	assert_true(offer_long(p, 8, true));
	assert_false(finish(p));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_false(list_arriving(&l));
	assert_int_equal(list_version(&l), 7);
	assert_true(wanted("WANT01"));
	assert_int_equal(audited(p, "refused"), 1);
	assert_int_equal(bytes_of(p, "hotlist/next.alpb"), -1);
	/* The same by way of the configured file, and once more after a restart. */
	for (int i = 0; i < 2; i++) {
		size_t size;
		AUTO_FREE uint8_t *file = long_list(8, true, &size);
		FILE *f = fopen(conf.path, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(file, 1, size, f), size);
		assert_int_equal(fclose(f), 0);
		if (i == 0)
			load(p);
		else
			reopen(p);
		assert_false(finish(p));
		assert_int_equal(list_version(&l), 7);
	}
}

static void a_newer_offer_ends_the_one_that_arrives(void **state)
{
	struct place *p = *state;

	assert_true(offer_long(p, 8, false));
	assert_true(offer_long(p, 8, false)); /* the same, signed again: another id */
	assert_true(list_arriving(&l));
	assert_true(offered(p, 9, lists.key, 0));
	assert_false(list_arriving(&l));
	assert_int_equal(list_version(&l), 9);
	assert_false(offer_long(p, 8, false));
	assert_int_equal(list_version(&l), 9);
}

/* Power cut while it arrives: the old one is there, and the rest of the new one harms nobody. */
static void a_cut_while_it_arrives_leaves_the_old_one(void **state)
{
	struct place *p = *state;

	assert_true(offered(p, 7, lists.key, 0));
	assert_true(offer_long(p, 8, false));
	reopen(p);
	assert_false(list_arriving(&l));
	assert_int_equal(list_version(&l), 7);
	assert_true(offer_long(p, 8, false));
	assert_true(finish(p));
	assert_int_equal(list_version(&l), 8);
}

/* And between the rename and the record in the database: it is checked again, not believed. */
static void a_cache_that_was_never_accepted_is_checked_whole(void **state)
{
	struct place *p = *state;
	size_t size;
	AUTO_FREE uint8_t *bad = long_list(8, true, &size);
	FILE *f;

	assert_true(offered(p, 7, lists.key, 0));
	f = fopen(l.cache, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bad, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	reopen(p);
	assert_null(l.b);
	assert_false(finish(p));
	assert_int_equal(p->why.code, ERR_POLICY);
	assert_null(l.b);
}

static void put_file(const char *path, const uint8_t *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* What a power cut can leave: any part of the copy; the copy whole; the copy in its place, but not
 * yet in the database. The old list or the new one, never none. */
static void cut_at_every_4_kib_of_a_swap(void **state)
{
	struct place *p = *state;
	size_t size;
	AUTO_FREE uint8_t *new = list_of(3000, 8, false, &size);

	assert_true(offered(p, 7, lists.key, 0));
	assert_true(size > 24 * 4096);
	for (size_t n = 0; n < size; n += 4096) {
		put_file(l.next, new, n);
		reopen(p);
		assert_int_equal(list_version(&l), 7);
		assert_true(wanted("WANT01"));
	}
	put_file(l.next, new, size);
	reopen(p);
	assert_int_equal(list_version(&l), 7);
	assert_int_equal(rename(l.next, l.cache), 0);
	reopen(p);
	assert_int_equal(list_version(&l), 8);
	assert_true(wanted("L2999"));
}

/* A disk that gives other bytes than it was given: no match from it, and it is given up. */
static void a_list_that_breaks_in_use_is_given_up(void **state)
{
	struct place *p = *state;
	static const char JUNK[32] = "no record";
	int fd;

	assert_true(offer_long(p, 8, false));
	assert_true(finish(p));
	assert_true(wanted("L77"));
	fd = open(l.cache, O_WRONLY);
	assert_true(fd >= 0);
	for (off_t at = 65536; at < bytes_of(p, "hotlist/current.alpb"); at += 4096)
		assert_int_equal(pwrite(fd, JUNK, sizeof JUNK, at), sizeof JUNK);
	(void)close(fd);
	reopen(p); /* the header and the digests are as they were */
	assert_int_equal(list_version(&l), 8);
	assert_false(wanted("L77"));
	assert_false(wanted("L78"));
	assert_true(list_broken(&l));
	assert_true(list_step(&l, p->db, NOW, INT64_MAX, &p->why));
	assert_null(l.b);
	assert_non_null(strstr(l.why, "broken"));
	assert_int_equal(audited(p, "refused"), 1);
	assert_int_equal(bytes_of(p, "hotlist/current.alpb"), -1);
	/* The same version may come again. */
	assert_true(offer_long(p, 8, false));
	assert_true(finish(p));
	assert_true(wanted("L77"));
}

static void what_is_not_sealed_is_not_looked_at(void **state)
{
	struct place *p = *state;
	AUTO_CLOSE int fd = -1;

	on_disk(conf.path, 9, lists.key, 0);
	fd = open(conf.path, O_RDONLY);
	assert_false(list_offer(&l, p->db, fd, "\"tag\"", NOW, &p->why));
	assert_int_equal(p->why.code, ERR_PEER);
	assert_null(l.b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    T(no_list_is_no_error_and_says_why),
	    T(a_good_one_loads_and_is_audited),
	    T(bad_ones_are_refused_and_audited),
	    T(a_bad_one_leaves_the_old_one_working),
	    T(the_newer_one_is_taken_from_uplink_and_outlives_a_restart),
	    T(the_etag_goes_with_its_list),
	    T(what_is_remembered_is_written_together),
	    T(it_never_goes_back),
	    T(a_damaged_cache_falls_back_to_the_file),
	    T(what_is_not_sealed_is_not_looked_at),
	    T(while_the_signer_changes_its_key_both_are_good),
	    T(a_delta_gives_the_later_list),
	    T(deltas_that_are_refused),
	    T(a_long_list_arrives_while_the_old_one_is_in_force),
	    T(one_forbidden_row_at_the_end_of_a_long_list_refuses_it),
	    T(a_newer_offer_ends_the_one_that_arrives),
	    T(a_cut_while_it_arrives_leaves_the_old_one),
	    T(a_cache_that_was_never_accepted_is_checked_whole),
	    T(cut_at_every_4_kib_of_a_swap),
	    T(a_list_that_breaks_in_use_is_given_up),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
