/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/tool/compile.h"
#include "tests/unit/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "lic,lis,lit,category,case_number,ori,entered,expires,vyr,vma,vmo,vst,vco\n"
#define GOOD   "SK5-K9V,MO,PC,V,V123456789,MO0951400,2027-01-02,2027-03-01,2019,TOYT,CAM,4D,BLK/WHI\n"

static char whys[2048]; /* of the rejected rows: "line why;" each */
static struct compile_report report;
static struct feed_layout csv;

static int begin(void **state)
{
	return feed_layout_open("csv", "hotlist/layouts", &csv, NULL) ? lists_begin(state) : -1;
}

static void note(void *arg, uint64_t line, const char *why)
{
	size_t used = strlen(whys);

	(void)arg;
	(void)snprintf(whys + used, sizeof whys - used, "%llu %s;", (unsigned long long)line, why);
}

static bool make(const char *text, size_t len, const struct bundle_info *policy, uint8_t **file,
		 size_t *size, struct err *e)
{
	static const struct compile_terms NOTHING = {0};
	struct compile *c = NULL;
	struct bundle_info info;
	struct feed feed;
	bool made;

	*file = NULL;
	made = compile_new(policy, &c, e) && feed_memory(&feed, text, len, e) &&
	       compile_feed(c, &csv, &NOTHING, &feed, note, NULL, &report, e) &&
	       compile_finish(c, &info, file, size, e);
	compile_free(c);
	return made;
}

/* Compile, sign, load. NULL: compiling failed with *e. */
static struct bundle *compile(const char *text, size_t len, const struct bundle_info *info,
			      struct err *e)
{
	uint8_t *file AUTO_FREE = NULL;
	struct bundle *b = NULL;
	size_t size;

	whys[0] = '\0';
	if (!make(text, len, info, &file, &size, e))
		return NULL;
	assert_true(lists_sign(file, size, lists.key));
	assert_true(lists_open(file, size, lists.key, &b, e));
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		assert_int_equal(report.per_category[i], bundle_info(b)->per_category[i]);
	assert_int_equal(report.accepted, bundle_info(b)->entries);
	assert_int_equal(report.rows, report.rejected + report.accepted);
	return b;
}

static struct bundle *compile_text(const char *text)
{
	struct bundle_info info = lists_info();
	struct err e = {0};
	struct bundle *b = compile(text, strlen(text), &info, &e);

	if (!b)
		fail_msg("%s", e.text);
	return b;
}

static void refuses(const char *text, enum err_code code)
{
	struct bundle_info info = lists_info();
	struct err e = {0};

	assert_null(compile(text, strlen(text), &info, &e));
	assert_int_equal(e.code, code);
	assert_null(strstr(e.text, "SK5"));
}

static void a_row_with_everything(void **state)
{
	struct bundle *b = compile_text(HEADER GOOD);
	struct err e = {0};
	struct entry x;

	(void)state;
	assert_string_equal(whys, "");
	assert_true(bundle_entry(b, 0, &x, &e));
	assert_string_equal(x.lic, "SK5K9V");
	assert_string_equal(x.printed, "SK5-K9V");
	assert_string_equal(x.lis, "MO");
	assert_string_equal(x.lit, "PC");
	assert_int_equal(x.category, 'V');
	assert_string_equal(x.case_number, "V123456789");
	assert_string_equal(x.ori, "MO0951400");
	assert_int_equal(x.entered_s, 1798848000);
	assert_int_equal(x.expires_s, 1803945600); /* until the first of March has ended */
	assert_string_equal(x.vyr, "2019");
	assert_string_equal(x.vma, "TOYT");
	assert_string_equal(x.vmo, "CAM");
	assert_string_equal(x.vst, "4D");
	assert_string_equal(x.vco, "BLK/WHI");
	bundle_close(b);
}

static void columns_in_any_order_and_case(void **state)
{
	struct bundle *b = compile_text("EXPIRES, Ori ,case_number,Category,LIC\r\n"
					"20270301,mo0951400,oca-12,f,\"  sk5k9v \"\r\n");
	struct err e = {0};
	struct entry x;

	(void)state;
	assert_true(bundle_entry(b, 0, &x, &e));
	assert_string_equal(x.printed, "sk5k9v");
	assert_string_equal(x.case_number, "OCA-12");
	assert_int_equal(x.category, 'F');
	assert_int_equal(x.entered_s, 0);
	bundle_close(b);
}

