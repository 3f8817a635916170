/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/base64url.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/store/authenticity.h"
#include "firmware/store/request.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000000000) /* 2027-01-15T08:00:00Z */

static char folder[] = "/tmp/test_request.XXXXXX";
static struct err why;
static struct identity_authorities *ca;

static const char MAKE[] =
    "cd %s && exec >log 2>&1 && set -e\n"
    "ec() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$2 -out $1.key; }\n"
    "issue() { ec $1 ${5:-P-256}; openssl req -new -key $1.key -subj \"$3\" -out csr\n"
    "  openssl x509 -req -in csr -CA $2.crt -CAkey $2.key -CAcreateserial -days $4 -out $1.crt; }\n"
    "for a in ca other; do ec $a P-256\n"
    "openssl req -x509 -new -key $a.key -subj /O=t/CN=$a -days 9000 -out $a.crt; done\n"
    "issue good ca '/O=t/OU=EVIDENCE/CN=Jane Doe' 9000\n"
    "issue rtcc ca '/O=t/OU=RTCC/CN=Jane Doe' 9000\n"
    "issue p384 ca '/O=t/OU=EVIDENCE/CN=Jane Doe' 9000 P-384\n"
    "issue stray other '/O=t/OU=EVIDENCE/CN=Jane Doe' 9000\n"
    "issue over ca '/O=t/OU=EVIDENCE/CN=Jane Doe' 1\n"
    "issue nameless ca '/O=t/OU=EVIDENCE' 9000\n";

static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static int make(void **state)
{
	char command[2048];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(command, sizeof command, MAKE, folder);
	return system(command) || !identity_authorities_load(at("ca.crt"), &ca, &why);
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	identity_authorities_free(ca);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

/* --- the payload -------------------------------------------------------------------------------
 */

/* A good payload with one member changed: `value` as JSON; NULL: without it. */
static char *payload(const char *name, const char *value)
{
	static const char *const GOOD[][2] = {
	    {"format", "\"alpr-evidence-request-1\""},
	    {"camera", "\"5th & Main\""},
	    {"plate", "\"abo-123\""},
	    {"from", "\"2027-01-15T07:00:00Z\""},
	    {"to", "\"2027-01-15T07:30:00.5Z\""},
	    {"case_number", "\"26-001234\""},
	    {"purpose", "\"homicide\""},
	    {"requester", "\"Jane Doe\""},
	    {"issued", "\"2027-01-15T07:59:00Z\""},
	    {"expires", "\"2027-01-16T07:59:00Z\""},
	    {"nonce", "\"0123456789_-abcd\""},
	};
	cJSON *o = cJSON_CreateObject();
	bool found = false;
	char *text;

	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		const bool is = name && strcmp(GOOD[i][0], name) == 0;

		found |= is;
		if (!is || value)
			(void)cJSON_AddRawToObject(o, GOOD[i][0], is ? value : GOOD[i][1]);
	}
	if (name && !found)
		(void)cJSON_AddRawToObject(o, name, value);
	text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	assert_non_null(text);
	return text;
}

static struct request r;

static bool parse_text(const char *text)
{
	why = (struct err){0};
	return request_parse(text, strlen(text), &r, &why);
}

static bool parse(const char *name, const char *value)
{
	char *text = payload(name, value);
	const bool done = parse_text(text);

	cJSON_free(text);
	return done;
}

static void a_request_says_what_it_says(void **state)
{
	(void)state;
	assert_true(parse(NULL, NULL));
	assert_string_equal(r.camera, "5th & Main");
	assert_string_equal(r.plate, "AB0123");
	assert_true(r.has_window);
	assert_int_equal(r.from_ns, NOW - 3600 * NS_PER_S);
	assert_int_equal(r.to_ns, NOW - 1800 * NS_PER_S + NS_PER_S / 2);
	assert_string_equal(r.case_number, "26-001234");
	assert_string_equal(r.purpose, "homicide");
	assert_string_equal(r.requester, "Jane Doe");
	assert_int_equal(r.issued_ns, NOW - 60 * NS_PER_S);
	assert_int_equal(r.expires_ns, NOW - 60 * NS_PER_S + NS_PER_DAY);
	assert_string_equal(r.nonce, "0123456789_-abcd");
}

