/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/delta.h"

#include "firmware/base/cleanup.h"
#include "hotlist/index.h"
#include "hotlist/key.h"
#include "hotlist/le.h"
#include "hotlist/record.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t MAGIC[8] = {0x89, 'A', 'L', 'P', 'D', 0x0d, 0x0a, 0x1a};

#define FORMAT_VERSION 1u

enum head_at { AT_FORMAT = 8, AT_ZERO = 10, AT_FROM = 16, AT_TO = 48 };

#define GONE UINT32_MAX /* an item that the later bundle has no more */

void delta_put_head(const uint8_t from[CRYPT_SHA256_SIZE], const uint8_t to[LAYOUT_TABLE],
		    uint8_t out[DELTA_HEAD])
{
	memset(out, 0, AT_FROM);
	memcpy(out, MAGIC, sizeof MAGIC);
	le_put(out + AT_FORMAT, 2, FORMAT_VERSION);
	memcpy(out + AT_FROM, from, CRYPT_SHA256_SIZE);
	memcpy(out + AT_TO, to, LAYOUT_TABLE);
}

bool delta_is(const uint8_t *bytes, size_t len)
{
	return len >= sizeof MAGIC && memcmp(bytes, MAGIC, sizeof MAGIC) == 0;
}

bool delta_read(const uint8_t *delta, size_t len, struct delta_info *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	if (len < DELTA_HEAD || !delta_is(delta, len))
		return err_set(e, ERR_FORMAT, "delta: not one");
	if (le16(delta + AT_FORMAT) != FORMAT_VERSION || le_get(delta + AT_ZERO, 6) != 0)
		return err_set(e, ERR_FORMAT, "delta: another version of the format");
	memcpy(out->from, delta + AT_FROM, sizeof out->from);
	out->head = delta + AT_TO;
	/* The header says the size itself, and is held against it. */
	return layout_get_header(delta + AT_TO, le64(delta + AT_TO + 16), &out->to, e) ||
	       err_prefix(e, "delta");
}

/* The application under way. */
struct applying {
	const uint8_t *old, *at, *end; /* end: of the delta */
	uint8_t *out;
	struct layout from, to;
	uint32_t *moved[LAYOUT_DICTIONARIES]; /* of an old item: its new number, or GONE */
	struct index_walk walk;
	uint32_t pool_at; /* bytes of the new pool that are there */
};

static void applying_free(struct applying *a)
{
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		free(a->moved[d]);
}

/* Seven bits a byte, the lowest first, the eighth says that there are more. */
static bool get_number(struct applying *a, uint32_t *out, struct err *e)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		if (a->at == a->end)
			return err_set(e, ERR_FORMAT, "cut short");
		v |= (uint64_t)(*a->at & 0x7f) << shift;
		if (!(*a->at++ & 0x80)) {
			*out = (uint32_t)v;
			return v <= UINT32_MAX || err_set(e, ERR_FORMAT, "number too large");
		}
	}
	return err_set(e, ERR_FORMAT, "number too large");
}

/* So many of the old are kept, so many are dropped, and so many follow that are new. */
struct change {
	uint32_t keep, drop, insert;
};

static bool get_change(struct applying *a, uint32_t old_left, uint32_t new_left, struct change *c,
		       struct err *e)
{
	if (!get_number(a, &c->keep, e) || !get_number(a, &c->drop, e) ||
	    !get_number(a, &c->insert, e))
		return false;
	if ((uint64_t)c->keep + c->drop > old_left || (uint64_t)c->keep + c->insert > new_left)
		return err_set(e, ERR_FORMAT, "changes more than there is");
	return (c->keep | c->drop | c->insert) != 0 ||
	       err_set(e, ERR_FORMAT, "a change that is none");
}

static bool get_bytes(struct applying *a, size_t len, uint8_t *out, struct err *e)
{
	if ((size_t)(a->end - a->at) < len)
		return err_set(e, ERR_FORMAT, "cut short");
	memcpy(out, a->at, len);
	a->at += len;
	return true;
}

static bool apply_dictionary(struct applying *a, unsigned d, struct err *e)
{
	uint32_t i = 0, k = 0, n_old = a->from.items[d], n_new = a->to.items[d];
	const uint8_t *old = a->old + a->from.dictionaries[d];
	uint8_t *new = a->out + a->to.dictionaries[d];
	size_t width = layout_width(d);
	struct change c;

	a->moved[d] = malloc(((size_t)n_old + 1) * sizeof *a->moved[d]);
	if (!a->moved[d])
		return err_set(e, ERR_NO_MEMORY, "no memory");
	while (i < n_old || k < n_new) {
		if (!get_change(a, n_old - i, n_new - k, &c, e))
			return false;
		memcpy(new + k *width, old + i * width, c.keep * width);
		for (uint32_t n = 0; n < c.keep; n++)
			a->moved[d][i++] = k++;
		for (uint32_t n = 0; n < c.drop; n++)
			a->moved[d][i++] = n < c.insert ? k + n : GONE;
		if (!get_bytes(a, c.insert * width, new + k *width, e))
			return false;
		k += c.insert;
	}
	return true;
}

