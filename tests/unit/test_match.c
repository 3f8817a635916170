/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/clock.h"
#include "hotlist/match.h"
#include "tests/unit/lists.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW (LISTS_ISSUED_S + 60)

static struct plate_read read_of(const char *text, const char *jurisdiction)
{
	struct plate_read r = {.confidence = 0.9f};

	memcpy(r.text, text, strlen(text) + 1);
	memcpy(r.jurisdiction, jurisdiction, strlen(jurisdiction) + 1);
	return r;
}

static struct bundle *load(struct entry *x, uint32_t n, bool lookalike)
{
	struct bundle_info info = lists_info();
	struct bundle *b;

	info.allow_lookalike = lookalike;
	b = lists_load(x, n, &info);
	assert_non_null(b);
	return b;
}

static enum match_grade grade(const struct bundle *b, const char *text, const char *jurisdiction,
			      int64_t now_s)
{
	struct plate_read r = read_of(text, jurisdiction);
	struct match m;
	bool stale;

	match_read(b, &r, now_s, &m, &stale);
	assert_int_equal(m.grade == GRADE_NONE, m.n == 0);
	if (m.lookalike_suppressed) { /* said so, and nothing else */
		const struct match silent = {.lookalike_suppressed = true};

		assert_memory_equal(&m, &silent, sizeof m);
	}
	return m.grade;
}

static bool suppressed(const struct bundle *b, const char *text, const char *jurisdiction)
{
	struct plate_read r = read_of(text, jurisdiction);
	struct match m;
	bool stale;

	match_read(b, &r, NOW, &m, &stale);
	return m.lookalike_suppressed;
}

struct row {
	const char *lic, *lis, *read, *jurisdiction;
	enum match_grade strict, loose; /* without and with LOOKALIKE in the policy */
};