static void a_plate_or_a_window_is_enough(void **state)
{
	cJSON *o;
	char *text = payload("plate", NULL);

	(void)state;
	assert_true(parse_text(text));
	assert_string_equal(r.plate, "");
	assert_true(r.has_window);
	o = cJSON_Parse(text);
	cJSON_free(text);
	cJSON_DeleteItemFromObject(o, "from");
	cJSON_DeleteItemFromObject(o, "to");
	text = cJSON_Print(o); /* also with spaces between */
	assert_false(parse_text(text));
	assert_string_equal(why.text, "neither a plate nor a window");
	cJSON_free(text);
	(void)cJSON_AddStringToObject(o, "plate", "XYZ 9");
	text = cJSON_Print(o);
	assert_true(parse_text(text));
	assert_string_equal(r.plate, "XYZ9");
	assert_false(r.has_window);
	cJSON_free(text);
	cJSON_Delete(o);
}

static void what_is_no_request_is_refused(void **state)
{
	static const struct {
		const char *name, *value, *text;
	} wrong[] = {
	    {"format", NULL, "format: missing"},
	    {"format", "\"alpr-evidence-request-2\"", "format: not alpr-evidence-request-1"},
	    {"format", "1", "format: not a text"},
	    {"camera", NULL, "camera: missing"},
	    {"camera", "\"\"", "camera: empty"},
	    {"camera", "[\"5th & Main\"]", "camera: not a text"},
	    {"camera", "\"a\\u0007b\"", "camera: a control character"},
	    {"camera", "\"a\\u0085b\"", "camera: a control character"},
	    {"plate", "\"\"", "plate: empty"},
	    {"plate", "null", "plate: not a text"},
	    {"plate", "\"ABC*\"", "without wildcards"},
	    {"plate", "\"ABC?\"", "without wildcards"},
	    {"plate", "\"ABC%\"", "without wildcards"},
	    {"plate", "\"ABC_\"", "without wildcards"},
	    {"plate", "\"AB[CD]\"", "without wildcards"},
	    {"plate", "\"ABC,DEF\"", "without wildcards"},
	    {"plate", "\"ABC|DEF\"", "without wildcards"},
	    {"plate", "\"A.C\u00c9\"", "without wildcards"},
	    {"plate", "\" - \"", "not of 1 to 10 letters"},
	    {"plate", "\"ABCDEFGHIJK\"", "not of 1 to 10 letters"},
	    {"plate", "\"A                   B\"", "plate: longer than 20 bytes"},
	    {"from", NULL, "a window needs from and to"},
	    {"to", NULL, "a window needs from and to"},
	    {"to", "\"2027-01-15T07:00:00Z\"", "a window that ends before it begins"},
	    {"to", "\"2027-01-15T06:00:00Z\"", "a window that ends before it begins"},
	    {"from", "\"2027-01-15T07:00:00+00:00\"", "from: not a time"},
	    {"from", "\"2027-01-15 07:00:00Z\"", "from: not a time"},
	    {"from", "\"2027-02-30T07:00:00Z\"", "from: not a time"},
	    {"from", "\"2027-01-15T24:00:00Z\"", "from: not a time"},
	    {"from", "\"2027-01-15T07:00:60Z\"", "from: not a time"},
	    {"from", "\"2027-01-15T07:00:00.Z\"", "from: not a time"},
	    {"from", "\"2027-01-15T07:00:00.0123456789Z\"", "from: not a time"},
	    {"from", "\"1969-12-31T23:59:59Z\"", "from: not a time"},
	    {"from", "\"2027-1-15T07:00:00Z\"", "from: not a time"},
	    {"from", "1800000000", "from: not a text"},
	    {"case_number", NULL, "case_number: missing"},
	    {"case_number", "\"\"", "case_number: empty"},
	    {"case_number", "\"12345678901234567890123456789012345678901234567890123456789012345\"",
	     "case_number: longer than 64 bytes"},
	    {"purpose", NULL, "purpose: missing"},
	    {"purpose", "{\"a\":1}", "purpose: not a text"},
	    {"requester", NULL, "requester: missing"},
	    {"issued", NULL, "issued: missing"},
	    {"expires", NULL, "expires: missing"},
	    {"expires", "\"2027-01-15T07:59:00Z\"", "it expires before it was issued"},
	    {"expires", "\"2027-01-16T07:59:00.001Z\"", "good for more than a day"},
	    {"nonce", NULL, "nonce: missing"},
	    {"nonce", "\"0123456789_-abc\"", "nonce: not 16 to 64"},
	    {"nonce", "\"0123456789_-ab+d\"", "nonce: not 16 to 64"},
	    {"nonce", "\"0123456789_-ab=d\"", "nonce: not 16 to 64"},
	    {"nonce", "\"12345678901234567890123456789012345678901234567890123456789012345\"",
	     "nonce: longer than 64 bytes"},
	    {"plates", "[\"ABC\"]", "a member that does not belong there"},
	    {"Plate", "\"ABC\"", "a member that does not belong there"},
	    {"limit", "5", "a member that does not belong there"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(parse(wrong[i].name, wrong[i].value));
		if (!strstr(why.text, wrong[i].text))
			fail_msg("%s %s: %s", wrong[i].name, wrong[i].value, why.text);
		assert_null(strstr(why.text, "ABC"));
	}
}

/* The record of a pull holds case number and purpose, and never a plate. */
static void a_case_number_names_no_plate(void **state)
{
	static const struct {
		const char *plate, *number;
		bool good;
	} cases[] = {
	    {"\"ABO-123\"", "\"theft of ab 0123\"", false},
	    {"\"ABO-123\"", "\"AB0123\"", false},
	    {"\"ABO-123\"", "\"26-ABO12-3\"", false},
	    {"\"ABO-123\"", "\"26-ABO124\"", true},
	    {"\"12345\"", "\"26-123456\"", true},
	    {"\"12345\"", "\"1234-5\"", false},
	    {"\"A1\"", "\"26-A1\"", true},
	    {"\"A1\"", "\"A-1\"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t of = 0; of < 2; of++) {
			const char *name = of ? "purpose" : "case_number";
			char *text = payload(name, cases[i].number);
			cJSON *o = cJSON_Parse(text);

			cJSON_free(text);
			(void)cJSON_ReplaceItemInObject(o, "plate",
							cJSON_CreateRaw(cases[i].plate));
			text = cJSON_PrintUnformatted(o);
			if (parse_text(text) != cases[i].good)
				fail_msg("%zu: %s %s", i, name, why.text);
			if (!cases[i].good) {
				assert_int_equal(why.code, ERR_POLICY);
				assert_non_null(strstr(why.text, "names the plate"));
				assert_non_null(strstr(why.text, name));
				/* What is left of it goes into the record of the refusal. */
				assert_string_equal(of ? r.purpose : r.case_number, "");
			}
			cJSON_free(text);
			cJSON_Delete(o);
		}
	}
}

static void what_two_readers_may_read_in_two_ways_is_refused(void **state)
{
	static const char *const members[] = {",\"plate\":\"ABC\"}", ",\"plat\\u0065\":\"ABC\"}",
					      ",\"nonce\":\"0123456789_-abcd\"}"};
	char *text = payload(NULL, NULL), longer[2048];

	(void)state;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		(void)snprintf(longer, sizeof longer, "%.*s%s", (int)strlen(text) - 1, text,
			       members[i]);
		assert_false(parse_text(longer));
		assert_non_null(strstr(why.text, "there twice"));
	}
	(void)snprintf(longer, sizeof longer, "%s{}", text);
	assert_false(parse_text(longer));
	(void)snprintf(longer, sizeof longer, "\xef\xbb\xbf%s", text);
	assert_false(parse_text(longer));
	assert_false(request_parse(text, strlen(text) + 1, &r, &why)); /* with the NUL */
	assert_false(parse("camera", "\"5th & Main\\u0000x\""));
	assert_false(parse("camera", "\"5th \xc3 Main\""));
	for (size_t len = 0; len < strlen(text); len++)
		assert_false(request_parse(text, len, &r, &why));
	cJSON_free(text);
}

