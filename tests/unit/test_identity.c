/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of certificates from memory; what is in files is tests/system/test_hotlist_plates.py's. */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_identity.XXXXXX";
static struct err why;

/* ca (a day) > leaf (ten days), middle (ten days) > below; the same below rsa. openssl(1) makes
 * what the field has. */
static const char MAKE[] =
    "cd %s && exec >log 2>&1 && set -e\n"
    "ec() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }\n"
    "issue() { # NAME AUTHORITY SUBJECT DAYS EXTENSIONS\n"
    "  [ -e $1.key ] || ec $1\n"
    "  openssl req -new -utf8 -key $1.key -subj \"$3\" -out csr\n"
    "  printf '%%s\\n' \"$5\" >extensions\n"
    "  openssl x509 -req -in csr -CA $2.crt -CAkey $2.key -CAcreateserial -days $4 "
    "-extfile extensions -out $1.crt\n"
    "  openssl x509 -in $1.crt -outform DER -out $1.der; }\n"
    "top() { openssl req -x509 -new -key $1.key -subj /O=t/CN=$1 -days $2 -out $1.crt\n"
    "  openssl x509 -in $1.crt -outform DER -out $1.der; }\n"
    "ec ca; top ca 1; ec other; top other 1\n"
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key; top rsa 1\n"
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
    "-pkeyopt rsa_keygen_pubexp:1099511627777 -out slow.key\n"
    "P=/O=t/OU=EVIDENCE; A='basicConstraints=critical,CA:TRUE'\n"
    "issue leaf ca \"$P/CN=Zoë Ä\" 10; issue short ca \"$P/CN=s\" 1\n"
    "issue middle ca /O=t/CN=middle 10 \"$A\"; issue below middle \"$P/CN=below\" 10\n"
    "issue third middle /O=t/CN=third 1 \"$A\"; issue deep third \"$P/CN=deep\" 1\n"
    "issue slow ca /O=t/CN=slow 1 \"$A\"; issue under-slow slow \"$P/CN=x\" 1\n"
    "issue of-rsa rsa \"$P/CN=r\" 1; issue stray other \"$P/CN=o\" 1\n"
    "issue two ca \"$P/CN=a/CN=b\" 1; issue none ca \"$P\" 1\n"
    "issue bell ca \"$P/CN=a$(printf '\\a')b\" 1; issue rtcc ca /O=t/OU=RTCC/CN=x 1\n"
    "issue roles ca \"$P/OU=RTCC/CN=x\" 1; issue nobody ca /O=t/CN=x 1\n"
    "issue server ca \"$P/CN=x\" 1 extendedKeyUsage=serverAuth\n"
    "cat leaf.der >>more.der; echo x >>more.der; head -c 200 leaf.der >cut.der\n"
    "head -c 9000 /dev/zero >large.der; cat below.crt middle.crt >chain.pem\n"
    "cat ca.crt ca.crt ca.crt ca.crt ca.crt >five.pem\n";

