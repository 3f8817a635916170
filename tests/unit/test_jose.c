/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/base64url.h"
#include "firmware/base/jwe.h"
#include "firmware/base/jws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct err why;

/* RFC 7515, appendix A.3.1 */
static const char SIGNER[] = "-----BEGIN PRIVATE KEY-----\n"
			     "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
			     "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
			     "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
			     "-----END PRIVATE KEY-----\n";

/* RFC 7518, appendix C */
static const char ALICE[] = "-----BEGIN PRIVATE KEY-----\n"
			    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0/NxaRPUMQoAJt50\n"
			    "Gz8YiTr8gRTwyEaCumd+MToTmIqhRANCAASAjQYAgsF27tPndqSsWYzIZywXefl0\n"
			    "7sybA0EcpblJXUi1v8Un385T1qxxFSN9AxzP+HoFcLdzUKnlA+5zBaab\n"
			    "-----END PRIVATE KEY-----\n";
static const char BOB[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVEmDZpDXXK8p8N0C\n"
			  "ndsxs924q6nS1RXFASRl6BfUqdyhRANCAATB40nLYexwJIzoAQNMODThuI6+EWHL\n"
			  "Ja84dB94X8/ExHvJZwjvgJUrU/jSVV/nK4Qe0EWIYosdN4pZSTlQDsnJ\n"
			  "-----END PRIVATE KEY-----\n";
static const char P384[] = "-----BEGIN PUBLIC KEY-----\n"
			   "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE6zqhVILzmQBzU7bJDV/0drFoSwAaq2SW\n"
			   "ZLoZt0jFquD5F6YDv9aEfTfDmlZy2PmKPHtRzk94sTNvV4uGwhUATx6XXJvdzfbU\n"
			   "vHLG9zUCOo3db59XPl/kS52vnn09onE1\n"
			   "-----END PUBLIC KEY-----\n";

static struct crypt_key *key(const char *pem)
{
	char path[] = "/tmp/test_jose.XXXXXX";
	struct crypt_key *k = NULL;
	int fd = mkstemp(path);
	bool done;

	assert_true(fd >= 0 && write(fd, pem, strlen(pem)) == (ssize_t)strlen(pem));
	done = strstr(pem, "PRIVATE") ? crypt_key_load_private(path, &k, &why)
				      : crypt_key_load_public(path, &k, &why);
	(void)close(fd);
	(void)unlink(path);
	if (!done)
		fail_msg("%s", why.text);
	return k;
}

static struct crypt_key *public_of(const struct crypt_key *k)
{
	uint8_t der[CRYPT_SPKI_MAX];
	struct crypt_key *out = NULL;
	size_t len = 0;

	assert_true(crypt_key_public_der(k, der, &len, &why));
	assert_true(crypt_key_parse_public(der, len, &out, &why));
	return out;
}

/* --- base64url ---------------------------------------------------------------------------------
 */

/* RFC 4648, section 10, and RFC 7515, appendix C */
static void base64url_is_that_of_the_rfc(void **state)
{
	static const struct {
		const char *plain, *text, *padded;
	} known[] = {{"", "", ""},
		     {"f", "Zg", "Zg=="},
		     {"fo", "Zm8", "Zm8="},
		     {"foo", "Zm9v", "Zm9v"},
		     {"foob", "Zm9vYg", "Zm9vYg=="},
		     {"fooba", "Zm9vYmE", "Zm9vYmE="},
		     {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
		     {"\x03\xec\xff\xe0\xc1", "A-z_4ME", "A+z/4ME="}};
	char text[16];
	uint8_t plain[16];

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const size_t len = strlen(known[i].plain);
		size_t n = base64url_encode(known[i].plain, len, text);

		assert_int_equal(n, strlen(known[i].text));
		assert_int_equal(n, base64url_length(len));
		assert_memory_equal(text, known[i].text, n);
		assert_true(base64url_decode(known[i].text, n, plain, len, &n, &why));
		assert_int_equal(n, len);
		assert_memory_equal(plain, known[i].plain, len);
		assert_true(
		    base64_decode(known[i].padded, strlen(known[i].padded), plain, len, &n, &why));
		assert_int_equal(n, len);
		assert_memory_equal(plain, known[i].plain, len);
	}
}

static void there_is_one_text_for_some_bytes(void **state)
{
	static const char *const url[] = {"Z",	  "Zm9vY", "Zh",  "Zm9",  "Zg==", "Zm8=",
					  "Zm+v", "Zm/v",  " Zg", "Zg\n", "Zm.v", "Zm\xc3v"};
	static const char *const padded[] = {"Zg",   "Zg=",	 "Zm8",	     "Zh==", "Zm9=", "Zm-v",
					     "Z===", "Zg==Zg==", "Zm9vY===", "====", "Zm 8="};
	uint8_t out[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof url / sizeof *url; i++) {
		assert_false(base64url_decode(url[i], strlen(url[i]), out, sizeof out, &n, &why));
		assert_int_equal(why.code, ERR_FORMAT);
	}
	for (size_t i = 0; i < sizeof padded / sizeof *padded; i++) {
		assert_false(
		    base64_decode(padded[i], strlen(padded[i]), out, sizeof out, &n, &why));
		assert_int_equal(why.code, ERR_FORMAT);
	}
	assert_false(base64url_decode("Zm9v", 4, out, 2, &n, &why));
	assert_int_equal(why.code, ERR_LIMIT);
}

/* --- algorithms --------------------------------------------------------------------------------
 */

static void es256_is_that_of_the_rfc(void **state)
{
	/* RFC 7515, appendix A.3.1 */
	static const char text[] =
	    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
	    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5d"
	    "jxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
	const size_t len = (size_t)(strrchr(text, '.') - text);
	struct crypt_key *k = key(SIGNER), *other = key(BOB);
	uint8_t sig[JWA_SIGNATURE_SIZE];
	size_t n;

	(void)state;
	assert_true(
	    base64url_decode(text + len + 1, strlen(text + len + 1), sig, sizeof sig, &n, &why));
	assert_true(jwa_verify(k, text, len, sig, &why));
	assert_false(jwa_verify(k, text, len - 1, sig, &why));
	assert_int_equal(why.code, ERR_SIGNATURE);
	assert_false(jwa_verify(other, text, len, sig, &why));
	for (size_t bit = 0; bit < 8 * sizeof sig; bit += 37) {
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(jwa_verify(k, text, len, sig, &why));
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	memset(sig, 0, sizeof sig);
	assert_false(jwa_verify(k, text, len, sig, &why));
	memset(sig, 0xff, sizeof sig);
	assert_false(jwa_verify(k, text, len, sig, &why));
	crypt_key_free(k);
	crypt_key_free(other);
}

static void what_is_signed_verifies(void **state)
{
	struct crypt_key *k = key(SIGNER), *theirs = public_of(k), *p384 = key(P384);
	uint8_t sig[JWA_SIGNATURE_SIZE];

	(void)state;
	/* Enough of them for an r or s that begins with zeros, which DER writes shorter. */
	for (uint16_t i = 0; i < 600; i++) {
		assert_true(jwa_sign(k, &i, sizeof i, sig, &why));
		if (i % 8 == 0 || sig[0] == 0 || sig[32] == 0)
			assert_true(jwa_verify(theirs, &i, sizeof i, sig, &why));
	}
	assert_false(jwa_sign(theirs, "x", 1, sig, &why));
	assert_int_equal(why.code, ERR_ARGUMENT);
	assert_false(jwa_sign(p384, "x", 1, sig, &why));
	assert_int_equal(why.code, ERR_POLICY);
	assert_false(jwa_verify(p384, "x", 1, sig, &why));
	assert_int_equal(why.code, ERR_POLICY);
	crypt_key_free(k);
	crypt_key_free(theirs);
	crypt_key_free(p384);
}

/* RFC 7518, appendix C: Alice's key pair is the ephemeral one. */
static void ecdh_es_is_that_of_the_rfc(void **state)
{
	static const uint8_t agreed[] = {158, 86,  217, 29,  129, 113, 53,  211, 114, 131, 66,
					 131, 191, 132, 38,  156, 251, 49,  110, 163, 218, 128,
					 106, 72,  246, 218, 167, 121, 140, 254, 144, 196};
	struct crypt_key *alice = key(ALICE), *bob = key(BOB);
	struct jwa_point point;
	uint8_t z[JWA_COORDINATE_SIZE], out[32];
	char text[32];
	size_t n;

	(void)state;
	assert_true(base64url_decode("weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", 43, point.x,
				     sizeof point.x, &n, &why));
	assert_true(base64url_decode("e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck", 43, point.y,
				     sizeof point.y, &n, &why));
	assert_true(jwa_shared(alice, &point, z, &why));
	assert_memory_equal(z, agreed, sizeof agreed);
	assert_true(jwa_concat_kdf(z, "A128GCM", "Alice", "Bob", 128, out, &why));
	n = base64url_encode(out, 16, text);
	assert_int_equal(n, 22);
	assert_memory_equal(text, "VqqN6vgjbSBcIijNcacQGg", 22);

	assert_true(base64url_decode("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", 43, point.x,
				     sizeof point.x, &n, &why));
	assert_true(base64url_decode("SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps", 43, point.y,
				     sizeof point.y, &n, &why));
	assert_true(jwa_shared(bob, &point, z, &why));
	assert_memory_equal(z, agreed, sizeof agreed);
	crypt_key_free(alice);
	crypt_key_free(bob);
}

static void no_key_is_agreed_with_what_is_no_point(void **state)
{
	struct crypt_key *bob = key(BOB), *theirs = public_of(bob), *p384 = key(P384);
	struct jwa_point point;
	uint8_t a[CRYPT_AES_KEY_SIZE], b[CRYPT_AES_KEY_SIZE];
	char long_text[JWA_INFO_MAX + 2];

	(void)state;
	assert_true(jwa_agree_afresh(theirs, &point, a, &why));
	assert_true(jwa_agree(bob, &point, b, &why));
	assert_memory_equal(a, b, sizeof a);
	point.y[31] ^= 1; /* not on the curve: an attack on the key when it is taken */
	assert_false(jwa_agree(bob, &point, b, &why));
	assert_int_equal(why.code, ERR_FORMAT);
	memset(&point, 0, sizeof point);
	assert_false(jwa_agree(bob, &point, b, &why));
	memset(&point, 0xff, sizeof point);
	assert_false(jwa_agree(bob, &point, b, &why));
	assert_true(jwa_agree_afresh(theirs, &point, a, &why));
	assert_false(jwa_agree(theirs, &point, b, &why));
	assert_int_equal(why.code, ERR_ARGUMENT);
	assert_false(jwa_agree_afresh(p384, &point, a, &why));
	assert_int_equal(why.code, ERR_POLICY);
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	assert_false(jwa_concat_kdf(a, long_text, "", "", 256, b, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(jwa_concat_kdf(a, "A256GCM", "", "", 264, b, &why));
	crypt_key_free(bob);
	crypt_key_free(theirs);
	crypt_key_free(p384);
}

static void gcm_in_pieces_is_gcm(void **state)
{
	uint8_t k[CRYPT_AES_KEY_SIZE] = {1}, nonce[CRYPT_NONCE_SIZE] = {2}, tag[CRYPT_TAG_SIZE],
		whole_tag[CRYPT_TAG_SIZE], plain[1000], whole[1000], pieces[1000];
	struct jwa_gcm *g = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)(i * 7);
	assert_true(crypt_seal(k, nonce, "aad", 3, plain, sizeof plain, whole, whole_tag, &why));
	for (size_t step = 1; step < 70; step += 4) {
		assert_true(jwa_gcm_begin(k, nonce, "aad", 3, &g, &why));
		for (size_t at = 0; at < sizeof plain; at += step) {
			const size_t n = at + step < sizeof plain ? step : sizeof plain - at;

			assert_true(jwa_gcm_append(g, plain + at, n, pieces + at, &why));
		}
		assert_true(jwa_gcm_end(g, tag, &why));
		assert_memory_equal(pieces, whole, sizeof whole);
		assert_memory_equal(tag, whole_tag, sizeof tag);
		jwa_gcm_free(g);
	}
	jwa_gcm_free(NULL);
}

/* --- JWS ---------------------------------------------------------------------------------------
 */

static const struct identity_der chain[] = {{"certificate", 11}, {"its authority", 13}};

static char *make(const struct crypt_key *k, const char *payload)
{
	char *text = NULL;
	size_t len = 0;

	assert_true(jws_make((struct crypt_key *)k, "a-type", chain, 2, payload, strlen(payload),
			     &text, &len, &why));
	assert_int_equal(len, strlen(text));
	return text;
}

static void a_jws_comes_back_as_it_went(void **state)
{
	struct crypt_key *k = key(SIGNER), *other = key(BOB);
	char *text = make(k, "{\"a\":1}");
	struct jws j;

	(void)state;
	assert_true(jws_parse(text, strlen(text), "a-type", &j, &why));
	assert_int_equal(j.payload_len, 7);
	assert_memory_equal(j.payload, "{\"a\":1}", 7);
	assert_int_equal(j.n_chain, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(j.chain[i].len, chain[i].len);
		assert_memory_equal(j.chain[i].data, chain[i].data, chain[i].len);
	}
	assert_true(jws_verify(&j, k, &why));
	assert_false(jws_verify(&j, other, &why));
	assert_int_equal(why.code, ERR_SIGNATURE);
	jws_free(&j);
	jws_free(&j);
	/* Every character counts: that of the header and the payload, too. */
	for (size_t i = 0; i < strlen(text); i += 3) {
		const char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		if (jws_parse(text, strlen(text), "a-type", &j, &why))
			assert_false(jws_verify(&j, k, &why));
		jws_free(&j);
		text[i] = was;
	}
	for (size_t len = 0; len < strlen(text); len++) {
		if (jws_parse(text, len, "a-type", &j, &why))
			assert_false(jws_verify(&j, k, &why));
		jws_free(&j);
	}
	free(text);
	crypt_key_free(k);
	crypt_key_free(other);
}

/* A JWS with that header and 64 bytes where the signature is. */
static bool parse(const char *header)
{
	char text[4096];
	uint8_t sig[JWA_SIGNATURE_SIZE] = {0};
	size_t n = base64url_encode(header, strlen(header), text);
	struct jws j;
	bool done;

	text[n++] = '.';
	n += base64url_encode("{}", 2, text + n);
	text[n++] = '.';
	n += base64url_encode(sig, sizeof sig, text + n);
	done = jws_parse(text, n, "t", &j, &why);
	jws_free(&j);
	return done;
}

static void a_header_is_exactly_that(void **state)
{
	static const char *const wrong[][2] = {
	    {"{\"alg\":\"none\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "alg: not ES256"},
	    {"{\"alg\":\"HS256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "alg: not ES256"},
	    {"{\"alg\":\"es256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "alg: not ES256"},
	    {"{\"alg\":256,\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "alg: not a text"},
	    {"{\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "alg: missing"},
	    {"{\"alg\":\"ES256\",\"typ\":\"u\",\"x5c\":[\"AAAA\"]}", "typ: not t"},
	    {"{\"alg\":\"ES256\",\"x5c\":[\"AAAA\"]}", "typ: missing"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\"}", "x5c: missing"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[]}", "x5c: not a list"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":\"AAAA\"}", "x5c: not a list"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":{\"a\":\"AAAA\"}}", "x5c: not a list"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[1]}", "x5c: not a list"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"\"]}", "x5c: not a list"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AA-A\"]}", "x5c: a character"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AA\"]}", "x5c: base64 without"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\",\"AAAA\",\"AAAA\",\"AAAA\","
	     "\"AAAA\"]}",
	     "x5c: more than 4"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"],\"crit\":[\"b64\"],\"b64\":"
	     "false}",
	     "a member that does not belong there"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"],\"kid\":\"x\"}",
	     "a member that does not belong there"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"],\"alg\":\"none\"}",
	     "alg: there twice"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\\u0000\",\"x5c\":[\"AAAA\"]}", "not JSON"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}x", "not one JSON object"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}{}", "not one JSON object"},
	    {"{\x01\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}", "not JSON"},
	    {"[\"ES256\"]", "not one JSON object"},
	    {"\xef\xbb\xbf{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}",
	     "not one JSON object"},
	    {"{\"alg\":\"ES256\",\"typ\":\"t\xff\",\"x5c\":[\"AAAA\"]}", "not JSON"},
	    {"{\"alg\":\"ES256\"", "not one JSON object"},
	    {"", "not one JSON object"},
	};

	(void)state;
	assert_true(parse("{\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}"));
	assert_true(parse("\n {\"alg\":\"ES256\",\"typ\":\"t\",\"x5c\":[\"AAAA\"]}\t\r\n "));
	assert_true(parse("{ \"x5c\" : [\"AAAA\",\"AAA=\",\"AA==\",\"AAAA\"],\"typ\":\"t\", "
			  "\"alg\":\"ES256\"}"));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(parse(wrong[i][0]));
		if (!strstr(why.text, wrong[i][1]))
			fail_msg("%s: %s", wrong[i][0], why.text);
	}
}

static void what_is_no_compact_jws_is_refused(void **state)
{
	static const char *const wrong[] = {"",	  ".",	  "..",	   "a.b",  "a.b.c.d",
					    "{}", "e30.", "e30..", "....", "e30.e30.AAAA"};
	struct crypt_key *k = key(SIGNER);
	char *text = make(k, "{}"), *large = calloc(1, JWS_MAX + 2), longer[4096];
	struct jws j;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(jws_parse(wrong[i], strlen(wrong[i]), "a-type", &j, &why));
		assert_int_equal(why.code, ERR_FORMAT);
	}
	(void)snprintf(longer, sizeof longer, "%s\n", text);
	assert_false(jws_parse(longer, strlen(longer), "a-type", &j, &why));
	(void)snprintf(longer, sizeof longer, " %s", text);
	assert_false(jws_parse(longer, strlen(longer), "a-type", &j, &why));
	(void)snprintf(longer, sizeof longer, "%s=", text);
	assert_false(jws_parse(longer, strlen(longer), "a-type", &j, &why));
	free(text);
	memset(large, 'A', JWS_MAX + 1);
	assert_false(jws_parse(large, JWS_MAX + 1, "a-type", &j, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(jws_make(k, "a-type", chain, 2, large, JWS_MAX, &text, NULL, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	free(large);
	crypt_key_free(k);
}

/* --- JWE ---------------------------------------------------------------------------------------
 */

struct box {
	char *text;
	size_t len, size;
	size_t refuse_at; /* 0: never */
};

static bool put(void *arg, const void *text, size_t len, struct err *e)
{
	struct box *b = arg;

	if (b->refuse_at && b->len + len > b->refuse_at)
		return err_set(e, ERR_NO_SPACE, "the sink is full");
	if (b->len + len + 1 > b->size) {
		b->size = 2 * (b->len + len + 1);
		b->text = realloc(b->text, b->size);
		assert_non_null(b->text);
	}
	memcpy(b->text + b->len, text, len);
	b->len += len;
	b->text[b->len] = '\0';
	return true;
}

static bool seal(const struct crypt_key *to, const uint8_t *data, size_t len, size_t step,
		 struct box *b)
{
	struct jwe_seal *s = NULL;
	bool done = jwe_seal_begin(to, "a-type", (struct jwe_sink){put, b}, &s, &why);

	for (size_t at = 0; done && at < len; at += step)
		done = jwe_seal_append(s, data + at, at + step < len ? step : len - at, &why);
	done = done && jwe_seal_end(s, &why);
	jwe_seal_free(s);
	return done;
}

static void what_is_sealed_opens(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 3, 16, 17, 12287, 12288, 12289, 12290, 40000};
	struct crypt_key *bob = key(BOB), *to = public_of(bob);
	uint8_t data[40000], *out;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (size_t step = 40000; step > 6; step /= 11) {
			struct box b = {0};

			assert_true(seal(to, data, sizes[i], step, &b));
			assert_int_equal(b.len, jwe_length(sizes[i], "a-type"));
			assert_true(jwe_open(bob, "a-type", b.text, b.len, &out, &len, &why));
			assert_int_equal(len, sizes[i]);
			assert_memory_equal(out, data, len);
			free(out);
			free(b.text);
		}
	}
	crypt_key_free(bob);
	crypt_key_free(to);
}

static void no_two_seals_are_alike(void **state)
{
	struct crypt_key *bob = key(BOB);
	struct box a = {0}, b = {0};

	(void)state;
	assert_true(seal(bob, (const uint8_t *)"same", 4, 4, &a));
	assert_true(seal(bob, (const uint8_t *)"same", 4, 4, &b));
	assert_int_equal(a.len, b.len);
	assert_string_not_equal(strrchr(a.text, '.'), strrchr(b.text, '.'));
	assert_memory_not_equal(a.text, b.text, (size_t)(strstr(a.text, "..") - a.text));
	free(a.text);
	free(b.text);
	crypt_key_free(bob);
}

static void a_changed_or_cut_text_does_not_open(void **state)
{
	struct crypt_key *bob = key(BOB), *alice = key(ALICE), *to = public_of(bob);
	struct box b = {0};
	uint8_t *out = NULL;
	size_t len;

	(void)state;
	assert_true(seal(to, (const uint8_t *)"some content", 12, 5, &b));
	for (size_t i = 0; i < b.len; i++) {
		const char was = b.text[i];

		b.text[i] = was == 'A' ? 'B' : 'A';
		assert_false(jwe_open(bob, "a-type", b.text, b.len, &out, &len, &why));
		assert_null(out);
		b.text[i] = was;
		assert_false(jwe_open(bob, "a-type", b.text, i, &out, &len, &why));
	}
	assert_false(jwe_open(bob, "another", b.text, b.len, &out, &len, &why));
	assert_int_equal(why.code, ERR_FORMAT);
	assert_false(jwe_open(alice, "a-type", b.text, b.len, &out, &len, &why));
	assert_int_equal(why.code, ERR_NOT_FOUND);
	assert_false(jwe_open(to, "a-type", b.text, b.len, &out, &len, &why));
	assert_int_equal(why.code, ERR_ARGUMENT);
	put(&b, "\n", 1, NULL);
	assert_false(jwe_open(bob, "a-type", b.text, b.len, &out, &len, &why));
	free(b.text);
	crypt_key_free(bob);
	crypt_key_free(alice);
	crypt_key_free(to);
}

static bool open_header(const struct crypt_key *k, const char *header)
{
	char text[4096];
	size_t n = base64url_encode(header, strlen(header), text), len;
	uint8_t *out = NULL;

	(void)snprintf(text + n, sizeof text - n, "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
	return jwe_open(k, "t", text, strlen(text), &out, &len, &why);
}

#define POINT                                                                                      \
	"\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\","                                               \
	"\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","                                   \
	"\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}"

static void the_header_of_a_jwe_is_exactly_that(void **state)
{
	static const char *const wrong[][2] = {
	    {"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\"," POINT "}",
	     "alg: not ECDH-ES"},
	    {"{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\"," POINT
	     "}",
	     "alg: not ECDH-ES"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\",\"typ\":\"t\",\"kid\":\"K\"," POINT "}",
	     "enc: not A256GCM"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"u\",\"kid\":\"K\"," POINT "}",
	     "typ: not t"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"k\"," POINT "}",
	     "sealed to another key"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\"}",
	     "epk: missing"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\",\"epk\":1}",
	     "epk: not a key"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\",\"epk\":{}}",
	     "kty: missing"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\",\"zip\":\"DEF\""
	     "," POINT "}",
	     "a member that does not belong there"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\",\"apu\":\"QQ\""
	     "," POINT "}",
	     "a member that does not belong there"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\",\"epk\":{"
	     "\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}}",
	     "crv: not P-256"},
	    {"{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"t\",\"kid\":\"K\",\"epk\":{"
	     "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}}",
	     "epk: not a point"},
	};
	struct crypt_key *bob = key(BOB);
	uint8_t id[CRYPT_SHA256_SIZE];
	char kid[2 * CRYPT_SHA256_SIZE + 1];

	(void)state;
	assert_true(crypt_key_id(bob, id, &why));
	for (size_t i = 0; i < sizeof id; i++)
		(void)snprintf(kid + 2 * i, 3, "%02x", id[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *at = strchr(wrong[i][0], 'K');
		char header[2048];

		/* Not the K of A256KW. */
		while (at && at[-1] != '"')
			at = strchr(at + 1, 'K');
		if (at)
			(void)snprintf(header, sizeof header, "%.*s%s%s", (int)(at - wrong[i][0]),
				       wrong[i][0], kid, at + 1);
		else
			(void)snprintf(header, sizeof header, "%s", wrong[i][0]);
		assert_false(open_header(bob, header));
		if (!strstr(why.text, wrong[i][1]))
			fail_msg("%s: %s", wrong[i][0], why.text);
	}
	crypt_key_free(bob);
}

static void a_sink_that_fails_is_heard(void **state)
{
	struct crypt_key *bob = key(BOB), *p384 = key(P384);
	uint8_t data[30000] = {0};
	struct jwe_seal *s;
	struct box whole = {0};

	(void)state;
	assert_true(seal(bob, data, sizeof data, 1000, &whole));
	for (size_t at = 1; at < whole.len; at += 997) {
		struct box b = {.refuse_at = at};

		assert_false(seal(bob, data, sizeof data, 1000, &b));
		assert_int_equal(why.code, ERR_NO_SPACE);
		free(b.text);
	}
	free(whole.text);
	assert_false(jwe_seal_begin(p384, "a-type", (struct jwe_sink){put, &whole}, &s, &why));
	assert_int_equal(why.code, ERR_POLICY);
	assert_null(s);
	crypt_key_free(bob);
	crypt_key_free(p384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64url_is_that_of_the_rfc),
	    cmocka_unit_test(there_is_one_text_for_some_bytes),
	    cmocka_unit_test(es256_is_that_of_the_rfc),
	    cmocka_unit_test(what_is_signed_verifies),
	    cmocka_unit_test(ecdh_es_is_that_of_the_rfc),
	    cmocka_unit_test(no_key_is_agreed_with_what_is_no_point),
	    cmocka_unit_test(gcm_in_pieces_is_gcm),
	    cmocka_unit_test(a_jws_comes_back_as_it_went),
	    cmocka_unit_test(a_header_is_exactly_that),
	    cmocka_unit_test(what_is_no_compact_jws_is_refused),
	    cmocka_unit_test(what_is_sealed_opens),
	    cmocka_unit_test(no_two_seals_are_alike),
	    cmocka_unit_test(a_changed_or_cut_text_does_not_open),
	    cmocka_unit_test(the_header_of_a_jwe_is_exactly_that),
	    cmocka_unit_test(a_sink_that_fails_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
