/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/check.h"

#include "hotlist/key.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_A_STEP 64u

static bool read_map(const void *arg, uint64_t offset, size_t len, uint8_t *out, struct err *e)
{
	const uint8_t *file = arg;

	(void)e;
	memcpy(out, file + offset, len);
	return true;
}

bool check_begin(struct check *c, const uint8_t *file, const struct layout *l, struct err *e)
{
	*c = (struct check){.file = file, .l = l};
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++) {
		c->used[d] = calloc(1, (size_t)l->items[d] / 8 + 1);
		if (!c->used[d]) {
			check_end(c);
			return err_set(e, ERR_NO_MEMORY, "no memory for the check");
		}
	}
	index_begin(&c->walk, NULL, file + l->index, l->blocks);
	return true;
}

void check_end(struct check *c)
{
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++) {
		free(c->used[d]);
		c->used[d] = NULL;
	}
}

static bool check_chunk(const struct check *c, uint32_t i, struct err *e)
{
	const uint8_t *want = c->file + LAYOUT_TABLE + (size_t)i * CRYPT_SHA256_SIZE;
	uint8_t digest[CRYPT_SHA256_SIZE];

	if (!crypt_sha256(c->file + c->l->data + (uint64_t)i * LAYOUT_CHUNK, layout_chunk(c->l, i),
			  digest, e))
		return false;
	return memcmp(digest, want, sizeof digest) == 0 ||
	       err_set(e, ERR_FORMAT, "chunk %lu: not what was signed", (unsigned long)i);
}

/* Sorted, and so none twice: there is one arrangement of one set of entries. */
static bool check_dictionaries(const struct check *c, struct err *e)
{
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++) {
		const uint8_t *at = c->file + c->l->dictionaries[d];
		size_t width = layout_width(d);

		for (uint32_t i = 1; i < c->l->items[d]; i++, at += width)
			if (memcmp(at, at + width, width) >= 0)
				return err_set(e, ERR_FORMAT, "dictionary %u: out of order", d);
	}
	return true;
}

/* Texts follow one another in the order of their records, so that none is shared and none hidden.
 */
static bool check_pool(struct check *c, const struct record *r, size_t text_len, struct err *e)
{
	uint32_t offset;

	if (!record_in_pool(r, &offset))
		return true;
	if (offset != c->pool_at)
		return err_set(e, ERR_FORMAT, "text: not where it must be");
	c->pool_at += (uint32_t)text_len;
	return true;
}

static bool check_record(struct check *c, uint32_t i, struct err *e)
{
	const struct record_source s = {c->l, read_map, c->file};
	struct record r;
	struct entry x;
	size_t text_len = 0;
	uint64_t hash;

	if (!record_read(&s, i, &r, e) || !record_entry(&s, &r, &x, &text_len, e) ||
	    !entry_check(&x, c->l->info.allow_missing, e) || !check_pool(c, &r, text_len, e))
		return false;
	hash = key_hash(key_skeleton(r.key));
	if (i != 0 && (hash < c->hash || (hash == c->hash && r.key < c->key)))
		return err_set(e, ERR_FORMAT, "out of order");
	c->hash = hash;
	c->key = r.key;
	index_add(&c->walk, hash);
	c->counts[entry_category_index(x.category)]++;
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		c->used[d][r.refs[d] / 8] |= (uint8_t)(1u << r.refs[d] % 8);
	return true;
}

static bool check_sums(struct check *c, struct err *e)
{
	if (memcmp(c->counts, c->l->info.per_category, sizeof c->counts) != 0)
		return err_set(e, ERR_FORMAT, "counts per category: are not those of the entries");
	if (!index_end(&c->walk))
		return err_set(e, ERR_FORMAT, "index: is not that of the entries");
	if (c->pool_at != c->l->pool_size)
		return err_set(e, ERR_FORMAT, "pool: texts that are no entry's");
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++)
		for (uint32_t i = 0; i < c->l->items[d]; i++)
			if (!(c->used[d][i / 8] >> i % 8 & 1))
				return err_set(e, ERR_FORMAT,
					       "dictionary %u: an item that is no entry's", d);
	return true;
}

static bool records(struct check *c, struct err *e)
{
	for (uint32_t n = 0; n < RECORDS_A_STEP && c->next < c->l->info.entries; n++, c->next++)
		if (!check_record(c, c->next, e))
			return err_prefix(e, "entry %lu", (unsigned long)c->next);
	if (c->next < c->l->info.entries)
		return true;
	c->stage = CHECK_END;
	return check_sums(c, e);
}

bool check_some(struct check *c, uint32_t steps, bool *done, struct err *e)
{
	bool good = true;

	for (; good && steps > 0 && c->stage != CHECK_END; steps--) {
		switch (c->stage) {
		case CHECK_DIGESTS:
			good = check_chunk(c, c->next++, e);
			if (c->next == c->l->chunks)
				c->stage = CHECK_DICTIONARIES;
			break;
		case CHECK_DICTIONARIES:
			good = check_dictionaries(c, e);
			c->stage = CHECK_RECORDS;
			c->next = 0;
			break;
		case CHECK_RECORDS:
			good = records(c, e);
			break;
		case CHECK_END:
			break;
		}
	}
	*done = good && c->stage == CHECK_END;
	return good;
}

bool check_all(const uint8_t *file, const struct layout *l, struct err *e)
{
	struct check c;
	bool done = false, good = check_begin(&c, file, l, e);

	if (!good)
		return false;
	while (good && !done)
		good = check_some(&c, UINT32_MAX, &done, e);
	check_end(&c);
	return good;
}
