/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/base64.h"

void base64_encode(const uint8_t *data, size_t len, char *out)
{
	static const char DIGITS[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t have = len - i < 3 ? (uint32_t)(len - i) : 3;
		uint32_t v = (uint32_t)data[i] << 16;

		v |= have > 1 ? (uint32_t)data[i + 1] << 8 : 0;
		v |= have > 2 ? data[i + 2] : 0u;
		*out++ = DIGITS[v >> 18];
		*out++ = DIGITS[v >> 12 & 63];
		*out++ = (char)(have > 1 ? DIGITS[v >> 6 & 63] : '=');
		*out++ = (char)(have > 2 ? DIGITS[v & 63] : '=');
	}
	*out = '\0';
}
