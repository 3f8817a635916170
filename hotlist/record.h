/* SPDX-License-Identifier: Apache-2.0 */
/* One entry as it lies in a bundle: a record of fixed width, items of dictionaries, now and then a
 * text in the pool (hotlist/FORMAT.md). */
#ifndef HOTLIST_RECORD_H
#define HOTLIST_RECORD_H

#include "hotlist/layout.h"

#include <stddef.h>
#include <stdint.h>

#define RECORD_ITEM_MAX 9u  /* bytes of the widest dictionary item */
#define RECORD_TEXT_MAX 34u /* bytes of the longest text in the pool: two lengths, 20 and 12 */

/* A record, its numbers taken apart. */
struct record {
	uint64_t key;
	uint64_t text;			    /* case number or where it is, 48 bits */
	uint32_t refs[LAYOUT_DICTIONARIES]; /* numbers of items */
	uint16_t lit, vyr, printed;	    /* as packed */
	uint8_t spare;			    /* bits that must be zero */
	char category;
};

/* Where the bytes of a bundle come from: out of a map, or checked chunk by chunk. */
struct record_source {
	const struct layout *l;
	/* Copy len bytes at `offset` of the file; the caller keeps within the file. */
	bool (*read)(const void *arg, uint64_t offset, size_t len, uint8_t *out, struct err *e);
	const void *arg;
};

/* Write a record. */
void record_put(const struct record *r, uint8_t out[LAYOUT_RECORD]);

/* Take a record apart. Any bytes give some record. */
void record_get(const uint8_t in[LAYOUT_RECORD], struct record *r);

/* Is its text in the pool, and at which offset of it? */
bool record_in_pool(const struct record *r, uint32_t *offset);

/* Point it to the pool. */
void record_set_pool(struct record *r, uint32_t offset);

/*
 * An entry that has passed entry_check to a record without its references, the items they shall
 * refer to, and the text for the pool: *text_len 0 when the record needs none; otherwise
 * record_set_pool is to be called.
 */
void record_make(const struct entry *x, struct record *r,
		 uint8_t items[LAYOUT_DICTIONARIES][RECORD_ITEM_MAX], uint8_t text[RECORD_TEXT_MAX],
		 size_t *text_len);

/* Record number i < entries. Errors of the source. */
bool record_read(const struct record_source *s, uint32_t i, struct record *r,
		 struct err *e) MUST_CHECK;

/*
 * The entry of a record, *text_len: bytes of it in the pool. References and texts are held against
 * the layout; the outcome is not yet held against the policy (entry_check). ERR_FORMAT, errors of
 * the source.
 */
bool record_entry(const struct record_source *s, const struct record *r, struct entry *out,
		  size_t *text_len, struct err *e) MUST_CHECK;

/* A record and its text in the pool (len 0: it has none there). */
struct record_full {
	struct record r;
	const uint8_t *text;
	size_t len;
};

/*
 * The order of the records of a bundle: by hash of the skeleton, key, and then all else, a total
 * order over what is in them. References of both must be to the same dictionaries, which are
 * sorted: then their numbers have the order of their items. <0, 0, >0.
 */
int record_compare(const struct record_full *a, const struct record_full *b);

/* Length of the text that begins at `text`, of which `room` bytes are there. 0: it is longer than
 * that, or than any text. */
size_t record_text_size(const uint8_t *text, size_t room);

#endif
