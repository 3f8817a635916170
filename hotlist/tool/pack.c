/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/pack.h"

#include "firmware/base/cleanup.h"
#include "hotlist/index.h"
#include "hotlist/key.h"
#include "hotlist/le.h"
#include "hotlist/record.h"
#include "hotlist/tool/dict.h"

#include <stdlib.h>
#include <string.h>

/* Entries as records of the bundle already, but that their references are to dictionaries in the
 * order of arrival, and to texts in that order too. */
struct pack {
	uint8_t *records;
	uint32_t n, room;
	uint32_t per_category[ENTRY_CATEGORIES];
	struct dict dicts[LAYOUT_DICTIONARIES];
	uint8_t *texts;
	size_t texts_len, texts_room;
};

bool pack_new(struct pack **out, struct err *e)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return err_set(e, ERR_NO_MEMORY, "no memory for the entries");
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++)
		(*out)->dicts[d].width = layout_width(d);
	return true;
}

void pack_free(struct pack *p)
{
	if (!p)
		return;
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		dict_free(&p->dicts[d]);
	free(p->texts);
	free(p->records);
	free(p);
}

uint32_t pack_entries(const struct pack *p)
{
	return p->n;
}

static bool more_records(struct pack *p, struct err *e)
{
	uint32_t room = p->room ? p->room * 2 : 1024;
	uint8_t *records;

	if (p->n == LAYOUT_MOST)
		return err_set(e, ERR_LIMIT, "more entries than a bundle may hold");
	room = room < LAYOUT_MOST ? room : LAYOUT_MOST;
	records = realloc(p->records, (size_t)room * LAYOUT_RECORD);
	if (!records)
		return err_set(e, ERR_NO_MEMORY, "no memory for the entries");
	p->records = records;
	p->room = room;
	return true;
}

static bool add_text(struct pack *p, const uint8_t *text, size_t len, struct record *r,
		     struct err *e)
{
	if (p->texts_len + len > UINT32_MAX)
		return err_set(e, ERR_LIMIT, "more text than a bundle may hold");
	if (p->texts_len + len > p->texts_room) {
		size_t room = p->texts_room ? p->texts_room * 2 : 4096;
		uint8_t *texts = realloc(p->texts, room);

		if (!texts)
			return err_set(e, ERR_NO_MEMORY, "no memory for the texts");
		p->texts = texts;
		p->texts_room = room;
	}
	record_set_pool(r, (uint32_t)p->texts_len);
	memcpy(p->texts + p->texts_len, text, len);
	p->texts_len += len;
	return true;
}

bool pack_add(struct pack *p, const struct entry *x, struct err *e)
{
	uint8_t items[LAYOUT_DICTIONARIES][RECORD_ITEM_MAX], text[RECORD_TEXT_MAX];
	int category = entry_category_index(x->category);
	struct record r;
	size_t len;

	if (category < 0)
		return err_set(e, ERR_POLICY, "category: not one that this list may hold");
	if (p->n == p->room && !more_records(p, e))
		return false;
	record_make(x, &r, items, text, &len);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		if (!dict_put(&p->dicts[d], items[d], &r.refs[d], e))
			return false;
	if (len != 0 && !add_text(p, text, len, &r, e))
		return false;
	record_put(&r, p->records + (size_t)p->n * LAYOUT_RECORD);
	p->n++;
	p->per_category[category]++;
	return true;
}

/* --- writing -------------------------------------------------------------------------------------
 */

/* What is needed from the first sorted dictionary to the last byte. */
struct writing {
	const struct pack *p;
	struct layout l;
	uint8_t *file;
	uint32_t *ranks[LAYOUT_DICTIONARIES]; /* of an item: its number in the bundle */
	uint32_t *ends;			      /* of a block of the index: the end of its records */
	uint32_t *order;		      /* of records, block by block */
	struct record_full *block;	      /* the records of one block, to be sorted */
};

static void writing_free(struct writing *w)
{
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		free(w->ranks[d]);
	free(w->ends);
	free(w->order);
	free(w->block);
	free(w->file);
}

static uint32_t block_of(const struct writing *w, uint32_t i)
{
	uint64_t key = le64(w->p->records + (size_t)i * LAYOUT_RECORD);

	return index_block(key_hash(key_skeleton(key)), w->l.blocks);
}

