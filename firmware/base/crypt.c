/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/crypt.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/crypt_impl.h"
#include "firmware/base/pem.h"

#include <errno.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>
#include <string.h>
#include <sys/random.h>

bool crypt_sha256(const void *data, size_t len, uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	if (mbedtls_sha256(data, len, out, 0) != 0)
		return err_set(e, ERR_NO_MEMORY, "SHA-256");
	return true;
}

bool crypt_random(void *out, size_t len, struct err *e)
{
	uint8_t *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "getrandom");
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool crypt_hmac(const uint8_t key[CRYPT_SHA256_SIZE], const void *data, size_t len,
		uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	if (mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, CRYPT_SHA256_SIZE,
			    data, len, out) != 0)
		return err_set(e, ERR_NO_MEMORY, "HMAC");
	return true;
}

bool crypt_derive(const uint8_t key[CRYPT_SHA256_SIZE], const char *info,
		  uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	if (mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), NULL, 0, key,
			 CRYPT_SHA256_SIZE, (const unsigned char *)info, strlen(info), out,
			 CRYPT_SHA256_SIZE) != 0)
		return err_set(e, ERR_NO_MEMORY, "HKDF");
	return true;
}

static bool begin_gcm(mbedtls_gcm_context *gcm, const uint8_t *key, struct err *e)
{
	mbedtls_gcm_init(gcm);
	if (mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, CRYPT_AES_KEY_SIZE * 8) != 0)
		return err_set(e, ERR_NO_MEMORY, "AES-GCM");
	return true;
}

bool crypt_seal(const uint8_t key[CRYPT_AES_KEY_SIZE], const uint8_t nonce[CRYPT_NONCE_SIZE],
		const void *aad, size_t aad_len, const void *plain, size_t len, void *sealed,
		uint8_t tag[CRYPT_TAG_SIZE], struct err *e)
{
	CLEANUP(mbedtls_gcm_free) mbedtls_gcm_context gcm;

	if (!begin_gcm(&gcm, key, e))
		return false;
	if (mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, len, nonce, CRYPT_NONCE_SIZE, aad,
				      aad_len, plain, sealed, CRYPT_TAG_SIZE, tag) != 0)
		return err_set(e, ERR_ARGUMENT, "AES-GCM");
	return true;
}

bool crypt_unseal(const uint8_t key[CRYPT_AES_KEY_SIZE], const uint8_t nonce[CRYPT_NONCE_SIZE],
		  const void *aad, size_t aad_len, const void *sealed, size_t len,
		  const uint8_t tag[CRYPT_TAG_SIZE], void *plain, struct err *e)
{
	CLEANUP(mbedtls_gcm_free) mbedtls_gcm_context gcm;

	if (!begin_gcm(&gcm, key, e))
		return false;
	/* It wipes what it wrote when the tag is wrong. */
	if (mbedtls_gcm_auth_decrypt(&gcm, len, nonce, CRYPT_NONCE_SIZE, aad, aad_len, tag,
				     CRYPT_TAG_SIZE, sealed, plain) != 0)
		return err_set(e, ERR_SIGNATURE, "does not authenticate");
	return true;
}

int crypt_rng(void *unused, unsigned char *out, size_t len)
{
	(void)unused;
	return crypt_random(out, len, NULL) ? 0 : MBEDTLS_ERR_PK_BAD_INPUT_DATA;
}

static bool refused_by_parser(int rc, const char *path, struct err *e)
{
	if (rc == MBEDTLS_ERR_PK_ALLOC_FAILED || rc == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return err_set(e, ERR_NO_MEMORY, "%s", path);
	if (rc == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
		return err_set(e, ERR_FORMAT, "%s: encrypted with a password", path);
	/* The X.509 parser puts its own code in front of (adds it to) that of the key. */
	if (rc == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE || rc == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG ||
	    rc == MBEDTLS_ERR_X509_INVALID_FORMAT + MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE)
		return err_set(e, ERR_POLICY, "%s: neither P-256 nor P-384", path);
	return err_set(e, ERR_FORMAT, "%s: no such key in PEM form", path);
}

static bool check_curve(const mbedtls_pk_context *pk, const char *path, struct err *e)
{
	mbedtls_ecp_group_id curve = MBEDTLS_ECP_DP_NONE;
	const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);

	if (ec && mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA))
		curve = ec->MBEDTLS_PRIVATE(grp).id;
	if (curve != MBEDTLS_ECP_DP_SECP256R1 && curve != MBEDTLS_ECP_DP_SECP384R1)
		return err_set(e, ERR_POLICY, "%s: neither P-256 nor P-384", path);
	return true;
}