/* A row of the five columns that are needed, below; `why`: of its rejection. */
static void rejected(const char *line, const char *why)
{
	char text[512], expected[256];
	struct bundle *b;

	(void)snprintf(
	    text, sizeof text,
	    "lic,category,case_number,ori,expires\n%s\nAAA111,V,1,MO0951400,2027-03-01\n", line);
	(void)snprintf(expected, sizeof expected, "2 %s;", why);
	b = compile_text(text);
	assert_string_equal(whys, expected);
	assert_int_equal(bundle_info(b)->entries, 1);
	assert_int_equal(report.rejected, 1);
	assert_int_equal(report.n_reasons, 1);
	assert_string_equal(report.reasons[0].text, why);
	bundle_close(b);
}

static void junk_plates(void **state)
{
	static const char *const JUNK[] = {
	    "",	    " ",      "0",	  "00",	  "000",     "OOO",    "0-0",	    "-",
	    "NONE", "none",   "N0NE",	  "UNK",  "UNKNOWN", "N/A",    "NULL",	    "190",
	    "XXX",  "NO TAG", "NO PLATE", "TEST", "Unkn",    "NO-PLT", "NO LICENSE"};
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof JUNK / sizeof *JUNK; i++) {
		(void)snprintf(line, sizeof line, "%s,V,1,MO0951400,2027-03-01", JUNK[i]);
		rejected(line, "lic: not a plate (junk)");
	}
	rejected("CAL123,V,LPR CALIBRATION RECORD,MO0951400,2027-03-01",
		 "row: a calibration record");
	rejected("Calibrate,V,1,MO0951400,2027-03-01", "row: a calibration record");
}

static void forbidden_categories(void **state)
{
	static const char *const FORBIDDEN[] = {"W", "C", "H", "K", "L", "R",
						"T", "X", "N", "B", "A", "M"};
	static const char *const UNKNOWN[] = {"I", "", "FV", "Stolen", "1", "F;", "WW"};
	char line[64], why[96];

	(void)state;
	for (size_t i = 0; i < sizeof FORBIDDEN / sizeof *FORBIDDEN; i++) {
		(void)snprintf(line, sizeof line, "SK5K9V,%s,1,MO0951400,2027-03-01", FORBIDDEN[i]);
		(void)snprintf(why, sizeof why,
			       "category: not one that this list may hold (list code %s)",
			       FORBIDDEN[i]);
		rejected(line, why);
		assert_int_equal(report.forbidden, 1);
	}
	rejected("SK5K9V,w,1,MO0951400,2027-03-01",
		 "category: not one that this list may hold (list code W)");
	for (size_t i = 0; i < sizeof UNKNOWN / sizeof *UNKNOWN; i++) {
		(void)snprintf(line, sizeof line, "SK5K9V,%s,1,MO0951400,2027-03-01", UNKNOWN[i]);
		rejected(line, "category: not one that this list may hold");
		assert_int_equal(report.forbidden, 1);
	}
}

static void what_an_entry_needs(void **state)
{
	(void)state;
	rejected("SK5K9V,V,,MO0951400,2027-03-01", "case_number: missing");
	rejected("SK5K9V,V,0,MO0951400,2027-03-01", "case_number: missing");
	rejected("SK5K9V,V,none,MO0951400,2027-03-01", "case_number: missing");
	rejected("SK5K9V,V,1,,2027-03-01", "ori: missing");
	rejected("SK5K9V,V,1,MO09514,2027-03-01", "ori: too short");
	rejected("SK5K9V,V,1,MO09514000,2027-03-01", "ori: too long");
	rejected("SK5K9V,V,1,MO0951400,", "expires: missing");
	rejected("SK5K9V,V,1,MO0951400,2027-02-30", "expires: not a date that exists");
	rejected("SK5K9V,V,1,MO0951400,tomorrow",
		 "expires: not a date (YYYY-MM-DD, YYYYMMDD or YYYY-MM-DDTHH:MM:SSZ)");
	rejected("SK5K9V,V,1,MO0951400,2027-01-14", "expires: has passed");
	rejected("SK5K9V,V,1,MO0951400,2027-01-15T08:00:00Z", "expires: has passed");
	rejected("SK5K9V,V,1,MO0951400,2106-03-01", "expires: too far ahead");
	rejected("SK5K9V1234567,V,1,MO0951400,2027-03-01", "lic: too long");
	rejected("SK5K9V12345,V,1,MO0951400,2027-03-01", "printed: too long for a plate");
	rejected("SK5*,V,1,MO0951400,2027-03-01",
		 "printed: a character that this field cannot have");
	rejected("SK\xc3\x96 5,V,1,MO0951400,2027-03-01",
		 "printed: a character that this field cannot have");
	rejected("SK5K9V,V,123456789012345678901,MO0951400,2027-03-01", "case_number: too long");
	rejected("SK5K9V,V,1,MO0951400", "row: another number of fields than the header");
	rejected("SK5K9V,V,1,MO0951400,2027-03-01,",
		 "row: another number of fields than the header");
	rejected("SK5\"K9V,V,1,MO0951400,2027-03-01", "row: a quote inside an unquoted field");
}

