/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/syntax.h"

#include "ocr/plate.h"

#include <stddef.h>
#include <string.h>

/* Only shapes that no other state's current passenger series shares; ocr/README.md says where they
 * are from and why so few. */
static const struct {
	const char *shape; /* L: letter, D: digit */
	const char *jurisdiction;
} series[] = {
    {"DLLLDDD", "CA"},
    {"LLDLDL", "MO"},
    {"LDDLLL", "NJ"},
};

static char kind_of(char c)
{
	if (c >= '0' && c <= '9')
		return 'D';
	if (c >= 'A' && c <= 'Z')
		return 'L';
	return '?';
}

/* Passenger series in use in several states or in large ones; ocr/README.md. */
static const char *const common[] = {
    "LLLDDDD", "LLLDDD", "DDDLLL", "LLDDDDD", "LLDLDL", "DLLLDDD", "DDDDLLL",
};

/* False: longer than any plate. */
static bool shape_of(const char *text, char shape[PLATE_TEXT_SIZE])
{
	size_t i = 0;

	for (; text[i]; i++) {
		if (i == PLATE_TEXT_MAX)
			return false;
		shape[i] = kind_of(text[i]);
	}
	shape[i] = '\0';
	return true;
}

void syntax_jurisdiction(const char *text, char out[3])
{
	char shape[PLATE_TEXT_SIZE];

	out[0] = out[1] = out[2] = '\0';
	if (!shape_of(text, shape))
		return;
	for (size_t i = 0; i < sizeof series / sizeof *series; i++)
		if (strcmp(series[i].shape, shape) == 0)
			memcpy(out, series[i].jurisdiction, 2);
}

bool syntax_common(const char *text)
{
	char shape[PLATE_TEXT_SIZE];

	if (!shape_of(text, shape))
		return false;
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (strcmp(common[i], shape) == 0)
			return true;
	return false;
}

char syntax_fold(char c)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (c >= 'a' && c <= 'z')
		return upper[c - 'a'];
	if (kind_of(c) == '?')
		return '\0';
	return c;
}
