/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/key.h"

#include <stddef.h>
#include <string.h>

#define BASE	  37u
#define LENGTH	  10u
#define LETTER(c) ((uint8_t)((c) - 'A' + 11))
#define DIGIT(c)  ((uint8_t)((c) - '0' + 1))

static unsigned value_of(char c)
{
	if (c >= '0' && c <= '9')
		return DIGIT(c);
	if (c >= 'A' && c <= 'Z')
		return LETTER(c);
	return 0;
}

static char char_of(unsigned v)
{
	return (char)(v <= 10 ? '0' + (int)v - 1 : 'A' + (int)v - 11);
}

static bool pack(const char *text, size_t most, uint64_t *out)
{
	size_t len = strnlen(text, most + 1);
	uint64_t v = 0;

	if (len > most)
		return false;
	for (size_t i = 0; i < most; i++) {
		unsigned d = i < len ? value_of(text[i]) : 0;

		if (i < len && d == 0)
			return false;
		v = v * BASE + d;
	}
	*out = v;
	return true;
}

static bool unpack(uint64_t v, size_t most, char *text)
{
	bool ended = true; /* from the right: fillers first, then none */

	memset(text, 0, most + 1);
	for (size_t i = most; i-- > 0; v /= BASE) {
		unsigned d = (unsigned)(v % BASE);

		if (d == 0 && !ended)
			return false;
		if (d != 0) {
			ended = false;
			text[i] = char_of(d);
		}
	}
	return v == 0;
}

bool key_pack(const char *lic, const char *lis, uint64_t *key)
{
	uint64_t plate, state;

	if (lic[0] == '\0' || strchr(lic, 'O') || !pack(lic, LENGTH, &plate) ||
	    !pack(lis, 2, &state))
		return false;
	*key = plate * KEY_STATES + state;
	return true;
}

bool key_unpack(uint64_t key, char lic[11], char lis[3])
{
	return unpack(key / KEY_STATES, LENGTH, lic) && unpack(key % KEY_STATES, 2, lis) &&
	       lic[0] != '\0' && !strchr(lic, 'O');
}

/* Of each value, the one that stands for its class; 0: itself. */
static const uint8_t SAME[BASE] = {
    [LETTER('D')] = DIGIT('0'), [LETTER('O')] = DIGIT('0'), [LETTER('Q')] = DIGIT('0'),
    [LETTER('I')] = DIGIT('1'), [LETTER('Z')] = DIGIT('2'), [LETTER('S')] = DIGIT('5'),
    [LETTER('G')] = DIGIT('6'), [LETTER('B')] = DIGIT('8'),
};

uint64_t key_skeleton(uint64_t key)
{
	uint64_t plate = key / KEY_STATES, out = 0, place = 1;

	for (size_t i = 0; i < LENGTH; i++, plate /= BASE, place *= BASE) {
		unsigned d = (unsigned)(plate % BASE);

		out += (SAME[d] ? SAME[d] : d) * place;
	}
	return out;
}

bool key_of_plate(const char *lic, uint64_t *key, uint64_t *skeleton)
{
	uint64_t plate = 0, bones = 0;
	size_t i = 0;

	for (; i < LENGTH && lic[i]; i++) {
		unsigned d = value_of(lic[i]);

		if (d == 0 || d == LETTER('O'))
			return false;
		plate = plate * BASE + d;
		bones = bones * BASE + (SAME[d] ? SAME[d] : d);
	}
	if (i == 0 || (i == LENGTH && lic[i]))
		return false;
	for (; i < LENGTH; i++) {
		plate *= BASE;
		bones *= BASE;
	}
	*key = plate * KEY_STATES;
	*skeleton = bones;
	return true;
}
