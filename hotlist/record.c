/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/record.h"

#include "hotlist/key.h"
#include "hotlist/le.h"

#include <string.h>

enum record_at {
	AT_KEY = 0,
	AT_TEXT = 8,
	AT_REFS = 14,
	AT_PACKED = 26, /* from its lowest bit: LIT 11, VYR 14, printed 10, 5 zeros */
	AT_CATEGORY = 31
};

/* The upper two of the text's 48 bits say which of these the others are. */
enum text_kind { TEXT_NIC, TEXT_SHORT, TEXT_POOL };

#define TEXT_BITS 46
#define TEXT_MASK ((UINT64_C(1) << TEXT_BITS) - 1)
#define NIC_TAILS UINT64_C(1000000000) /* a NIC number is a letter and nine digits */
#define SHORT_MAX 8u

static const char CASE_CHARS[] = " -./_#0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define CASE_BASE (sizeof CASE_CHARS) /* the NUL counts for the filler */

void record_put(const struct record *r, uint8_t out[LAYOUT_RECORD])
{
	uint64_t packed = (uint64_t)r->lit | (uint64_t)r->vyr << 11 | (uint64_t)r->printed << 25 |
			  (uint64_t)r->spare << 35;

	le_put(out + AT_KEY, 8, r->key);
	le_put(out + AT_TEXT, 6, r->text);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		le_put(out + AT_REFS + 3 * d, 3, r->refs[d]);
	le_put(out + AT_PACKED, 5, packed);
	out[AT_CATEGORY] = (uint8_t)r->category;
}

void record_get(const uint8_t in[LAYOUT_RECORD], struct record *r)
{
	uint64_t packed = le_get(in + AT_PACKED, 5);

	r->key = le64(in + AT_KEY);
	r->text = le_get(in + AT_TEXT, 6);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		r->refs[d] = (uint32_t)le_get(in + AT_REFS + 3 * d, 3);
	r->lit = packed & 0x7ff;
	r->vyr = packed >> 11 & 0x3fff;
	r->printed = packed >> 25 & 0x3ff;
	r->spare = packed >> 35 & 0x1f;
	r->category = (char)in[AT_CATEGORY];
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_texts(const struct record_full *a, const struct record_full *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int c = compare(a->len != 0, b->len != 0);

	if (c != 0)
		return c;
	if (len == 0)
		return compare(a->r.text, b->r.text);
	c = memcmp(a->text, b->text, len);
	return c != 0 ? c : compare(a->len, b->len);
}

int record_compare(const struct record_full *a, const struct record_full *b)
{
	const struct record *x = &a->r, *y = &b->r;
	int c = compare(key_hash(key_skeleton(x->key)), key_hash(key_skeleton(y->key)));

	if (c == 0)
		c = compare(x->key, y->key);
	if (c == 0)
		c = compare((uint8_t)x->category, (uint8_t)y->category);
	for (size_t d = 0; c == 0 && d < LAYOUT_DICTIONARIES; d++)
		c = compare(x->refs[d], y->refs[d]);
	if (c == 0)
		c = compare(x->lit, y->lit);
	if (c == 0)
		c = compare(x->vyr, y->vyr);
	if (c == 0)
		c = compare(x->printed, y->printed);
	return c != 0 ? c : compare_texts(a, b);
}

bool record_in_pool(const struct record *r, uint32_t *offset)
{
	*offset = (uint32_t)(r->text & UINT32_MAX);
	return r->text >> TEXT_BITS == TEXT_POOL;
}

void record_set_pool(struct record *r, uint32_t offset)
{
	r->text = (uint64_t)TEXT_POOL << TEXT_BITS | offset;
}

/* --- writing -------------------------------------------------------------------------------------
 */

static bool make_nic(const char *text, uint64_t *out)
{
	uint64_t v = 0;

	if (strlen(text) != 10 || text[0] < 'A' || text[0] > 'Z')
		return false;
	for (size_t i = 1; i < 10; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text[i] - '0');
	}
	*out = (uint64_t)TEXT_NIC << TEXT_BITS | ((uint64_t)(text[0] - 'A') * NIC_TAILS + v);
	return true;
}

static bool make_short(const char *text, uint64_t *out)
{
	size_t len = strlen(text);
	uint64_t v = 0;

	if (len > SHORT_MAX)
		return false;
	for (size_t i = 0; i < SHORT_MAX; i++) {
		const char *at = i < len ? strchr(CASE_CHARS, text[i]) : NULL;

		v = v * CASE_BASE + (at ? (uint64_t)(at - CASE_CHARS) + 1 : 0);
	}
	*out = (uint64_t)TEXT_SHORT << TEXT_BITS | v;
	return true;
}