static void what_is_written_is_read_the_same(void **state)
{
	struct request was;
	char *text = NULL;

	(void)state;
	assert_true(parse("camera", "\"a \\\"b\\\" \\\\ \u00c4\""));
	was = r;
	assert_true(request_write(&was, &text, &why));
	assert_true(parse_text(text));
	assert_memory_equal(&r, &was, sizeof r);
	cJSON_free(text);
	assert_true(parse("plate", NULL));
	was = r;
	assert_true(request_write(&was, &text, &why));
	assert_null(strstr(text, "plate"));
	assert_true(parse_text(text));
	assert_memory_equal(&r, &was, sizeof r);
	cJSON_free(text);
}

/* --- who signed it -----------------------------------------------------------------------------
 */

/* Sign `json` with the key of `key` and the certificate of `cert`, and open it. */
static bool open_signed(const char *key, const char *cert, const char *json, struct identity **who)
{
	struct identity_der chain[IDENTITY_CHAIN_MAX];
	AUTO_FREE void *memory = NULL;
	AUTO_FREE char *text = NULL;
	struct crypt_key *k = NULL;
	size_t n = 0, len = 0;
	bool done;

	assert_true(identity_read_chain(at(cert), chain, &n, &memory, &why));
	assert_true(crypt_key_load_private(at(key), &k, &why));
	if (!jws_make(k, REQUEST_TYP, chain, n, json, strlen(json), &text, &len, &why))
		fail_msg("%s", why.text);
	crypt_key_free(k);
	why = (struct err){0};
	done = request_open(text, len, ca, clock_utc_ns(), who, &r, &why);
	return done;
}

