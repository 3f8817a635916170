/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as text, read strictly: there is one text for some bytes and no other is taken, so that a
 * text which was hashed or signed cannot be written in a second way. base64url is RFC 4648, section
 * 5, without padding, as JOSE has it (RFC 7515, section 2); base64 is section 4, with padding, as
 * JOSE has it for certificates ("x5c", RFC 7515, section 4.1.6).
 */
#ifndef FIRMWARE_BASE_BASE64URL_H
#define FIRMWARE_BASE_BASE64URL_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Characters of the encoding of `len` bytes, without a NUL. */
static inline size_t base64url_length(size_t len)
{
	return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

/* Most bytes that `len` characters stand for, of either kind. */
static inline size_t base64url_bytes(size_t len)
{
	return len / 4 * 3 + len % 4;
}

/* Encode into out: base64url_length(len) characters, no NUL. Returns how many. */
size_t base64url_encode(const void *data, size_t len, char *out);

/*
 * Decode `len` characters into out, which holds `size` bytes and may be the text itself; *n: how
 * many they were. ERR_FORMAT: a character of another alphabet (white space and padding too), a
 * length that no encoding has, or bits left over that are not zero; ERR_LIMIT: more than `size`.
 */
bool base64url_decode(const char *text, size_t len, void *out, size_t size, size_t *n,
		      struct err *e) MUST_CHECK;

/* The same for base64 with its padding. */
bool base64_decode(const char *text, size_t len, void *out, size_t size, size_t *n,
		   struct err *e) MUST_CHECK;

#endif
