/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/utf8.h"

#include <stddef.h>

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), 0 if it is none. It looks no further
 * than the first byte that does not continue it, a NUL at the latest. */
static size_t utf8_sequence(const unsigned char *s)
{
	size_t more = s[0] < 0x80		    ? 0
		      : s[0] >= 0xc2 && s[0] < 0xe0 ? 1
		      : s[0] >= 0xe0 && s[0] < 0xf0 ? 2
						    : 3;

	if (s[0] >= 0xf5 || (s[0] >= 0x80 && s[0] < 0xc2))
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return more + 1;
}

void utf8_clean(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p;) {
		size_t n = utf8_sequence(p);

		if (n == 0 || *p < 0x20 || *p == 0x7f) {
			*p = '?';
			n = 1;
		}
		p += n;
	}
}

bool utf8_is_valid(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char s[5] = {0}; /* a copy: a sequence must not run over the end */
		size_t n;

		for (size_t j = 0; j < 4 && i + j < len; j++)
			s[j] = (unsigned char)text[i + j];
		n = utf8_sequence(s);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

bool utf8_is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0))
			return false;
	}
	return utf8_is_valid(text, len);
}
