/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct err why;
static struct store_conf conf;

static bool load(const char *text)
{
	why = (struct err){0};
	memset(&conf, 0, sizeof conf);
	return store_conf_load(text, strlen(text), "/etc/alpr", &conf, &why);
}

static void what_is_not_said_has_its_default(void **state)
{
	(void)state;
	assert_true(load(""));
	assert_int_equal(conf.ring.retention_days, CONFIG_RETENTION_DAYS_CAP);
	assert_string_equal(conf.ring.path, "/var/lib/alpr/store");
	assert_string_equal(conf.ring.keystore, "file");
	assert_string_equal(conf.ring.keystore_path, "/var/lib/alpr/store/keystore");
	assert_true(conf.ring.keystore_create);
	assert_string_equal(conf.hotlist.path, "");
	assert_string_equal(conf.hotlist.key, "");
	assert_int_equal(conf.hotlist.cooldown_s, 300);
	assert_string_equal(conf.evidence.ca, "");
	assert_int_equal(conf.evidence.window_min, CONFIG_EVIDENCE_WINDOW_MIN);
	assert_int_equal(conf.evidence.per_hour, 20);
	assert_int_equal(conf.evidence.day_min, 240);
	assert_int_equal(conf.evidence.max_bytes, 64 << 20);
}

static void purposes_are_a_list_of_names(void **state)
{
	(void)state;
	assert_true(load(""));
	assert_true(store_purpose_listed(conf.evidence.purposes, "stolen-vehicle"));
	assert_true(store_purpose_listed(conf.evidence.purposes, "felony-investigation"));
	assert_true(store_purpose_listed(conf.evidence.purposes, "court-order"));
	assert_false(store_purpose_listed(conf.evidence.purposes, "audit-sample"));
	assert_false(store_purpose_listed(conf.evidence.purposes, "stolen"));
	assert_false(store_purpose_listed(conf.evidence.purposes, ""));
	assert_false(store_purpose_listed(conf.evidence.purposes, "homicide, missing-person"));
	assert_true(load("[evidence]\npurposes = a-1 ,b\n"));
	assert_true(store_purpose_listed(conf.evidence.purposes, "a-1"));
	assert_true(store_purpose_listed(conf.evidence.purposes, "b"));
	assert_false(store_purpose_listed(conf.evidence.purposes, "homicide"));
	assert_false(load("[evidence]\npurposes = a b\n"));
	assert_int_equal(why.code, ERR_CONFIG);
	assert_false(load("[evidence]\npurposes = *\n"));
	assert_false(load("[evidence]\npurposes = ,\n"));
}

static void a_window_is_never_longer_than_the_cap(void **state)
{
	char text[80];

	(void)state;
	assert_true(load("[evidence]\nca = ca.crt\nwindow_min = 5\nper_hour = 1\n"));
	assert_int_equal(conf.evidence.window_min, 5);
	assert_string_equal(conf.evidence.ca, "/etc/alpr/ca.crt");
	(void)snprintf(text, sizeof text, "[evidence]\nwindow_min = %d\n",
		       CONFIG_EVIDENCE_WINDOW_MIN + 1);
	assert_false(load(text));
	assert_int_equal(why.code, ERR_CONFIG);
	assert_false(load("[evidence]\nwindow_min = 0\n"));
	assert_false(load("[evidence]\nper_hour = 0\n"));
	assert_false(load("[evidence]\nday_min = 0\n"));
	assert_false(load("[evidence]\nday_min = 1441\n"));
	assert_false(load("[evidence]\nmax_bytes = 75000001\n"));
}

static void what_is_said_is_taken(void **state)
{
	(void)state;
	assert_true(load(
	    "[site]\nname = 5th and Main\nlatitude = 38.6\nlongitude = -90.2\ncamera_0 = north\n"
	    "[store]\npath = data\nretention_days = 30\nmax_bytes = 2000000\n[hotlist]\npath = "
	    "/x/l.alpb\n"
	    "key = k.pub\ncooldown_s = 0\n[camera]\ndriver = sim\n"));
	assert_string_equal(conf.site.name, "5th and Main");
	assert_string_equal(conf.site.camera_0, "north");
	assert_string_equal(conf.site.camera_1, "camera-1");
	assert_string_equal(conf.ring.path, "/etc/alpr/data");
	assert_int_equal(conf.ring.retention_days, 30);
	assert_string_equal(conf.hotlist.key, "/etc/alpr/k.pub");
}

static void a_keystore_is_one_that_is_built_in(void **state)
{
	char text[400];

	(void)state;
	assert_true(load("[store]\nkeystore_path = roots/key\nkeystore_create = no\n"));
	assert_string_equal(conf.ring.keystore_path, "/etc/alpr/roots/key");
	assert_false(conf.ring.keystore_create);
	assert_false(load("[store]\nkeystore = drawer\n"));
	assert_int_equal(why.code, ERR_CONFIG);
	assert_non_null(strstr(why.text, "keystore"));
	/* Whose own file would have too long a name. */
	(void)snprintf(text, sizeof text, "[store]\npath = %0238d\n", 1);
	assert_false(load(text));
	assert_int_equal(why.code, ERR_LIMIT);
}

static void retention_can_only_be_shortened(void **state)
{
	char text[64];

	(void)state;
	(void)snprintf(text, sizeof text, "[store]\nretention_days = %d\n",
		       CONFIG_RETENTION_DAYS_CAP + 1);
	assert_false(load(text));
	assert_int_equal(why.code, ERR_CONFIG);
	assert_non_null(strstr(why.text, "retention_days"));
	assert_non_null(strstr(why.text, "longer"));
	(void)snprintf(text, sizeof text, "[store]\nretention_days = %d\n",
		       CONFIG_RETENTION_DAYS_CAP);
	assert_true(load(text));
	assert_false(load("[store]\nretention_days = 0\n"));
	assert_false(load("[store]\nretention_days = -1\n"));
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
	    "[store]\nmax_bytes = 12\n",
	    "[store]\nmax_bytes = much\n",
	    "[store]\npaht = /x\n",
	    "[hotlist]\ncooldown_s = -1\n",
	    "[hotlist]\ncooldown_s = 86401\n",
	    "[site]\nlatitude = 91\n",
	    "[site]\nlongitude = nan\n",
	    "[store]\nmin_free_bytes = -1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (load(bad[i]))
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(why.code, ERR_CONFIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_said_has_its_default),
	    cmocka_unit_test(what_is_said_is_taken),
	    cmocka_unit_test(purposes_are_a_list_of_names),
	    cmocka_unit_test(a_window_is_never_longer_than_the_cap),
	    cmocka_unit_test(a_keystore_is_one_that_is_built_in),
	    cmocka_unit_test(retention_can_only_be_shortened),
	    cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