static void a_signed_request_has_a_name(void **state)
{
	char *text = payload(NULL, NULL);
	struct identity *who = NULL;

	(void)state;
	if (!open_signed("good.key", "good.crt", text, &who))
		fail_msg("%s", why.text);
	assert_string_equal(identity_subject(who), "O=t, OU=EVIDENCE, CN=Jane Doe");
	assert_string_equal(r.plate, "AB0123");
	identity_free(who);
	cJSON_free(text);
}

static void who_proves_nothing_has_no_name(void **state)
{
	static const struct {
		const char *key, *cert;
		enum err_code code;
		const char *text;
	} wrong[] = {
	    {"rtcc.key", "good.crt", ERR_SIGNATURE, "signature: does not verify"},
	    {"stray.key", "stray.crt", ERR_SIGNATURE, "not issued by that authority"},
	};
	char *text = payload(NULL, NULL);
	struct identity *who = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(open_signed(wrong[i].key, wrong[i].cert, text, &who));
		assert_null(who);
		assert_int_equal(why.code, wrong[i].code);
		if (!strstr(why.text, wrong[i].text))
			fail_msg("%s: %s", wrong[i].cert, why.text);
	}
	cJSON_free(text);
	assert_false(request_open("x", 1, ca, NOW, &who, &r, &why));
	assert_null(who);
}

static void who_may_not_is_refused_by_name(void **state)
{
	char *text = payload(NULL, NULL), *plates = payload("plates", "1"),
	     *other = payload("requester", "\"John Doe\"");
	struct identity *who = NULL;

	(void)state;
	assert_false(open_signed("rtcc.key", "rtcc.crt", text, &who));
	assert_string_equal(why.text, "role RTCC, and only EVIDENCE may ask for evidence");
	assert_non_null(who);
	identity_free(who);
	assert_false(open_signed("good.key", "good.crt", plates, &who));
	assert_non_null(who);
	identity_free(who);
	assert_false(open_signed("good.key", "good.crt", other, &who));
	assert_string_equal(why.text, "requester: not the CN of the certificate");
	assert_non_null(who);
	identity_free(who);
	assert_false(open_signed("nameless.key", "nameless.crt", text, &who));
	assert_string_equal(why.text, "requester: not the CN of the certificate");
	identity_free(who);
	cJSON_free(text);
	cJSON_free(plates);
	cJSON_free(other);
}

