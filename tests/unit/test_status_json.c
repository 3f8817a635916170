/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses on their way to people: whatever bytes they have, what comes out is JSON and plain. */
#include "firmware/status_json.h"

#include "firmware/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct wire_status given(const char *detail)
{
	struct wire_status s = {.role = WIRE_DEVICE, .running = 1, .restarts = 3, .n = 1};

	wire_start(&s.h, WIRE_STATUS, sizeof s);
	(void)strcpy(s.state, "door");
	(void)strcpy(s.counters[0].name, "door_openings");
	s.counters[0].value = INT64_MAX;
	(void)strncpy(s.detail, detail, sizeof s.detail - 1);
	return s;
}

static const char *taken(const char *detail)
{
	static struct wire_status out;
	const struct wire_status s = given(detail);

	assert_true(status_take(&out, &s, NULL));
	return out.detail;
}

static void texts_become_plain(void **state)
{
	(void)state;
	assert_string_equal(taken("disk is 78 \xc2\xb0"
				  "C"),
			    "disk is 78 \xc2\xb0"
			    "C");
	assert_string_equal(taken("\x1b[2J\x7f\n"), "?[2J??");
	assert_string_equal(taken("\xc2"), "?");
	assert_string_equal(taken("\xc2\x9b"), "??"); /* a control character of terminals */
	assert_string_equal(taken("\xb0\xc2\xc2\xb0"), "??\xc2\xb0");
}

static void texts_without_an_end_get_one(void **state)
{
	struct wire_status s = given(""), out;

	(void)state;
	memset(s.state, 'a', sizeof s.state);
	memset(s.detail, 'b', sizeof s.detail);
	memset(s.counters[0].name, 'c', sizeof s.counters[0].name);
	assert_true(status_take(&out, &s, NULL));
	assert_int_equal(strlen(out.state), sizeof s.state - 1);
	assert_int_equal(strlen(out.detail), sizeof s.detail - 1);
	assert_int_equal(strlen(out.counters[0].name), sizeof s.counters[0].name - 1);
	/* the degree sign, cut in the middle by the end */
	s.detail[sizeof s.detail - 2] = (char)0xc2;
	s.detail[sizeof s.detail - 1] = (char)0xb0;
	assert_true(status_take(&out, &s, NULL));
	assert_int_equal(out.detail[sizeof s.detail - 2], '?');
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state)
{
	struct wire_status s = given("x"), out = {.role = 77};
	struct err e = {0};

	(void)state;
	s.role = WIRE_ROLES;
	assert_false(status_take(&out, &s, &e));
	assert_int_equal(e.code, ERR_PEER);
	s = given("x");
	s.n = WIRE_COUNTERS + 1;
	assert_false(status_take(&out, &s, &e));
	s.n = UINT32_MAX;
	assert_false(status_take(&out, &s, &e));
	assert_int_equal(out.role, 77);
}

static void it_is_json_with_whole_numbers(void **state)
{
	const struct wire_status s = given("a \"b\" \\ c");
	cJSON *o = cJSON_CreateObject();
	char *text;

	(void)state;
	assert_true(status_json_role(o, &s));
	text = cJSON_PrintUnformatted(o);
	assert_string_equal(text, "{\"role\":\"device\",\"running\":true,\"restarts\":3,\"state\":"
				  "\"door\",\"detail\":\"a \\\"b\\\" \\\\ c\",\"counters\":{"
				  "\"door_openings\":9223372036854775807}}");
	free(text);
	cJSON_Delete(o);
}

static void a_configured_name_is_cleaned(void **state)
{
	char text[] = "5th \xe2\x80\x93 Main \xff\x01\x7f \xed\xa0\x80 \xf0\x9f";

	(void)state;
	utf8_clean(text);
	assert_string_equal(text, "5th \xe2\x80\x93 Main ??? ??? ??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_become_plain),
	    cmocka_unit_test(texts_without_an_end_get_one),
	    cmocka_unit_test(what_cannot_be_is_refused_and_changes_nothing),
	    cmocka_unit_test(it_is_json_with_whole_numbers),
	    cmocka_unit_test(a_configured_name_is_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
