/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWE in compact serialization (RFC 7516): ECDH-ES to one public key on P-256, A256GCM (RFC 7518,
 * sections 4.6 and 5.3), kid the lower-case hexadecimal SHA-256 of that key's SubjectPublicKeyInfo.
 */
#ifndef FIRMWARE_BASE_JWE_H
#define FIRMWARE_BASE_JWE_H

#include "firmware/base/crypt.h"

/* Where the text goes, as it is made. False: it could not be taken, *e says why; the seal is then
 * good for nothing but jwe_seal_free. */
struct jwe_sink {
	bool (*put)(void *arg, const void *text, size_t len, struct err *e);
	void *arg;
};

struct jwe_seal;

/*
 * Begin a text of which nobody but the holder of `to` can read the content: begin, append as often
 * as needed, end, free. No more of the content is held than a piece of 12 KiB, whatever its length.
 * `typ` goes into the header. ERR_POLICY: `to` is not on P-256; ERR_NO_MEMORY, ERR_IO; the sink's.
 * *out: jwe_seal_free, which wipes; NULL is harmless.
 */
bool jwe_seal_begin(const struct crypt_key *to, const char *typ, struct jwe_sink sink,
		    struct jwe_seal **out, struct err *e) MUST_CHECK;

/* ERR_LIMIT: more than one key is good for (64 GiB); the sink's. */
bool jwe_seal_append(struct jwe_seal *s, const void *data, size_t len, struct err *e) MUST_CHECK;

/* Only what has been ended can be opened. The sink's. */
bool jwe_seal_end(struct jwe_seal *s, struct err *e) MUST_CHECK;
void jwe_seal_free(struct jwe_seal *s);

/* Characters of the text that `len` bytes of content become, with `typ`. */
size_t jwe_length(size_t len, const char *typ);

/*
 * Open a text with the private key. *out: `*out_len` bytes, the caller frees. ERR_FORMAT: not a JWE
 * with that header (also white space around it); ERR_NOT_FOUND: sealed to another key;
 * ERR_SIGNATURE: not what was sealed; ERR_ARGUMENT: `k` is a public key; ERR_POLICY: not on P-256;
 * ERR_NO_MEMORY.
 */
bool jwe_open(const struct crypt_key *k, const char *typ, const char *text, size_t len,
	      uint8_t **out, size_t *out_len, struct err *e) MUST_CHECK;

#endif
