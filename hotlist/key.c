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

#define D(c, v) [(c)] = DIGIT(v)
#define L(c)	[(c)] = LETTER(c)

/* Of a folded plate's characters: the value, and that of its class. Tables, because half of a
 * plate's characters surprise a branch. */
static const uint8_t VALUES[256] = {
    D('0', '0'), D('1', '1'), D('2', '2'), D('3', '3'), D('4', '4'), D('5', '5'), D('6', '6'),
    D('7', '7'), D('8', '8'), D('9', '9'), L('A'),	L('B'),	     L('C'),	  L('D'),
    L('E'),	 L('F'),      L('G'),	   L('H'),	L('I'),	     L('J'),	  L('K'),
    L('L'),	 L('M'),      L('N'),	   L('P'),	L('Q'),	     L('R'),	  L('S'),
    L('T'),	 L('U'),      L('V'),	   L('W'),	L('X'),	     L('Y'),	  L('Z'),
};
static const uint8_t BONES[256] = {
    D('0', '0'), D('1', '1'), D('2', '2'), D('3', '3'), D('4', '4'), D('5', '5'), D('6', '6'),
    D('7', '7'), D('8', '8'), D('9', '9'), L('A'),	D('B', '8'), L('C'),	  D('D', '0'),
    L('E'),	 L('F'),      D('G', '6'), L('H'),	D('I', '1'), L('J'),	  L('K'),
    L('L'),	 L('M'),      L('N'),	   L('P'),	D('Q', '0'), L('R'),	  D('S', '5'),
    L('T'),	 L('U'),      L('V'),	   L('W'),	L('X'),	     L('Y'),	  D('Z', '2'),
};
static const uint64_t FILL[LENGTH + 1] = {1,
					  37,
					  1369,
					  50653,
					  1874161,
					  69343957,
					  UINT64_C(2565726409),
					  UINT64_C(94931877133),
					  UINT64_C(3512479453921),
					  UINT64_C(129961739795077),
					  UINT64_C(4808584372417849)}; /* 37^n */

bool key_of_plate(const char *lic, uint64_t *key, uint64_t *skeleton)
{
	uint64_t plate = 0, bones = 0;
	size_t i = 0;

	for (; i < LENGTH && lic[i]; i++) {
		uint8_t c = (uint8_t)lic[i];

		if (VALUES[c] == 0)
			return false;
		plate = plate * BASE + VALUES[c];
		bones = bones * BASE + BONES[c];
	}
	if (i == 0 || (i == LENGTH && lic[i]))
		return false;
	plate *= FILL[LENGTH - i];
	bones *= FILL[LENGTH - i];
	*key = plate * KEY_STATES;
	*skeleton = bones;
	return true;
}
