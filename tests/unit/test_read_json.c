/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/read_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_utf8(const char *in, const char *want)
{
	char out[64];

	assert_string_equal(read_json_utf8(in, out, sizeof out), want);
}

static void what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	expect_utf8("plain", "plain");
	expect_utf8("Stra\xc3\x9f"
		    "e \xe2\x82\xac \xf0\x9f\x9a\x97",
		    "Stra\xc3\x9f"
		    "e \xe2\x82\xac \xf0\x9f\x9a\x97");
	expect_utf8("\xff\xfe", "??");
	expect_utf8("\xc3", "?");      /* cut off */
	expect_utf8("\xc0\xaf", "??"); /* overlong */
	expect_utf8("\xe0\x80\xaf", "???");
	expect_utf8("\xed\xa0\x80", "???");	 /* surrogate */
	expect_utf8("\xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
}

static void a_sequence_is_never_cut(void **state)
{
	char out[4];

	(void)state;
	assert_string_equal(read_json_utf8("ab\xe2\x82\xac", out, sizeof out), "ab");
	assert_string_equal(read_json_utf8("abcdef", out, sizeof out), "abc");
}

static char *printed(bool (*print)(FILE *f, void *with), void *with)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_true(print(f, with));
	assert_int_equal(fclose(f), 0);
	return text;
}

static bool print_one(FILE *f, void *with)
{
	char *files[] = {"a.png"};

	return read_json_plates(f, files, 1, 12.345, with);
}

static bool print_pair(FILE *f, void *with)
{
	char *files[] = {"a.png", "b.png"};

	return read_json_plates(f, files, 2, 1.0, with);
}

static bool print_error_line(FILE *f, void *with)
{
	char *files[] = {"a.png"};

	return read_json_error(f, files, 1, files[0], with);
}

static void the_line_of_a_plate(void **state)
{
	struct plates *p = calloc(1, sizeof *p);

	(void)state;
	assert_non_null(p);
	p->n = 1;
	p->at[0].shown[0].n = 1;
	p->at[0].shown[0].quad = (struct plate_quad){{1, 2, 3.25f, 4, 5, 6, 7, 8}};
	p->at[0].read = (struct plate_read){.text = "A1",
					    .confidence = 0.5f,
					    .chars = {0.9f, 0.6f},
					    .n_alternatives = 1,
					    .alternatives = {{"A1", 0.5f}}};
	char *text = printed(print_one, p);
	assert_string_equal(
	    text,
	    "{\"file\":\"a.png\",\"ms\":12.35,\"plates\":[{\"text\":\"A1\",\"confidence\":0.5000,"
	    "\"quad\":[1.0,2.0,3.3,4.0,5.0,6.0,7.0,8.0],\"jurisdiction\":null,\"chars\":[{\"char\":"
	    "\"A\","
	    "\"confidence\":0.9000},{\"char\":\"1\",\"confidence\":0.6000}],\"alternatives\":[{"
	    "\"text\":\"A1\","
	    "\"confidence\":0.5000}]}]}\n");
	free(text);
	strcpy(p->at[0].read.jurisdiction, "MO");
	text = printed(print_pair, p);
	assert_non_null(strstr(text, "{\"files\":[\"a.png\",\"b.png\"],\"ms\":1.00,"));
	assert_non_null(strstr(text, "\"quad2\":null,\"jurisdiction\":\"MO\""));
	free(text);
	free(p);
}

static void the_line_of_an_error(void **state)
{
	char why[] = "a \"bad\" \xff thing";
	char *text = printed(print_error_line, why);

	(void)state;
	assert_string_equal(text, "{\"file\":\"a.png\",\"error\":\"a \\\"bad\\\" ? thing\"}\n");
	free(text);
}

static void a_full_disk_is_noticed(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_false(print_error_line(full, "why"));
	(void)fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_no_utf8_is_replaced),
	    cmocka_unit_test(a_sequence_is_never_cut),
	    cmocka_unit_test(the_line_of_a_plate),
	    cmocka_unit_test(the_line_of_an_error),
	    cmocka_unit_test(a_full_disk_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
