/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/entry.h"
#include "hotlist/key.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void fold_table(void **state)
{
	static const char *const ROWS[][2] = {
	    {"sk5-k9v", "SK5K9V"},
	    {"SK5 K9V", "SK5K9V"},
	    {" O0o-0 ", "0000"},
	    {"0H", "0H"},
	    {"OH", "0H"},
	    {"", ""},
	    {"-- .", ""},
	    {"ABCDEFGHIJKL", "ABCDEFGHIJ"},
	    {"D0DG", "D0DG"},
	    {"DODG", "D0DG"},
	    {"a\xc3\xa4"
	     "b",
	     "AB"},
	    {"A*B?", "AB"},
	};
	char out[11];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(entry_fold(ROWS[i][0], out), ROWS[i][1]);
}

static void every_other_category_is_forbidden(void **state)
{
	(void)state;
	for (int c = -128; c < 128; c++) {
		bool allowed = c == 'F' || c == 'V' || c == 'P';

		assert_int_equal(entry_category_allowed((char)c, false), allowed);
		if (c != 'M')
			assert_int_equal(entry_category_allowed((char)c, true), allowed);
	}
#ifdef CONFIG_CATEGORY_MISSING
	assert_true(entry_category_allowed('M', true));
#else
	assert_false(entry_category_allowed('M', true));
#endif
	assert_int_equal(entry_category_index('F'), 0);
	assert_int_equal(entry_category_index('M'), 3);
	assert_int_equal(entry_category_index('X'), -1);
	assert_int_equal(entry_category_index('\0'), -1);
}

static void valid_entry_passes(void **state)
{
	struct entry x = lists_entry("SK5-K9V", "MO", 'V');
	struct err e = {0};

	(void)state;
	assert_true(entry_check(&x, false, &e));
	x.lis[0] = x.lit[0] = x.vyr[0] = x.vma[0] = x.vmo[0] = x.vst[0] = x.vco[0] = '\0';
	x.entered_s = 0;
	assert_true(entry_check(&x, false, &e));
}

struct fault {
	size_t offset;
	const char *bytes;
	size_t len;
	enum err_code code;
};

#define SET(f, text, code)                                                                         \
	{                                                                                          \
		offsetof(struct entry, f), text, sizeof(text), code                                \
	}
#define RAW(f, text, code)                                                                         \
	{                                                                                          \
		offsetof(struct entry, f), text, sizeof(text) - 1, code                            \
	}

static void each_fault_is_refused(void **state)
{
	static const struct fault FAULTS[] = {
	    SET(category, "X", ERR_POLICY),
	    SET(category, "", ERR_POLICY),
	    SET(case_number, "", ERR_POLICY),
	    SET(ori, "", ERR_POLICY),
	    SET(lic, "", ERR_POLICY),
	    SET(printed, "", ERR_POLICY),
	    RAW(lic, "SK5K9VSK5K9", ERR_FORMAT),
	    RAW(printed, "SK5-K9V------", ERR_FORMAT),
	    RAW(lis, "MOX", ERR_FORMAT),
	    RAW(lit, "PCX", ERR_FORMAT),
	    RAW(case_number, "123456789012345678901", ERR_FORMAT),
	    RAW(ori, "MO09514001", ERR_FORMAT),
	    RAW(vyr, "20190", ERR_FORMAT),
	    RAW(vma, "TOYTA", ERR_FORMAT),
	    RAW(vmo, "CAMR", ERR_FORMAT),
	    RAW(vst, "4DX", ERR_FORMAT),
	    RAW(vco, "BLK/WHIT", ERR_FORMAT),
	    SET(lic, "sk5k9v", ERR_FORMAT),
	    SET(lic, "SK5K9W", ERR_FORMAT),
	    SET(printed, "SK5*K9V", ERR_FORMAT),
	    SET(printed, "SK5\nK9V", ERR_FORMAT),
	    SET(lis, "M", ERR_FORMAT),
	    SET(lis, "M0", ERR_FORMAT),
	    SET(lit, "P", ERR_FORMAT),
	    SET(case_number, "V12\"34", ERR_FORMAT),
	    SET(case_number, "v123", ERR_FORMAT),
	    SET(ori, "MO095140", ERR_FORMAT),
	    SET(ori, "MO09514 0", ERR_FORMAT),
	    SET(vyr, "199", ERR_FORMAT),
	    SET(vyr, "199X", ERR_FORMAT),
	    SET(vma, "T<YT", ERR_FORMAT),
	    SET(vco, "BLK,WHI", ERR_FORMAT),
	};

	(void)state;
	for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
		struct entry x = lists_entry("SK5-K9V", "MO", 'V');
		struct err e = {0};

		memcpy((char *)&x + FAULTS[i].offset, FAULTS[i].bytes, FAULTS[i].len);
		assert_false(entry_check(&x, false, &e));
		assert_int_equal(e.code, FAULTS[i].code);
		assert_null(strstr(e.text, "SK5"));
	}
}