static void table(void **state)
{
	static const struct row ROWS[] = {
	    {"SK5K9V", "MO", "SK5K9V", "MO", GRADE_EXACT, GRADE_EXACT},
	    {"SK5-K9V", "MO", "SK5K9V", "MO", GRADE_EXACT, GRADE_EXACT},
	    {"SK5K9V", "MO", "SK5K9V", "mo", GRADE_EXACT, GRADE_EXACT},
	    {"SK5K9V", "MO", "SK5K9V", "", GRADE_JURISDICTION_UNKNOWN, GRADE_JURISDICTION_UNKNOWN},
	    {"SK5K9V", "", "SK5K9V", "MO", GRADE_JURISDICTION_UNKNOWN, GRADE_JURISDICTION_UNKNOWN},
	    {"SK5K9V", "", "SK5K9V", "", GRADE_JURISDICTION_UNKNOWN, GRADE_JURISDICTION_UNKNOWN},
	    {"SK5K9V", "MO", "SK5K9V", "IL", GRADE_NONE, GRADE_NONE},
	    {"SK5K9V", "MO", "SK5K9", "MO", GRADE_NONE, GRADE_NONE},
	    {"SK5K9V", "MO", "SK5K9VX", "MO", GRADE_NONE, GRADE_NONE},
	    {"SK5K9V", "MO", "", "MO", GRADE_NONE, GRADE_NONE},
	    {"AB0C", "MO", "ABOC", "MO", GRADE_EXACT,
	     GRADE_EXACT}, /* O and 0 are the same on both sides */
	    {"ABOC", "MO", "AB0C", "MO", GRADE_EXACT, GRADE_EXACT},
	    {"ABOC", "MO", "ABOC", "MO", GRADE_EXACT, GRADE_EXACT},
	    {"AB0C", "MO", "ABDC", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"ABQC", "MO", "ABOC", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"ABQC", "MO", "ABDC", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"AI7C", "MO", "A17C", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"A8C7", "MO", "ABC7", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"A5C7", "MO", "ASC7", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"AZC7", "MO", "A2C7", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"AGC7", "MO", "A6C7", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"8500112266", "MO", "BSQDI1ZZGG", "MO", GRADE_NONE, GRADE_LOOKALIKE},
	    {"ABDC", "MO", "AB0C", "", GRADE_NONE, GRADE_LOOKALIKE},
	    {"ABDC", "MO", "AB0C", "IL", GRADE_NONE, GRADE_NONE},
	    {"ABVC", "MO", "ABUC", "MO", GRADE_NONE, GRADE_NONE},
	    {"ABHC", "MO", "ABNC", "MO", GRADE_NONE, GRADE_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct entry x = lists_entry(ROWS[i].lic, ROWS[i].lis, 'V');
		struct bundle *strict = load(&x, 1, false), *loose = load(&x, 1, true);

		assert_int_equal(grade(strict, ROWS[i].read, ROWS[i].jurisdiction, NOW),
				 ROWS[i].strict);
		assert_int_equal(grade(loose, ROWS[i].read, ROWS[i].jurisdiction, NOW),
				 ROWS[i].loose);
		/* What the policy silences is told apart from what is nothing. */
		assert_int_equal(suppressed(strict, ROWS[i].read, ROWS[i].jurisdiction),
				 ROWS[i].strict != ROWS[i].loose);
		assert_false(suppressed(loose, ROWS[i].read, ROWS[i].jurisdiction));
		bundle_close(strict);
		bundle_close(loose);
	}
}

static void each_category_matches(void **state)
{
	(void)state;
	for (const char *c = "FVP"; *c; c++) {
		struct entry x = lists_entry("SK5K9V", "MO", *c);
		struct bundle *b = load(&x, 1, false);

		assert_int_equal(grade(b, "SK5K9V", "MO", NOW), GRADE_EXACT);
		bundle_close(b);
	}
}

static void expired_entry_never_matches(void **state)
{
	struct entry x = lists_entry("ABDC", "MO", 'V');
	struct bundle *b;

	(void)state;
	x.expires_s = NOW;
	b = load(&x, 1, true);
	assert_int_equal(grade(b, "ABDC", "MO", NOW - 1), GRADE_EXACT);
	assert_int_equal(grade(b, "AB0C", "MO", NOW - 1), GRADE_LOOKALIKE);
	assert_int_equal(grade(b, "ABDC", "MO", NOW), GRADE_NONE);
	assert_int_equal(grade(b, "ABDC", "", NOW), GRADE_NONE);
	assert_int_equal(grade(b, "AB0C", "MO", NOW), GRADE_NONE);
	bundle_close(b);
}

static void stale_list_matches_nothing(void **state)
{
	/* Too old; clock at 1970, at 2099, beyond all sense; issued in the future. */
	static const int64_t STALE[] = {
	    LISTS_ISSUED_S + LISTS_MAX_AGE_S + 1,   0, 1, INT64_C(4080000000), INT64_MAX, INT64_MIN,
	    LISTS_ISSUED_S - MATCH_CLOCK_SKEW_S - 1};
	static const int64_t FRESH[] = {LISTS_ISSUED_S, LISTS_ISSUED_S + LISTS_MAX_AGE_S,
					LISTS_ISSUED_S - MATCH_CLOCK_SKEW_S};
	struct entry x = lists_entry("SK5K9V", "MO", 'V');
	struct plate_read r = read_of("SK5K9V", "MO");
	struct bundle *b = load(&x, 1, true);
	struct match m;
	bool stale;

	(void)state;
	for (size_t i = 0; i < sizeof STALE / sizeof *STALE; i++) {
		stale = false;
		match_read(b, &r, STALE[i], &m, &stale);
		assert_true(stale);
		assert_int_equal(m.grade, GRADE_NONE);
		assert_int_equal(m.n, 0);
	}
	for (size_t i = 0; i < sizeof FRESH / sizeof *FRESH; i++) {
		stale = true;
		match_read(b, &r, FRESH[i], &m, &stale);
		assert_false(stale);
		assert_int_equal(m.grade, GRADE_EXACT);
	}
	stale = true;
	match_read(NULL, &r, NOW, &m, &stale);
	assert_false(stale);
	assert_int_equal(m.n, 0);
	bundle_close(b);
}

static void best_grade_comes_first(void **state)
{
	struct entry x[4] = {lists_entry("SK5K9V", "", 'F'), lists_entry("SK5K9V", "MO", 'V'),
			     lists_entry("SK5K9V", "IL", 'V'), lists_entry("5K5K9V", "MO", 'P')};
	struct plate_read r = read_of("SK5K9V", "MO");
	struct bundle *b = load(x, 4, true);
	struct match m;
	bool stale;

	(void)state;
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_EXACT);
	assert_int_equal(m.n, 2); /* not Illinois, and no look-alike beside the real one */
	assert_int_equal(m.grades[0], GRADE_EXACT);
	assert_string_equal(m.entries[0].lis, "MO");
	assert_int_equal(m.grades[1], GRADE_JURISDICTION_UNKNOWN);
	assert_int_equal(m.entries[1].category, 'F');
	bundle_close(b);
}

