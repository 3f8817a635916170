/* SPDX-License-Identifier: Apache-2.0 */
/* Entries to the bytes of an unsigned bundle, one at a time, so that nobody need keep ten million
 * of them. */
#ifndef HOTLIST_TOOL_PACK_H
#define HOTLIST_TOOL_PACK_H

#include "hotlist/bundle.h"

#include <stddef.h>
#include <stdint.h>

struct pack;

/* An empty list to add to. ERR_NO_MEMORY. pack_free frees; NULL is harmless. */
bool pack_new(struct pack **out, struct err *e) MUST_CHECK;
void pack_free(struct pack *p);

/*
 * Add one entry, which has passed entry_check; it is copied in a compact form (ten million of them
 * take less than a gigabyte). Entries may come in any order, and twice. ERR_POLICY: a category that
 * no list may hold; nothing is added then. ERR_LIMIT: more entries or texts than a bundle may hold,
 * ERR_NO_MEMORY: then there is nothing left to do but pack_free.
 */
bool pack_add(struct pack *p, const struct entry *x, struct err *e) MUST_CHECK;

/* How many have been added. */
uint32_t pack_entries(const struct pack *p);

/*
 * Make the unsigned bundle of all that was added. `info` gives version, issue time, maximum age and
 * policy; entries, counts per category and a signer of zeros are filled in. The same set of entries
 * gives the same bytes in whatever order it came. *file: malloc'd, caller frees. The list is empty
 * afterwards. ERR_LIMIT: larger than a bundle may be; ERR_NO_MEMORY.
 */
bool pack_write(struct pack *p, struct bundle_info *info, uint8_t **file, size_t *size,
		struct err *e) MUST_CHECK;

#endif
