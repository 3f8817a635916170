/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What JOSE needs of cryptography beyond crypt.h (RFC 7518, JSON Web Algorithms), on P-256 alone:
 * ES256 (section 3.4), ECDH-ES (4.6) and A256GCM in pieces (5.3).
 */
#ifndef FIRMWARE_BASE_JWA_H
#define FIRMWARE_BASE_JWA_H

#include "firmware/base/crypt.h"

#define JWA_SIGNATURE_SIZE  64u /* r and s, 32 bytes each, big-endian */
#define JWA_COORDINATE_SIZE 32u

/* ES256 over `len` bytes. ERR_ARGUMENT: a public key; ERR_POLICY: not on P-256; ERR_SIGNATURE: the
 * library failed. */
bool jwa_sign(struct crypt_key *k, const void *data, size_t len, uint8_t sig[JWA_SIGNATURE_SIZE],
	      struct err *e) MUST_CHECK;

/* ERR_SIGNATURE: does not verify; ERR_POLICY: the key is not on P-256. */
bool jwa_verify(struct crypt_key *k, const void *data, size_t len,
		const uint8_t sig[JWA_SIGNATURE_SIZE], struct err *e) MUST_CHECK;

/* A public key as JOSE writes it: the coordinates of a point. */
struct jwa_point {
	uint8_t x[JWA_COORDINATE_SIZE], y[JWA_COORDINATE_SIZE];
};

/*
 * A key for `to` alone (ECDH-ES in "Direct Key Agreement" mode for A256GCM, without apu and apv):
 * of a fresh key pair, whose public half is *epk and whose private half is gone. ERR_POLICY: `to`
 * is not on P-256; ERR_NO_MEMORY. `key` is the caller's to wipe.
 */
bool jwa_agree_afresh(const struct crypt_key *to, struct jwa_point *epk,
		      uint8_t key[CRYPT_AES_KEY_SIZE], struct err *e) MUST_CHECK;

/* The same key at the other end. ERR_FORMAT: *epk is no point of the curve; ERR_ARGUMENT: `mine` is
 * a public key; ERR_POLICY: not on P-256; ERR_NO_MEMORY. */
bool jwa_agree(const struct crypt_key *mine, const struct jwa_point *epk,
	       uint8_t key[CRYPT_AES_KEY_SIZE], struct err *e) MUST_CHECK;

/* What jwa_agree begins with: Z, the agreed coordinate (SEC 1, section 3.3.1). Its errors. */
bool jwa_shared(const struct crypt_key *mine, const struct jwa_point *theirs,
		uint8_t z[JWA_COORDINATE_SIZE], struct err *e) MUST_CHECK;

#define JWA_INFO_MAX 64u /* bytes of alg, apu and apv each */

/*
 * And what it ends with: the Concat KDF (NIST SP 800-56A, 5.8.1) in one round of SHA-256, for a key
 * of `bits` (at most 256, whole bytes). ERR_LIMIT: more than that, or a text beyond JWA_INFO_MAX;
 * ERR_NO_MEMORY.
 */
bool jwa_concat_kdf(const uint8_t z[JWA_COORDINATE_SIZE], const char *alg, const char *apu,
		    const char *apv, uint32_t bits, uint8_t *out, struct err *e) MUST_CHECK;

struct jwa_gcm;

/* AES-256-GCM in pieces, to seal. One key and nonce for one run. ERR_NO_MEMORY. *out: jwa_gcm_free,
 * which wipes; NULL is harmless. */
bool jwa_gcm_begin(const uint8_t key[CRYPT_AES_KEY_SIZE], const uint8_t nonce[CRYPT_NONCE_SIZE],
		   const void *aad, size_t aad_len, struct jwa_gcm **out, struct err *e) MUST_CHECK;
void jwa_gcm_free(struct jwa_gcm *g);

/* As many bytes come out as go in. ERR_LIMIT: more than GCM has for one nonce. */
bool jwa_gcm_append(struct jwa_gcm *g, const void *plain, size_t len, void *sealed,
		    struct err *e) MUST_CHECK;
bool jwa_gcm_end(struct jwa_gcm *g, uint8_t tag[CRYPT_TAG_SIZE], struct err *e) MUST_CHECK;

#endif
