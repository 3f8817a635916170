/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of an entry: folded plate and issuing state in one 64-bit number, base 37 (0
 * filler, 1..10 '0'..'9', 11..36 'A'..'Z'), ten digits of plate then two of state, left-justified:
 * 37^12 < 2^63. The letter O never occurs in a plate's key.
 */
#ifndef HOTLIST_KEY_H
#define HOTLIST_KEY_H

#include <stdbool.h>
#include <stdint.h>

#define KEY_STATES UINT64_C(1369) /* 37^2: keys of one plate lie in [k, k + KEY_STATES) */

/* Pack a folded plate (1 to 10 characters) and a state (0 or 2 letters). False: not of that form.
 */
bool key_pack(const char *lic, const char *lis, uint64_t *key);

/* The inverse. False: no plate packs to this key. */
bool key_unpack(uint64_t key, char lic[11], char lis[3]);

/*
 * The skeleton of a key's plate: the same for all plates that differ only within the confusion
 * classes 0/O/D/Q, 1/I, 2/Z, 5/S, 6/G, 8/B, and different for all others. Any number is harmless.
 */
uint64_t key_skeleton(uint64_t key);

/* Key and skeleton of a folded plate without a state, in one go. False: no plate. */
bool key_of_plate(const char *lic, uint64_t *key, uint64_t *skeleton);

/* A skeleton spread evenly over 64 bits; different ones give different numbers (the finaliser of
 * SplitMix64, Steele et al. 2014). */
static inline uint64_t key_hash(uint64_t skeleton)
{
	uint64_t h = skeleton;

	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

#endif