static void two_cases_of_one_plate_are_both_there(void **state)
{
	struct entry x[2] = {lists_entry("SK5K9V", "MO", 'V'), lists_entry("SK5K9V", "MO", 'V')};
	struct plate_read r = read_of("SK5K9V", "MO");
	struct bundle *b;
	struct match m;
	bool stale;

	(void)state;
	strcpy(x[1].case_number, "OTHER-1");
	b = load(x, 2, false);
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.n, 2);
	assert_string_not_equal(m.entries[0].case_number, m.entries[1].case_number);
	bundle_close(b);
}

static void more_entries_than_room_is_bounded(void **state)
{
	struct entry x[20];
	struct plate_read r = read_of("SK5K9V", "MO");
	struct bundle *b;
	struct match m;
	bool stale;

	(void)state;
	for (int i = 0; i < 20; i++) {
		x[i] = lists_entry("SK5K9V", "MO", 'V');
		(void)snprintf(x[i].case_number, sizeof x[i].case_number, "CASE-%d", i);
	}
	b = load(x, 20, true);
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.n, MATCH_ENTRIES_MAX);
	r = read_of("5K5K9V", "MO");
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.n, MATCH_ENTRIES_MAX);
	assert_int_equal(m.grade, GRADE_LOOKALIKE);
	bundle_close(b);
}

static void matched_spelling_says_what_was_on_the_list(void **state)
{
	struct entry x[2] = {lists_entry("A80C", "MO", 'V'), lists_entry("HH77", "MO", 'V')};
	struct plate_read r = read_of("A8OC", "MO");
	struct bundle *b = load(x, 2, true);
	struct match m;
	bool stale;

	(void)state;
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_EXACT);
	assert_string_equal(m.matched, "A8OC");
	r = read_of("ABDC", "MO");
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_LOOKALIKE);
	assert_string_equal(m.matched, "A80C");
	/* N and H are no confusion class, but this read itself was in doubt. */
	r = read_of("HN77", "MO");
	r.n_alternatives = 2;
	strcpy(r.alternatives[0].text, "HN77");
	strcpy(r.alternatives[1].text, "HH77");
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_LOOKALIKE);
	assert_string_equal(m.matched, "HH77");
	assert_int_equal(m.n, 1);
	bundle_close(b);
}

static void alternatives_count_only_when_signed_so(void **state)
{
	struct entry x = lists_entry("HH77", "MO", 'V');
	struct plate_read r = read_of("HN77", "MO");
	struct bundle *b = load(&x, 1, false);
	struct match m;
	bool stale;

	(void)state;
	r.n_alternatives = 1;
	strcpy(r.alternatives[0].text, "HH77");
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_NONE);
	bundle_close(b);
}

