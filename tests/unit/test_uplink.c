/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of uplink that need no network: what an answer means, how long to wait, what is taken
 * from files. */
#include "firmware/base/clock.h"
#include "firmware/uplink/answer.h"
#include "firmware/uplink/backoff.h"
#include "firmware/uplink/conf.h"
#include "firmware/uplink/credentials.h"

#include <errno.h>
#include <mbedtls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct err why;

/* --- backoff ---------------------------------------------------------------------------------- */

static void waits_double_up_to_the_cap(void **state)
{
	struct backoff b = {.min_ns = NS_PER_S, .max_ns = 300 * NS_PER_S};
	static const int64_t longest_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300};

	(void)state;
	for (size_t i = 0; i < sizeof longest_s / sizeof longest_s[0]; i++)
		assert_int_equal(backoff_fail(&b, 0, 0), longest_s[i] * NS_PER_S);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(backoff_fail(&b, 0, 0), 300 * NS_PER_S);
	backoff_clear(&b);
	assert_int_equal(backoff_fail(&b, 0, 0), NS_PER_S);
}

static void jitter_takes_away_half_at_most(void **state)
{
	struct backoff b = {.min_ns = 100, .max_ns = 1000};

	(void)state;
	assert_int_equal(backoff_fail(&b, UINT32_MAX, 0), 50);
	assert_in_range(backoff_fail(&b, UINT32_MAX / 2, 0), 150, 151);
	assert_int_equal(backoff_fail(&b, 0, 0), 400);
}

static void a_pause_asked_for_is_given_within_the_cap(void **state)
{
	struct backoff b = {.min_ns = 100, .max_ns = 1000};

	(void)state;
	assert_int_equal(backoff_fail(&b, 0, 700), 700);
	assert_int_equal(backoff_fail(&b, 0, 10), 200);
	assert_int_equal(backoff_fail(&b, 0, INT64_MAX), 1000);
}

/* --- answers ---------------------------------------------------------------------------------- */

static struct answer to_hit(CURLcode code, long status, bool problem)
{
	struct ending end = {.code = code, .status = status, .problem = problem};
	struct answer a;

	answer_to_hit(&end, &a);
	return a;
}

static void only_2xx_acknowledges(void **state)
{
	(void)state;
	for (long status = 0; status < 1000; status++) {
		enum wire_outcome o = to_hit(CURLE_OK, status, false).outcome;

		assert_int_equal(o == WIRE_ACKNOWLEDGED, status >= 200 && status < 300);
		/* without a problem document nothing is a refusal: nginx answers a wrong
		 * certificate with 400 */
		assert_int_not_equal(o, WIRE_REFUSED);
	}
	assert_int_equal(to_hit(CURLE_PARTIAL_FILE, 200, false).outcome, WIRE_LATER);
	assert_int_equal(to_hit(CURLE_OPERATION_TIMEDOUT, 201, false).outcome, WIRE_LATER);
}

static void only_the_receiver_refuses(void **state)
{
	(void)state;
	for (long status = 300; status < 1000; status++) {
		bool final = status == 400 || status == 413 || status == 422;
		struct answer a = to_hit(CURLE_OK, status, true);

		assert_int_equal(a.outcome, final ? WIRE_REFUSED : WIRE_LATER);
		assert_int_equal(a.failure, final ? FAILURE_NONE : FAILURE_HTTP);
		assert_true(a.words[0] != '\0');
	}
	assert_int_equal(to_hit(CURLE_RECV_ERROR, 422, true).outcome, WIRE_LATER);
}

static struct answer to_evidence(CURLcode code, long status, bool problem)
{
	struct ending end = {.code = code, .status = status, .problem = problem};
	struct answer a;

	answer_to_evidence(&end, &a);
	return a;
}

