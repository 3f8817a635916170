/* SPDX-License-Identifier: Apache-2.0 */
/* The list in force is the store's own copy: what happens to the configured file later does not
 * reach it. */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/store/list.h"
#include "hotlist/match.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW_NS ((LISTS_ISSUED_S + 60) * NS_PER_S)

static struct store_hotlist_conf conf;
static struct list list;
static struct db *db;

static int begin(void **state)
{
	struct db_opened how;
	struct err e = {0};

	if (lists_begin(state) != 0)
		return -1;
	(void)snprintf(conf.path, sizeof conf.path, "%s/list.alpb", lists.folder);
	(void)snprintf(conf.key, sizeof conf.key, "%s/key.pub", lists.folder);
	if (!db_open(lists.folder, &db_schema, NOW_NS, &db, &how, &e) ||
	    !list_open(&list, &conf, lists.folder, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	return 0;
}

static int end(void **state)
{
	list_close(&list);
	db_close(db);
	return lists_end(state);
}

/* Write over the configured file in place, as cp does. */
static void write_over(const uint8_t *data, size_t size)
{
	FILE *f = fopen(conf.path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

/* A signed list of one plate; caller frees. */
static uint8_t *signed_list(const char *plate, uint64_t version, int64_t issued_s, size_t *size)
{
	struct entry x = lists_entry(plate, "MO", 'V');
	struct bundle_info info = lists_info();
	uint8_t *file;

	info.version = version;
	info.issued_ns = issued_s * NS_PER_S;
	file = lists_pack(&x, 1, &info, size);
	assert_non_null(file);
	assert_true(lists_sign(file, *size, lists.key));
	return file;
}

static void load(const char *plate, uint64_t version, int64_t issued_s)
{
	struct err e = {0};
	size_t size;
	AUTO_FREE uint8_t *file = signed_list(plate, version, issued_s, &size);

	write_over(file, size);
	assert_true(list_load(&list, db, NOW_NS, &e));
}

/* The same by way of uplink. */
static void offer(const char *plate, uint64_t version, int64_t issued_s)
{
	struct err e = {0};
	struct iovec part;
	size_t size;
	AUTO_FREE uint8_t *file = signed_list(plate, version, issued_s, &size);
	AUTO_CLOSE int fd = -1;

	part = (struct iovec){file, size};
	assert_true(gift_make("bundle", &part, 1, &fd, &e));
	assert_true(list_offer(&list, db, fd, "", NOW_NS, &e));
}

static bool wanted(const char *plate)
{
	struct plate_read read = {.jurisdiction = "MO"};
	struct match m;
	bool stale;

	memcpy(read.text, plate, strlen(plate));
	match_read(list.b, &read, NOW_NS / NS_PER_S, &m, &stale);
	return m.grade == GRADE_EXACT;
}

static void the_configured_file_written_over_in_place(void **state)
{
	struct entry x = lists_entry("PLANTED", "MO", 'V');
	struct bundle_info info = lists_info();
	size_t size;
	uint8_t *unsigned_file AUTO_FREE = lists_pack(&x, 1, &info, &size);
	struct err e = {0};

	(void)state;
	load("WANTED1", 7, LISTS_ISSUED_S);
	assert_true(wanted("WANTED1"));
	/* Nobody signed this one; it has the size of the one in force. */
	write_over(unsigned_file, size);
	assert_true(wanted("WANTED1"));
	assert_false(wanted("PLANTED"));
	assert_true(list_load(&list, db, NOW_NS, &e));
	assert_true(wanted("WANTED1"));
	/* Cut to nothing under a map of it, this would be a SIGBUS. */
	write_over(unsigned_file, 0);
	assert_true(wanted("WANTED1"));
	assert_true(list_load(&list, db, NOW_NS, &e));
	assert_true(wanted("WANTED1"));
	assert_int_equal(list_version(&list), 7);
}

static void the_copy_outlives_a_restart(void **state)
{
	struct err e = {0};

	(void)state;
	load("WANTED2", 8, LISTS_ISSUED_S);
	assert_int_equal(remove(conf.path), 0);
	list_close(&list);
	assert_true(list_open(&list, &conf, lists.folder, &e));
	assert_true(list_load(&list, db, NOW_NS, &e));
	assert_int_equal(list_version(&list), 8);
	assert_true(wanted("WANTED2"));
}

static void the_same_version_signed_later_is_the_later_one(void **state)
{
	(void)state;
	load("WANTED3", 9, LISTS_ISSUED_S);
	load("WANTED4", 9, LISTS_ISSUED_S + 30);
	assert_true(wanted("WANTED4"));
	load("WANTED5", 9, LISTS_ISSUED_S + 10);
	assert_true(wanted("WANTED4"));
	assert_false(wanted("WANTED5"));
}

/* A list without changes is signed again before it is too old: that must reach the box. */
static void the_same_version_offered_again_is_the_later_one(void **state)
{
	(void)state;
	offer("WANTED6", 10, LISTS_ISSUED_S);
	offer("WANTED7", 10, LISTS_ISSUED_S + 30);
	assert_true(wanted("WANTED7"));
	assert_int_equal(bundle_info(list.b)->issued_ns, (LISTS_ISSUED_S + 30) * NS_PER_S);
	offer("WANTED8", 10, LISTS_ISSUED_S + 10);
	assert_true(wanted("WANTED7"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_configured_file_written_over_in_place),
	    cmocka_unit_test(the_copy_outlives_a_restart),
	    cmocka_unit_test(the_same_version_signed_later_is_the_later_one),
	    cmocka_unit_test(the_same_version_offered_again_is_the_later_one),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
