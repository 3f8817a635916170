/* SPDX-License-Identifier: Apache-2.0 */
/* Chance that can be had again: the same seed gives the same numbers, on every machine. */
#ifndef TESTS_CRASH_RNG_H
#define TESTS_CRASH_RNG_H

#include <stdbool.h>
#include <stdint.h>

/* The next number of the generator *s (splitmix64). */
static inline uint64_t rng_next(uint64_t *s)
{
	uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 … n - 1; n > 0. */
static inline int64_t rng_below(uint64_t *s, int64_t n)
{
	return (int64_t)(rng_next(s) % (uint64_t)n);
}

/* True `percent` times in a hundred. */
static inline bool rng_chance(uint64_t *s, int64_t percent)
{
	return rng_below(s, 100) < percent;
}

#endif