/* Most feeds print a plate as it is compared, but for the letter O. False: this one is not such. */
static bool make_printed(const struct entry *x, uint16_t *mask)
{
	*mask = 0;
	if (strlen(x->printed) != strlen(x->lic))
		return false;
	for (unsigned i = 0; x->lic[i]; i++) {
		if (x->printed[i] == 'O' && x->lic[i] == '0')
			*mask |= (uint16_t)(1u << i);
		else if (x->printed[i] != x->lic[i])
			return false;
	}
	return true;
}

static unsigned alnum_value(char c)
{
	return (unsigned)(c >= 'A' ? c - 'A' + 10 : c - '0');
}

static void make_items(const struct entry *x, uint8_t items[LAYOUT_DICTIONARIES][RECORD_ITEM_MAX])
{
	memset(items, 0, (size_t)LAYOUT_DICTIONARIES * RECORD_ITEM_MAX);
	le_put(items[DICTIONARY_TIMES], 4, (uint64_t)x->entered_s);
	le_put(items[DICTIONARY_TIMES] + 4, 4, (uint64_t)x->expires_s);
	memcpy(items[DICTIONARY_ORI], x->ori, 9);
	memcpy(items[DICTIONARY_MODEL], x->vma, strlen(x->vma));
	memcpy(items[DICTIONARY_MODEL] + 4, x->vmo, strlen(x->vmo));
	memcpy(items[DICTIONARY_LOOK], x->vst, strlen(x->vst));
	memcpy(items[DICTIONARY_LOOK] + 2, x->vco, strlen(x->vco));
}

void record_make(const struct entry *x, struct record *r,
		 uint8_t items[LAYOUT_DICTIONARIES][RECORD_ITEM_MAX], uint8_t text[RECORD_TEXT_MAX],
		 size_t *text_len)
{
	size_t case_len = strlen(x->case_number), printed_len = 0;

	memset(r, 0, sizeof *r);
	(void)key_pack(x->lic, x->lis, &r->key); /* cannot fail after entry_check */
	make_items(x, items);
	r->category = x->category;
	if (x->lit[0])
		r->lit = (uint16_t)(1 + alnum_value(x->lit[0]) * 36 + alnum_value(x->lit[1]));
	for (const char *p = x->vyr; *p; p++)
		r->vyr = (uint16_t)(r->vyr * 10 + (*p - '0'));
	if (!make_printed(x, &r->printed)) {
		r->printed = 0;
		printed_len = strlen(x->printed);
	}
	*text_len = 0;
	if (printed_len == 0 &&
	    (make_nic(x->case_number, &r->text) || make_short(x->case_number, &r->text)))
		return;
	text[0] = (uint8_t)case_len;
	memcpy(text + 1, x->case_number, case_len);
	text[1 + case_len] = (uint8_t)printed_len;
	memcpy(text + 2 + case_len, x->printed, printed_len);
	*text_len = 2 + case_len + printed_len;
}

/* --- reading -------------------------------------------------------------------------------------
 */

bool record_read(const struct record_source *s, uint32_t i, struct record *r, struct err *e)
{
	uint8_t raw[LAYOUT_RECORD];

	if (!s->read(s->arg, s->l->records + (uint64_t)i * LAYOUT_RECORD, sizeof raw, raw, e))
		return false;
	record_get(raw, r);
	return true;
}

static bool get_nic(uint64_t v, char out[21], struct err *e)
{
	if (v >= 26 * NIC_TAILS)
		return err_set(e, ERR_FORMAT, "case_number: no such number");
	out[0] = (char)('A' + (char)(v / NIC_TAILS));
	v %= NIC_TAILS;
	for (size_t i = 10; i-- > 1; v /= 10)
		out[i] = (char)('0' + (char)(v % 10));
	return true;
}

static bool get_short(uint64_t v, char out[21], struct err *e)
{
	bool ended = true; /* from the right: fillers first, then none */

	for (size_t i = SHORT_MAX; i-- > 0; v /= CASE_BASE) {
		unsigned d = (unsigned)(v % CASE_BASE);

		if (d == 0 && !ended)
			return err_set(e, ERR_FORMAT, "case_number: no such text");
		if (d != 0) {
			ended = false;
			out[i] = CASE_CHARS[d - 1];
		}
	}
	return v == 0 || err_set(e, ERR_FORMAT, "case_number: no such text");
}

size_t record_text_size(const uint8_t *text, size_t room)
{
	size_t case_len, printed_len;

	if (room < 1 || (case_len = text[0]) > 20 || room < 2 + case_len)
		return 0;
	printed_len = text[1 + case_len];
	return printed_len > 12 || room < 2 + case_len + printed_len ? 0
								     : 2 + case_len + printed_len;
}

