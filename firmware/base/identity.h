/* SPDX-License-Identifier: Apache-2.0 */
/* Who somebody is, by the certificate that the RTCC's authority has issued: one role each. */
#ifndef FIRMWARE_BASE_IDENTITY_H
#define FIRMWARE_BASE_IDENTITY_H

#include "firmware/base/err.h"

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

#endif
