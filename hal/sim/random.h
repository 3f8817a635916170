/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers of the simulator: xoshiro128++ (Blackman and Vigna, 2019) seeded through
 * splitmix64. The same seed gives the same numbers on every machine; nothing here is fit for keys.
 */
#ifndef HAL_SIM_RANDOM_H
#define HAL_SIM_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_random {
	uint32_t s[4];
};

/* Next number of a splitmix64 sequence; advances *x. Spreads a small seed over many streams. */
static inline uint64_t sim_splitmix(uint64_t *x)
{
	uint64_t z = (*x += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Start `r` at `seed`, in stream `stream` of it: streams do not disturb each other. */
static inline void sim_random_seed(struct sim_random *r, uint64_t seed, uint64_t stream)
{
	uint64_t x = seed;
	uint64_t y = stream ^ UINT64_C(0x6A09E667F3BCC909);

	x = sim_splitmix(&x) ^ sim_splitmix(&y);
	for (int i = 0; i < 4; i += 2) {
		uint64_t v = sim_splitmix(&x);

		r->s[i] = (uint32_t)v;
		r->s[i + 1] = (uint32_t)(v >> 32);
	}
}

/* 32 random bits. */
static inline uint32_t sim_u32(struct sim_random *r)
{
	uint32_t *s = r->s;
	uint32_t sum = s[0] + s[3];
	uint32_t out = ((sum << 7) | (sum >> 25)) + s[0];
	uint32_t t = s[1] << 9;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = (s[3] << 11) | (s[3] >> 21);
	return out;
}

/* 0..n-1; n > 0. */
static inline uint32_t sim_below(struct sim_random *r, uint32_t n)
{
	return (uint32_t)(((uint64_t)sim_u32(r) * n) >> 32);
}

/* 0 <= x < 1. */
static inline float sim_unit(struct sim_random *r)
{
	return (float)(sim_u32(r) >> 8) * (1.0f / 16777216.0f);
}

/* a <= x < b. */
static inline float sim_range(struct sim_random *r, float a, float b)
{
	return a + (b - a) * sim_unit(r);
}

/* True with probability p. */
static inline bool sim_chance(struct sim_random *r, float p)
{
	return sim_unit(r) < p;
}

/* About normal, mean 0, deviation 1, within -3.5..3.5 (sum of uniform numbers). */
static inline float sim_normal(struct sim_random *r)
{
	float s = 0;

	for (int i = 0; i < 4; i++)
		s += sim_unit(r);
	return (s - 2.0f) * 1.7320508f;
}

#endif
