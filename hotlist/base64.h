/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, section 4) with padding, for the pictures of a hit. */
#ifndef HOTLIST_BASE64_H
#define HOTLIST_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the encoding of `len` bytes, its NUL included. */
static inline size_t base64_size(size_t len)
{
	return (len + 2) / 3 * 4 + 1;
}

/* Encode into out, which holds base64_size(len) bytes. */
void base64_encode(const uint8_t *data, size_t len, char *out);

#endif
