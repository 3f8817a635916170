/* SPDX-License-Identifier: Apache-2.0 */
/* The few cryptographic operations the firmware needs outside TLS, on mbedTLS 3.6. */
#ifndef FIRMWARE_BASE_CRYPT_H
#define FIRMWARE_BASE_CRYPT_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define CRYPT_SHA256_SIZE   32u
#define CRYPT_SIGNATURE_MAX 112u /* DER ECDSA on P-384 at most */

/* SHA-256 (FIPS 180-4) of len bytes. ERR_NO_MEMORY. */
bool crypt_sha256(const void *data, size_t len, uint8_t out[CRYPT_SHA256_SIZE],
		  struct err *e) MUST_CHECK;

/* Fill with random bytes from the kernel (getrandom(2)). ERR_IO. */
bool crypt_random(void *out, size_t len, struct err *e) MUST_CHECK;

/* HMAC-SHA-256 (FIPS 198-1) of `len` bytes under a key of CRYPT_SHA256_SIZE bytes. ERR_NO_MEMORY.
 */
bool crypt_hmac(const uint8_t key[CRYPT_SHA256_SIZE], const void *data, size_t len,
		uint8_t out[CRYPT_SHA256_SIZE], struct err *e) MUST_CHECK;

/*
 * HKDF-SHA-256 (RFC 5869) without a salt: a key for the use that `info` names, from one of
 * CRYPT_SHA256_SIZE bytes. ERR_NO_MEMORY.
 */
bool crypt_derive(const uint8_t key[CRYPT_SHA256_SIZE], const char *info,
		  uint8_t out[CRYPT_SHA256_SIZE], struct err *e) MUST_CHECK;

#define CRYPT_AES_KEY_SIZE 32u
#define CRYPT_NONCE_SIZE   12u
#define CRYPT_TAG_SIZE	   16u

/*
 * AES-256-GCM (NIST SP 800-38D): `len` bytes of `plain` into `sealed` (as many; may be the same
 * memory) and `tag`, with `aad` authenticated beside them. A nonce must never be used twice with a
 * key. ERR_ARGUMENT: the library refused; ERR_NO_MEMORY.
 */
bool crypt_seal(const uint8_t key[CRYPT_AES_KEY_SIZE], const uint8_t nonce[CRYPT_NONCE_SIZE],
		const void *aad, size_t aad_len, const void *plain, size_t len, void *sealed,
		uint8_t tag[CRYPT_TAG_SIZE], struct err *e) MUST_CHECK;

/* The way back. ERR_SIGNATURE: not what was sealed with this key, nonce and aad; then nothing is
 * in `plain`. */
bool crypt_unseal(const uint8_t key[CRYPT_AES_KEY_SIZE], const uint8_t nonce[CRYPT_NONCE_SIZE],
		  const void *aad, size_t aad_len, const void *sealed, size_t len,
		  const uint8_t tag[CRYPT_TAG_SIZE], void *plain, struct err *e) MUST_CHECK;

struct crypt_key;

/* Load a public key (PEM SubjectPublicKeyInfo or certificate) or private key (PEM) for ECDSA on
 * P-256 or P-384. ERR_FORMAT, ERR_POLICY (other algorithm or curve), ERR_NOT_FOUND, ERR_IO,
 * ERR_NO_MEMORY. crypt_key_free wipes and frees; NULL is harmless. */
bool crypt_key_load_public(const char *path, struct crypt_key **out, struct err *e) MUST_CHECK;
bool crypt_key_load_private(const char *path, struct crypt_key **out, struct err *e) MUST_CHECK;
void crypt_key_free(struct crypt_key *k);

/* SHA-256 of the DER SubjectPublicKeyInfo: names the key in bundles and logs. */
bool crypt_key_id(const struct crypt_key *k, uint8_t out[CRYPT_SHA256_SIZE],
		  struct err *e) MUST_CHECK;

/* ECDSA (FIPS 186-5) over SHA-256 of data; DER (RFC 3279) into sig, *sig_len set. ERR_ARGUMENT: a
 * public key; ERR_SIGNATURE: the library failed. */
bool crypt_sign(struct crypt_key *k, const void *data, size_t len, uint8_t sig[CRYPT_SIGNATURE_MAX],
		size_t *sig_len, struct err *e) MUST_CHECK;

/* ERR_SIGNATURE: does not verify. */
bool crypt_verify(struct crypt_key *k, const void *data, size_t len, const uint8_t *sig,
		  size_t sig_len, struct err *e) MUST_CHECK;

/* Make a private key on P-256. *out: crypt_key_free. ERR_NO_MEMORY: the library failed. */
bool crypt_key_generate(struct crypt_key **out, struct err *e) MUST_CHECK;

#define CRYPT_PEM_MAX  512u /* a private key on P-384 needs 300 */
#define CRYPT_SPKI_MAX 128u /* a public key on P-384 needs 120 */

/* A private key as PEM, as crypt_key_load_private takes it; NUL-terminated, the caller's to wipe.
 * ERR_ARGUMENT: a public key; ERR_NO_MEMORY. */
bool crypt_key_private_pem(const struct crypt_key *k, char out[CRYPT_PEM_MAX],
			   struct err *e) MUST_CHECK;

#define CRYPT_SCALAR_SIZE 32u

/* A private key on P-256 as its scalar, big-endian (SEC 1, 2.3.7), the caller's to wipe, and the
 * way back. ERR_ARGUMENT: a public key, or on another curve; ERR_FORMAT: no scalar of the curve;
 * ERR_NO_MEMORY. *out: crypt_key_free. */
bool crypt_key_scalar(const struct crypt_key *k, uint8_t out[CRYPT_SCALAR_SIZE],
		      struct err *e) MUST_CHECK;
bool crypt_key_of_scalar(const uint8_t scalar[CRYPT_SCALAR_SIZE], struct crypt_key **out,
			 struct err *e) MUST_CHECK;

/* The public half as a DER SubjectPublicKeyInfo (RFC 5480), and the way back. ERR_NO_MEMORY;
 * crypt_key_parse_public: ERR_FORMAT, ERR_POLICY (neither P-256 nor P-384). */
bool crypt_key_public_der(const struct crypt_key *k, uint8_t out[CRYPT_SPKI_MAX], size_t *len,
			  struct err *e) MUST_CHECK;
bool crypt_key_parse_public(const void *der, size_t len, struct crypt_key **out,
			    struct err *e) MUST_CHECK;

#endif