static void optional_fields_are_checked_too(void **state)
{
	struct bundle *b =
	    compile_text(HEADER "A1,MOX,PC,V,1,MO0951400,,2027-03-01,,,,,\n"
				"A2,M,PC,V,1,MO0951400,,2027-03-01,,,,,\n"
				"A3,MO,P,V,1,MO0951400,,2027-03-01,,,,,\n"
				"A4,MO,PC,V,1,MO0951400,2027-01-18,2027-03-01,,,,,\n"
				"A5,MO,PC,V,1,MO0951400,soon,2027-03-01,,,,,\n"
				"A6,MO,PC,V,1,MO0951400,,2027-03-01,19,,,,\n"
				"A7,MO,PC,V,1,MO0951400,,2027-03-01,,TOYOTA,,,\n"
				"A8,MO,PC,V,1,MO0951400,,2027-03-01,,,,,BLACK WHITE\n" GOOD);

	(void)state;
	assert_string_equal(
	    whys,
	    "2 lis: too long;3 lis: too short;4 lit: too short;5 entered: lies ahead;6 entered: "
	    "not "
	    "a date (YYYY-MM-DD, YYYYMMDD or YYYY-MM-DDTHH:MM:SSZ);7 vyr: too short;8 vma: too "
	    "long;9 vco: too long;");
	assert_int_equal(bundle_info(b)->entries, 1);
	bundle_close(b);
}

static void duplicates_are_kept(void **state)
{
	struct bundle *b =
	    compile_text(HEADER GOOD GOOD "SK5K9V,MO,PC,F,OTHER,IL0951400,,2027-03-01,,,,,\n");
	uint32_t first, n;

	(void)state;
	assert_true(bundle_find(b, "SK5K9V", &first, &n));
	assert_int_equal(n, 3);
	bundle_close(b);
}

static void reasons_are_counted(void **state)
{
	struct bundle *b =
	    compile_text("lic,category,case_number,ori,expires\n"
			 "000,V,1,MO0951400,2027-03-01\nA1,X,1,MO0951400,2027-03-01\n"
			 "A2,W,1,MO0951400,2027-03-01\nA3,P,1,MO0951400,2027-03-01\n");

	(void)state;
	assert_int_equal(report.rows, 4);
	assert_int_equal(report.rejected, 3);
	assert_int_equal(report.n_reasons, 3);
	assert_int_equal(report.reasons[0].rows, 1);
	assert_int_equal(report.reasons[1].rows, 1);
	assert_int_equal(report.forbidden, 2);
	assert_int_equal(report.per_category[2], 1);
	bundle_close(b);
}

