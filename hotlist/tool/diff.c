/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/diff.h"

#include "firmware/base/cleanup.h"
#include "hotlist/record.h"

#include <stdlib.h>
#include <string.h>

#define GONE	     UINT32_MAX
#define ENTERED_SIZE 4u /* of an item of times, in front of its expiry */

struct bytes {
	uint8_t *data;
	size_t len, room;
};

static bool append(struct bytes *b, const void *data, size_t len, struct err *e)
{
	while (b->len + len > b->room) {
		size_t room = b->room ? b->room * 2 : 65536;
		uint8_t *more = realloc(b->data, room);

		if (!more)
			return err_set(e, ERR_NO_MEMORY, "no memory for the delta");
		b->data = more;
		b->room = room;
	}
	if (len != 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

/* The change under construction: keep, then drop, then insert, whose bytes wait. */
struct changes {
	struct bytes out, inserted;
	uint32_t keep, drop, insert;
};

struct side {
	const uint8_t *file;
	struct layout l;
};

struct diff {
	struct side old, new;
	struct changes c;
	uint32_t *moved[LAYOUT_DICTIONARIES];
};

static void diff_free(struct diff *d)
{
	for (size_t i = 0; i < LAYOUT_DICTIONARIES; i++)
		free(d->moved[i]);
	free(d->c.out.data);
	free(d->c.inserted.data);
}

static bool put_number(struct bytes *b, uint32_t v, struct err *e)
{
	uint8_t raw[5];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		raw[n++] = (uint8_t)(v | 0x80);
	raw[n++] = (uint8_t)v;
	return append(b, raw, n, e);
}

static bool flush(struct changes *c, struct err *e)
{
	if ((c->keep | c->drop | c->insert) == 0)
		return true;
	if (!put_number(&c->out, c->keep, e) || !put_number(&c->out, c->drop, e) ||
	    !put_number(&c->out, c->insert, e) ||
	    !append(&c->out, c->inserted.data, c->inserted.len, e))
		return false;
	c->keep = c->drop = c->insert = 0;
	c->inserted.len = 0;
	return true;
}

static bool keep(struct changes *c, struct err *e)
{
	if ((c->drop | c->insert) != 0 && !flush(c, e))
		return false;
	c->keep++;
	return true;
}

/* An item in another's place. In one change the first that is dropped goes with the first that
 * follows, and so on: where one of them is alone, a new change begins. */
static bool replace(struct changes *c, const uint8_t *item, size_t width, struct err *e)
{
	if (c->drop != c->insert && !flush(c, e))
		return false;
	c->drop++;
	c->insert++;
	return append(&c->inserted, item, width, e);
}

/* Is it one of these, which are sorted? */
static bool has_item(const uint8_t *items, uint32_t n, size_t width, const uint8_t *item)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int c = memcmp(items + middle * width, item, width);

		if (c == 0)
			return true;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Where a feed has no expiry, every compile gives its entries another one: of two times that were
 * entered at the same one, the later expiry then takes the place of the earlier, and the records go
 * on. */
static bool is_successor(const struct diff *d, unsigned which, const uint8_t *old,
			 const uint8_t *new)
{
	const struct side *o = &d->old, *n = &d->new;

	return which == DICTIONARY_TIMES && memcmp(old, new, ENTERED_SIZE) == 0 &&
	       !has_item(n->file + n->l.dictionaries[which], n->l.items[which], layout_width(which),
			 old) &&
	       !has_item(o->file + o->l.dictionaries[which], o->l.items[which], layout_width(which),
			 new);
}

static bool diff_dictionary(struct diff *d, unsigned which, struct err *e)
{
	uint32_t i = 0, k = 0, n_old = d->old.l.items[which], n_new = d->new.l.items[which];
	const uint8_t *old = d->old.file + d->old.l.dictionaries[which];
	const uint8_t *new = d->new.file + d->new.l.dictionaries[which];
	size_t width = layout_width(which);
	bool good = true;

	d->moved[which] = malloc(((size_t)n_old + 1) * sizeof *d->moved[which]);
	if (!d->moved[which])
		return err_set(e, ERR_NO_MEMORY, "no memory for the delta");
	while (good && (i < n_old || k < n_new)) {
		int c = i == n_old   ? 1
			: k == n_new ? -1
				     : memcmp(old + i * width, new + k *width, width);

		if (c == 0) {
			d->moved[which][i++] = k++;
			good = keep(&d->c, e);
		} else if (i < n_old && k < n_new &&
			   is_successor(d, which, old + i * width, new + k *width)) {
			good = replace(&d->c, new + k *width, width, e);
			d->moved[which][i++] = k++;
		} else if (c < 0) {
			d->moved[which][i++] = GONE;
			d->c.drop++;
		} else {
			good = append(&d->c.inserted, new + k++ *width, width, e);
			d->c.insert++;
		}
	}
	return good && flush(&d->c, e);
}

static void get_full(const struct side *s, uint32_t i, struct record_full *out)
{
	uint32_t offset;

	record_get(s->file + s->l.records + (size_t)i * LAYOUT_RECORD, &out->r);
	out->text = NULL;
	out->len = 0;
	if (!record_in_pool(&out->r, &offset) || offset >= s->l.pool_size)
		return;
	out->text = s->file + s->l.pool + offset;
	out->len = record_text_size(out->text, s->l.pool_size - offset);
}

/* Its references to the new dictionaries. False: one of them has not what it needs. */
static bool translate(const struct diff *d, struct record_full *x)
{
	for (size_t i = 0; i < LAYOUT_DICTIONARIES; i++) {
		x->r.refs[i] = d->moved[i][x->r.refs[i]];
		if (x->r.refs[i] == GONE)
			return false;
	}
	return true;
}

static bool insert_record(struct changes *c, struct record_full *x, struct err *e)
{
	uint8_t raw[LAYOUT_RECORD];

	if (x->len != 0)
		record_set_pool(&x->r, 0); /* it follows */
	record_put(&x->r, raw);
	c->insert++;
	return append(&c->inserted, raw, sizeof raw, e) && append(&c->inserted, x->text, x->len, e);
}

static bool diff_records(struct diff *d, struct err *e)
{
	uint32_t i = 0, k = 0, n_old = d->old.l.info.entries, n_new = d->new.l.info.entries;
	struct record_full x, y;
	bool good = true;

	while (good && (i < n_old || k < n_new)) {
		int c = 1;

		if (i < n_old) {
			get_full(&d->old, i, &x);
			if (!translate(d, &x)) {
				d->c.drop++;
				i++;
				continue;
			}
			c = -1;
		}
		if (k < n_new) {
			get_full(&d->new, k, &y);
			c = i < n_old ? record_compare(&x, &y) : 1;
		}
		if (c == 0) {
			good = keep(&d->c, e);
			i++;
			k++;
		} else if (c < 0) {
			d->c.drop++;
			i++;
		} else {
			good = insert_record(&d->c, &y, e);
			k++;
		}
	}
	return good && flush(&d->c, e);
}

bool diff_bundles(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len,
		  uint8_t **delta, size_t *len, struct err *e)
{
	struct diff d CLEANUP(diff_free) = {.old.file = old, .new.file = new};
	uint8_t head[DELTA_HEAD], id[CRYPT_SHA256_SIZE];

	*delta = NULL;
	*len = 0;
	if (!layout_get_header(old, old_len, &d.old.l, e) ||
	    !layout_get_header(new, new_len, &d.new.l, e) ||
	    !crypt_sha256(old, LAYOUT_HEADER, id, e))
		return false;
	delta_put_head(id, new, head);
	if (!append(&d.c.out, head, sizeof head, e))
		return false;
	for (unsigned i = 0; i < LAYOUT_DICTIONARIES; i++)
		if (!diff_dictionary(&d, i, e))
			return false;
	if (!diff_records(&d, e))
		return false;
	*len = d.c.out.len;
	*delta = steal_ptr(&d.c.out.data);
	return true;
}
