/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS in compact serialization (RFC 7515), signed with ES256 by the holder of a certificate that
 * comes along (x5c). Nothing is chosen by who sends it: the header is exactly
 * {"alg":"ES256","typ":…,"x5c":[…]}, in any order.
 */
#ifndef FIRMWARE_BASE_JWS_H
#define FIRMWARE_BASE_JWS_H

#include "firmware/base/identity.h"
#include "firmware/base/jwa.h"

#define JWS_MAX 16384u /* bytes of the whole text; longer is refused */

struct jws {
	const char *text;			       /* borrowed: what was parsed */
	size_t signed_len;			       /* of it: header, '.', payload */
	uint8_t sig[JWA_SIGNATURE_SIZE];	       /* over that */
	struct identity_der chain[IDENTITY_CHAIN_MAX]; /* DER, the signer's first; into `memory` */
	size_t n_chain;
	const uint8_t *payload; /* into `memory`; no NUL behind it */
	size_t payload_len;
	void *memory;
};

/*
 * Take a text apart. It is borrowed until jws_free, which is safe on a zeroed struct and after a
 * failure. Nothing is proven yet: see identity_of_chain and jws_verify. ERR_LIMIT: more than
 * JWS_MAX or IDENTITY_CHAIN_MAX certificates; ERR_FORMAT: not a JWS with that header (also white
 * space or a line's end around it); ERR_NO_MEMORY.
 */
bool jws_parse(const char *text, size_t len, const char *typ, struct jws *out,
	       struct err *e) MUST_CHECK;
void jws_free(struct jws *j);

/* Is it signed with that key? ERR_SIGNATURE, ERR_POLICY: not on P-256; ERR_NO_MEMORY. */
bool jws_verify(const struct jws *j, struct crypt_key *k, struct err *e) MUST_CHECK;

/*
 * Sign `len` bytes of payload. *out: the text, NUL-terminated, the caller frees; *out_len may be
 * NULL. ERR_LIMIT: it would be longer than JWS_MAX; jwa_sign's; ERR_NO_MEMORY.
 */
bool jws_make(struct crypt_key *k, const char *typ, const struct identity_der *chain,
	      size_t n_chain, const void *payload, size_t len, char **out, size_t *out_len,
	      struct err *e) MUST_CHECK;

#endif
