/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/base64url.h"

static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_encode(const void *data, size_t len, char *out)
{
	const uint8_t *p = data;
	size_t n = 0;

	for (size_t i = 0; i < len; i += 3) {
		const size_t left = len - i;
		const uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)(left > 1 ? p[i + 1] : 0) << 8 |
				   (uint32_t)(left > 2 ? p[i + 2] : 0);

		out[n++] = URL[v >> 18];
		out[n++] = URL[v >> 12 & 63];
		if (left > 1)
			out[n++] = URL[v >> 6 & 63];
		if (left > 2)
			out[n++] = URL[v & 63];
	}
	return n;
}

/* What a character stands for; 64: nothing. */
static uint32_t value(char c, char c62, char c63)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	return c == c62 ? 62 : c == c63 ? 63 : 64;
}

static bool decode(const char *text, size_t len, const char *last_two, uint8_t *out, size_t size,
		   size_t *n, struct err *e)
{
	uint32_t bits = 0, held = 0;

	*n = 0;
	if (len % 4 == 1)
		return err_set(e, ERR_FORMAT, "base64 of a length that it cannot have");
	if (len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0) > size)
		return err_set(e, ERR_LIMIT, "base64 of more than %zu bytes", size);
	for (size_t i = 0; i < len; i++) {
		const uint32_t v = value(text[i], last_two[0], last_two[1]);

		if (v > 63)
			return err_set(e, ERR_FORMAT, "a character that is not base64");
		bits = bits << 6 | v;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[(*n)++] = (uint8_t)(bits >> held);
			bits &= (1u << held) - 1;
		}
	}
	return bits == 0 || err_set(e, ERR_FORMAT, "base64 that ends in stray bits");
}

bool base64url_decode(const char *text, size_t len, void *out, size_t size, size_t *n,
		      struct err *e)
{
	return decode(text, len, "-_", out, size, n, e);
}

bool base64_decode(const char *text, size_t len, void *out, size_t size, size_t *n, struct err *e)
{
	*n = 0;
	if (len % 4 != 0)
		return err_set(e, ERR_FORMAT, "base64 without its padding");
	for (unsigned padding = 0; padding < 2 && len > 0 && text[len - 1] == '='; padding++)
		len--;
	return decode(text, len, "+/", out, size, n, e);
}
