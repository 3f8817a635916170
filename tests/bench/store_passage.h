/* SPDX-License-Identifier: Apache-2.0 */
/* What the store is given where it is measured: passages in any number, each with a plate of its
 * own. */
#ifndef TESTS_BENCH_STORE_PASSAGE_H
#define TESTS_BENCH_STORE_PASSAGE_H

#include "firmware/store/intake.h"

/* Passage n, as vision reads one: three alternatives, two angles; seen until wall time ns. Its
 * plate is `A` and n in six digits. */
struct wire_passage store_passage(uint64_t n, int64_t ns);

/* The same with another plate, of six to ten characters. */
void store_passage_plate(struct wire_passage *p, const char *plate);

/* Bytes of its read and its crops, as they would lie on paper. */
int64_t store_payload(const struct intake *in);

/* A number below n; the same ones from the same state (splitmix64). */
uint32_t store_random(uint64_t *state, uint32_t n);

/* A number of the command line, within [least, most]. */
bool store_number(const char *text, int64_t least, int64_t most, int64_t *out);

/* Options "--NAME N" and one folder; false: the call is wrong. */
struct store_option {
	const char *name;
	int64_t *to, least, most;
};
bool store_options(const struct store_option *options, size_t n, int argc, char **argv,
		   const char **folder);

/* For qsort of int64_t. */
int store_by_size(const void *a, const void *b);

#endif