static bool get_pooled(const struct record_source *s, uint32_t offset, struct entry *x,
		       size_t *text_len, struct err *e)
{
	uint8_t text[RECORD_TEXT_MAX];
	size_t room, len;

	if (offset >= s->l->pool_size)
		return err_set(e, ERR_FORMAT, "text outside the pool");
	room = s->l->pool_size - offset;
	room = room < sizeof text ? room : sizeof text;
	if (!s->read(s->arg, s->l->pool + offset, room, text, e))
		return false;
	*text_len = record_text_size(text, room);
	if (*text_len == 0)
		return err_set(e, ERR_FORMAT, "text too long");
	memcpy(x->case_number, text + 1, text[0]);
	len = text[1 + (size_t)text[0]];
	memcpy(x->printed, text + 2 + (size_t)text[0], len);
	if (strlen(x->case_number) != text[0] || strlen(x->printed) != len)
		return err_set(e, ERR_FORMAT, "text with a NUL inside");
	return true;
}

static bool get_printed(const struct record *r, struct entry *x, struct err *e)
{
	bool fits = (unsigned)r->printed >> strlen(x->lic) == 0;

	if (x->printed[0]) /* it came from the pool */
		return r->printed == 0 || err_set(e, ERR_FORMAT, "printed: said twice");
	memcpy(x->printed, x->lic, sizeof x->lic);
	for (unsigned i = 0; fits && x->lic[i]; i++) {
		if (!(r->printed >> i & 1))
			continue;
		fits = x->lic[i] == '0';
		x->printed[i] = 'O';
	}
	return fits || err_set(e, ERR_FORMAT, "printed: not this plate");
}

static bool get_texts(const struct record_source *s, const struct record *r, struct entry *x,
		      size_t *text_len, struct err *e)
{
	uint64_t v = r->text & TEXT_MASK;

	*text_len = 0;
	switch (r->text >> TEXT_BITS) {
	case TEXT_NIC:
		return get_nic(v, x->case_number, e) && get_printed(r, x, e);
	case TEXT_SHORT:
		return get_short(v, x->case_number, e) && get_printed(r, x, e);
	case TEXT_POOL:
		if (v > UINT32_MAX)
			return err_set(e, ERR_FORMAT, "text outside the pool");
		return get_pooled(s, (uint32_t)v, x, text_len, e) && get_printed(r, x, e);
	default:
		return err_set(e, ERR_FORMAT, "text: of no known kind");
	}
}

static bool get_numbers(const struct record *r, struct entry *x, struct err *e)
{
	static const char ALNUM[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned year = r->vyr, lit = r->lit;

	if (r->spare)
		return err_set(e, ERR_FORMAT, "reserved bits are not zero");
	if (lit > 36 * 36)
		return err_set(e, ERR_FORMAT, "lit: no such type");
	if (lit != 0) {
		x->lit[0] = ALNUM[(lit - 1) / 36];
		x->lit[1] = ALNUM[(lit - 1) % 36];
	}
	if (year != 0 && (year < 1000 || year > 9999))
		return err_set(e, ERR_FORMAT, "vyr: not a year");
	for (size_t i = 4; year != 0; year /= 10)
		x->vyr[--i] = (char)('0' + year % 10);
	return true;
}

static bool get_item(const struct record_source *s, const struct record *r,
		     enum layout_dictionary d, uint8_t out[RECORD_ITEM_MAX], struct err *e)
{
	if (r->refs[d] >= s->l->items[d])
		return err_set(e, ERR_FORMAT, "reference outside its dictionary");
	return s->read(s->arg, s->l->dictionaries[d] + (uint64_t)r->refs[d] * layout_width(d),
		       layout_width(d), out, e);
}

/* A field of fixed width, filled up with zeros: nothing may hide behind the first one. */
static bool fixed_text(const uint8_t *from, size_t width, char *out, struct err *e)
{
	size_t len = strnlen((const char *)from, width);

	for (size_t i = len; i < width; i++)
		if (from[i] != 0)
			return err_set(e, ERR_FORMAT, "field with a NUL inside");
	memcpy(out, from, width);
	out[width] = '\0';
	return true;
}

bool record_entry(const struct record_source *s, const struct record *r, struct entry *out,
		  size_t *text_len, struct err *e)
{
	uint8_t item[RECORD_ITEM_MAX];

	memset(out, 0, sizeof *out);
	if (!key_unpack(r->key, out->lic, out->lis))
		return err_set(e, ERR_FORMAT, "key: not a plate and state");
	out->category = r->category;
	if (!get_texts(s, r, out, text_len, e) || !get_numbers(r, out, e) ||
	    !get_item(s, r, DICTIONARY_TIMES, item, e))
		return false;
	out->entered_s = le32(item);
	out->expires_s = le32(item + 4);
	if (!get_item(s, r, DICTIONARY_ORI, item, e) || !fixed_text(item, 9, out->ori, e))
		return err_prefix(e, "ori");
	if (!get_item(s, r, DICTIONARY_MODEL, item, e) || !fixed_text(item, 4, out->vma, e) ||
	    !fixed_text(item + 4, 3, out->vmo, e) || !get_item(s, r, DICTIONARY_LOOK, item, e) ||
	    !fixed_text(item, 2, out->vst, e) || !fixed_text(item + 2, 7, out->vco, e))
		return err_prefix(e, "vehicle");
	return true;
}