static bool put_text(struct applying *a, const uint8_t *text, size_t len, struct record *r,
		     struct err *e)
{
	if (len == 0)
		return err_set(e, ERR_FORMAT, "a text that is none");
	if (len > a->to.pool_size - a->pool_at)
		return err_set(e, ERR_FORMAT, "more text than there is room");
	memcpy(a->out + a->to.pool + a->pool_at, text, len);
	record_set_pool(r, a->pool_at);
	a->pool_at += (uint32_t)len;
	return true;
}

static void put_record(struct applying *a, const struct record *r, uint32_t k)
{
	record_put(r, a->out + a->to.records + (size_t)k * LAYOUT_RECORD);
	index_add(&a->walk, key_hash(key_skeleton(r->key)));
}

static bool keep_record(struct applying *a, uint32_t i, uint32_t k, struct err *e)
{
	struct record r;
	uint32_t offset;

	record_get(a->old + a->from.records + (size_t)i * LAYOUT_RECORD, &r);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++) {
		if (r.refs[d] >= a->from.items[d] || a->moved[d][r.refs[d]] == GONE)
			return err_set(e, ERR_FORMAT, "keeps what lost its item");
		r.refs[d] = a->moved[d][r.refs[d]];
	}
	if (record_in_pool(&r, &offset)) {
		const uint8_t *text = a->old + a->from.pool + offset;
		size_t room = offset < a->from.pool_size ? a->from.pool_size - offset : 0;

		if (room == 0 || !put_text(a, text, record_text_size(text, room), &r, e))
			return err_set(e, ERR_FORMAT, "keeps what has no text");
	}
	put_record(a, &r, k);
	return true;
}

static bool insert_record(struct applying *a, uint32_t k, struct err *e)
{
	uint8_t raw[LAYOUT_RECORD];
	struct record r;
	uint32_t offset;

	if (!get_bytes(a, sizeof raw, raw, e))
		return false;
	record_get(raw, &r);
	if (record_in_pool(&r, &offset)) {
		size_t len = record_text_size(a->at, (size_t)(a->end - a->at));

		if (!put_text(a, a->at, len, &r, e))
			return false;
		a->at += len;
	}
	put_record(a, &r, k);
	return true;
}

static bool apply_records(struct applying *a, struct err *e)
{
	uint32_t i = 0, k = 0, n_old = a->from.info.entries, n_new = a->to.info.entries;
	struct change c;

	index_begin(&a->walk, a->out + a->to.index, NULL, a->to.blocks);
	while (i < n_old || k < n_new) {
		if (!get_change(a, n_old - i, n_new - k, &c, e))
			return false;
		for (uint32_t n = 0; n < c.keep; n++)
			if (!keep_record(a, i++, k++, e))
				return false;
		i += c.drop;
		for (uint32_t n = 0; n < c.insert; n++)
			if (!insert_record(a, k++, e))
				return false;
	}
	(void)index_end(&a->walk);
	return a->pool_at == a->to.pool_size ||
	       err_set(e, ERR_FORMAT, "less text than there should be");
}

/* The header, which is signed, says what must have come out. */
static bool finish(struct applying *a, struct err *e)
{
	struct layout made = a->to;
	uint64_t table_end = LAYOUT_TABLE + (uint64_t)a->to.chunks * CRYPT_SHA256_SIZE;

	if (a->at != a->end)
		return err_set(e, ERR_FORMAT, "longer than its changes");
	memset(a->out + table_end, 0, a->to.data - table_end);
	if (!layout_put_table(a->out, &made, e))
		return false;
	return memcmp(made.table_digest, a->to.table_digest, sizeof made.table_digest) == 0 ||
	       err_set(e, ERR_FORMAT, "does not give the list that it says");
}

static bool apply(struct applying *a, const struct delta_info *info, size_t old_len, size_t out_len,
		  struct err *e)
{
	uint8_t id[CRYPT_SHA256_SIZE];

	if (out_len != a->to.size)
		return err_set(e, ERR_ARGUMENT, "another size than it gives");
	if (!layout_get_header(a->old, old_len, &a->from, e) ||
	    !crypt_sha256(a->old, LAYOUT_HEADER, id, e))
		return false;
	if (memcmp(id, info->from, sizeof id) != 0)
		return err_set(e, ERR_NOT_FOUND, "is for another list");
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++)
		if (!apply_dictionary(a, d, e))
			return err_prefix(e, "dictionary %u", d);
	return (apply_records(a, e) || err_prefix(e, "records")) && finish(a, e);
}

bool delta_apply(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len, uint8_t *out,
		 size_t out_len, struct err *e)
{
	struct applying a CLEANUP(applying_free) = {
	    .old = old, .at = delta + DELTA_HEAD, .end = delta + len, .out = out};
	struct delta_info info;

	if (!delta_read(delta, len, &info, e))
		return false;
	a.to = info.to;
	if (out_len >= LAYOUT_TABLE) /* apply refuses the rest */
		memcpy(out, delta + AT_TO, LAYOUT_TABLE);
	return apply(&a, &info, old_len, out_len, e) || err_prefix(e, "delta");
}