static void headers_that_are_refused(void **state)
{
	(void)state;
	refuses("", ERR_FORMAT);
	refuses("\n\n", ERR_FORMAT);
	refuses(GOOD,
		ERR_FORMAT); /* no header row: the plate in its first field must not be told */
	refuses("lic,category,case_number,ori\n", ERR_FORMAT);
	refuses("category,case_number,ori,expires\n", ERR_FORMAT);
	refuses("lic,case_number,ori,expires\n", ERR_FORMAT);
	refuses("lic,category,ori,expires\n", ERR_FORMAT);
	refuses("lic,category,case_number,expires\n", ERR_FORMAT);
	refuses("lic,category,case_number,ori,expires,lic\n", ERR_FORMAT);
	refuses("lic,category,case_number,ori,expires,remarks\n", ERR_FORMAT);
	refuses("lic,category,case_number,ori,expires,\n", ERR_FORMAT);
	refuses("lic,category,case_number,ori,\"expires", ERR_FORMAT);
	refuses("lic,category,case_number,ori,expi\"res\n", ERR_FORMAT);
	refuses(HEADER GOOD "\"SK5", ERR_FORMAT);
}

static void personal_columns_fail_loudly(void **state)
{
	static const char *const COLUMNS[] = {
	    "name",	 "Last_Name", "owner", "dob",	"DOB", "birth_date", "address",
	    "home addr", "ssn",	      "oln",   "phone", "sex", "race",	     "subject"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof COLUMNS / sizeof *COLUMNS; i++) {
		(void)snprintf(text, sizeof text, "lic,category,case_number,ori,expires,%s\n",
			       COLUMNS[i]);
		refuses(text, ERR_POLICY);
	}
}

static void policies_that_are_refused(void **state)
{
	static const char TEXT[] = HEADER GOOD;
	struct bundle_info info = lists_info();
	struct err e = {0};

	(void)state;
	info.version = 0;
	assert_null(compile(TEXT, sizeof TEXT - 1, &info, &e));
	assert_int_equal(e.code, ERR_ARGUMENT);
	info = lists_info();
	info.max_age_s = 31 * 86400 + 1;
	assert_null(compile(TEXT, sizeof TEXT - 1, &info, &e));
	info = lists_info();
	info.issued_ns = 0;
	assert_null(compile(TEXT, sizeof TEXT - 1, &info, &e));
	info = lists_info();
	info.allow_missing = true;
#ifdef CONFIG_CATEGORY_MISSING
	struct bundle *b =
	    compile(HEADER "A1,,,M,1,MO0951400,,2027-03-01,,,,,\n",
		    strlen(HEADER "A1,,,M,1,MO0951400,,2027-03-01,,,,,\n"), &info, &e);

	assert_non_null(b);
	assert_int_equal(bundle_info(b)->per_category[3], 1);
	bundle_close(b);
#else
	assert_null(compile(TEXT, sizeof TEXT - 1, &info, &e));
	assert_int_equal(e.code, ERR_POLICY);
#endif
}

static void many_rows(void **state)
{
	enum { N = 20000, ROOM = 64 };
	char *text AUTO_FREE = malloc(N * ROOM + 64);
	struct bundle_info info = lists_info();
	struct err e = {0};
	struct bundle *b;
	uint32_t first, n;
	size_t len = 0;

	(void)state;
	len = (size_t)sprintf(text, "lic,category,case_number,ori,expires\n");
	for (unsigned i = 0; i < N; i++)
		len += (size_t)sprintf(text + len, "%05u%c,V,NIC-%u,MO0951400,2027-03-01\n", i + 1,
				       'A' + (int)(i % 26), i);
	b = compile(text, len, &info, &e);
	assert_non_null(b);
	assert_int_equal(bundle_info(b)->entries, N);
	for (unsigned i = 0; i < N; i += 97) {
		char plate[11], folded[11];

		(void)snprintf(plate, sizeof plate, "%05u%c", i + 1, 'A' + (int)(i % 26));
		assert_true(bundle_find(b, entry_fold(plate, folded), &first, &n));
	}
	bundle_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_with_everything),
	    cmocka_unit_test(columns_in_any_order_and_case),
	    cmocka_unit_test(junk_plates),
	    cmocka_unit_test(forbidden_categories),
	    cmocka_unit_test(what_an_entry_needs),
	    cmocka_unit_test(optional_fields_are_checked_too),
	    cmocka_unit_test(duplicates_are_kept),
	    cmocka_unit_test(reasons_are_counted),
	    cmocka_unit_test(headers_that_are_refused),
	    cmocka_unit_test(personal_columns_fail_loudly),
	    cmocka_unit_test(policies_that_are_refused),
	    cmocka_unit_test(many_rows),
	};

	return cmocka_run_group_tests(tests, begin, lists_end);
}