static void plate_of_eleven_characters_is_refused(void **state)
{
	struct entry x = lists_entry("ABCDEFGHIJK", "", 'V');
	struct err e = {0};

	(void)state;
	assert_false(entry_check(&x, false, &e));
	assert_int_equal(e.code, ERR_FORMAT);
}

static void times_have_bounds(void **state)
{
	static const int64_t EXPIRES[] = {0, -1, INT64_MIN, ENTRY_TIME_MAX + 1, INT64_MAX};
	static const int64_t ENTERED[] = {-1, INT64_MIN, ENTRY_TIME_MAX + 1, INT64_MAX};
	struct entry x = lists_entry("A1", "MO", 'V');
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof EXPIRES / sizeof *EXPIRES; i++) {
		x.expires_s = EXPIRES[i];
		assert_false(entry_check(&x, false, &e));
	}
	x.expires_s = ENTRY_TIME_MAX;
	assert_true(entry_check(&x, false, &e));
	for (size_t i = 0; i < sizeof ENTERED / sizeof *ENTERED; i++) {
		x.entered_s = ENTERED[i];
		assert_false(entry_check(&x, false, &e));
	}
}

static void key_goes_there_and_back(void **state)
{
	static const char *const PLATES[] = {"0",	   "Z",		 "SK5K9V",
					     "ZZZZZZZZZZ", "0000000000", "1234567"};
	static const char *const STATES[] = {"", "MO", "AA", "ZZ"};
	char lic[11], lis[3];
	uint64_t key;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		for (size_t j = 0; j < 4; j++) {
			assert_true(key_pack(PLATES[i], STATES[j], &key));
			assert_true(key_unpack(key, lic, lis));
			assert_string_equal(lic, PLATES[i]);
			assert_string_equal(lis, STATES[j]);
		}
	}
}

static void key_of_no_plate_is_refused(void **state)
{
	static const char *const PLATES[] = {"", "O", "ABCDEFGHIJK", "a", "A B", "A\xff"};
	char lic[11], lis[3];
	uint64_t key, good;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_false(key_pack(PLATES[i], "MO", &key));
	assert_false(key_pack("A", "MOX", &key));
	assert_false(key_unpack(0, lic, lis));
	assert_false(key_unpack(5, lic, lis));
	assert_false(key_unpack(UINT64_MAX, lic, lis));
	assert_true(key_pack("AB", "MO", &good));
	/* A character behind a filler, in the plate and in the state; the letter O. */
	assert_false(key_unpack(good + KEY_STATES, lic, lis));
	assert_false(key_unpack(good / KEY_STATES * KEY_STATES + 7, lic, lis));
	assert_true(key_pack("N", "", &good));
	assert_false(key_unpack(good + UINT64_C(129961739795077) * KEY_STATES, lic,
				lis)); /* + 37^9: N to O */
}

static uint64_t skeleton(const char *plate)
{
	uint64_t key = 0;

	assert_true(key_pack(plate, "", &key));
	return key_skeleton(key);
}

static void skeletons_join_the_confusion_classes_and_nothing_else(void **state)
{
	static const char ALL[] = "0123456789ABCDEFGHIJKLMNPQRSTUVWXYZ";
	static const char *const CLASSES[] = {"0DQ", "1I", "2Z", "5S", "6G", "8B"};

	(void)state;
	for (const char *a = ALL; *a; a++) {
		for (const char *b = ALL; *b; b++) {
			char x[4] = {'7', *a, '7', 0}, y[4] = {'7', *b, '7', 0};
			bool same = *a == *b;

			for (size_t i = 0; i < 6; i++)
				same = same || (strchr(CLASSES[i], *a) && strchr(CLASSES[i], *b));
			assert_int_equal(skeleton(x) == skeleton(y), same);
		}
	}
	assert_int_not_equal(skeleton("8"), skeleton("88"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fold_table),
	    cmocka_unit_test(every_other_category_is_forbidden),
	    cmocka_unit_test(valid_entry_passes),
	    cmocka_unit_test(each_fault_is_refused),
	    cmocka_unit_test(plate_of_eleven_characters_is_refused),
	    cmocka_unit_test(times_have_bounds),
	    cmocka_unit_test(key_goes_there_and_back),
	    cmocka_unit_test(key_of_no_plate_is_refused),
	    cmocka_unit_test(skeletons_join_the_confusion_classes_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