/* An answer is kept until the RTCC has it, or says for good that it will not. */
static void an_evidence_answer_is_kept_or_taken_or_refused(void **state)
{
	(void)state;
	for (long status = 0; status < 1000; status++)
		for (int problem = 0; problem < 2; problem++) {
			bool never = status == 404 || status == 409 || status == 410 ||
				     status == 413 || status == 415 ||
				     (problem && (status == 400 || status == 422));
			enum wire_outcome o = to_evidence(CURLE_OK, status, problem).outcome;

			assert_int_equal(o, status >= 200 && status < 300 ? WIRE_ACKNOWLEDGED
					    : never			  ? WIRE_REFUSED
									  : WIRE_LATER);
		}
	assert_int_equal(to_evidence(CURLE_RECV_ERROR, 201, false).outcome, WIRE_LATER);
	assert_int_equal(to_evidence(CURLE_OPERATION_TIMEDOUT, 404, true).outcome, WIRE_LATER);
}

static void only_jose_is_a_request(void **state)
{
	(void)state;
	for (long status = 0; status < 1000; status++)
		for (int jose = 0; jose < 2; jose++) {
			struct ending end = {.status = status, .jose = jose};
			struct answer a;

			answer_to_request(&end, &a);
			assert_int_equal(a.outcome == WIRE_ACKNOWLEDGED,
					 (status == 200 && jose) || status == 204 || status == 404);
			assert_int_equal(a.outcome == WIRE_LATER, a.failure != FAILURE_NONE);
		}
	for (int code = 1; code < CURL_LAST; code++) {
		struct ending end = {.code = (CURLcode)code, .status = 200, .jose = true};
		struct answer a;

		answer_to_request(&end, &a);
		assert_int_equal(a.outcome, WIRE_LATER);
	}
}

static void every_failure_has_words(void **state)
{
	(void)state;
	for (int code = 1; code < CURL_LAST; code++) {
		struct answer a = to_hit((CURLcode)code, 0, false);

		assert_int_equal(a.outcome, WIRE_LATER);
		assert_int_not_equal(a.failure, FAILURE_NONE);
		assert_true(a.words[0] != '\0');
	}
}

static void expect_words(const struct ending *end, enum failure failure, const char *words)
{
	struct answer a;

	answer_to_hit(end, &a);
	assert_int_equal(a.failure, failure);
	assert_string_equal(a.words, words);
}