/* B or 8 at the front, 5 or S at the end: the reader was less sure of the one than of the other. */
static void the_read_s_own_characters_decide_between_lookalikes(void **state)
{
	struct entry x[3] = {lists_entry("8AA7S", "MO", 'V'), lists_entry("BAA75", "MO", 'V'),
			     lists_entry("BAA7S", "MO", 'V')};
	struct plate_read r = read_of("8AA75", "MO");
	struct bundle *b = load(x, 3, true);
	struct match m;
	bool stale;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		r.chars[i] = 0.99f;
	r.chars[0] = 0.6f;
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_LOOKALIKE);
	assert_int_equal(m.n, 3);
	assert_string_equal(m.matched, "BAA75");
	assert_true(m.room[0] > 0.39f && m.room[0] < 0.41f);
	assert_string_equal(m.entries[1].lic, "8AA7S");
	assert_true(m.room[1] > 0.009f && m.room[1] < 0.011f);
	assert_string_equal(m.entries[2].lic, "BAA7S");
	assert_true(m.room[2] > 0.003f && m.room[2] < 0.005f);
	r.chars[0] = 0.99f;
	r.chars[4] = 0.6f;
	match_read(b, &r, NOW, &m, &stale);
	assert_string_equal(m.matched, "8AA7S");
	/* Sure of both: only what differs where nothing is known of it is left. */
	r.chars[0] = r.chars[4] = 0.9995f;
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_NONE);
	assert_int_equal(m.n, 0);
	r.chars[0] = NAN;
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.matched, "BAA75");
	/* A spelling that the reader itself gives comes first whatever its characters say. */
	r.n_alternatives = 1;
	strcpy(r.alternatives[0].text, "BAA7S");
	r.alternatives[0].confidence = 0.02f;
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.matched, "BAA7S");
	assert_true(m.room[0] > 0.01f && m.room[0] < 0.03f);
	bundle_close(b);
}

/* The read comes from another process: full of bytes that are no text, counts beyond their arrays.
 */
static void hostile_read_is_harmless(void **state)
{
	struct entry x = lists_entry("AAAAAAAAAA", "MO", 'V');
	struct bundle *b = load(&x, 1, true);
	struct plate_read r;
	struct match m;
	bool stale;

	(void)state;
	for (int fill = 0; fill < 256; fill++) {
		memset(&r, fill, sizeof r);
		match_read(b, &r, NOW, &m, &stale);
		assert_true(m.n <= 1);
	}
	memset(&r, 'A', sizeof r);
	r.jurisdiction[0] = '\0';
	match_read(b, &r, NOW, &m, &stale);
	assert_int_equal(m.grade, GRADE_JURISDICTION_UNKNOWN);
	bundle_close(b);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(match_grade_name(GRADE_EXACT), "EXACT");
	assert_string_equal(match_grade_name(GRADE_JURISDICTION_UNKNOWN), "JURISDICTION_UNKNOWN");
	assert_string_equal(match_grade_name(GRADE_LOOKALIKE), "LOOKALIKE");
	assert_string_equal(match_grade_name(GRADE_NONE), "NONE");
	assert_string_equal(match_grade_name((enum match_grade)77), "NONE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table),
	    cmocka_unit_test(each_category_matches),
	    cmocka_unit_test(expired_entry_never_matches),
	    cmocka_unit_test(stale_list_matches_nothing),
	    cmocka_unit_test(best_grade_comes_first),
	    cmocka_unit_test(two_cases_of_one_plate_are_both_there),
	    cmocka_unit_test(more_entries_than_room_is_bounded),
	    cmocka_unit_test(matched_spelling_says_what_was_on_the_list),
	    cmocka_unit_test(alternatives_count_only_when_signed_so),
	    cmocka_unit_test(the_read_s_own_characters_decide_between_lookalikes),
	    cmocka_unit_test(hostile_read_is_harmless),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, lists_begin, lists_end);
}