static int make(void **state)
{
	char command[4096];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(command, sizeof command, MAKE, folder);
	return system(command);
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static const char *at(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static struct identity_authorities *authorities(const char *name)
{
	struct identity_authorities *ca = NULL;

	if (!identity_authorities_load(at(name), &ca, &why))
		fail_msg("%s", why.text);
	return ca;
}

static uint8_t der[8][10000];

/* The chain of these files ("leaf middle"), `days` from now, against that authority. */
static struct identity *judge(const char *names, const char *ca, int days)
{
	struct identity_authorities *trusted = authorities(ca);
	struct identity_der chain[8];
	struct identity *who = NULL;
	char copy[128], *rest = copy, *name;
	size_t n = 0;

	(void)snprintf(copy, sizeof copy, "%s", names);
	while ((name = strtok_r(rest, " ", &rest))) {
		char file[64];
		FILE *f;

		(void)snprintf(file, sizeof file, "%s.der", name);
		f = fopen(at(file), "rb");
		assert_non_null(f);
		chain[n] = (struct identity_der){der[n], fread(der[n], 1, sizeof der[n], f)};
		n++;
		(void)fclose(f);
	}
	why = (struct err){0};
	if (!identity_of_chain(chain, n, trusted, clock_utc_ns() + days * NS_PER_DAY, &who, &why))
		assert_null(who);
	identity_authorities_free(trusted);
	return who;
}

static void a_chain_says_who_it_is(void **state)
{
	struct identity *who = judge("leaf", "ca.crt", 0);
	struct crypt_key *k = NULL, *own = NULL;
	uint8_t a[CRYPT_SHA256_SIZE], b[CRYPT_SHA256_SIZE];

	(void)state;
	assert_non_null(who);
	assert_int_equal(identity_role(who), IDENTITY_EVIDENCE);
	assert_string_equal(identity_common_name(who), "Zo\xc3\xab \xc3\x84");
	assert_memory_equal(identity_subject(who), "O=t, OU=EVIDENCE, CN=", 21);
	assert_true(strlen(identity_serial(who)) > 20);
	assert_true(identity_key(who, &k, &why));
	assert_true(crypt_key_load_private(at("leaf.key"), &own, &why));
	assert_true(crypt_key_id(k, a, &why) && crypt_key_id(own, b, &why));
	assert_memory_equal(a, b, sizeof a);
	crypt_key_free(k);
	crypt_key_free(own);
	identity_free(who);
}

static void chains_of_up_to_four_hold(void **state)
{
	static const struct {
		const char *chain, *ca;
	} good[] = {{"below middle", "ca.crt"},
		    {"below middle ca", "ca.crt"},
		    {"deep third middle", "ca.crt"},
		    {"deep third middle ca", "ca.crt"},
		    {"of-rsa", "rsa.crt"},
		    {"leaf other", "ca.crt"} /* what is not needed does no harm */};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct identity *who = judge(good[i].chain, good[i].ca, 0);

		if (!who)
			fail_msg("%s: %s", good[i].chain, why.text);
		identity_free(who);
	}
}

/* The system's clock is right now; what counts is the one that is given. */
static void the_time_is_the_one_given(void **state)
{
	struct identity *who;

	(void)state;
	who = judge("short", "ca.crt", 0);
	assert_non_null(who);
	identity_free(who);
	assert_null(judge("short", "ca.crt", 3));
	assert_string_equal(why.text, "certificate: has expired");
	assert_int_equal(why.code, ERR_POLICY);
	assert_null(judge("short", "ca.crt", -3));
	assert_string_equal(why.text, "certificate: not valid yet");
	assert_null(judge("leaf", "ca.crt", 5));
	assert_string_equal(why.text, "certificate: its authority has expired or is not valid yet");
	assert_null(judge("leaf", "ca.crt", 365 * 80));
	assert_string_equal(why.text, "certificate: has expired");
	assert_null(judge("leaf", "ca.crt", -365 * 100));
	assert_string_equal(why.text, "certificate: not valid yet");
}

static void what_does_not_hold_is_refused(void **state)
{
	static const struct {
		const char *chain, *ca;
		enum err_code code;
		const char *text;
	} wrong[] = {
	    {"", "ca.crt", ERR_LIMIT, "a chain of 0 certificates"},
	    {"leaf ca ca ca ca", "ca.crt", ERR_LIMIT, "a chain of 5 certificates"},
	    {"stray", "ca.crt", ERR_SIGNATURE, "not issued by that authority"},
	    {"stray other", "ca.crt", ERR_SIGNATURE, "not issued by that authority"},
	    {"below", "ca.crt", ERR_SIGNATURE, "not issued by that authority"},
	    {"deep middle", "ca.crt", ERR_SIGNATURE, "not issued by that authority"},
	    {"middle below", "ca.crt", ERR_POLICY, "an authority's, not a person's"},
	    {"ca", "ca.crt", ERR_POLICY, "an authority's, not a person's"},
	    {"under-slow slow", "ca.crt", ERR_LIMIT, "a certificate with too large a key"},
	    {"cut", "ca.crt", ERR_FORMAT, "not a certificate"},
	    {"leaf cut", "ca.crt", ERR_FORMAT, "not a certificate"},
	    {"more", "ca.crt", ERR_FORMAT, "more behind a certificate"},
	    {"large", "ca.crt", ERR_LIMIT, "a certificate larger than 8192 bytes"},
	    {"roles", "ca.crt", ERR_POLICY, "has more than one role"},
	    {"nobody", "ca.crt", ERR_POLICY, "has no role"},
	    {"server", "ca.crt", ERR_POLICY, "issued for another use"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_null(judge(wrong[i].chain, wrong[i].ca, 0));
		if (!strstr(why.text, wrong[i].text) || why.code != wrong[i].code)
			fail_msg("%s: %d: %s", wrong[i].chain, (int)why.code, why.text);
	}
}

static void a_name_that_is_not_one_is_none(void **state)
{
	static const char *const chains[] = {"two", "none", "bell"};

	(void)state;
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		struct identity *who = judge(chains[i], "ca.crt", 0);

		assert_non_null(who);
		assert_string_equal(identity_common_name(who), "");
		identity_free(who);
	}
}

static void noise_is_no_certificate(void **state)
{
	struct identity_authorities *ca = authorities("ca.crt");
	struct identity *who = judge("leaf", "ca.crt", 0);
	uint8_t leaf[2048];
	size_t len = 0;

	(void)state;
	identity_free(who);
	len = (size_t)der[0][2] << 8 | der[0][3];
	len += 4;
	assert_true(len < sizeof leaf);
	/* Each byte of a good one changed: it never holds, and nothing breaks. */
	for (size_t i = 0; i < len; i++) {
		const struct identity_der one = {leaf, len};

		memcpy(leaf, der[0], len);
		leaf[i] ^= 0x55;
		assert_false(identity_of_chain(&one, 1, ca, clock_utc_ns(), &who, &why));
		assert_null(who);
	}
	identity_authorities_free(ca);
	assert_false(identity_authorities_load(at("leaf.key"), &ca, &why));
	assert_int_equal(why.code, ERR_FORMAT);
	assert_false(identity_authorities_load(at("absent"), &ca, &why));
	assert_int_equal(why.code, ERR_NOT_FOUND);
}

static void what_a_certificate_claims_proves_nothing(void **state)
{
	struct identity *who = judge("rtcc", "ca.crt", 0), *said = NULL;
	const struct identity_der one = {der[0], (size_t)(der[0][2] << 8 | der[0][3]) + 4};

	(void)state;
	assert_non_null(who);
	assert_int_equal(identity_role(who), IDENTITY_RTCC);
	assert_true(identity_claimed(&one, &said, &why));
	assert_int_equal(identity_role(said), IDENTITY_ROLES);
	assert_string_equal(identity_subject(said), identity_subject(who));
	assert_string_equal(identity_serial(said), identity_serial(who));
	identity_free(who);
	identity_free(said);
	assert_false(identity_claimed(&(struct identity_der){"x", 1}, &said, &why));
	assert_null(said);
}

static void a_file_is_read_as_a_chain(void **state)
{
	struct identity_der chain[IDENTITY_CHAIN_MAX];
	struct identity_authorities *ca = authorities("ca.crt");
	struct identity *who = NULL;
	AUTO_FREE void *memory = NULL;
	void *none = NULL;
	size_t n = 0;

	(void)state;
	assert_true(identity_read_chain(at("chain.pem"), chain, &n, &memory, &why));
	assert_int_equal(n, 2);
	assert_true(identity_of_chain(chain, n, ca, clock_utc_ns(), &who, &why));
	assert_string_equal(identity_common_name(who), "below");
	identity_free(who);
	identity_authorities_free(ca);
	assert_false(identity_read_chain(at("five.pem"), chain, &n, &none, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(identity_read_chain(at("leaf.key"), chain, &n, &none, &why));
	assert_int_equal(why.code, ERR_FORMAT);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_chain_says_who_it_is),
	    cmocka_unit_test(chains_of_up_to_four_hold),
	    cmocka_unit_test(the_time_is_the_one_given),
	    cmocka_unit_test(what_does_not_hold_is_refused),
	    cmocka_unit_test(a_name_that_is_not_one_is_none),
	    cmocka_unit_test(noise_is_no_certificate),
	    cmocka_unit_test(what_a_certificate_claims_proves_nothing),
	    cmocka_unit_test(a_file_is_read_as_a_chain),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
