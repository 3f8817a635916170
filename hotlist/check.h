/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole check of a bundle: every digest, every record against the policy, their order, the
 * index, the counts, and that nothing is in the file that no entry uses. In slices, because it
 * takes seconds for ten million entries.
 */
#ifndef HOTLIST_CHECK_H
#define HOTLIST_CHECK_H

#include "hotlist/index.h"
#include "hotlist/record.h"

enum check_stage { CHECK_DIGESTS, CHECK_DICTIONARIES, CHECK_RECORDS, CHECK_END };

struct check {
	const uint8_t *file; /* all of it, borrowed */
	const struct layout *l;
	enum check_stage stage;
	uint32_t next;			    /* chunk or record */
	uint8_t *used[LAYOUT_DICTIONARIES]; /* a bit for each item: is it some entry's? */
	uint64_t hash, key;		    /* of the record before */
	uint32_t pool_at;		    /* where the next text in the pool must be */
	uint32_t counts[ENTRY_CATEGORIES];
	struct index_walk walk;
};

/* Begin to check a file whose header, table of digests and signature block have been accepted. file
 * and l are borrowed until check_end. ERR_NO_MEMORY: a bit for each item of the dictionaries. */
bool check_begin(struct check *c, const uint8_t *file, const struct layout *l,
		 struct err *e) MUST_CHECK;

/* Check on for `steps` steps, of 4 KiB of digests or 64 records each. *done: all is checked and
 * good. ERR_FORMAT, ERR_POLICY, with the number of the entry: then the file is refused. */
bool check_some(struct check *c, uint32_t steps, bool *done, struct err *e) MUST_CHECK;

/* Free what check_begin took; harmless on a zeroed one. */
void check_end(struct check *c);

/* All at once. */
bool check_all(const uint8_t *file, const struct layout *l, struct err *e) MUST_CHECK;

#endif
