/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds and layouts cut anywhere: each cut has a buffer of its own for the sanitiser. That they are
 * read right is tested with the tool itself. */
#include "firmware/base/cleanup.h"
#include "hotlist/tool/compile.h"
#include "firmware/base/file.h"
#include "hotlist/tool/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const LAYOUTS[] = {"csv", "ncic-lpr", "il-leads", "ncic-csv", "ncic-csv-lit"};

#define N_LAYOUTS (sizeof LAYOUTS / sizeof *LAYOUTS)

static void read_whole(const char *form, const char *name, uint8_t **data, size_t *len)
{
	char path[128];
	struct err e = {0};

	(void)snprintf(path, sizeof path, form, name);
	if (!file_read(path, 1 << 20, data, len, &e))
		fail_msg("%s", e.text);
}

static void note(void *arg, uint64_t line, const char *why)
{
	*(uint64_t *)arg = line;
	assert_non_null(strchr(why, ':'));
}

/* Compile; returns what the feed gave. */
static bool compile(const struct feed_layout *l, const char *text, size_t len,
		    struct compile_report *r, struct err *e)
{
	static const struct bundle_info POLICY = {
	    .version = 1, .issued_ns = INT64_C(1800000000) * 1000000000, .max_age_s = 60};
	static const struct compile_terms TERMS = {"MO0951400", "FEED", 86400};
	struct compile *c = NULL;
	struct feed feed;
	uint64_t line = 0;
	bool good;

	assert_true(compile_new(&POLICY, &c, e));
	good = feed_memory(&feed, text, len, e) &&
	       compile_feed(c, l, &TERMS, &feed, note, &line, r, e);
	compile_free(c);
	return good;
}

static void feeds_cut_at_every_byte(void **state)
{
	static struct compile_report r;
	static struct feed_layout l;

	(void)state;
	for (size_t i = 0; i < N_LAYOUTS; i++) {
		uint8_t *data AUTO_FREE = NULL;
		uint64_t most = 0;
		struct err e = {0};
		size_t len;

		read_whole("tests/fuzz/seeds/%s.txt", LAYOUTS[i], &data, &len);
		assert_true(feed_layout_open(LAYOUTS[i], "hotlist/layouts", &l, &e));
		for (size_t n = 0; n <= len; n++) {
			char *cut = malloc(n + !n);

			memcpy(cut, data, n);
			memset(&e, 0, sizeof e);
			if (compile(&l, cut, n, &r, &e)) {
				assert_int_equal(r.rows, r.accepted + r.rejected);
				assert_true(r.accepted + 1 >= most);
				most = r.accepted > most ? r.accepted : most;
			} else {
				assert_true(e.code != ERR_NONE && e.text[0]);
			}
			free(cut);
		}
		assert_true(r.accepted >= 1 && r.rejected >= 1);
	}
}

static void layouts_cut_at_every_byte(void **state)
{
	static struct feed_layout l;

	(void)state;
	for (size_t i = 0; i < N_LAYOUTS; i++) {
		uint8_t *data AUTO_FREE = NULL;
		struct err e = {0};
		size_t len;

		read_whole("hotlist/layouts/%s.layout", LAYOUTS[i], &data, &len);
		for (size_t n = 0; n <= len; n++) {
			char *cut = malloc(n + !n);

			memcpy(cut, data, n);
			memset(&e, 0, sizeof e);
			assert_true(feed_layout_read(cut, n, &l, &e) != (e.code != ERR_NONE));
			free(cut);
		}
		assert_true(feed_layout_read((const char *)data, len, &l, &e));
	}
}

/* Lines of every length around the limit, with every end, from memory and from a file. */
static void lines_around_the_limit(void **state)
{
	static char text[2 * FEED_LINE_MAX];
	static const char *const ENDS[] = {"\n", "\r\n", ""};

	(void)state;
	for (size_t len = FEED_LINE_MAX - 2; len <= FEED_LINE_MAX + 3; len++) {
		for (size_t i = 0; i < 3; i++) {
			struct feed_line line;
			struct err e = {0};
			struct feed f;
			bool more;

			memset(text, 'x', len);
			memcpy(text + len, ENDS[i], strlen(ENDS[i]));
			assert_true(feed_memory(&f, text, len + strlen(ENDS[i]), &e));
			assert_true(feed_next(&f, &line, &more, &e) && more);
			assert_int_equal(line.too_long, len > FEED_LINE_MAX);
			assert_int_equal(line.number, 1);
			assert_true(line.too_long || line.len == len);
			assert_true(feed_next(&f, &line, &more, &e) && !more);
			assert_true(feed_next(&f, &line, &more, &e) && !more);
		}
	}
}

static void years_of_two_digits(void **state)
{
	(void)state;
	assert_int_equal(when_century(26, 2026), 2026);
	assert_int_equal(when_century(27, 2026), 1927);
	assert_int_equal(when_century(99, 2000), 1999);
	assert_int_equal(when_century(0, 2000), 2000);
	assert_int_equal(when_year(0), 1970);
	assert_int_equal(when_year(1800000000), 2027);
}

static void days_in_other_forms(void **state)
{
	static const struct {
		const char *text, *form;
		int64_t seconds;
	} GOOD[] = {
	    {"010315", "MMDDYY", 1420243200},	      {"022900", "MMDDYY", 951782400},
	    {"11/20/2026", "MM/DD/YYYY", 1795132800}, {"261120", "YYMMDD", 1795132800},
	    {"11202026", "MMDDYYYY", 1795132800},     {"12/31/99", "MM/DD/YY", 946598400},
	};
	static const char *const BAD[] = {"",	  "130115", "013215", "022927",
					  "0103", "01031",  "O10315"};
	struct err e = {0};
	int64_t s;

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		assert_true(when_day(GOOD[i].text, GOOD[i].form, 2026, &s, &e));
		assert_int_equal(s, GOOD[i].seconds);
	}
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
		assert_false(when_day(BAD[i], "MMDDYY", 2026, &s, &e));
	assert_false(when_day("010150", "MMDDYY", 2026, &s, &e)); /* 1950 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(feeds_cut_at_every_byte), cmocka_unit_test(layouts_cut_at_every_byte),
	    cmocka_unit_test(lines_around_the_limit),  cmocka_unit_test(years_of_two_digits),
	    cmocka_unit_test(days_in_other_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
