/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/jwa.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/crypt_impl.h"

#include <mbedtls/asn1.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/gcm.h>
#include <string.h>

#define HALF (JWA_SIGNATURE_SIZE / 2)

/* NULL, and *e set: not on P-256. */
static mbedtls_ecp_keypair *pair_of(const struct crypt_key *k, struct err *e)
{
	mbedtls_ecp_keypair *ec = mbedtls_pk_ec(k->pk);

	if (ec && ec->MBEDTLS_PRIVATE(grp).id == MBEDTLS_ECP_DP_SECP256R1)
		return ec;
	(void)err_set(e, ERR_POLICY, "a key that is not on P-256");
	return NULL;
}

/* --- signatures --------------------------------------------------------------------------------
 */

/* One INTEGER of a DER signature (RFC 3279, section 2.2.3) as 32 bytes. */
static bool take_half(unsigned char **p, const unsigned char *end, uint8_t out[HALF])
{
	CLEANUP(mbedtls_mpi_free) mbedtls_mpi x;

	mbedtls_mpi_init(&x);
	return mbedtls_asn1_get_mpi(p, end, &x) == 0 &&
	       mbedtls_mpi_write_binary(&x, out, HALF) == 0;
}

bool jwa_sign(struct crypt_key *k, const void *data, size_t len, uint8_t sig[JWA_SIGNATURE_SIZE],
	      struct err *e)
{
	uint8_t der[CRYPT_SIGNATURE_MAX];
	unsigned char *p = der;
	size_t der_len = 0, inside;

	if (!pair_of(k, e) || !crypt_sign(k, data, len, der, &der_len, e))
		return false;
	if (mbedtls_asn1_get_tag(&p, der + der_len, &inside,
				 MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0 ||
	    !take_half(&p, der + der_len, sig) || !take_half(&p, der + der_len, sig + HALF))
		return err_set(e, ERR_SIGNATURE, "sign: failed");
	return true;
}

bool jwa_verify(struct crypt_key *k, const void *data, size_t len,
		const uint8_t sig[JWA_SIGNATURE_SIZE], struct err *e)
{
	CLEANUP(mbedtls_mpi_free) mbedtls_mpi r;
	CLEANUP(mbedtls_mpi_free) mbedtls_mpi s;
	mbedtls_ecp_keypair *ec = pair_of(k, e);
	uint8_t hash[CRYPT_SHA256_SIZE];

	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	if (!ec || !crypt_sha256(data, len, hash, e))
		return false;
	if (mbedtls_mpi_read_binary(&r, sig, HALF) != 0 ||
	    mbedtls_mpi_read_binary(&s, sig + HALF, HALF) != 0)
		return err_set(e, ERR_NO_MEMORY, "signature");
	return mbedtls_ecdsa_verify(&ec->MBEDTLS_PRIVATE(grp), hash, sizeof hash,
				    &ec->MBEDTLS_PRIVATE(Q), &r, &s) == 0 ||
	       err_set(e, ERR_SIGNATURE, "signature: does not verify");
}

/* --- key agreement -----------------------------------------------------------------------------
 */

static bool write_point(const mbedtls_ecp_keypair *ec, struct jwa_point *out, struct err *e)
{
	uint8_t text[1 + 2 * JWA_COORDINATE_SIZE];
	size_t n = 0;

	if (mbedtls_ecp_point_write_binary(&ec->MBEDTLS_PRIVATE(grp), &ec->MBEDTLS_PRIVATE(Q),
					   MBEDTLS_ECP_PF_UNCOMPRESSED, &n, text,
					   sizeof text) != 0 ||
	    n != sizeof text)
		return err_set(e, ERR_NO_MEMORY, "a public key cannot be written");
	memcpy(out->x, text + 1, sizeof out->x);
	memcpy(out->y, text + 1 + sizeof out->x, sizeof out->y);
	return true;
}

static bool shared(mbedtls_ecp_keypair *mine, const mbedtls_ecp_point *theirs,
		   uint8_t z[JWA_COORDINATE_SIZE], struct err *e)
{
	CLEANUP(mbedtls_mpi_free) mbedtls_mpi x;

	mbedtls_mpi_init(&x);
	/* It refuses a point that is not on the curve. */
	if (mbedtls_ecdh_compute_shared(&mine->MBEDTLS_PRIVATE(grp), &x, theirs,
					&mine->MBEDTLS_PRIVATE(d), crypt_rng, NULL) != 0 ||
	    mbedtls_mpi_write_binary(&x, z, JWA_COORDINATE_SIZE) != 0)
		return err_set(e, ERR_FORMAT, "no key can be agreed on");
	return true;
}

bool jwa_shared(const struct crypt_key *mine, const struct jwa_point *theirs,
		uint8_t z[JWA_COORDINATE_SIZE], struct err *e)
{
	CLEANUP(mbedtls_ecp_point_free) mbedtls_ecp_point p;
	mbedtls_ecp_keypair *ec = pair_of(mine, e);
	uint8_t text[1 + 2 * JWA_COORDINATE_SIZE] = {0x04}; /* uncompressed */

	mbedtls_ecp_point_init(&p);
	if (!ec)
		return false;
	if (!mine->is_private)
		return err_set(e, ERR_ARGUMENT, "a public key agrees on nothing");
	memcpy(text + 1, theirs->x, sizeof theirs->x);
	memcpy(text + 1 + sizeof theirs->x, theirs->y, sizeof theirs->y);
	if (mbedtls_ecp_point_read_binary(&ec->MBEDTLS_PRIVATE(grp), &p, text, sizeof text) != 0)
		return err_set(e, ERR_FORMAT, "not a point of the curve");
	return shared(ec, &p, z, e);
}

/* A length of 32 bits, big-endian, and what is that long. */
static size_t put_info(uint8_t *out, const char *text)
{
	const size_t n = strlen(text);

	out[0] = out[1] = out[2] = 0;
	out[3] = (uint8_t)n; /* at most JWA_INFO_MAX */
	memcpy(out + 4, text, n);
	return 4 + n;
}

bool jwa_concat_kdf(const uint8_t z[JWA_COORDINATE_SIZE], const char *alg, const char *apu,
		    const char *apv, uint32_t bits, uint8_t *out, struct err *e)
{
	uint8_t said[4 + JWA_COORDINATE_SIZE + 3 * (4 + JWA_INFO_MAX) + 4] = {0, 0, 0, 1};
	uint8_t hash[CRYPT_SHA256_SIZE];
	size_t n = 4;
	bool done;

	if (bits == 0 || bits > 256 || bits % 8 != 0 || strlen(alg) > JWA_INFO_MAX ||
	    strlen(apu) > JWA_INFO_MAX || strlen(apv) > JWA_INFO_MAX)
		return err_set(e, ERR_LIMIT, "a key that one round cannot make");
	memcpy(said + n, z, JWA_COORDINATE_SIZE);
	n += JWA_COORDINATE_SIZE;
	n += put_info(said + n, alg);
	n += put_info(said + n, apu);
	n += put_info(said + n, apv);
	said[n++] = 0;
	said[n++] = 0;
	said[n++] = (uint8_t)(bits >> 8);
	said[n++] = (uint8_t)bits;
	done = crypt_sha256(said, n, hash, e);
	if (done)
		memcpy(out, hash, bits / 8);
	explicit_bzero(said, sizeof said);
	explicit_bzero(hash, sizeof hash);
	return done;
}

/* In "Direct Key Agreement" mode the algorithm that is named is the content's. */
static bool derive(uint8_t z[JWA_COORDINATE_SIZE], uint8_t key[CRYPT_AES_KEY_SIZE], struct err *e)
{
	const bool done = jwa_concat_kdf(z, "A256GCM", "", "", CRYPT_AES_KEY_SIZE * 8, key, e);

	explicit_bzero(z, JWA_COORDINATE_SIZE);
	return done;
}

bool jwa_agree_afresh(const struct crypt_key *to, struct jwa_point *epk,
		      uint8_t key[CRYPT_AES_KEY_SIZE], struct err *e)
{
	CLEANUP(mbedtls_ecp_keypair_free) mbedtls_ecp_keypair fresh; /* wiped with it */
	const mbedtls_ecp_keypair *theirs = pair_of(to, e);
	uint8_t z[JWA_COORDINATE_SIZE];

	mbedtls_ecp_keypair_init(&fresh);
	if (!theirs)
		return false;
	if (mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, &fresh, crypt_rng, NULL) != 0)
		return err_set(e, ERR_NO_MEMORY, "a key cannot be made");
	return write_point(&fresh, epk, e) && shared(&fresh, &theirs->MBEDTLS_PRIVATE(Q), z, e) &&
	       derive(z, key, e);
}

