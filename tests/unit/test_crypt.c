/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Keys are made by openssl(1), whose files the box meets in the field. */
static char folder[] = "/tmp/test_crypt.XXXXXX";
static struct err why;

static const char *in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static int make_keys(void **state)
{
	char command[2048];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(
	    command, sizeof command,
	    "cd %s && exec >log 2>&1 && for c in P-256 P-384 P-521; do"
	    " openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$c -out $c.key &&"
	    " openssl pkey -in $c.key -pubout -out $c.pub || exit 1; done &&"
	    " openssl ec -in P-256.key -out sec1.key &&"
	    " openssl req -x509 -new -key P-256.key -subj /CN=signer -out P-256.crt &&"
	    " openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key &&"
	    " openssl pkey -in rsa.key -pubout -out rsa.pub &&"
	    " openssl req -x509 -new -key rsa.key -subj /CN=rsa -out rsa.crt &&"
	    " openssl genpkey -algorithm ED25519 -out ed.key && openssl pkey -in ed.key -pubout "
	    "-out ed.pub &&"
	    " openssl ec -in P-256.key -aes128 -passout pass:x -out locked.key &&"
	    " openssl ecparam -name secp256k1 -genkey -noout -out k1.key && openssl pkey -in "
	    "k1.key -pubout -out k1.pub &&"
	    " openssl pkey -in P-256.key -outform DER -out der.key &&"
	    " head -c 100 P-256.pub >cut.pub && head -c 100 P-256.key >cut.key && : >empty &&"
	    " head -c 2000 /dev/urandom >noise && head -c 20000 /dev/zero >big && mkfifo fifo &&"
	    " printf 'the box' >data && openssl dgst -sha256 -sign P-256.key -out data.sig data &&"
	    " openssl pkey -in P-256.key -pubout -outform DER | openssl dgst -sha256 -binary >id",
	    folder);
	return system(command);
}

static int remove_keys(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static size_t read_file(const char *name, uint8_t *out, size_t size)
{
	FILE *f = fopen(in_folder(name), "rb");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, size, f);
	(void)fclose(f);
	return n;
}

static void hash_is_sha256(void **state)
{
	static const uint8_t abc[CRYPT_SHA256_SIZE] = {
	    /* FIPS 180-4, the example "abc" */
	    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint8_t out[CRYPT_SHA256_SIZE];

	(void)state;
	assert_true(crypt_sha256("abc", 3, out, &why));
	assert_memory_equal(out, abc, sizeof abc);
}

static void random_bytes_differ(void **state)
{
	uint8_t a[300] = {0}, b[300] = {0};

	(void)state;
	assert_true(crypt_random(a, sizeof a, &why));
	assert_true(crypt_random(b, sizeof b, &why));
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a + 284, b + 284, 16);
}

static void round_trip(const char *secret, const char *public, const char *other)
{
	struct crypt_key *private_key = NULL, *public_key = NULL, *wrong_key = NULL;
	uint8_t sig[CRYPT_SIGNATURE_MAX], data[64];
	size_t len = 0;

	memset(data, 'd', sizeof data);
	assert_true(crypt_key_load_private(in_folder(secret), &private_key, &why));
	assert_true(crypt_key_load_public(in_folder(public), &public_key, &why));
	assert_true(crypt_key_load_public(in_folder(other), &wrong_key, &why));
	assert_true(crypt_sign(private_key, data, sizeof data, sig, &len, &why));
	assert_in_range(len, 64, CRYPT_SIGNATURE_MAX);
	assert_true(crypt_verify(public_key, data, sizeof data, sig, len, &why));
	assert_true(crypt_verify(private_key, data, sizeof data, sig, len, &why));
	assert_false(crypt_verify(wrong_key, data, sizeof data, sig, len, &why));
	assert_int_equal(why.code, ERR_SIGNATURE);
	for (size_t bit = 0; bit < 8 * sizeof data; bit += 7) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(crypt_verify(public_key, data, sizeof data, sig, len, &why));
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * len; bit++) {
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(crypt_verify(public_key, data, sizeof data, sig, len, &why));
		assert_int_equal(why.code, ERR_SIGNATURE);
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_false(crypt_verify(public_key, data, sizeof data, sig, cut, &why));
	assert_false(
	    crypt_verify(public_key, data, sizeof data, sig, CRYPT_SIGNATURE_MAX + 1, &why));
	assert_false(crypt_verify(public_key, data, sizeof data - 1, sig, len, &why));
	assert_true(crypt_verify(public_key, data, sizeof data, sig, len, &why));
	assert_false(crypt_sign(public_key, data, sizeof data, sig, &len, &why));
	assert_int_equal(why.code, ERR_ARGUMENT);
	crypt_key_free(private_key);
	crypt_key_free(public_key);
	crypt_key_free(wrong_key);
}

