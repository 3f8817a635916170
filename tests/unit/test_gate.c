/* SPDX-License-Identifier: Apache-2.0 */
/* The policy gate where it stands last, at match and behind a delta, and category M in a build that
 * does not have it, whatever this build's configuration says: hotlist/entry.c is compiled in here
 * with the switch off and takes the place of the library's. test_missing is the same with the
 * switch on. */
#undef CONFIG_CATEGORY_MISSING
#include "hotlist/entry.c"

#include "firmware/base/cleanup.h"
#include "hotlist/match.h"
#include "hotlist/tool/compile.h"
#include "hotlist/tool/diff.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* Of a list of one entry (hotlist/FORMAT.md); not taken from the code on purpose. */
enum { RECORD = 4096 + 64, CASE = RECORD + 8, CATEGORY = RECORD + 31 };
enum { ENTERED = RECORD + 32, EXPIRES = ENTERED + 4, ORI = EXPIRES + 4 };

static const uint8_t NO_CASE[6] = {0, 0, 0, 0, 0, 1 << 6}, NOTHING[9] = {0};

struct plant {
	size_t at, len;
	const uint8_t *bytes;
};

/* A signed list of one entry with these bytes in it, opened as one that was accepted before: its
 * records are looked at when they are used. */
static struct bundle *begun(const struct plant *p, bool allow_missing)
{
	struct entry x = lists_entry("SK5K9V", "MO", 'V');
	struct bundle_info info = lists_info();
	AUTO_CLOSE int fd = memfd_create("list", MFD_CLOEXEC);
	struct bundle *b = NULL;
	struct err e = {0};
	uint8_t *file AUTO_FREE = NULL;
	size_t size;

	info.allow_missing = allow_missing;
	file = lists_pack(&x, 1, &info, &size);
	assert_non_null(file);
	memcpy(file + p->at, p->bytes, p->len);
	assert_true(lists_sign(file, size, lists.key));
	assert_int_equal(write(fd, file, size), size);
	assert_true(bundle_begin_fd(fd, lists.key, &b, &e));
	return b;
}

static enum match_grade grade(const struct bundle *b)
{
	struct plate_read read = {.text = "SK5K9V", .jurisdiction = "MO"};
	struct match m;
	bool stale;

	match_read(b, &read, LISTS_ISSUED_S, &m, &stale);
	assert_false(stale);
	return m.grade;
}

static void silent(const struct plant *p, bool allow_missing)
{
	struct bundle *b = begun(p, allow_missing);

	assert_int_equal(grade(b), GRADE_NONE);
	assert_true(bundle_broken(b));
	bundle_close(b);
}

static void no_forbidden_entry_matches(void **state)
{
	static const uint8_t V = 'V';
	struct bundle *b = begun(&(struct plant){CATEGORY, 1, &V}, false);

	(void)state;
	assert_int_equal(grade(b), GRADE_EXACT); /* of this one nothing was changed */
	bundle_close(b);
	for (unsigned c = 0; c < 256; c++) {
		uint8_t code = (uint8_t)c;

		if (c == 'F' || c == 'V' || c == 'P')
			continue;
		silent(&(struct plant){CATEGORY, 1, &code}, false);
		silent(&(struct plant){CATEGORY, 1, &code}, true);
	}
}

static void no_entry_matches_without_what_it_needs(void **state)
{
	(void)state;
	silent(&(struct plant){CASE, sizeof NO_CASE, NO_CASE}, false);
	silent(&(struct plant){EXPIRES, 4, NOTHING}, false);
	silent(&(struct plant){ORI, 9, NOTHING}, false);
}

/* What a delta gives is checked like a list that comes whole. */
static void a_delta_brings_in_no_more_than_a_list(void **state)
{
	struct entry x = lists_entry("SK5K9V", "MO", 'V');
	struct bundle_info info = lists_info();
	struct bundle *b;
	struct err e = {0};
	size_t old_len, new_len, len;
	uint8_t *old AUTO_FREE = lists_pack(&x, 1, &info, &old_len);
	uint8_t *new AUTO_FREE = NULL, *delta AUTO_FREE = NULL, *out AUTO_FREE = NULL;

	(void)state;
	info.version++;
	new = lists_pack(&x, 1, &info, &new_len);
	assert_non_null(old);
	assert_non_null(new);
	new[CATEGORY] = 'H';
	assert_true(lists_sign(old, old_len, lists.key));
	assert_true(lists_sign(new, new_len, lists.key));
	assert_true(diff_bundles(old, old_len, new, new_len, &delta, &len, &e));
	out = malloc(new_len);
	assert_non_null(out);
	assert_true(delta_apply(old, old_len, delta, len, out, new_len, &e));
	assert_memory_equal(out, new, new_len);
	assert_false(lists_open(out, new_len, lists.key, &b, &e));
	assert_int_equal(e.code, ERR_POLICY);
}

/* Signed by whoever's build has the switch on, loaded by one that has it off. */
static void missing_persons_do_not_load(void **state)
{
	struct entry x = lists_entry("MISS1NG", "MO", 'M');
	struct bundle_info info = lists_info();
	struct bundle *b;
	struct err e = {0};
	uint8_t *file AUTO_FREE = NULL;
	size_t size;

	(void)state;
	for (int on = 0; on < 2; on++) {
		info.allow_missing = on;
		free(file);
		file = lists_pack(&x, 1, &info, &size);
		assert_non_null(file);
		assert_true(lists_sign(file, size, lists.key));
		assert_false(lists_open(file, size, lists.key, &b, &e));
		assert_null(b);
		assert_int_equal(e.code, ERR_POLICY);
	}
}

static void missing_persons_do_not_compile(void **state)
{
	struct bundle_info info = lists_info();
	struct compile *c = NULL;
	struct err e = {0};

	(void)state;
	info.allow_missing = true;
	assert_false(compile_new(&info, &c, &e));
	assert_null(c);
	assert_int_equal(e.code, ERR_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_forbidden_entry_matches),
	    cmocka_unit_test(no_entry_matches_without_what_it_needs),
	    cmocka_unit_test(a_delta_brings_in_no_more_than_a_list),
	    cmocka_unit_test(missing_persons_do_not_load),
	    cmocka_unit_test(missing_persons_do_not_compile),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
