/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/pack.h"

#include "firmware/base/cleanup.h"
#include "hotlist/key.h"
#include "hotlist/layout.h"

#include <string.h>

static int compare_times(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* A total order over all fields: only rows that are alike in everything are equal. */
static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	uint64_t x = 0, y = 0;
	int c;

	(void)key_pack(a->lic, a->lis, &x);
	(void)key_pack(b->lic, b->lis, &y);
	if ((c = key_compare(x, y)) != 0 || (c = a->category - b->category) != 0 ||
	    (c = strcmp(a->case_number, b->case_number)) != 0 ||
	    (c = strcmp(a->ori, b->ori)) != 0 ||
	    (c = compare_times(a->expires_s, b->expires_s)) != 0 ||
	    (c = compare_times(a->entered_s, b->entered_s)) != 0 ||
	    (c = strcmp(a->printed, b->printed)) != 0 || (c = strcmp(a->lit, b->lit)) != 0 ||
	    (c = strcmp(a->vyr, b->vyr)) != 0 || (c = strcmp(a->vma, b->vma)) != 0 ||
	    (c = strcmp(a->vmo, b->vmo)) != 0 || (c = strcmp(a->vst, b->vst)) != 0)
		return c;
	return strcmp(a->vco, b->vco);
}

/* The string pool: each text once, found again through an open-addressed table of offsets. */
struct pool {
	uint8_t *bytes;
	size_t len, room;
	uint32_t *slots; /* 0: free */
	size_t n_slots;	 /* a power of two, at least twice the texts */
};

static void pool_free(struct pool *p)
{
	free(p->bytes);
	free(p->slots);
}

static bool pool_new(struct pool *p, uint32_t entries, struct err *e)
{
	p->n_slots = 16;
	while (p->n_slots < (size_t)entries * 8) /* at most four texts an entry */
		p->n_slots *= 2;
	p->room = 64 + (size_t)entries * 16;
	p->bytes = malloc(p->room);
	p->slots = calloc(p->n_slots, sizeof *p->slots);
	if (!p->bytes || !p->slots)
		return err_set(e, ERR_NO_MEMORY, "no memory for the texts");
	p->bytes[p->len++] = 0; /* offset 0 is the empty text */
	return true;
}

/* FNV-1a. */
static size_t hash(const uint8_t *data, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

static bool pool_grow(struct pool *p, struct err *e)
{
	size_t room = p->room * 2;
	uint8_t *bytes = realloc(p->bytes, room);

	if (!bytes)
		return err_set(e, ERR_NO_MEMORY, "no memory for the texts");
	p->bytes = bytes;
	p->room = room;
	return true;
}

/* Offset of the text in the pool, put there if it is new. `len` < 256. */
static bool pool_put(struct pool *p, const void *text, size_t len, uint32_t *ref, struct err *e)
{
	size_t slot = hash(text, len) & (p->n_slots - 1);

	*ref = 0;
	if (len == 0)
		return true;
	for (; p->slots[slot] != 0; slot = (slot + 1) & (p->n_slots - 1)) {
		const uint8_t *there = p->bytes + p->slots[slot];

		if (there[0] == len && memcmp(there + 1, text, len) == 0) {
			*ref = p->slots[slot];
			return true;
		}
	}
	if (p->len + 1 + len > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "more text than a bundle may hold");
	while (p->len + 1 + len > p->room)
		if (!pool_grow(p, e))
			return false;
	*ref = p->slots[slot] = (uint32_t)p->len;
	p->bytes[p->len] = (uint8_t)len;
	memcpy(p->bytes + p->len + 1, text, len);
	p->len += 1 + len;
	return true;
}

static bool put_texts(struct pool *p, const struct entry *x, struct layout_refs *refs,
		      struct err *e)
{
	uint8_t vehicle[LAYOUT_VEHICLE];
	size_t printed = strcmp(x->printed, x->lic) == 0 ? 0 : strlen(x->printed);
	size_t known = layout_put_vehicle(x, vehicle) ? LAYOUT_VEHICLE : 0;

	return pool_put(p, x->case_number, strlen(x->case_number), &refs->case_number, e) &&
	       pool_put(p, x->ori, strlen(x->ori), &refs->ori, e) &&
	       pool_put(p, x->printed, printed, &refs->printed, e) &&
	       pool_put(p, vehicle, known, &refs->vehicle, e);
}

static bool assemble(struct layout *l, const uint8_t *records, const struct pool *p, uint8_t **file,
		     size_t *size, struct err *e)
{
	uint64_t total;

	l->pool_size = (uint32_t)p->len;
	total = layout_place(l);
	if (total > BUNDLE_MAX_SIZE)
		return err_set(e, ERR_LIMIT, "larger than a bundle may be");
	*file = calloc(1, (size_t)total);
	if (!*file)
		return err_set(e, ERR_NO_MEMORY, "no memory for the bundle");
	layout_put_header(l, *file);
	memcpy(*file + l->records, records, (size_t)l->info.entries * LAYOUT_RECORD);
	memcpy(*file + l->pool, p->bytes, p->len);
	*size = (size_t)total;
	return true;
}

struct pack {
	struct entry *list;
	uint32_t n, room;
	uint32_t per_category[ENTRY_CATEGORIES];
};

bool pack_new(struct pack **out, struct err *e)
{
	*out = calloc(1, sizeof **out);
	return *out || err_set(e, ERR_NO_MEMORY, "no memory for the entries");
}

void pack_free(struct pack *p)
{
	if (p)
		free(p->list);
	free(p);
}

uint32_t pack_entries(const struct pack *p)
{
	return p->n;
}

static bool grow(struct pack *p, struct err *e)
{
	uint32_t room = p->room ? p->room * 2 : 1024;
	struct entry *list = room > p->room ? realloc(p->list, room * sizeof *list) : NULL;

	if (!list)
		return err_set(e, ERR_NO_MEMORY, "no memory for the entries");
	p->list = list;
	p->room = room;
	return true;
}

bool pack_add(struct pack *p, const struct entry *x, struct err *e)
{
	int category = entry_category_index(x->category);

	if (category < 0)
		return err_set(e, ERR_POLICY, "category: not one that this list may hold");
	if (p->n == p->room && !grow(p, e))
		return false;
	p->list[p->n++] = *x;
	p->per_category[category]++;
	return true;
}

bool pack_write(struct pack *p, struct bundle_info *info, uint8_t **file, size_t *size,
		struct err *e)
{
	struct pool pool CLEANUP(pool_free) = {0};
	uint8_t *records AUTO_FREE = malloc((size_t)p->n * LAYOUT_RECORD + 1);
	struct layout l = {.info = *info};

	*file = NULL;
	*size = 0;
	if (!records)
		return err_set(e, ERR_NO_MEMORY, "no memory for the records");
	if (!pool_new(&pool, p->n, e))
		return false;
	if (p->n > 1)
		qsort(p->list, p->n, sizeof *p->list, compare_entries);
	memset(l.info.signer, 0, sizeof l.info.signer);
	memcpy(l.info.per_category, p->per_category, sizeof l.info.per_category);
	l.info.entries = p->n;
	for (uint32_t i = 0; i < p->n; i++) {
		struct layout_refs refs;

		if (!put_texts(&pool, &p->list[i], &refs, e))
			return false;
		layout_put_record(&p->list[i], &refs, records + (size_t)i * LAYOUT_RECORD);
	}
	if (!assemble(&l, records, &pool, file, size, e))
		return false;
	*info = l.info;
	p->n = 0;
	memset(p->per_category, 0, sizeof p->per_category);
	return true;
}