/* Sort into blocks by counting; how many the fullest one has. */
static bool into_blocks(struct writing *w, uint32_t *fullest, struct err *e)
{
	uint32_t n = w->p->n, at = 0;

	w->ends = calloc((size_t)w->l.blocks + 1, sizeof *w->ends);
	w->order = malloc(((size_t)n + 1) * sizeof *w->order);
	if (!w->ends || !w->order)
		return err_set(e, ERR_NO_MEMORY, "no memory to sort the entries");
	for (uint32_t i = 0; i < n; i++)
		w->ends[block_of(w, i)]++;
	for (uint32_t b = 0; b < w->l.blocks; b++) {
		uint32_t count = w->ends[b];

		*fullest = count > *fullest ? count : *fullest;
		w->ends[b] = at; /* its beginning, which becomes its end as it fills */
		at += count;
	}
	for (uint32_t i = 0; i < n; i++)
		w->order[w->ends[block_of(w, i)]++] = i;
	return true;
}

static void get_full(const struct writing *w, uint32_t i, struct record_full *out)
{
	uint32_t offset;

	record_get(w->p->records + (size_t)i * LAYOUT_RECORD, &out->r);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		out->r.refs[d] = w->ranks[d][out->r.refs[d]];
	out->text = NULL;
	out->len = 0;
	if (!record_in_pool(&out->r, &offset))
		return;
	out->text = w->p->texts + offset;
	out->len = record_text_size(out->text, RECORD_TEXT_MAX);
}

static int compare(const void *left, const void *right)
{
	return record_compare(left, right);
}

static void write_records(struct writing *w)
{
	struct index_walk walk;
	uint8_t *record = w->file + w->l.records, *pool = w->file + w->l.pool;
	uint32_t first = 0, offset = 0;

	index_begin(&walk, w->file + w->l.index, NULL, w->l.blocks);
	for (uint32_t b = 0; b < w->l.blocks; b++) {
		uint32_t n = w->ends[b] - first;

		for (uint32_t i = 0; i < n; i++)
			get_full(w, w->order[first + i], &w->block[i]);
		if (n > 1)
			qsort(w->block, n, sizeof *w->block, compare);
		for (uint32_t i = 0; i < n; i++, record += LAYOUT_RECORD) {
			struct record_full *x = &w->block[i];

			if (x->len != 0) {
				record_set_pool(&x->r, offset);
				memcpy(pool + offset, x->text, x->len);
				offset += (uint32_t)x->len;
			}
			record_put(&x->r, record);
			index_add(&walk, key_hash(key_skeleton(x->r.key)));
		}
		first = w->ends[b];
	}
	(void)index_end(&walk);
}

static bool write_all(struct writing *w, struct err *e)
{
	const struct pack *p = w->p;
	uint32_t fullest = 0;

	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		w->l.items[d] = p->dicts[d].n;
	w->l.pool_size = (uint32_t)p->texts_len;
	if (layout_place(&w->l) > BUNDLE_MAX_SIZE)
		return err_set(e, ERR_LIMIT, "larger than a bundle may be");
	w->file = calloc(1, (size_t)w->l.size);
	if (!w->file)
		return err_set(e, ERR_NO_MEMORY, "no memory for the bundle");
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		if (!dict_sort(&p->dicts[d], w->file + w->l.dictionaries[d], &w->ranks[d], e))
			return false;
	if (!into_blocks(w, &fullest, e))
		return false;
	w->block = malloc(((size_t)fullest + 1) * sizeof *w->block);
	if (!w->block)
		return err_set(e, ERR_NO_MEMORY, "no memory to sort the entries");
	write_records(w);
	layout_put_header(&w->l, w->file);
	return layout_put_table(w->file, &w->l, e);
}

static void forget(struct pack *p)
{
	p->n = 0;
	p->texts_len = 0;
	memset(p->per_category, 0, sizeof p->per_category);
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++) {
		dict_free(&p->dicts[d]);
		p->dicts[d] = (struct dict){.width = layout_width(d)};
	}
}

bool pack_write(struct pack *p, struct bundle_info *info, uint8_t **file, size_t *size,
		struct err *e)
{
	struct writing w CLEANUP(writing_free) = {.p = p, .l = {.info = *info}};

	*file = NULL;
	*size = 0;
	w.l.info.entries = p->n;
	memset(w.l.info.signer, 0, sizeof w.l.info.signer);
	memcpy(w.l.info.per_category, p->per_category, sizeof w.l.info.per_category);
	if (!write_all(&w, e))
		return false;
	*info = w.l.info;
	*file = steal_ptr(&w.file);
	*size = (size_t)w.l.size;
	forget(p);
	return true;
}