static struct crypt_key *key_new(struct err *e)
{
	struct crypt_key *k = calloc(1, sizeof *k);

	if (k)
		mbedtls_pk_init(&k->pk);
	else
		(void)err_set(e, ERR_NO_MEMORY, "key");
	return k;
}

static void key_cleanup(struct crypt_key **k)
{
	crypt_key_free(*k);
}

/* The certificate's key, copied through its DER form: the pk inside a certificate cannot be taken
 * out of it. */
static int parse_certificate(const struct pem *p, mbedtls_pk_context *pk)
{
	mbedtls_x509_crt crt;
	int rc;

	mbedtls_x509_crt_init(&crt);
	rc = mbedtls_x509_crt_parse(&crt, (const unsigned char *)p->text, p->len);
	if (rc > 0) /* so many certificates of the file could not be read */
		rc = MBEDTLS_ERR_X509_INVALID_FORMAT;
	if (rc == 0)
		rc = mbedtls_pk_parse_public_key(pk, crt.pk_raw.p, crt.pk_raw.len);
	mbedtls_x509_crt_free(&crt);
	return rc;
}

bool crypt_key_load_public(const char *path, struct crypt_key **out, struct err *e)
{
	CLEANUP(pem_wipe) struct pem p = {0};
	CLEANUP(key_cleanup) struct crypt_key *k = key_new(e);
	int rc;

	if (!k || !pem_read(path, &p, e))
		return false;
	if (strstr(p.text, "-----BEGIN CERTIFICATE-----"))
		rc = parse_certificate(&p, &k->pk);
	else if (strstr(p.text, "-----BEGIN PUBLIC KEY-----"))
		rc = mbedtls_pk_parse_public_key(&k->pk, (const unsigned char *)p.text, p.len);
	else
		rc = MBEDTLS_ERR_PK_KEY_INVALID_FORMAT;
	if (rc != 0)
		return refused_by_parser(rc, path, e);
	if (!check_curve(&k->pk, path, e))
		return false;
	*out = steal_ptr(&k);
	return true;
}

bool crypt_key_load_private(const char *path, struct crypt_key **out, struct err *e)
{
	CLEANUP(pem_wipe) struct pem p = {0};
	CLEANUP(key_cleanup) struct crypt_key *k = key_new(e);
	int rc = MBEDTLS_ERR_PK_KEY_INVALID_FORMAT;

	if (!k || !pem_read(path, &p, e))
		return false;
	if (strstr(p.text, "-----BEGIN "))
		rc = mbedtls_pk_parse_key(&k->pk, (const unsigned char *)p.text, p.len, NULL, 0,
					  crypt_rng, NULL);
	if (rc != 0)
		return refused_by_parser(rc, path, e);
	if (!check_curve(&k->pk, path, e))
		return false;
	k->is_private = true;
	*out = steal_ptr(&k);
	return true;
}

void crypt_key_free(struct crypt_key *k)
{
	if (!k)
		return;
	mbedtls_pk_free(&k->pk); /* wipes the private number */
	free(k);
}

bool crypt_key_id(const struct crypt_key *k, uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	uint8_t der[CRYPT_SPKI_MAX];
	size_t len = 0;

	return crypt_key_public_der(k, der, &len, e) && crypt_sha256(der, len, out, e);
}

bool crypt_sign(struct crypt_key *k, const void *data, size_t len, uint8_t sig[CRYPT_SIGNATURE_MAX],
		size_t *sig_len, struct err *e)
{
	uint8_t hash[CRYPT_SHA256_SIZE];

	if (!k->is_private)
		return err_set(e, ERR_ARGUMENT, "sign: a public key cannot sign");
	if (!crypt_sha256(data, len, hash, e))
		return false;
	if (mbedtls_pk_sign(&k->pk, MBEDTLS_MD_SHA256, hash, sizeof hash, sig, CRYPT_SIGNATURE_MAX,
			    sig_len, crypt_rng, NULL) != 0)
		return err_set(e, ERR_SIGNATURE, "sign: failed");
	return true;
}

