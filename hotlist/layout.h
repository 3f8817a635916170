/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of a bundle lie, as hotlist/FORMAT.md describes them: written by the compiler,
 * read by the box. */
#ifndef HOTLIST_LAYOUT_H
#define HOTLIST_LAYOUT_H

#include "firmware/base/err.h"
#include "hotlist/bundle.h"

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_HEADER	 256u /* bytes of the header: what is signed */
#define LAYOUT_SIGNATURE 128u /* bytes of the signature block behind it */
#define LAYOUT_TABLE	 (LAYOUT_HEADER + LAYOUT_SIGNATURE) /* where the table of digests begins */
#define LAYOUT_CHUNK	 4096u				    /* bytes that one digest covers */
#define LAYOUT_BLOCK	 64u /* bytes of a block of the index: one cache line */
#define LAYOUT_RECORD	 32u /* bytes of an entry's record */
#define LAYOUT_FILL	 20u /* entries in a block of the index, on average */

/* References to dictionaries have three bytes, and so has the number of an entry. */
#define LAYOUT_MOST ((1u << 24) - 1)

/* A list may be at most a month old, and its version must survive JSON, whose numbers are doubles.
 */
#define LAYOUT_MAX_AGE_S   INT64_C(2678400)
#define LAYOUT_MAX_VERSION ((UINT64_C(1) << 53) - 1)

/* Dictionaries: texts that many entries share, each once, of fixed width. */
enum layout_dictionary {
	DICTIONARY_TIMES, /* entered, expires */
	DICTIONARY_ORI,
	DICTIONARY_MODEL, /* VMA, VMO */
	DICTIONARY_LOOK,  /* VST, VCO */
	LAYOUT_DICTIONARIES
};

/* Where things are in a bundle whose header was accepted. */
struct layout {
	struct bundle_info info;
	uint8_t table_digest[CRYPT_SHA256_SIZE]; /* of the table of digests */
	uint32_t items[LAYOUT_DICTIONARIES];	 /* how many each dictionary has */
	uint32_t pool_size;			 /* bytes */

	/* from here on by layout_place; all offsets are from the file's beginning */
	uint32_t blocks, chunks;
	uint64_t data; /* the first byte that the table covers; it covers all from there on */
	uint64_t index, records, dictionaries[LAYOUT_DICTIONARIES], pool;
	uint64_t size; /* of the whole file */
};

/* Bytes of one item. */
size_t layout_width(enum layout_dictionary d);

/* Fill everything behind pool_size from info.entries, items and pool_size. Returns the size of the
 * whole file. */
uint64_t layout_place(struct layout *l);

/* Write the header. */
void layout_put_header(const struct layout *l, uint8_t out[LAYOUT_HEADER]);

/*
 * Read the header of a file of `size` bytes and check each of its numbers against that size.
 * `file` holds at least the first LAYOUT_HEADER of them when size says so. ERR_FORMAT, ERR_LIMIT,
 * ERR_POLICY (maximum age).
 */
bool layout_get_header(const uint8_t *file, uint64_t size, struct layout *l,
		       struct err *e) MUST_CHECK;

/* Write the signature block; len 0: unsigned. */
void layout_put_signature(const uint8_t *sig, size_t len, uint8_t out[LAYOUT_SIGNATURE]);

/* Find the signature in its block; *len 0: unsigned. ERR_FORMAT. */
bool layout_get_signature(const uint8_t *block, const uint8_t **sig, size_t *len,
			  struct err *e) MUST_CHECK;

/* Does `key` say, by the signature block behind it, that the header of which `l` was read is its
 * own? `head`: the first LAYOUT_TABLE bytes of the file. ERR_SIGNATURE (none, by another key, does
 * not verify), ERR_FORMAT. */
bool layout_verify(const uint8_t *head, const struct layout *l, struct crypt_key *key,
		   struct err *e) MUST_CHECK;

/* Bytes of chunk number `i` < l->chunks: the last one may be shorter. */
size_t layout_chunk(const struct layout *l, uint32_t i);

/* Does the table, a whole file in memory, have the digest that the header says, and is the padding
 * behind it zero? ERR_FORMAT, ERR_NO_MEMORY. */
bool layout_check_table(const uint8_t *file, const struct layout *l, struct err *e) MUST_CHECK;

/* Compute the table of a whole file in memory, and put its digest into *l and the header's place.
 * ERR_NO_MEMORY. */
bool layout_put_table(uint8_t *file, struct layout *l, struct err *e) MUST_CHECK;

/* The same in pieces: the digest of chunk number i < l->chunks, and when all of them are in the
 * table, that of the table. ERR_NO_MEMORY. */
bool layout_put_digest(uint8_t *file, const struct layout *l, uint32_t i, struct err *e) MUST_CHECK;
bool layout_end_table(uint8_t *file, struct layout *l, struct err *e) MUST_CHECK;

#endif
