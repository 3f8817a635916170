/* SPDX-License-Identifier: Apache-2.0 */
/* Who somebody is, by the certificate that the RTCC's authority has issued: one role each. */
#ifndef FIRMWARE_BASE_IDENTITY_H
#define FIRMWARE_BASE_IDENTITY_H

#include "firmware/base/crypt.h"

#include <stddef.h>
#include <stdint.h>

/* The roles of people, and of a box. They are disjoint: a certificate names one of them. */
enum identity_role {
	IDENTITY_TECH,
	IDENTITY_RTCC,
	IDENTITY_EVIDENCE,
	IDENTITY_AUDIT,
	IDENTITY_DEVICE,
	IDENTITY_ROLES
};

/* "TECH", "RTCC", …, as it stands in the subject's OU. */
const char *identity_role_name(enum identity_role role);

struct identity;

/*
 * Load the certificate in the PEM file `certificate` (intermediate ones may follow it there) and
 * hold it against the authorities in the PEM file `ca`: signed by one of them, valid now (the
 * system's clock), no authority itself, good for signatures and as a client (RFC 5280 key usages,
 * where it has any), and with exactly one role's name among its OUs; other OUs are allowed.
 * ERR_NOT_FOUND, ERR_IO, ERR_FORMAT (a file is no such thing), ERR_SIGNATURE (does not chain to the
 * authority), ERR_POLICY (expired, not valid yet, another usage, no role or more than one),
 * ERR_LIMIT (a subject beyond 255 characters), ERR_NO_MEMORY. *out: identity_free; NULL is
 * harmless.
 */
bool identity_load(const char *certificate, const char *ca, struct identity **out,
		   struct err *e) MUST_CHECK;
void identity_free(struct identity *who);

enum identity_role identity_role(const struct identity *who);

/* Its subject as one line of printable ASCII, "O=…, OU=RTCC, CN=…": for a log. */
const char *identity_subject(const struct identity *who);

/* Its CN (RFC 5280's id-at-commonName) as it stands there, UTF-8 of at most 256 bytes; "": it
 * has none, more than one, or one that cannot be printed. */
const char *identity_common_name(const struct identity *who);

/* Its serial number, hexadecimal with colons. With the authority it names this one certificate. */
const char *identity_serial(const struct identity *who);

/* Is this the signature of the certificate's key over `data` (ECDSA on SHA-256, as crypt_sign
 * makes it)? ERR_SIGNATURE: it does not verify; ERR_NO_MEMORY. */
bool identity_verify(struct identity *who, const void *data, size_t len, const uint8_t *sig,
		     size_t sig_len, struct err *e) MUST_CHECK;

/*
 * Does whoever calls hold the certificate's private key? Proven by a signature over fresh random
 * bytes with the key in the PEM file `key`. ERR_SIGNATURE: that is another key; errors as
 * crypt_key_load_private and crypt_random.
 */
bool identity_prove(struct identity *who, const char *key, struct err *e) MUST_CHECK;

/* Its public key. ERR_POLICY: neither P-256 nor P-384; ERR_NO_MEMORY. *out: crypt_key_free. */
bool identity_key(const struct identity *who, struct crypt_key **out, struct err *e) MUST_CHECK;

/* --- chains that came from elsewhere ------------------------------------------------------------
 */

struct identity_der { /* a certificate in DER, borrowed */
	const void *data;
	size_t len;
};

#define IDENTITY_CHAIN_MAX 4u	 /* certificates of a chain */
#define IDENTITY_DER_MAX   8192u /* bytes of one of them */

struct identity_authorities;

/* Load the authorities of the PEM file `ca`, for as many chains as come. ERR_NOT_FOUND, ERR_IO,
 * ERR_FORMAT, ERR_NO_MEMORY. *out: identity_authorities_free; NULL is harmless. */
bool identity_authorities_load(const char *ca, struct identity_authorities **out,
			       struct err *e) MUST_CHECK;
void identity_authorities_free(struct identity_authorities *ca);

/*
 * Hold a chain of `n` certificates from an unknown sender (its own first, intermediate ones behind
 * it) against the authorities, at the wall time `now_ns`; what is asked of it is what identity_load
 * asks. No file is opened, and the system's clock decides nothing. ERR_LIMIT: none or more than
 * IDENTITY_CHAIN_MAX certificates, one larger than IDENTITY_DER_MAX, a key of RSA that takes long
 * to check with; ERR_FORMAT: no certificate; ERR_SIGNATURE, ERR_POLICY, ERR_NO_MEMORY as
 * identity_load. *out: identity_free; whose key it is shows when something signed with it verifies.
 */
bool identity_of_chain(const struct identity_der *chain, size_t n,
		       const struct identity_authorities *ca, int64_t now_ns, struct identity **out,
		       struct err *e) MUST_CHECK;

/*
 * Whose certificate it says it is, without an authority: subject, serial number and key as they
 * stand there, and not its role, which reads IDENTITY_ROLES. It proves nothing. ERR_LIMIT,
 * ERR_FORMAT, ERR_NO_MEMORY as above.
 */
bool identity_claimed(const struct identity_der *certificate, struct identity **out,
		      struct err *e) MUST_CHECK;

/* The certificates of a PEM file as DER, in its order; each borrowed from *memory, which the caller
 * frees. ERR_LIMIT: more than IDENTITY_CHAIN_MAX; ERR_NOT_FOUND, ERR_IO, ERR_FORMAT, ERR_NO_MEMORY.
 */
bool identity_read_chain(const char *path, struct identity_der chain[IDENTITY_CHAIN_MAX], size_t *n,
			 void **memory, struct err *e) MUST_CHECK;

#endif
