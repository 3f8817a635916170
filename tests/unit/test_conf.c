/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct settings {
	char name[CONF_STRING_MAX], folder[CONF_STRING_MAX], mode[CONF_STRING_MAX];
	int64_t days;
	double rate;
	bool loop;
};

#define AT(field) offsetof(struct settings, field)
static const struct conf_key keys[] = {
    {"name", CONF_STRING, AT(name), NULL, 0, 0, NULL, "who"},
    {"folder", CONF_PATH, AT(folder), "spool", 0, 0, NULL, "where"},
    {"mode", CONF_CHOICE, AT(mode), "slow", 0, 0, "slow|fast|off", "how"},
    {"days", CONF_INT, AT(days), "90", 1, 90, NULL, "how long"},
    {"rate", CONF_REAL, AT(rate), "2.5", 0.5, 60, NULL, "how often"},
    {"loop", CONF_BOOL, AT(loop), "no", 0, 0, NULL, "again"},
};
#define N_KEYS (sizeof keys / sizeof keys[0])

static struct settings got;
static struct err why;

static bool fill_bytes(const char *text, size_t len)
{
	memset(&got, 0, sizeof got);
	memset(&why, 0, sizeof why);
	return conf_fill(text, len, "/etc/alpr", "store", keys, N_KEYS, &got, &why);
}

static bool fill(const char *text)
{
	return fill_bytes(text, strlen(text));
}

static void refused(const char *text, enum err_code code, const char *message)
{
	assert_false(fill(text));
	assert_string_equal(why.text, message);
	assert_int_equal(why.code, code);
}

static void defaults_fill_what_is_not_given(void **state)
{
	(void)state;
	assert_true(fill("[store]\nname = a\n"));
	assert_string_equal(got.name, "a");
	assert_string_equal(got.folder, "/etc/alpr/spool");
	assert_string_equal(got.mode, "slow");
	assert_int_equal(got.days, 90);
	assert_true(got.rate > 2.49 && got.rate < 2.51);
	assert_false(got.loop);
}

static void every_type_is_read(void **state)
{
	(void)state;
	assert_true(fill(
	    "\xef\xbb\xbf# comment\r\n; another\r\n[other]\nname = x\nwhatever = y\n[store]\r\n"
	    "  name = Kingshighway & Chippewa ; inline\r\n\tfolder=/var/spool\nmode : fast\ndays = "
	    "1\n"
	    "rate = 6e1\nloop = on"));
	assert_string_equal(got.name, "Kingshighway & Chippewa");
	assert_string_equal(got.folder, "/var/spool");
	assert_string_equal(got.mode, "fast");
	assert_int_equal(got.days, 1);
	assert_true(got.rate > 59.9 && got.rate < 60.1);
	assert_true(got.loop);
	assert_true(fill("[store]\nname=a\nfolder =\nloop = false"));
	assert_string_equal(got.folder, ""); /* empty stays empty: no path */
}

static void a_section_may_come_in_parts(void **state)
{
	(void)state;
	assert_true(fill("[store]\nname=a\n[x]\nq=1\n[store]\ndays=3\n"));
	assert_int_equal(got.days, 3);
}

static void wrong_keys_are_refused(void **state)
{
	(void)state;
	refused("[store]\nname=a\ndayz = 3\n", ERR_CONFIG, "line 3: [store] dayz: unknown key");
	refused("[store]\nname=a\n\ndays=3\ndays=3\n", ERR_CONFIG,
		"line 5: [store] days: given twice");
	refused("[store]\nname=a\n[x]\n[store]\nname=b\n", ERR_CONFIG,
		"line 5: [store] name: given twice");
	refused("[store]\ndays=3\n", ERR_CONFIG, "[store] name: missing");
	refused("", ERR_CONFIG, "[store] name: missing");
	refused("[store]\nname =\n", ERR_CONFIG, "line 2: [store] name: empty");
	refused("[store]\nname=a\n = 3\n", ERR_CONFIG, "line 3: [store] : unknown key");
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	refused("[store]\ndays = 91", ERR_CONFIG, "line 2: [store] days: not within 1 to 90");
	refused("[store]\ndays = 0", ERR_CONFIG, "line 2: [store] days: not within 1 to 90");
	refused("[store]\ndays = 99999999999999999999", ERR_CONFIG,
		"line 2: [store] days: not within 1 to 90");
	refused("[store]\ndays = 3d", ERR_CONFIG, "line 2: [store] days: not a whole number");
	refused("[store]\ndays =", ERR_CONFIG, "line 2: [store] days: not a whole number");
	refused("[store]\nrate = 0.1", ERR_CONFIG, "line 2: [store] rate: not within 0.5 to 60");
	refused("[store]\nrate = nan", ERR_CONFIG, "line 2: [store] rate: not a number");
	refused("[store]\nrate = inf", ERR_CONFIG, "line 2: [store] rate: not a number");
	refused("[store]\nrate = fast", ERR_CONFIG, "line 2: [store] rate: not a number");
	refused("[store]\nloop = maybe", ERR_CONFIG, "line 2: [store] loop: neither yes nor no");
	refused("[store]\nmode = fas", ERR_CONFIG, "line 2: [store] mode: none of slow|fast|off");
	refused("[store]\nmode = slow|fast", ERR_CONFIG,
		"line 2: [store] mode: none of slow|fast|off");
	refused("[store]\nmode =", ERR_CONFIG, "line 2: [store] mode: none of slow|fast|off");
}

