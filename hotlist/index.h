/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a bundle: a block of one cache line for each range of hashes of skeletons
 * (hotlist/key.h), with the number of its first record, how many there are, and a fingerprint of
 * each. Records lie in the order of the hash, so nearly every plate that is not on the list is
 * answered by one line, and so are all of its look-alikes.
 */
#ifndef HOTLIST_INDEX_H
#define HOTLIST_INDEX_H

#include "hotlist/layout.h"

#include <stdbool.h>
#include <stdint.h>

#define INDEX_SLOTS 30u /* fingerprints in a block */

/* The block of a hash: monotonous, so that records in the order of the hash are in the order of the
 * blocks too. */
static inline uint32_t index_block(uint64_t hash, uint32_t blocks)
{
	return (uint32_t)(((hash >> 32) * blocks) >> 32);
}

/* What a block says of a hash. */
struct index_range {
	uint32_t first, n; /* records in which it may be */
};

/*
 * Ask the block `line` (LAYOUT_BLOCK bytes, read once) of hash's range. False: none of the
 * records has it. *out is what the block says, whatever the bytes are: check it against the number
 * of entries.
 */
bool index_ask(const uint8_t *line, uint64_t hash, struct index_range *out);

/* Walks over the records in their order and makes the blocks, or compares them with those that
 * are there. */
struct index_walk {
	uint8_t *out;	    /* where to write the blocks; NULL: compare */
	const uint8_t *has; /* the blocks to compare with */
	uint32_t blocks, block, n, first;
	bool same; /* all blocks so far were as they must be */
	uint8_t line[LAYOUT_BLOCK];
};

/* Begin with no records; out or has: `blocks` blocks (see struct index_walk). */
void index_begin(struct index_walk *w, uint8_t *out, const uint8_t *has, uint32_t blocks);

/* The next record has this hash, which is not less than that of the one before. */
void index_add(struct index_walk *w, uint64_t hash);

/* There are no more. Returns whether all blocks compared were as they must be. */
bool index_end(struct index_walk *w);

#endif