bool crypt_verify(struct crypt_key *k, const void *data, size_t len, const uint8_t *sig,
		  size_t sig_len, struct err *e)
{
	uint8_t hash[CRYPT_SHA256_SIZE];

	if (sig_len == 0 || sig_len > CRYPT_SIGNATURE_MAX)
		return err_set(e, ERR_SIGNATURE, "signature: of %zu bytes", sig_len);
	if (!crypt_sha256(data, len, hash, e))
		return false;
	if (mbedtls_pk_verify(&k->pk, MBEDTLS_MD_SHA256, hash, sizeof hash, sig, sig_len) != 0)
		return err_set(e, ERR_SIGNATURE, "signature: does not verify");
	return true;
}

/* --- keys of our own ----------------------------------------------------------------------------
 */

bool crypt_key_generate(struct crypt_key **out, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *k = key_new(e);

	if (!k)
		return false;
	if (mbedtls_pk_setup(&k->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
	    mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(k->pk), crypt_rng, NULL) !=
		0)
		return err_set(e, ERR_NO_MEMORY, "a key cannot be made");
	k->is_private = true;
	*out = steal_ptr(&k);
	return true;
}

bool crypt_key_private_pem(const struct crypt_key *k, char out[CRYPT_PEM_MAX], struct err *e)
{
	if (!k->is_private)
		return err_set(e, ERR_ARGUMENT, "a public key has no private half");
	return mbedtls_pk_write_key_pem(&k->pk, (unsigned char *)out, CRYPT_PEM_MAX) == 0 ||
	       err_set(e, ERR_NO_MEMORY, "a key cannot be written");
}

bool crypt_key_scalar(const struct crypt_key *k, uint8_t out[CRYPT_SCALAR_SIZE], struct err *e)
{
	const mbedtls_ecp_keypair *pair = mbedtls_pk_ec(k->pk);
	size_t len = 0;

	if (!k->is_private || mbedtls_ecp_keypair_get_group_id(pair) != MBEDTLS_ECP_DP_SECP256R1)
		return err_set(e, ERR_ARGUMENT, "no private key on P-256");
	return (mbedtls_ecp_write_key_ext(pair, &len, out, CRYPT_SCALAR_SIZE) == 0 &&
		len == CRYPT_SCALAR_SIZE) ||
	       err_set(e, ERR_NO_MEMORY, "a key cannot be written");
}

bool crypt_key_of_scalar(const uint8_t scalar[CRYPT_SCALAR_SIZE], struct crypt_key **out,
			 struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *k = key_new(e);
	int rc;

	if (!k)
		return false;
	if (mbedtls_pk_setup(&k->pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0)
		return err_set(e, ERR_NO_MEMORY, "a key cannot be made");
	rc = mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(k->pk), scalar,
				  CRYPT_SCALAR_SIZE);
	if (rc == 0)
		rc = mbedtls_ecp_keypair_calc_public(mbedtls_pk_ec(k->pk), crypt_rng, NULL);
	if (rc != 0)
		return err_set(e, rc == MBEDTLS_ERR_MPI_ALLOC_FAILED ? ERR_NO_MEMORY : ERR_FORMAT,
			       "no private key on P-256");
	k->is_private = true;
	*out = steal_ptr(&k);
	return true;
}

bool crypt_key_public_der(const struct crypt_key *k, uint8_t out[CRYPT_SPKI_MAX], size_t *len,
			  struct err *e)
{
	int n = mbedtls_pk_write_pubkey_der(&k->pk, out, CRYPT_SPKI_MAX);

	if (n <= 0)
		return err_set(e, ERR_NO_MEMORY, "a public key cannot be written");
	*len = (size_t)n;
	memmove(out, out + CRYPT_SPKI_MAX - n, *len); /* it is written at the buffer's end */
	return true;
}

bool crypt_key_parse_public(const void *der, size_t len, struct crypt_key **out, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *k = key_new(e);

	if (!k)
		return false;
	if (mbedtls_pk_parse_public_key(&k->pk, der, len) != 0)
		return err_set(e, ERR_FORMAT, "no public key");
	if (!check_curve(&k->pk, "public key", e))
		return false;
	*out = steal_ptr(&k);
	return true;
}