static void failures_are_told_apart(void **state)
{
	static const struct {
		struct ending end;
		enum failure failure;
		const char *words;
	} cases[] = {
	    {{.code = CURLE_COULDNT_RESOLVE_HOST},
	     FAILURE_CONNECT,
	     "RTCC host name does not resolve"},
	    {{.code = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED},
	     FAILURE_CONNECT,
	     "connection refused"},
	    {{.code = CURLE_COULDNT_CONNECT, .os_error = ENETUNREACH},
	     FAILURE_CONNECT,
	     "network unreachable"},
	    {{.code = CURLE_COULDNT_CONNECT, .os_error = EHOSTUNREACH},
	     FAILURE_CONNECT,
	     "RTCC host unreachable"},
	    {{.code = CURLE_COULDNT_CONNECT}, FAILURE_CONNECT, "no connection"},
	    {{.code = CURLE_OPERATION_TIMEDOUT}, FAILURE_TIMEOUT, "no TLS connection in time"},
	    {{.code = CURLE_OPERATION_TIMEDOUT, .tls = true}, FAILURE_TIMEOUT, "no answer in time"},
	    {{.code = CURLE_GOT_NOTHING, .tls = true},
	     FAILURE_TRANSFER,
	     "connection lost before the answer was complete"},
	    {{.code = CURLE_RECV_ERROR}, FAILURE_TRANSFER, "connection lost before TLS stood"},
	    {{.code = CURLE_SSL_CONNECT_ERROR}, FAILURE_TLS, "no TLS: the handshake failed"},
	    {{.code = CURLE_PEER_FAILED_VERIFICATION},
	     FAILURE_TLS,
	     "RTCC certificate does not verify"},
	    {{.code = CURLE_PEER_FAILED_VERIFICATION, .verify = MBEDTLS_X509_BADCERT_FUTURE},
	     FAILURE_TLS,
	     "RTCC certificate does not verify: not valid yet (is this box's clock right?)"},
	    {{.code = CURLE_OK, .status = 500}, FAILURE_HTTP, "HTTP 500"},
	    {{.code = CURLE_OK, .status = 301},
	     FAILURE_HTTP,
	     "HTTP 301: redirects are not followed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		expect_words(&cases[i].end, cases[i].failure, cases[i].words);
}

static void no_list_is_no_failure(void **state)
{
	(void)state;
	for (long status = 200; status < 600; status++) {
		struct ending end = {.status = status};
		bool taken = status == 200 || status == 206 || status == 226 || status == 304 ||
			     status == 404;
		struct answer a;

		answer_to_list(&end, &a);
		assert_int_equal(a.outcome, taken ? WIRE_ACKNOWLEDGED : WIRE_LATER);
	}
}

static void an_rtcc_without_heartbeats_is_no_failure(void **state)
{
	(void)state;
	for (long status = 100; status < 600; status++) {
		struct ending end = {.status = status, .problem = true};
		bool taken = (status >= 200 && status < 300) || status == 404;
		struct answer a;

		answer_to_heartbeat(&end, &a);
		assert_int_equal(a.outcome, taken ? WIRE_ACKNOWLEDGED : WIRE_LATER);
		assert_int_equal(a.failure, taken ? FAILURE_NONE : FAILURE_HTTP);
	}
}

/* --- configuration ---------------------------------------------------------------------------- */

static struct uplink_conf conf;

static bool load(const char *text)
{
	return uplink_conf_load(text, strlen(text), "/etc/alpr", &conf, &why);
}

#define FILES "ca=ca.crt\ncertificate=box.crt\nkey=box.key\n"

static void configuration_is_filled(void **state)
{
	(void)state;
	assert_true(load(""));
	assert_string_equal(conf.url, "");
	assert_true(load("[uplink]\nurl=https://rtcc.example:8443/alpr//\n" FILES));
	assert_string_equal(conf.url, "https://rtcc.example:8443/alpr");
	assert_string_equal(conf.key, "/etc/alpr/box.key");
	assert_int_equal(conf.retry_max_s, 300);
}

static void refused(const char *text, const char *words)
{
	assert_false(load(text));
	assert_int_equal(why.code, ERR_CONFIG);
	assert_non_null(strstr(why.text, words));
	assert_null(strstr(why.text, "secret"));
}

static void wrong_configuration_is_refused(void **state)
{
	(void)state;
	refused("[uplink]\nurl=http://rtcc.example\n" FILES, "not https://");
	refused("[uplink]\nurl=HTTPS://rtcc.example\n" FILES, "not https://");
	refused("[uplink]\nurl=file:///etc/passwd\n" FILES, "not https://");
	refused("[uplink]\nurl=https://\n" FILES, "names no host");
	refused("[uplink]\nurl=https:///v1\n" FILES, "names no host");
	refused("[uplink]\nurl=https://:8443\n" FILES, "names no host");
	refused("[uplink]\nurl=https://box:secret@rtcc.example\n" FILES, "more than");
	refused("[uplink]\nurl=https://rtcc.example/?token=secret\n" FILES, "more than");
	refused("[uplink]\nurl=https://rtcc.example/#x\n" FILES, "more than");
	refused("[uplink]\nurl=https://rtcc example\n" FILES, "more than");
	refused("[uplink]\nurl=https://rtcc.example\n", "needs ca, certificate and key");
	refused("[uplink]\nurl=https://rtcc.example\nca=a\ncertificate=b\n",
		"needs ca, certificate and key");
	refused("[uplink]\nretry_min_s=10\nretry_max_s=5\n", "more than retry_max_s");
	refused("[uplink]\nretry_min_s=0\n", "not within");
	refused("[uplink]\nhotlist_max_bytes=5000000000\n", "not within");
	refused("[uplink]\nhotlist_wait_s=301\n", "not within");
	refused("[uplink]\nverify=no\n", "unknown key");
}

/* --- credentials ------------------------------------------------------------------------------ */

static char folder[] = "/tmp/test_uplink.XXXXXX";

static int make_files(void **state)
{
	char command[1024];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(
	    command, sizeof command,
	    "cd %s && exec 2>log && for n in box other; do openssl req -x509 -newkey ec -pkeyopt"
	    " ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=$n -keyout $n.key -out $n.crt"
	    " || exit 1; done && openssl ec -in box.key -aes128 -passout pass:x -out locked.key &&"
	    " head -c 200 box.crt >cut.crt && cat box.crt cut.crt >half.crt && cat box.crt "
	    "other.crt >two.crt"
	    " && head -c 70000 /dev/zero >big && : >empty && mkfifo fifo",
	    folder);
	return system(command);
}

static int remove_files(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static bool load_files(const char *ca, const char *certificate, const char *key,
		       struct credentials *c)
{
	struct uplink_conf u = {0};

	(void)snprintf(u.ca, sizeof u.ca, "%s/%s", folder, ca);
	(void)snprintf(u.certificate, sizeof u.certificate, "%s/%s", folder, certificate);
	(void)snprintf(u.key, sizeof u.key, "%s/%s", folder, key);
	return credentials_load(&u, c, &why);
}

static void credentials_are_read_and_checked(void **state)
{
	struct credentials c;
	int64_t in_30_days = clock_utc_ns() / NS_PER_S + INT64_C(30) * 86400;

	(void)state;
	assert_true(load_files("two.crt", "box.crt", "box.key", &c));
	assert_in_range(c.expires_s, in_30_days - 60, in_30_days);
	assert_int_equal(c.key.len, strlen(c.key.text) + 1);
	credentials_wipe(&c);
	assert_null(c.key.text);
	credentials_wipe(&c);
}

static void refused_files(const char *ca, const char *certificate, const char *key,
			  enum err_code code)
{
	struct credentials c;

	if (load_files(ca, certificate, key, &c))
		fail_msg("%s, %s, %s were taken", ca, certificate, key);
	assert_int_equal(why.code, code);
	assert_null(strstr(why.text, "BEGIN"));
	credentials_wipe(&c);
}

static void wrong_credentials_are_refused(void **state)
{
	(void)state;
	refused_files("absent", "box.crt", "box.key", ERR_NOT_FOUND);
	refused_files("box.crt", "absent", "box.key", ERR_NOT_FOUND);
	refused_files("box.crt", "box.crt", "absent", ERR_NOT_FOUND);
	refused_files("fifo", "box.crt", "box.key", ERR_IO);
	refused_files(".", "box.crt", "box.key", ERR_IO);
	refused_files("big", "box.crt", "box.key", ERR_FORMAT);
	refused_files("empty", "box.crt", "box.key", ERR_FORMAT);
	refused_files("cut.crt", "box.crt", "box.key", ERR_FORMAT);
	refused_files("half.crt", "box.crt", "box.key", ERR_FORMAT);
	refused_files("box.crt", "box.key", "box.key", ERR_FORMAT);
	refused_files("box.crt", "box.crt", "box.crt", ERR_FORMAT);
	refused_files("box.crt", "box.crt", "locked.key", ERR_FORMAT);
	refused_files("box.crt", "box.crt", "other.key", ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_double_up_to_the_cap),
	    cmocka_unit_test(jitter_takes_away_half_at_most),
	    cmocka_unit_test(a_pause_asked_for_is_given_within_the_cap),
	    cmocka_unit_test(only_2xx_acknowledges),
	    cmocka_unit_test(only_the_receiver_refuses),
	    cmocka_unit_test(an_evidence_answer_is_kept_or_taken_or_refused),
	    cmocka_unit_test(only_jose_is_a_request),
	    cmocka_unit_test(every_failure_has_words),
	    cmocka_unit_test(failures_are_told_apart),
	    cmocka_unit_test(no_list_is_no_failure),
	    cmocka_unit_test(an_rtcc_without_heartbeats_is_no_failure),
	    cmocka_unit_test(configuration_is_filled),
	    cmocka_unit_test(wrong_configuration_is_refused),
	    cmocka_unit_test(credentials_are_read_and_checked),
	    cmocka_unit_test(wrong_credentials_are_refused),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