static void p256_signs_and_verifies(void **state)
{
	(void)state;
	round_trip("P-256.key", "P-256.pub", "P-384.pub");
	round_trip("sec1.key", "P-256.crt", "P-384.pub");
}

static void p384_signs_and_verifies(void **state)
{
	(void)state;
	round_trip("P-384.key", "P-384.pub", "P-256.pub");
}

static void openssl_agrees(void **state)
{
	uint8_t data[16], sig[CRYPT_SIGNATURE_MAX], id[CRYPT_SHA256_SIZE],
	    expected[CRYPT_SHA256_SIZE];
	size_t len = read_file("data", data, sizeof data),
	       sig_len = read_file("data.sig", sig, sizeof sig);
	static const char *const same_key[] = {"P-256.pub", "P-256.crt"};

	(void)state;
	assert_int_equal(read_file("id", expected, sizeof expected), sizeof expected);
	for (size_t i = 0; i < 2; i++) {
		struct crypt_key *k = NULL;

		assert_true(crypt_key_load_public(in_folder(same_key[i]), &k, &why));
		assert_true(crypt_verify(k, data, len, sig, sig_len, &why));
		assert_true(crypt_key_id(k, id, &why));
		assert_memory_equal(id, expected, sizeof id);
		crypt_key_free(k);
	}
}

static void refused(bool (*load)(const char *, struct crypt_key **, struct err *), const char *name,
		    enum err_code code)
{
	struct crypt_key *k = NULL;

	if (load(in_folder(name), &k, &why))
		fail_msg("%s was taken", name);
	assert_null(k);
	if (why.code != code)
		fail_msg("%s", why.text);
	assert_null(strstr(why.text, "BEGIN"));
}

static void other_algorithms_are_refused(void **state)
{
	(void)state;
	refused(crypt_key_load_public, "rsa.pub", ERR_POLICY);
	refused(crypt_key_load_public, "rsa.crt", ERR_POLICY);
	refused(crypt_key_load_public, "P-521.pub", ERR_POLICY);
	refused(crypt_key_load_public, "k1.pub", ERR_POLICY);
	refused(crypt_key_load_public, "ed.pub", ERR_POLICY);
	refused(crypt_key_load_private, "rsa.key", ERR_POLICY);
	refused(crypt_key_load_private, "P-521.key", ERR_POLICY);
	refused(crypt_key_load_private, "k1.key", ERR_POLICY);
}

static void what_is_no_key_is_refused(void **state)
{
	(void)state;
	refused(crypt_key_load_public, "absent", ERR_NOT_FOUND);
	refused(crypt_key_load_public, "fifo", ERR_IO);
	refused(crypt_key_load_public, ".", ERR_IO);
	refused(crypt_key_load_public, "big", ERR_FORMAT);
	refused(crypt_key_load_public, "noise", ERR_FORMAT);
	refused(crypt_key_load_public, "empty", ERR_FORMAT);
	refused(crypt_key_load_public, "cut.pub", ERR_FORMAT);
	refused(crypt_key_load_public, "P-256.key", ERR_FORMAT);
	refused(crypt_key_load_private, "P-256.pub", ERR_FORMAT);
	refused(crypt_key_load_private, "cut.key", ERR_FORMAT);
	refused(crypt_key_load_private, "der.key", ERR_FORMAT);
	refused(crypt_key_load_private, "locked.key", ERR_FORMAT);
	refused(crypt_key_load_private, "noise", ERR_FORMAT);
	refused(crypt_key_load_private, "absent", ERR_NOT_FOUND);
}

/* Test case 14 of McGrew and Viega, "The Galois/Counter Mode of Operation". */
static void sealing_is_aes_256_gcm(void **state)
{
	static const uint8_t key[CRYPT_AES_KEY_SIZE], nonce[CRYPT_NONCE_SIZE], plain[16];
	static const uint8_t cipher[16] = {0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
					   0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18};
	static const uint8_t sum[16] = {0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
					0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19};
	uint8_t sealed[16], tag[CRYPT_TAG_SIZE];

	(void)state;
	assert_true(crypt_seal(key, nonce, NULL, 0, plain, sizeof plain, sealed, tag, &why));
	assert_memory_equal(sealed, cipher, sizeof cipher);
	assert_memory_equal(tag, sum, sizeof sum);
}

