/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/base/gift.h"
#include "firmware/store/audit.h"
#include "firmware/store/list.h"
#include "tests/unit/lists.h"

#include <fcntl.h>
#include <unistd.h>

#define NOW (T0 + 60 * NS_PER_S)

static struct lists lists;
static struct store_hotlist_conf conf;
static struct list l;

static int group_begin(void **state)
{
	char command[300];

	(void)state;
	if (!lists_begin(&lists))
		return -1;
	(void)snprintf(command, sizeof command,
		       "openssl pkey -in %s/key.pem -pubout -out %s/key.pub 2>/dev/null",
		       lists.folder, lists.folder);
	return system(command);
}

static int group_end(void **state)
{
	(void)state;
	lists_end(&lists);
	return 0;
}

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
	return list_offer(&l, p->db, fd, NOW, &p->why);
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

static void what_is_not_sealed_is_not_looked_at(void **state)
{
	struct place *p = *state;
	AUTO_CLOSE int fd = -1;

	on_disk(conf.path, 9, lists.key, 0);
	fd = open(conf.path, O_RDONLY);
	assert_false(list_offer(&l, p->db, fd, NOW, &p->why));
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
	    T(it_never_goes_back),
	    T(a_damaged_cache_falls_back_to_the_file),
	    T(what_is_not_sealed_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
