/* SPDX-License-Identifier: Apache-2.0 */
/* A dictionary under construction: items of fixed width, each once, numbered as they come. */
#ifndef HOTLIST_TOOL_DICT_H
#define HOTLIST_TOOL_DICT_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct dict {
	size_t width;	/* bytes of an item */
	uint8_t *items; /* n of them */
	uint32_t n, room;
	uint32_t *slots; /* item number + 1; 0: free */
	size_t n_slots;	 /* a power of two, more than n */
};

/* Number of the item, put there if it is new. A zeroed dict with its width set is empty. ERR_LIMIT:
 * more than LAYOUT_MOST; ERR_NO_MEMORY. dict_free frees. */
bool dict_put(struct dict *d, const uint8_t *item, uint32_t *number, struct err *e) MUST_CHECK;
void dict_free(struct dict *d);

/* Of each item the number it will have once they are sorted by their bytes, into malloc'd *ranks
 * (caller frees), and the items in that order to `sorted`, which holds them all. ERR_NO_MEMORY. */
bool dict_sort(const struct dict *d, uint8_t *sorted, uint32_t **ranks, struct err *e) MUST_CHECK;

#endif