static void the_certificate_is_judged_at_the_time_given(void **state)
{
	struct identity_der chain[IDENTITY_CHAIN_MAX];
	AUTO_FREE void *memory = NULL;
	AUTO_FREE char *text = NULL;
	char *json = payload(NULL, NULL);
	struct crypt_key *k = NULL;
	struct identity *who = NULL;
	const int64_t now = clock_utc_ns();
	size_t n = 0, len = 0;

	(void)state;
	assert_true(identity_read_chain(at("over.crt"), chain, &n, &memory, &why));
	assert_true(crypt_key_load_private(at("over.key"), &k, &why));
	assert_true(jws_make(k, REQUEST_TYP, chain, n, json, strlen(json), &text, &len, &why));
	assert_true(request_open(text, len, ca, now, &who, &r, &why));
	identity_free(who);
	assert_false(request_open(text, len, ca, now + 2 * NS_PER_DAY, &who, &r, &why));
	assert_string_equal(why.text, "certificate: has expired");
	assert_null(who);
	crypt_key_free(k);
	/* A key on another curve cannot sign ES256: what says so cannot be made with our own. */
	assert_true(crypt_key_load_private(at("p384.key"), &k, &why));
	free(steal_ptr(&text));
	assert_false(jws_make(k, REQUEST_TYP, chain, n, json, strlen(json), &text, &len, &why));
	assert_int_equal(why.code, ERR_POLICY);
	crypt_key_free(k);
	free(steal_ptr(&memory));
	assert_true(identity_read_chain(at("p384.crt"), chain, &n, &memory, &why));
	assert_true(crypt_key_load_private(at("good.key"), &k, &why));
	assert_true(jws_make(k, REQUEST_TYP, chain, n, json, strlen(json), &text, &len, &why));
	assert_false(request_open(text, len, ca, now, &who, &r, &why));
	assert_int_equal(why.code, ERR_POLICY);
	assert_string_equal(why.text, "a key that is not on P-256");
	crypt_key_free(k);
	cJSON_free(json);
}

/* --- the certificate for court -----------------------------------------------------------------
 */

static void a_certificate_for_court_tells_the_facts(void **state)
{
	static const char *const wanted[] = {"902(13)",
					     "902(14)",
					     "5th & Main",
					     "26-001234",
					     "Jane",
					     "a lead",
					     "penalty of perjury",
					     "one exact plate, named in request.jws",
					     "0a0b",
					     "7 reads, 9 pictures"};
	struct site site = {.name = "5th & Main", .camera_0 = "left", .camera_1 = "right"};
	struct authenticity a = {.site = &site,
				 .board = "host",
				 .firmware = "1",
				 .clock = "ok",
				 .request = &r,
				 .subject = "CN=Jane Doe",
				 .serial = "01",
				 .digest = {0x0a, 0x0b},
				 .reads = 7,
				 .pictures = 9};
	AUTO_FREE char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_true(parse(NULL, NULL));
	assert_true(authenticity_write(&a, &text, &len, &why));
	assert_int_equal(len, strlen(text));
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!strstr(text, wanted[i]))
			fail_msg("%s", wanted[i]);
	assert_null(strstr(text, "AB0123"));
	assert_null(strstr(text, "damaged"));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_says_what_it_says),
	    cmocka_unit_test(a_plate_or_a_window_is_enough),
	    cmocka_unit_test(a_case_number_names_no_plate),
	    cmocka_unit_test(what_is_no_request_is_refused),
	    cmocka_unit_test(what_two_readers_may_read_in_two_ways_is_refused),
	    cmocka_unit_test(what_is_written_is_read_the_same),
	    cmocka_unit_test(a_signed_request_has_a_name),
	    cmocka_unit_test(who_proves_nothing_has_no_name),
	    cmocka_unit_test(who_may_not_is_refused_by_name),
	    cmocka_unit_test(the_certificate_is_judged_at_the_time_given),
	    cmocka_unit_test(a_certificate_for_court_tells_the_facts),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
