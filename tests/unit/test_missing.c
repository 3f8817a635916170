/* SPDX-License-Identifier: Apache-2.0 */
/* Category M in a build that has it, whatever this build's configuration says: hotlist/entry.c is
 * compiled in here with the switch on and takes the place of the library's. What remains is the
 * signed policy. */
#undef CONFIG_CATEGORY_MISSING
#define CONFIG_CATEGORY_MISSING 1
#include "hotlist/entry.c"

#include "firmware/base/cleanup.h"
#include "hotlist/match.h"
#include "hotlist/tool/compile.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void loads_and_matches_when_signed_so(void **state)
{
	struct entry x = lists_entry("MISS1NG", "MO", 'M');
	struct bundle_info info = lists_info();
	struct plate_read read = {.text = "MISS1NG", .jurisdiction = "MO"};
	struct bundle *b;
	struct match m;
	bool stale;

	(void)state;
	info.allow_missing = true;
	b = lists_load(&x, 1, &info);
	assert_non_null(b);
	assert_true(bundle_info(b)->allow_missing);
	assert_int_equal(bundle_info(b)->per_category[3], 1);
	match_read(b, &read, LISTS_ISSUED_S, &m, &stale);
	assert_int_equal(m.grade, GRADE_EXACT);
	bundle_close(b);
}

static void refused_when_not_signed_so(void **state)
{
	struct entry x[2] = {lists_entry("MISS1NG", "MO", 'M'), lists_entry("STOLEN", "MO", 'V')};
	struct bundle_info info = lists_info();
	struct bundle *b;
	struct err e = {0};
	size_t size;
	uint8_t *file AUTO_FREE = lists_pack(x, 2, &info, &size);

	(void)state;
	assert_true(lists_sign(file, size, lists.key));
	assert_false(lists_open(file, size, lists.key, &b, &e));
	assert_null(b);
	assert_int_equal(e.code, ERR_POLICY);
}

static void count(void *arg, uint64_t line, const char *why)
{
	(void)line;
	(void)why;
	++*(unsigned *)arg;
}

/* One row of M: as many entries as the call's switch lets through. */
static void compiles_when_the_call_says_so(void **state)
{
	static const char TEXT[] = "lic,lis,category,case_number,ori,expires\n"
				   "MISS1NG,MO,M,1,MO0951400,2027-03-01\n"
				   "STOLEN,MO,V,1,MO0951400,2027-03-01\n";
	static const struct compile_terms NOTHING = {0};
	struct compile_report report;
	struct feed_layout csv;

	(void)state;
	assert_true(feed_layout_open("csv", "hotlist/layouts", &csv, NULL));
	for (unsigned on = 0; on < 2; on++) {
		struct bundle_info info = lists_info(), made;
		struct compile *c = NULL;
		struct feed feed;
		struct err e = {0};
		uint8_t *file AUTO_FREE = NULL;
		unsigned rejected = 0;
		size_t size;

		info.allow_missing = on;
		assert_true(compile_new(&info, &c, &e));
		assert_true(feed_memory(&feed, TEXT, sizeof TEXT - 1, &e));
		assert_true(compile_feed(c, &csv, &NOTHING, &feed, count, &rejected, &report, &e));
		assert_true(compile_finish(c, &made, &file, &size, &e));
		compile_free(c);
		assert_int_equal(made.per_category[3], on);
		assert_int_equal(made.per_category[1], 1);
		assert_int_equal(rejected, 1 - on);
		assert_int_equal(report.forbidden, 1 - on);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(loads_and_matches_when_signed_so),
	    cmocka_unit_test(refused_when_not_signed_so),
	    cmocka_unit_test(compiles_when_the_call_says_so),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