static void what_was_sealed_otherwise_is_refused(void **state)
{
	uint8_t key[CRYPT_AES_KEY_SIZE] = {1}, nonce[CRYPT_NONCE_SIZE] = {2}, tag[CRYPT_TAG_SIZE];
	uint8_t sealed[6], plain[6];
	uint8_t *const parts[] = {key, nonce, tag, sealed};
	char aad[] = "who";

	(void)state;
	assert_true(crypt_seal(key, nonce, aad, 3, "secret", 6, sealed, tag, &why));
	assert_memory_not_equal(sealed, "secret", 6);
	assert_true(crypt_unseal(key, nonce, aad, 3, sealed, 6, tag, plain, &why));
	assert_memory_equal(plain, "secret", 6);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		parts[i][5] ^= 1;
		assert_false(crypt_unseal(key, nonce, aad, 3, sealed, 6, tag, plain, &why));
		assert_int_equal(why.code, ERR_SIGNATURE);
		assert_memory_not_equal(plain, "secret", 6);
		parts[i][5] ^= 1;
	}
	aad[0] = 'W';
	assert_false(crypt_unseal(key, nonce, aad, 3, sealed, 6, tag, plain, &why));
	assert_false(crypt_unseal(key, nonce, "who", 3, sealed, 5, tag, plain, &why));
	assert_true(crypt_unseal(key, nonce, "who", 3, sealed, 6, tag, plain, &why));
}

static int nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void assert_hex(const uint8_t *bytes, const char *hex)
{
	for (size_t i = 0; hex[2 * i]; i++)
		assert_int_equal(bytes[i], nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
}

/* What Python's hmac and its few lines of RFC 5869 say of the same. */
static void keys_are_derived_and_texts_authenticated_as_elsewhere(void **state)
{
	uint8_t key[CRYPT_SHA256_SIZE], out[CRYPT_SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	assert_true(crypt_hmac(key, "ABC123", 6, out, &why));
	assert_hex(out, "3f58476740dcebd3de6224f6123288b461db7ad6e7c044e3aff1e741438f86b0");
	assert_true(crypt_derive(key, "alpr-test", out, &why));
	assert_hex(out, "12cda95ef9aa6ea489c13893858ad720470e6a095f00e05eb9a22425db1b4b50");
}

static void null_is_harmless(void **state)
{
	(void)state;
	crypt_key_free(NULL);
}

static void a_key_of_our_own_is_written_and_read_again(void **state)
{
	struct crypt_key *made = NULL, *read = NULL, *public = NULL;
	uint8_t der[CRYPT_SPKI_MAX], sig[CRYPT_SIGNATURE_MAX], a[CRYPT_SHA256_SIZE],
	    b[CRYPT_SHA256_SIZE];
	const char *path = in_folder("own.key");
	char pem[CRYPT_PEM_MAX];
	size_t len = 0, sig_len = 0;
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	assert_true(crypt_key_generate(&made, &why));
	assert_true(crypt_key_private_pem(made, pem, &why));
	assert_true(fputs(pem, f) >= 0 && fclose(f) == 0);
	assert_true(crypt_key_load_private(path, &read, &why));
	assert_true(crypt_key_public_der(made, der, &len, &why));
	assert_int_equal(len, 91); /* P-256 */
	assert_true(crypt_key_parse_public(der, len, &public, &why));
	assert_true(crypt_key_id(made, a, &why) && crypt_key_id(public, b, &why));
	assert_memory_equal(a, b, sizeof a);
	assert_true(crypt_sign(read, "said", 4, sig, &sig_len, &why));
	assert_true(crypt_verify(public, "said", 4, sig, sig_len, &why));
	assert_false(crypt_verify(public, "sais", 4, sig, sig_len, &why));
	assert_false(crypt_key_private_pem(public, pem, &why));
	assert_int_equal(why.code, ERR_ARGUMENT);
	crypt_key_free(public);
	for (size_t cut = 0; cut < len; cut++) {
		assert_false(crypt_key_parse_public(der, cut, &public, &why));
		assert_int_equal(why.code, ERR_FORMAT);
	}
	crypt_key_free(made);
	crypt_key_free(read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hash_is_sha256),
	    cmocka_unit_test(random_bytes_differ),
	    cmocka_unit_test(p256_signs_and_verifies),
	    cmocka_unit_test(p384_signs_and_verifies),
	    cmocka_unit_test(openssl_agrees),
	    cmocka_unit_test(other_algorithms_are_refused),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test(sealing_is_aes_256_gcm),
	    cmocka_unit_test(what_was_sealed_otherwise_is_refused),
	    cmocka_unit_test(a_key_of_our_own_is_written_and_read_again),
	    cmocka_unit_test(keys_are_derived_and_texts_authenticated_as_elsewhere),
	    cmocka_unit_test(null_is_harmless),
	};

	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
