/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/tar.h"

#include <string.h>

#define CHECKSUM_AT  148
#define CHECKSUM_LEN 8
#define TIME_MAX     INT64_C(077777777777)

static void octal(uint8_t *out, size_t digits, uint64_t n)
{
	for (size_t i = digits; i > 0; i--, n /= 8)
		out[i - 1] = (uint8_t)('0' + n % 8);
}

const uint8_t *tar_header(const char *name, size_t size, int64_t time_s, uint8_t out[TAR_BLOCK])
{
	uint64_t sum = 0;

	if (time_s < 0)
		time_s = 0;
	memset(out, 0, TAR_BLOCK);
	memcpy(out, name, strnlen(name, TAR_NAME_MAX));
	octal(out + 100, 7, 0600);
	octal(out + 108, 7, 0); /* owner and group */
	octal(out + 116, 7, 0);
	octal(out + 124, 11, size);
	octal(out + 136, 11, (uint64_t)(time_s > TIME_MAX ? TIME_MAX : time_s));
	out[156] = '0'; /* a plain file */
	memcpy(out + 257, "ustar\00000", 8);
	/* The sum is taken with its own field as spaces. */
	memset(out + CHECKSUM_AT, ' ', CHECKSUM_LEN);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += out[i];
	octal(out + CHECKSUM_AT, 6, sum);
	out[CHECKSUM_AT + 6] = '\0';
	return out;
}
