/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/syntax.h"

#include "ocr/plate.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static char kind_of(char c)
{
	if (c >= '0' && c <= '9')
		return 'D';
	if (c >= 'A' && c <= 'Z')
		return 'L';
	return '?';
}

/*
 * How many plates of a thousand are of which series, roughly: seven hundred US ones, by population
 * (Missouri and Illinois four times, for that is where a box stands), and 250 European ones, by
 * what a street shows. What is missing to a thousand has no series. ocr/README.md names the
 * sources.
 */
/* clang-format off */
static const struct {
	const char *shape;
	float share;
} roads[] = {
    {"LLLDDDD", 197.1f}, {"DDDLLL", 98.5f}, {"LLLDDD", 84.9f}, {"DLLLDDD", 72.1f}, {"LLDDDDD", 64.3f},
    {"LLDDLLL", 39.3f}, {"LLDDDLL", 36.4f}, {"LLDLDL", 32.9f}, {"LDDLLL", 22.2f}, {"LLLDDL", 21.2f},
    {"LDDDDDD", 20.6f}, {"DDDDLLL", 20.5f}, {"DLDDDDD", 17.9f}, {"DDDDDDD", 16.4f}, {"LLDLDDD", 13.0f},
    {"DLLLDD", 12.5f}, {"LLDDDD", 11.7f}, {"LLLLDD", 10.0f}, {"LLLLDDD", 9.6f}, {"DDDDLL", 8.7f},
    {"DLLDDDD", 6.8f}, {"DDLLDD", 6.3f}, {"LDDDLLL", 6.3f}, {"DDLLLD", 6.0f}, {"DDDDDD", 5.8f},
    {"DLLDDD", 5.6f}, {"DDDDDLD", 5.5f}, {"LLDDLL", 4.8f}, {"LLLDLDD", 4.7f}, {"LDDDLL", 4.6f},
    {"DDLDDDD", 4.5f}, {"LLDDDDL", 3.9f}, {"LLDDDDLL", 3.9f}, {"DDLLDDD", 3.8f}, {"DDLDDD", 3.7f},
    {"LDDDDL", 3.7f}, {"LLDDDL", 3.7f}, {"LLLLDDDD", 3.1f}, {"LDDDLLDD", 3.1f}, {"LLLDLD", 3.1f},
    {"DDDDDLL", 2.8f}, {"DDDLLD", 2.6f}, {"DLDDDD", 2.4f}, {"DDDDDDDL", 2.4f}, {"LLLDDDL", 2.4f},
    {"LLDDD", 2.3f}, {"LDDDDD", 1.6f}, {"LLLDD", 1.6f}, {"LLLDDLL", 1.6f}, {"LLDDDDDD", 1.6f},
    {"DDLDDLD", 1.4f}, {"DDDLL", 1.3f}, {"LDDDDDL", 1.2f}, {"DDLDDDDD", 1.2f}, {"DDDLDD", 1.1f},
    {"LDLDDD", 1.1f}, {"DLDDLD", 1.0f}, {"DLDDDLD", 1.0f}, {"DDDDDDL", 0.9f}, {"DDDDD", 0.9f},
    {"LDLLL", 0.8f}, {"LLLLLDD", 0.8f}, {"LLLLLDDD", 0.8f}, {"LLLLD", 0.8f}, {"DDLLLL", 0.8f},
    {"DDLLDDDD", 0.8f}, {"DDLLLDD", 0.8f}, {"LDDDDLL", 0.8f}, {"LLDLDD", 0.7f}, {"LDLDLDL", 0.7f},
    {"DDDL", 0.7f}, {"DLDLL", 0.6f}, {"DDLLDDL", 0.6f}, {"DLLDDL", 0.6f}, {"LLDLLDL", 0.5f},
    {"LLLLLD", 0.4f}, {"DDDLDDDD", 0.4f}, {"LLLDDDDD", 0.4f}, {"DDDDDL", 0.4f}, {"DDDLLLL", 0.4f},
    {"LLLDLLL", 0.4f}, {"DDDLLLD", 0.3f}, {"DLLLLD", 0.3f}, {"DLDLD", 0.2f}, {"LDDLL", 0.2f},
    {"DLDDDDL", 0.1f}, {"DLDDDL", 0.1f}, {"LLLLDL", 0.1f}, {"LLLDL", 0.1f},
};
/* clang-format on */

#define A_THOUSAND 1000.0f
/* Plates of no series: vanity texts, lorries, dealers, officials; and how many of those are as
 * long. */
#define NO_SERIES  50.0f
static const float lengths[PLATE_TEXT_SIZE] = {0,     0.005f, 0.03f, 0.08f,  0.15f, 0.2f,
					       0.25f, 0.25f,  0.03f, 0.004f, 0.001f};
/* Characters: of a digit's place, of a letter's, of any. */
#define OF_DIGITS    (1.0f / 10)
#define OF_LETTERS   (1.0f / 24)
#define OF_ANY	     (1.0f / 36)
/* Most issuers leave the letters out that look like digits. */
#define LEFT_OUT     0.15f
/* Where no series tells, a round stroke is written as a digit, as hotlists have it: e^-3. */
#define NOT_THE_ZERO 0.05f

bool syntax_shape(const char *text, char shape[PLATE_TEXT_SIZE])
{
	size_t i = 0;

	for (; text[i]; i++) {
		char kind = kind_of(text[i]);

		if (i == PLATE_TEXT_MAX || kind == '?')
			return false;
		shape[i] = kind;
	}
	shape[i] = '\0';
	return i > 0;
}

/* Of plates with this shape, the share that has this text. */
static float in_series(const char *text)
{
	float p = 1;

	for (; *text; text++) {
		bool rare = *text == 'O' || *text == 'I' || *text == 'Q';

		p *= kind_of(*text) == 'D' ? OF_DIGITS : rare ? LEFT_OUT * OF_LETTERS : OF_LETTERS;
	}
	return p;
}

static float in_none(const char *text)
{
	float p = lengths[strlen(text)];

	for (; *text; text++)
		p *= *text == 'O' ? NOT_THE_ZERO * OF_ANY : OF_ANY;
	return p;
}

float syntax_log_prior(const char *text)
{
	char shape[PLATE_TEXT_SIZE];
	float share = 0;

	if (!syntax_shape(text, shape))
		return -INFINITY;
	for (size_t i = 0; i < sizeof roads / sizeof *roads; i++)
		if (strcmp(roads[i].shape, shape) == 0)
			share = roads[i].share;
	return logf((share * in_series(text) + NO_SERIES * in_none(text)) / A_THOUSAND);
}

char syntax_alike(char c)
{
	if (c == 'O')
		return '0';
	return (char)(c == 'I' ? '1' : c);
}

char syntax_nearly_alike(char c)
{
	static const char letters[] = "OIQDBSZG", digits[] = "01008526";
	const char *at = c ? strchr(letters, c) : NULL;

	if (!at)
		return c;
	return digits[at - letters];
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
