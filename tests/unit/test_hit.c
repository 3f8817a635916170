/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/base64.h"
#include "hotlist/hit.h"
#include "tests/unit/hits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static struct sample sample;

static cJSON *document(void)
{
	struct err e = {0};
	char *json = NULL;
	size_t len = 0;
	cJSON *root;

	assert_true(hit_to_json(&sample.hit, &json, &len, &e));
	assert_int_equal(strlen(json), len);
	root = cJSON_Parse(json);
	assert_non_null(root);
	free(json);
	return root;
}

static const cJSON *at(const cJSON *o, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	if (!item)
		fail_msg("no %s", name);
	return item;
}

static const char *text(const cJSON *o, const char *name)
{
	const char *s = cJSON_GetStringValue(at(o, name));

	assert_non_null(s);
	return s;
}

static void the_whole_event(void **state)
{
	cJSON *root;
	const cJSON *data, *x;

	(void)state;
	hits_sample(&sample);
	root = document();
	data = at(root, "data");
	assert_string_equal(text(root, "specversion"), "1.0");
	assert_string_equal(text(root, "id"), "00112233445566778899aabbccddeeff");
	assert_string_equal(text(root, "source"), "urn:alpr:site:demo%20%2301");
	assert_string_equal(text(root, "type"), "org.alpr.hit.v1");
	assert_string_equal(text(root, "time"), "2027-01-15T08:01:00.500Z");
	assert_true(cJSON_IsTrue(at(data, "verify_required")));
	assert_true(cJSON_GetArraySize(at(data, "verify")) >= 4);
	assert_non_null(strstr(text(data, "notice"), "not an identification"));
	x = at(data, "read");
	assert_string_equal(text(x, "text"), "SK5K9V");
	assert_string_equal(text(x, "jurisdiction"), "MO");
	assert_int_equal(cJSON_GetArraySize(at(x, "chars")), 6);
	assert_int_equal(cJSON_GetArraySize(at(x, "alternatives")), 2);
	x = at(data, "match");
	assert_string_equal(text(x, "grade"), "EXACT");
	x = cJSON_GetArrayItem(at(x, "entries"), 0);
	assert_string_equal(text(x, "case_number"), "V123456789");
	assert_true(at(x, "list_version")->valuedouble == 7);
	x = at(data, "list");
	assert_true(at(x, "age_s")->valuedouble == 61);
	assert_int_equal(strlen(text(x, "signer")), 64);
	assert_int_equal(cJSON_GetArraySize(at(data, "images")), 4);
	x = cJSON_GetArrayItem(at(data, "images"), 3);
	assert_string_equal(text(x, "role"), "scene");
	assert_string_equal(text(x, "camera"), "north-right");
	assert_string_equal(text(x, "data_base64"), "/9j/4AAAAAAAAAA=");
	assert_true(at(x, "bytes")->valuedouble == 11);
	assert_string_equal(text(x, "sha256"),
			    "700bc6e128311c396dd22d188a8d7dc432c8497de1ff6f548a29bb48c22567ca");
	cJSON_Delete(root);
}

static void a_missing_angle_is_shown_as_missing(void **state)
{
	cJSON *root;
	const cJSON *angles;

	(void)state;
	hits_sample(&sample);
	sample.hit.degraded = true;
	sample.hit.images[1] = sample.hit.images[3] = (struct hit_image){0};
	root = document();
	angles = at(at(root, "data"), "angles");
	assert_int_equal(cJSON_GetArraySize(angles), 2);
	assert_true(cJSON_IsTrue(at(cJSON_GetArrayItem(angles, 0), "present")));
	assert_true(cJSON_IsFalse(at(cJSON_GetArrayItem(angles, 1), "present")));
	assert_int_equal(cJSON_GetArraySize(at(at(root, "data"), "images")), 2);
	assert_true(cJSON_IsTrue(at(at(root, "data"), "degraded")));
	cJSON_Delete(root);
}

/* What comes from other processes and from the configuration may be anything; the event stays valid
 * JSON. */
static void hostile_content_stays_json(void **state)
{
	cJSON *root;

	(void)state;
	for (int fill = 0; fill < 256; fill++) {
		hits_sample(&sample);
		memset(&sample.read, fill, sizeof sample.read);
		for (size_t i = 0; i < HIT_IMAGES; i++) {
			memset(&sample.hit.images[i].quad, fill, sizeof sample.hit.images[i].quad);
			memset(&sample.hit.images[i].confidence, fill, sizeof(float));
		}
		root = document();
		cJSON_Delete(root);
	}
	hits_sample(&sample);
	sample.hit.site = "caf\xe9 \xf0\x9f\x9a\x97 \xed\xa0\x80 \xc0\xaf \"\n\x01";
	sample.hit.camera_names[0] = "\xff";
	root = document();
	assert_string_equal(text(at(at(root, "data"), "site"), "name"),
			    "caf? \xf0\x9f\x9a\x97 ??? ?? \"??");
	assert_string_equal(text(cJSON_GetArrayItem(at(at(root, "data"), "angles"), 0), "camera"),
			    "?");
	cJSON_Delete(root);
}

static void large_pictures(void **state)
{
	enum { SIZE = 2 << 20 };
	uint8_t *jpeg = calloc(1, SIZE);
	cJSON *root;
	const cJSON *x;

	(void)state;
	assert_non_null(jpeg);
	hits_sample(&sample);
	sample.hit.images[2].jpeg = jpeg;
	sample.hit.images[2].len = SIZE;
	root = document();
	x = cJSON_GetArrayItem(at(at(root, "data"), "images"), 2);
	assert_int_equal(strlen(text(x, "data_base64")), base64_size(SIZE) - 1);
	cJSON_Delete(root);
	free(jpeg);
}

/* RFC 4648, section 10. */
static void base64_vectors(void **state)
{
	static const char *const VECTORS[][2] = {{"", ""},
						 {"f", "Zg=="},
						 {"fo", "Zm8="},
						 {"foo", "Zm9v"},
						 {"foob", "Zm9vYg=="},
						 {"fooba", "Zm9vYmE="},
						 {"foobar", "Zm9vYmFy"}};
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof VECTORS / sizeof *VECTORS; i++) {
		base64_encode((const uint8_t *)VECTORS[i][0], strlen(VECTORS[i][0]), out);
		assert_string_equal(out, VECTORS[i][1]);
		assert_int_equal(base64_size(strlen(VECTORS[i][0])), strlen(out) + 1);
	}
}

static void a_match_alone(void **state)
{
	struct match none = {0};
	struct err e = {0};
	char *json = NULL;

	(void)state;
	hits_sample(&sample);
	assert_true(match_to_json(&none, 7, &json, &e));
	assert_string_equal(json, "{\"grade\":\"NONE\",\"matched\":\"\",\"entries\":[]}");
	free(json);
	assert_true(match_to_json(&sample.match, 7, &json, &e));
	assert_non_null(strstr(json, "\"grade\":\"EXACT\""));
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_whole_event),
	    cmocka_unit_test(a_missing_angle_is_shown_as_missing),
	    cmocka_unit_test(hostile_content_stays_json),
	    cmocka_unit_test(large_pictures),
	    cmocka_unit_test(base64_vectors),
	    cmocka_unit_test(a_match_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
