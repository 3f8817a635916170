/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/dict.h"

#include "firmware/base/cleanup.h"
#include "hotlist/layout.h"

#include <stdlib.h>
#include <string.h>

void dict_free(struct dict *d)
{
	free(d->items);
	free(d->slots);
}

/* FNV-1a. */
static size_t hash(const uint8_t *data, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

static uint8_t *item_at(const struct dict *d, uint32_t i)
{
	return d->items + (size_t)i * d->width;
}

static size_t find_slot(const struct dict *d, const uint8_t *item)
{
	size_t slot = hash(item, d->width) & (d->n_slots - 1);

	while (d->slots[slot] != 0 && memcmp(item_at(d, d->slots[slot] - 1), item, d->width) != 0)
		slot = (slot + 1) & (d->n_slots - 1);
	return slot;
}

static bool more_slots(struct dict *d, struct err *e)
{
	uint32_t *old = d->slots;
	size_t n = d->n_slots ? d->n_slots * 2 : 64;

	d->slots = calloc(n, sizeof *d->slots);
	if (!d->slots) {
		d->slots = old;
		return err_set(e, ERR_NO_MEMORY, "no memory for a dictionary");
	}
	d->n_slots = n;
	for (uint32_t i = 0; i < d->n; i++)
		d->slots[find_slot(d, item_at(d, i))] = i + 1;
	free(old);
	return true;
}

static bool more_items(struct dict *d, struct err *e)
{
	uint32_t room = d->room ? d->room * 2 : 64;
	uint8_t *items = realloc(d->items, room * d->width);

	if (!items)
		return err_set(e, ERR_NO_MEMORY, "no memory for a dictionary");
	d->items = items;
	d->room = room;
	return true;
}

bool dict_put(struct dict *d, const uint8_t *item, uint32_t *number, struct err *e)
{
	size_t slot;

	if ((size_t)d->n * 2 >= d->n_slots && !more_slots(d, e))
		return false;
	slot = find_slot(d, item);
	if (d->slots[slot] == 0) {
		if (d->n == LAYOUT_MOST)
			return err_set(e, ERR_LIMIT, "more texts than a bundle may hold");
		if (d->n == d->room && !more_items(d, e))
			return false;
		memcpy(item_at(d, d->n), item, d->width);
		d->slots[slot] = ++d->n;
	}
	*number = d->slots[slot] - 1;
	return true;
}

static int compare(const void *left, const void *right, void *arg)
{
	const struct dict *d = arg;
	const uint32_t *a = left, *b = right;

	return memcmp(item_at(d, *a), item_at(d, *b), d->width);
}

bool dict_sort(const struct dict *d, uint8_t *sorted, uint32_t **ranks, struct err *e)
{
	uint32_t *order AUTO_FREE = malloc(((size_t)d->n + 1) * sizeof *order);

	*ranks = malloc(((size_t)d->n + 1) * sizeof **ranks);
	if (!order || !*ranks)
		return err_set(e, ERR_NO_MEMORY, "no memory for a dictionary");
	for (uint32_t i = 0; i < d->n; i++)
		order[i] = i;
	qsort_r(order, d->n, sizeof *order, compare, (void *)(uintptr_t)d);
	for (uint32_t i = 0; i < d->n; i++) {
		(*ranks)[order[i]] = i;
		memcpy(sorted + (size_t)i * d->width, item_at(d, order[i]), d->width);
	}
	return true;
}
