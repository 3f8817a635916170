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

#define GONE   UINT32_MAX /* an item that the later bundle has no more */
#define A_STEP 64u	  /* items or records, kept, dropped or inserted */

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

/* So many of the old are kept, so many are dropped, and so many follow that are new. */
struct change {
	uint32_t keep, drop, insert;
};

enum stage { STAGE_DICTIONARIES, STAGE_RECORDS, STAGE_DIGESTS, STAGE_END };

/* The application under way. */
struct delta {
	const uint8_t *old, *at, *end; /* end: of the delta */
	uint8_t *out;
	struct layout from, to;
	uint32_t *moved[LAYOUT_DICTIONARIES]; /* of an old item: its new number, or GONE */
	struct index_walk walk;
	uint32_t pool_at; /* bytes of the new pool that are there */
	enum stage stage;
	unsigned dictionary; /* the one in hand */
	uint32_t i, k;	     /* so many of the old and of the new are done with */
	struct change left;  /* of the change in hand */
	uint32_t dropped;    /* by it: the first of these is replaced by the first that is new */
};

/* Seven bits a byte, the lowest first, the eighth says that there are more. */
static bool get_number(struct delta *a, uint32_t *out, struct err *e)
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

static bool get_change(struct delta *a, uint32_t old_left, uint32_t new_left, struct change *c,
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

static bool get_bytes(struct delta *a, size_t len, uint8_t *out, struct err *e)
{
	if ((size_t)(a->end - a->at) < len)
		return err_set(e, ERR_FORMAT, "cut short");
	memcpy(out, a->at, len);
	a->at += len;
	return true;
}

/* Begin the next change if that in hand is done. *more false: there is none. */
static bool next_change(struct delta *a, uint32_t n_old, uint32_t n_new, bool *more, struct err *e)
{
	*more = a->i < n_old || a->k < n_new;
	if (!*more || (a->left.keep | a->left.drop | a->left.insert) != 0)
		return true;
	a->dropped = 0;
	return get_change(a, n_old - a->i, n_new - a->k, &a->left, e);
}

/* As many as are left and as there is room for. */
static uint32_t take(uint32_t *left, uint32_t *room)
{
	uint32_t n = *left < *room ? *left : *room;

	*left -= n;
	*room -= n;
	return n;
}

static bool begin_dictionary(struct delta *a, struct err *e)
{
	a->i = a->k = 0;
	a->moved[a->dictionary] =
	    malloc(((size_t)a->from.items[a->dictionary] + 1) * sizeof *a->moved[0]);
	return a->moved[a->dictionary] || err_set(e, ERR_NO_MEMORY, "no memory");
}

static void begin_records(struct delta *a)
{
	a->i = a->k = 0;
	a->stage = STAGE_RECORDS;
	index_begin(&a->walk, a->out + a->to.index, NULL, a->to.blocks);
}

static bool items(struct delta *a, struct err *e)
{
	unsigned d = a->dictionary;
	size_t width = layout_width(d);
	const uint8_t *old = a->old + a->from.dictionaries[d];
	uint8_t *new = a->out + a->to.dictionaries[d];
	bool more = true;

	if (!a->moved[d] && !begin_dictionary(a, e))
		return false;
	for (uint32_t n, room = A_STEP; room > 0 && more;) {
		if (!next_change(a, a->from.items[d], a->to.items[d], &more, e))
			return false;
		n = take(&a->left.keep, &room);
		memcpy(new + a->k *width, old + a->i * width, n * width);
		for (; n > 0; n--)
			a->moved[d][a->i++] = a->k++;
		for (n = take(&a->left.drop, &room); n > 0; n--, a->dropped++)
			a->moved[d][a->i++] =
			    a->dropped < a->left.insert ? a->k + a->dropped : GONE;
		n = take(&a->left.insert, &room);
		if (!get_bytes(a, n * width, new + a->k *width, e))
			return false;
		a->k += n;
	}
	if (!more && ++a->dictionary == LAYOUT_DICTIONARIES)
		begin_records(a);
	return true;
}

static bool put_text(struct delta *a, const uint8_t *text, size_t len, struct record *r,
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

static void put_record(struct delta *a, const struct record *r, uint32_t k)
{
	record_put(r, a->out + a->to.records + (size_t)k * LAYOUT_RECORD);
	index_add(&a->walk, key_hash(key_skeleton(r->key)));
}

static bool keep_record(struct delta *a, uint32_t i, uint32_t k, struct err *e)
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

static bool insert_record(struct delta *a, uint32_t k, struct err *e)
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

static bool end_records(struct delta *a, struct err *e)
{
	uint64_t table_end = LAYOUT_TABLE + (uint64_t)a->to.chunks * CRYPT_SHA256_SIZE;

	(void)index_end(&a->walk);
	if (a->pool_at != a->to.pool_size)
		return err_set(e, ERR_FORMAT, "less text than there should be");
	if (a->at != a->end)
		return err_set(e, ERR_FORMAT, "longer than its changes");
	memset(a->out + table_end, 0, a->to.data - table_end);
	a->stage = STAGE_DIGESTS;
	a->i = 0;
	return true;
}

static bool records(struct delta *a, struct err *e)
{
	bool more = true;

	for (uint32_t n, room = A_STEP; room > 0 && more;) {
		if (!next_change(a, a->from.info.entries, a->to.info.entries, &more, e))
			return false;
		for (n = take(&a->left.keep, &room); n > 0; n--)
			if (!keep_record(a, a->i++, a->k++, e))
				return false;
		a->i += take(&a->left.drop, &room);
		for (n = take(&a->left.insert, &room); n > 0; n--)
			if (!insert_record(a, a->k++, e))
				return false;
	}
	return more || end_records(a, e);
}

/* The header, which is signed, says what must have come out. */
static bool digests(struct delta *a, struct err *e)
{
	struct layout made = a->to;

	if (a->i < a->to.chunks)
		return layout_put_digest(a->out, &a->to, a->i++, e);
	a->stage = STAGE_END;
	if (!layout_end_table(a->out, &made, e))
		return false;
	return memcmp(made.table_digest, a->to.table_digest, sizeof made.table_digest) == 0 ||
	       err_set(e, ERR_FORMAT, "does not give the list that it says");
}

static bool step(struct delta *a, struct err *e)
{
	switch (a->stage) {
	case STAGE_DICTIONARIES:
		return items(a, e) || err_prefix(e, "dictionary %u", a->dictionary);
	case STAGE_RECORDS:
		return records(a, e) || err_prefix(e, "records");
	case STAGE_DIGESTS:
		return digests(a, e);
	case STAGE_END:
		break;
	}
	return true;
}

bool delta_some(struct delta *a, uint32_t steps, bool *done, struct err *e)
{
	bool good = true;

	for (; good && steps > 0 && a->stage != STAGE_END; steps--)
		good = step(a, e);
	*done = good && a->stage == STAGE_END;
	return good || err_prefix(e, "delta");
}

static bool begin(struct delta *a, size_t old_len, const uint8_t *delta, size_t len, size_t out_len,
		  struct err *e)
{
	uint8_t id[CRYPT_SHA256_SIZE];
	struct delta_info info;

	if (!delta_read(delta, len, &info, e))
		return false;
	a->to = info.to;
	if (out_len != a->to.size)
		return err_set(e, ERR_ARGUMENT, "delta: another size than it gives");
	if (!layout_get_header(a->old, old_len, &a->from, e) ||
	    !crypt_sha256(a->old, LAYOUT_HEADER, id, e))
		return err_prefix(e, "delta");
	if (memcmp(id, info.from, sizeof id) != 0)
		return err_set(e, ERR_NOT_FOUND, "delta: is for another list");
	memcpy(a->out, info.head, LAYOUT_TABLE);
	return true;
}

bool delta_begin(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len, uint8_t *out,
		 size_t out_len, struct delta **started, struct err *e)
{
	struct delta *a = calloc(1, sizeof *a);

	*started = NULL;
	if (!a)
		return err_set(e, ERR_NO_MEMORY, "delta: no memory");
	a->old = old;
	a->out = out;
	if (!begin(a, old_len, delta, len, out_len, e)) {
		delta_end(a);
		return false;
	}
	a->at = delta + DELTA_HEAD;
	a->end = delta + len;
	*started = a;
	return true;
}

void delta_end(struct delta *a)
{
	if (!a)
		return;
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		free(a->moved[d]);
	free(a);
}

bool delta_apply(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len, uint8_t *out,
		 size_t out_len, struct err *e)
{
	struct delta *a;
	bool done = false, good = delta_begin(old, old_len, delta, len, out, out_len, &a, e);

	while (good && !done)
		good = delta_some(a, UINT32_MAX, &done, e);
	delta_end(a);
	return good;
}