static void what_is_no_ini_is_refused(void **state)
{
	(void)state;
	refused("[store]\nname = a\ngarbage\n", ERR_CONFIG,
		"line 3: neither [section] nor key = value");
	refused("[store\nname = a\n", ERR_CONFIG, "line 1: neither [section] nor key = value");
	assert_false(fill_bytes("[store]\nname = a\0b\n", 19));
	assert_string_equal(why.text, "holds NUL bytes: not a text");
	assert_int_equal(why.code, ERR_CONFIG);
}

static void what_is_too_long_is_refused(void **state)
{
	static char text[CONF_TEXT_MAX + 1], folder[300];

	(void)state;
	memset(text, '#', sizeof text);
	assert_false(fill_bytes(text, sizeof text));
	assert_int_equal(why.code, ERR_LIMIT);
	memset(text, 'x', 4000);
	memcpy(text, "[store]\nname=", 13);
	assert_false(fill_bytes(text, 4000));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_non_null(strstr(why.text, "line 2: longer than"));
	memset(folder, 'f',
	       sizeof folder - 1); /* fits the line, not the field, once the folder is in front */
	assert_false(
	    conf_fill("[store]\nname=a\nfolder=b", 23, folder, "store", keys, N_KEYS, &got, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_string_equal(why.text, "line 3: [store] folder: too long");
}

static void sections_are_checked(void **state)
{
	static const char *const names[] = {"site", "store", NULL};
	struct err e = {0};

	(void)state;
	assert_true(conf_sections("[site]\na=1\n[store]\nb=1\n", 23, names, &e));
	assert_false(conf_sections("[site]\na=1\n[stor]\nb=1\n", 22, names, &e));
	assert_string_equal(e.text, "line 4: [stor]: unknown section");
	assert_int_equal(e.code, ERR_CONFIG);
	assert_false(conf_sections("a=1\n", 4, names, &e));
	assert_string_equal(e.text, "line 1: a: before the first [section]");
}

static char folder_of_test[] = "/tmp/test_conf.XXXXXX";

static void file_is_read_whole_or_refused(void **state)
{
	char path[64], *text = NULL;
	static char big[CONF_TEXT_MAX + 1];
	struct err e = {0};
	size_t len = 0;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder_of_test));
	(void)snprintf(path, sizeof path, "%s/c", folder_of_test);
	assert_false(conf_read(path, &text, &len, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(conf_read(path, &text, &len, &e)); /* and does not hang */
	assert_int_equal(e.code, ERR_IO);
	assert_int_equal(unlink(path), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	memset(big, '#', sizeof big);
	assert_int_equal(fwrite(big, 1, CONF_TEXT_MAX, f), CONF_TEXT_MAX);
	(void)fflush(f);
	assert_true(conf_read(path, &text, &len, &e));
	assert_int_equal(len, CONF_TEXT_MAX);
	assert_int_equal(text[len], '\0');
	free(text);
	assert_int_equal(fwrite(big, 1, 1, f), 1);
	(void)fclose(f);
	assert_false(conf_read(path, &text, &len, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	assert_false(conf_read(folder_of_test, &text, &len, &e));
	assert_int_equal(e.code, ERR_IO);
	(void)unlink(path);
	(void)rmdir(folder_of_test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_fill_what_is_not_given),
	    cmocka_unit_test(every_type_is_read),
	    cmocka_unit_test(a_section_may_come_in_parts),
	    cmocka_unit_test(wrong_keys_are_refused),
	    cmocka_unit_test(wrong_values_are_refused),
	    cmocka_unit_test(what_is_no_ini_is_refused),
	    cmocka_unit_test(what_is_too_long_is_refused),
	    cmocka_unit_test(sections_are_checked),
	    cmocka_unit_test(file_is_read_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