bool jwa_agree(const struct crypt_key *mine, const struct jwa_point *epk,
	       uint8_t key[CRYPT_AES_KEY_SIZE], struct err *e)
{
	uint8_t z[JWA_COORDINATE_SIZE];

	return jwa_shared(mine, epk, z, e) && derive(z, key, e);
}

/* --- AES-GCM in pieces -------------------------------------------------------------------------
 */

struct jwa_gcm {
	mbedtls_gcm_context gcm;
};

bool jwa_gcm_begin(const uint8_t key[CRYPT_AES_KEY_SIZE], const uint8_t nonce[CRYPT_NONCE_SIZE],
		   const void *aad, size_t aad_len, struct jwa_gcm **out, struct err *e)
{
	struct jwa_gcm *g = calloc(1, sizeof *g);

	*out = g;
	if (!g)
		return err_set(e, ERR_NO_MEMORY, "AES-GCM");
	mbedtls_gcm_init(&g->gcm);
	if (mbedtls_gcm_setkey(&g->gcm, MBEDTLS_CIPHER_ID_AES, key, CRYPT_AES_KEY_SIZE * 8) == 0 &&
	    mbedtls_gcm_starts(&g->gcm, MBEDTLS_GCM_ENCRYPT, nonce, CRYPT_NONCE_SIZE) == 0 &&
	    mbedtls_gcm_update_ad(&g->gcm, aad, aad_len) == 0)
		return true;
	jwa_gcm_free(g);
	*out = NULL;
	return err_set(e, ERR_NO_MEMORY, "AES-GCM");
}

void jwa_gcm_free(struct jwa_gcm *g)
{
	if (!g)
		return;
	mbedtls_gcm_free(&g->gcm);
	free(g);
}

bool jwa_gcm_append(struct jwa_gcm *g, const void *plain, size_t len, void *sealed, struct err *e)
{
	size_t n = 0;

	return (mbedtls_gcm_update(&g->gcm, plain, len, sealed, len, &n) == 0 && n == len) ||
	       err_set(e, ERR_LIMIT, "AES-GCM: more than one nonce is good for");
}

bool jwa_gcm_end(struct jwa_gcm *g, uint8_t tag[CRYPT_TAG_SIZE], struct err *e)
{
	size_t n = 0;

	return mbedtls_gcm_finish(&g->gcm, NULL, 0, &n, tag, CRYPT_TAG_SIZE) == 0 ||
	       err_set(e, ERR_ARGUMENT, "AES-GCM");
}
