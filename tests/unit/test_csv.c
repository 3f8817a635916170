/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/csv.h"
#include "hotlist/tool/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct feed feed;
static struct csv csv;
static struct csv_row row;

static void open_bytes(const char *text, size_t len)
{
	struct err e = {0};

	assert_true(feed_memory(&feed, text, len, &e));
	csv_open(&csv, &feed, ',');
}

static void open_text(const char *text)
{
	open_bytes(text, strlen(text));
}

/* The next row's fields joined with '|'; its fault instead; "END"; "ERROR". */
static const char *next(void)
{
	static char out[CSV_ROW_MAX * 2];
	struct err e = {0};
	bool more;

	if (!csv_next(&csv, &row, &more, &e))
		return "ERROR";
	if (!more)
		return "END";
	if (row.fault)
		return row.fault;
	out[0] = '\0';
	for (size_t i = 0; i < row.n; i++) {
		if (i)
			strcat(out, "|");
		strcat(out, row.fields[i]);
	}
	return out;
}

static void rows_as_rfc_4180_has_them(void **state)
{
	(void)state;
	open_text("a,b,c\r\n"
		  "\"x,y\",\"say \"\"hi\"\"\",\r\n"
		  "\n"
		  ",,\n"
		  "last,\"\",z");
	assert_string_equal(next(), "a|b|c");
	assert_int_equal(row.line, 1);
	assert_string_equal(next(), "x,y|say \"hi\"|");
	assert_string_equal(next(), "||");
	assert_int_equal(row.line, 4);
	assert_string_equal(next(), "last||z");
	assert_string_equal(next(), "END");
	assert_string_equal(next(), "END");
	open_text("");
	assert_string_equal(next(), "END");
	open_text("\n\r\n\n");
	assert_string_equal(next(), "END");
	open_text("\xef\xbb\xbf"
		  "a\r");
	assert_string_equal(next(), "a");
	assert_string_equal(next(), "END");
}

static void a_bad_row_spoils_no_other(void **state)
{
	(void)state;
	open_text("a\"b,c\n"
		  "\"a\"b,c\n"
		  "tab\there\n"
		  "\"two\nlines\",x\n"
		  "bare\rreturn\n"
		  "good,row\n");
	assert_string_equal(next(), "row: a quote inside an unquoted field");
	assert_string_equal(next(), "row: text behind a closing quote");
	assert_string_equal(next(), "row: control character");
	assert_string_equal(next(), "row: control character");
	assert_int_equal(row.line, 4);
	assert_string_equal(next(), "row: control character");
	assert_int_equal(row.line, 6);
	assert_string_equal(next(), "good|row");
	assert_int_equal(row.line, 7);
	assert_string_equal(next(), "END");
}

static void nul_is_a_control_character(void **state)
{
	static const char TEXT[] = "a\0b,c\nd,e\n";

	(void)state;
	open_bytes(TEXT, sizeof TEXT - 1);
	assert_string_equal(next(), "row: control character");
	assert_string_equal(next(), "d|e");
	assert_string_equal(next(), "END");
}

static void an_open_quote_is_an_error(void **state)
{
	(void)state;
	open_text("a,b\n\"c,d\ne,f\n");
	assert_string_equal(next(), "a|b");
	assert_string_equal(next(), "ERROR");
	open_text("\"");
	assert_string_equal(next(), "ERROR");
	open_text("\"\"\"");
	assert_string_equal(next(), "ERROR");
}

static void long_rows_are_bounded(void **state)
{
	static char text[3 * CSV_ROW_MAX];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[2 * CSV_ROW_MAX] = '\n';
	text[sizeof text - 1] = '\0';
	memcpy(text + 2 * CSV_ROW_MAX + 1, "good\n", 6);
	open_text(text);
	assert_string_equal(next(), "row: too long");
	assert_string_equal(next(), "good");
	memset(text, ',', sizeof text - 1);
	memcpy(text + CSV_FIELDS_MAX, "\ngood\n", 7);
	open_text(text);
	assert_string_equal(next(), "row: too many fields");
	assert_string_equal(next(), "good");
	memset(text, ',', sizeof text - 1);
	memcpy(text + CSV_FIELDS_MAX - 1, "\n", 2);
	open_text(text);
	(void)next();
	assert_null(row.fault);
	assert_int_equal(row.n, CSV_FIELDS_MAX);
	/* Exactly full, with and without room for the NUL. */
	memset(text, 'x', sizeof text - 1);
	text[CSV_ROW_MAX - 1] = '\0';
	open_text(text);
	assert_int_equal(strlen(next()), CSV_ROW_MAX - 1);
	text[CSV_ROW_MAX - 1] = 'x';
	text[CSV_ROW_MAX] = '\0';
	open_text(text);
	assert_string_equal(next(), "row: too long");
}

/* Cut anywhere, it ends, and never reads beyond (each cut has a buffer of its own for the
 * sanitiser). */
static void cut_at_every_byte(void **state)
{
	static const char TEXT[] = "\xef\xbb\xbf"
				   "a,b\r\n\"c\"\"\n\",\"d\"\r\n\"e\",f\r";

	(void)state;
	for (size_t n = 0; n < sizeof TEXT; n++) {
		char *cut = malloc(n + !n);
		const char *got;
		int rows = 0;

		memcpy(cut, TEXT, n);
		open_bytes(cut, n);
		do {
			got = next();
			assert_true(++rows < 10);
		} while (strcmp(got, "END") != 0 && strcmp(got, "ERROR") != 0);
		free(cut);
	}
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
		bool day;
	} GOOD[] = {
	    {"1970-01-01", 0, true},	      {"2026-11-20", 1795132800, true},
	    {"20261120", 1795132800, true},   {"2026-11-20T11:22:33Z", 1795173753, false},
	    {"2028-02-29", 1835395200, true}, {"2099-12-31", 4102358400, true},
	};
	static const char *const BAD[] = {"",
					  "2026",
					  "2026-1-1",
					  "2026-13-01",
					  "2026-00-10",
					  "2026-02-30",
					  "2027-02-29",
					  "2026-11-00",
					  "2026-11-31",
					  "20261301",
					  "2026-11-20T24:00:00Z",
					  "2026-11-20T11:60:00Z",
					  "2026-11-20T11:22:61Z",
					  "2026-11-20T11:22:33",
					  "2026-11-20T11:22:33+01:00",
					  "2026-11-20 ",
					  " 2026-11-20",
					  "20/11/2026",
					  "2026_11_20",
					  "+026-11-20",
					  "1969-12-31",
					  "0000-00-00",
					  "never"};
	struct err e = {0};
	int64_t s;
	bool day;

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		assert_true(when_parse(GOOD[i].text, &s, &day, &e));
		assert_int_equal(s, GOOD[i].seconds);
		assert_int_equal(day, GOOD[i].day);
	}
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		assert_false(when_parse(BAD[i], &s, &day, &e));
		assert_int_equal(e.code, ERR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_as_rfc_4180_has_them),
	    cmocka_unit_test(a_bad_row_spoils_no_other),
	    cmocka_unit_test(nul_is_a_control_character),
	    cmocka_unit_test(an_open_quote_is_an_error),
	    cmocka_unit_test(long_rows_are_bounded),
	    cmocka_unit_test(cut_at_every_byte),
	    cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
