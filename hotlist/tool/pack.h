/* SPDX-License-Identifier: Apache-2.0 */
/* Entries to the bytes of an unsigned bundle. */
#ifndef HOTLIST_TOOL_PACK_H
#define HOTLIST_TOOL_PACK_H

#include "hotlist/bundle.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Make an unsigned bundle of n entries, each of which has passed entry_check. `info` gives version,
 * issue time, maximum age and policy; counts are computed, the signer is left zero. Sorts `entries`
 * in place; the same set of entries gives the same bytes in whatever order it comes. *file:
 * malloc'd, caller frees. ERR_LIMIT: larger than a bundle may be; ERR_NO_MEMORY.
 */
bool pack_bundle(struct entry *entries, uint32_t n, const struct bundle_info *info, uint8_t **file,
		 size_t *size, struct err *e) MUST_CHECK;

#endif
