/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/layout.h"

#include "hotlist/key.h"
#include "hotlist/le.h"

#include <string.h>

/* As PNG does it: a transfer that touches line ends or the eighth bit is noticed at once. */
static const uint8_t MAGIC[8] = {0x89, 'A', 'L', 'P', 'B', 0x0d, 0x0a, 0x1a};

#define FORMAT_VERSION 1u

enum { POLICY_MISSING = 1, POLICY_LOOKALIKE = 2, POLICY_KNOWN = 3 };

enum header_at {
	AT_FORMAT = 8,
	AT_HEADER_SIZE = 10,
	AT_POLICY = 12,
	AT_FILE_SIZE = 16,
	AT_VERSION = 24,
	AT_ISSUED = 32,
	AT_MAX_AGE = 40,
	AT_ENTRIES = 48,
	AT_SECTIONS = 52,
	AT_PER_CATEGORY = 56,
	AT_SIGNER = 72,
	AT_SIGNED = 104,
	AT_SECTION = 112,
	SECTION_SIZE = 24,
	AT_ZERO = 160
};

enum section { SECTION_RECORDS = 1, SECTION_POOL = 2 };

enum record_at {
	AT_KEY = 0,
	AT_ENTERED = 8,
	AT_EXPIRES = 12,
	AT_CASE_NUMBER = 16,
	AT_ORI = 20,
	AT_PRINTED = 24,
	AT_VEHICLE = 28,
	AT_CATEGORY = 32,
	AT_LIT = 33,
	AT_RESERVED_1 = 35,
	AT_VYR = 36,
	AT_RESERVED_2 = 38
};

static bool all_zero(const uint8_t *p, uint64_t len)
{
	uint8_t any = 0;

	for (uint64_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}

uint64_t layout_place(struct layout *l)
{
	uint64_t end;

	l->records = LAYOUT_HEADER;
	l->pool = l->records + (uint64_t)l->info.entries * LAYOUT_RECORD;
	end = l->pool + l->pool_size;
	l->signed_bytes = (end + 7) & ~UINT64_C(7);
	return l->signed_bytes + LAYOUT_SIGNATURE;
}

static void put_section(uint8_t *at, enum section kind, uint32_t width, uint64_t offset,
			uint64_t bytes)
{
	le_put(at, 4, kind);
	le_put(at + 4, 4, width);
	le_put(at + 8, 8, offset);
	le_put(at + 16, 8, bytes);
}

static void put_sections(const struct layout *l, uint8_t *at)
{
	put_section(at, SECTION_RECORDS, LAYOUT_RECORD, l->records,
		    (uint64_t)l->info.entries * LAYOUT_RECORD);
	put_section(at + SECTION_SIZE, SECTION_POOL, 1, l->pool, l->pool_size);
}

void layout_put_header(const struct layout *l, uint8_t out[LAYOUT_HEADER])
{
	const struct bundle_info *in = &l->info;
	unsigned policy = (in->allow_missing ? POLICY_MISSING : 0u) |
			  (in->allow_lookalike ? POLICY_LOOKALIKE : 0u);

	memset(out, 0, LAYOUT_HEADER);
	memcpy(out, MAGIC, sizeof MAGIC);
	le_put(out + AT_FORMAT, 2, FORMAT_VERSION);
	le_put(out + AT_HEADER_SIZE, 2, LAYOUT_HEADER);
	le_put(out + AT_POLICY, 4, policy);
	le_put(out + AT_FILE_SIZE, 8, l->signed_bytes + LAYOUT_SIGNATURE);
	le_put(out + AT_VERSION, 8, in->version);
	le_put(out + AT_ISSUED, 8, (uint64_t)in->issued_ns);
	le_put(out + AT_MAX_AGE, 8, (uint64_t)in->max_age_s);
	le_put(out + AT_ENTRIES, 4, in->entries);
	le_put(out + AT_SECTIONS, 4, 2);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		le_put(out + AT_PER_CATEGORY + 4 * i, 4, in->per_category[i]);
	memcpy(out + AT_SIGNER, in->signer, sizeof in->signer);
	le_put(out + AT_SIGNED, 8, l->signed_bytes);
	put_sections(l, out + AT_SECTION);
}

static bool get_info(const uint8_t *h, struct bundle_info *in, struct err *e)
{
	uint32_t policy = le32(h + AT_POLICY);
	uint64_t counted = 0, age = le64(h + AT_MAX_AGE);

	if (policy & ~(uint32_t)POLICY_KNOWN)
		return err_set(e, ERR_FORMAT, "policy: unknown flags");
	in->allow_missing = policy & POLICY_MISSING;
	in->allow_lookalike = policy & POLICY_LOOKALIKE;
	in->version = le64(h + AT_VERSION);
	if (in->version == 0 || in->version > LAYOUT_MAX_VERSION)
		return err_set(e, ERR_LIMIT, "list version: out of range");
	if (le64(h + AT_ISSUED) == 0 ||
	    le64(h + AT_ISSUED) > (uint64_t)ENTRY_TIME_MAX * 1000000000u)
		return err_set(e, ERR_LIMIT, "issue time: out of range");
	in->issued_ns = (int64_t)le64(h + AT_ISSUED);
	if (age == 0 || age > (uint64_t)LAYOUT_MAX_AGE_S)
		return err_set(e, ERR_POLICY, "maximum age: must be 1 s to 31 days");
	in->max_age_s = (int64_t)age;
	in->entries = le32(h + AT_ENTRIES);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++) {
		in->per_category[i] = le32(h + AT_PER_CATEGORY + 4 * i);
		counted += in->per_category[i];
	}
	if (counted != in->entries)
		return err_set(e, ERR_FORMAT, "counts per category: do not add up");
	memcpy(in->signer, h + AT_SIGNER, sizeof in->signer);
	return true;
}

bool layout_get_header(const uint8_t *file, uint64_t size, struct layout *l, struct err *e)
{
	uint8_t h[LAYOUT_HEADER], sections[2 * SECTION_SIZE];
	uint64_t pool_size;

	memset(l, 0, sizeof *l);
	if (size < LAYOUT_HEADER + LAYOUT_SIGNATURE)
		return err_set(e, ERR_FORMAT, "header: too short for a hotlist bundle");
	if (size > BUNDLE_MAX_SIZE)
		return err_set(e, ERR_LIMIT, "header: larger than a bundle may be");
	memcpy(h, file, sizeof h);
	if (memcmp(h, MAGIC, sizeof MAGIC) != 0)
		return err_set(e, ERR_FORMAT, "header: not a hotlist bundle");
	if (le16(h + AT_FORMAT) != FORMAT_VERSION || le16(h + AT_HEADER_SIZE) != LAYOUT_HEADER)
		return err_set(e, ERR_FORMAT, "header: another version of the format");
	if (!get_info(h, &l->info, e))
		return err_prefix(e, "header");
	pool_size = le64(h + AT_SECTION + SECTION_SIZE + 16);
	if (pool_size == 0 || pool_size > UINT32_MAX)
		return err_set(e, ERR_FORMAT, "header: pool: impossible size");
	l->pool_size = (uint32_t)pool_size;
	if (layout_place(l) != size || le64(h + AT_FILE_SIZE) != size)
		return err_set(e, ERR_FORMAT, "header: size: is not what the counts say");
	/* There is one arrangement only, so offsets and widths are compared, not believed. */
	put_sections(l, sections);
	if (le64(h + AT_SIGNED) != l->signed_bytes || le32(h + AT_SECTIONS) != 2 ||
	    memcmp(h + AT_SECTION, sections, sizeof sections) != 0)
		return err_set(e, ERR_FORMAT, "header: sections: not where they must be");
	if (!all_zero(h + AT_ZERO, LAYOUT_HEADER - AT_ZERO))
		return err_set(e, ERR_FORMAT, "header: reserved bytes are not zero");
	return true;
}

bool layout_put_vehicle(const struct entry *x, uint8_t out[LAYOUT_VEHICLE])
{
	memset(out, 0, LAYOUT_VEHICLE);
	memcpy(out, x->vma, strlen(x->vma));
	memcpy(out + 4, x->vmo, strlen(x->vmo));
	memcpy(out + 7, x->vst, strlen(x->vst));
	memcpy(out + 9, x->vco, strlen(x->vco));
	return !all_zero(out, LAYOUT_VEHICLE);
}

void layout_put_record(const struct entry *x, const struct layout_refs *refs,
		       uint8_t out[LAYOUT_RECORD])
{
	uint64_t key = 0;
	unsigned year = 0;

	memset(out, 0, LAYOUT_RECORD);
	(void)key_pack(x->lic, x->lis, &key); /* cannot fail after entry_check */
	for (const char *p = x->vyr; *p; p++)
		year = year * 10 + (unsigned)(*p - '0');
	le_put(out + AT_KEY, 8, key);
	le_put(out + AT_ENTERED, 4, (uint64_t)x->entered_s);
	le_put(out + AT_EXPIRES, 4, (uint64_t)x->expires_s);
	le_put(out + AT_CASE_NUMBER, 4, refs->case_number);
	le_put(out + AT_ORI, 4, refs->ori);
	le_put(out + AT_PRINTED, 4, refs->printed);
	le_put(out + AT_VEHICLE, 4, refs->vehicle);
	out[AT_CATEGORY] = (uint8_t)x->category;
	memcpy(out + AT_LIT, x->lit, strlen(x->lit));
	le_put(out + AT_VYR, 2, year);
}

/* Bytes at `ref` of the pool, copied to out and NUL-terminated there; out holds room bytes. */
static bool pool_get(const uint8_t *pool, uint32_t pool_size, uint32_t ref, void *out, size_t room,
		     size_t *len, struct err *e)
{
	if (ref >= pool_size)
		return err_set(e, ERR_FORMAT, "text outside the pool");
	*len = pool[ref];
	if (*len > pool_size - ref - 1 || *len >= room)
		return err_set(e, ERR_FORMAT, "text too long");
	memcpy(out, pool + ref + 1, *len);
	((char *)out)[*len] = '\0';
	return true;
}

static bool pool_text(const uint8_t *pool, uint32_t pool_size, uint32_t ref, char *out, size_t room,
		      struct err *e)
{
	size_t len = 0;

	if (!pool_get(pool, pool_size, ref, out, room, &len, e))
		return false;
	if (strlen(out) != len)
		return err_set(e, ERR_FORMAT, "text with a NUL inside");
	return true;
}

/* A field of fixed width, filled up with zeros: nothing may hide behind the first one. */
static bool fixed_text(const uint8_t *from, size_t width, char *out, struct err *e)
{
	size_t len = strnlen((const char *)from, width);

	memcpy(out, from, width);
	out[width] = '\0';
	if (!all_zero(from + len, width - len))
		return err_set(e, ERR_FORMAT, "field with a NUL inside");
	return true;
}

static bool get_vehicle(const uint8_t *pool, uint32_t pool_size, uint32_t ref, struct entry *x,
			struct err *e)
{
	uint8_t v[LAYOUT_VEHICLE + 1];
	size_t len = 0;

	if (ref == 0)
		return true;
	if (!pool_get(pool, pool_size, ref, v, sizeof v, &len, e))
		return false;
	if (len != LAYOUT_VEHICLE)
		return err_set(e, ERR_FORMAT, "vehicle of a wrong length");
	return fixed_text(v, 4, x->vma, e) && fixed_text(v + 4, 3, x->vmo, e) &&
	       fixed_text(v + 7, 2, x->vst, e) && fixed_text(v + 9, 7, x->vco, e);
}

static bool get_year(unsigned year, char out[5], struct err *e)
{
	if (year == 0)
		return true;
	if (year < 1000 || year > 9999)
		return err_set(e, ERR_FORMAT, "vyr: not a year");
	for (size_t i = 4; i-- > 0; year /= 10)
		out[i] = (char)('0' + year % 10);
	out[4] = '\0';
	return true;
}

uint64_t layout_record_key(const uint8_t *record)
{
	return le64(record + AT_KEY);
}

bool layout_get_record(const uint8_t *record, const uint8_t *pool, uint32_t pool_size,
		       struct entry *out, struct err *e)
{
	uint8_t r[LAYOUT_RECORD];
	uint32_t printed;

	memcpy(r, record, sizeof r);
	memset(out, 0, sizeof *out);
	if (!key_unpack(le64(r + AT_KEY), out->lic, out->lis))
		return err_set(e, ERR_FORMAT, "key: not a plate and state");
	out->entered_s = le32(r + AT_ENTERED);
	out->expires_s = le32(r + AT_EXPIRES);
	out->category = (char)r[AT_CATEGORY];
	if (r[AT_RESERVED_1] || r[AT_RESERVED_2] || r[AT_RESERVED_2 + 1])
		return err_set(e, ERR_FORMAT, "reserved bytes are not zero");
	if (!fixed_text(r + AT_LIT, 2, out->lit, e) || !get_year(le16(r + AT_VYR), out->vyr, e))
		return false;
	if (!pool_text(pool, pool_size, le32(r + AT_CASE_NUMBER), out->case_number,
		       sizeof out->case_number, e))
		return err_prefix(e, "case_number");
	if (!pool_text(pool, pool_size, le32(r + AT_ORI), out->ori, sizeof out->ori, e))
		return err_prefix(e, "ori");
	printed = le32(r + AT_PRINTED);
	if (printed == 0)
		memcpy(out->printed, out->lic, sizeof out->lic);
	else if (!pool_text(pool, pool_size, printed, out->printed, sizeof out->printed, e))
		return err_prefix(e, "printed");
	return get_vehicle(pool, pool_size, le32(r + AT_VEHICLE), out, e) ||
	       err_prefix(e, "vehicle");
}

void layout_put_signature(const uint8_t *sig, size_t len, uint8_t out[LAYOUT_SIGNATURE])
{
	memset(out, 0, LAYOUT_SIGNATURE);
	le_put(out, 4, len);
	if (len != 0)
		memcpy(out + 16, sig, len);
}

bool layout_get_signature(const uint8_t *block, const uint8_t **sig, size_t *len, struct err *e)
{
	*len = le32(block);
	*sig = block + 16;
	if (*len > CRYPT_SIGNATURE_MAX)
		return err_set(e, ERR_FORMAT, "signature: too long");
	if (!all_zero(block + 4, 12) || !all_zero(*sig + *len, CRYPT_SIGNATURE_MAX - *len))
		return err_set(e, ERR_FORMAT, "signature: reserved bytes are not zero");
	return true;
}

bool layout_check(const uint8_t *file, const struct layout *l, struct err *e)
{
	const uint8_t *pool = file + l->pool;
	uint32_t counts[ENTRY_CATEGORIES] = {0};
	uint64_t previous = 0;
	struct entry x;

	if (pool[0] != 0 ||
	    !all_zero(pool + l->pool_size, l->signed_bytes - l->pool - l->pool_size))
		return err_set(e, ERR_FORMAT, "pool: reserved bytes are not zero");
	for (uint32_t i = 0; i < l->info.entries; i++) {
		const uint8_t *record = file + l->records + (uint64_t)i * LAYOUT_RECORD;
		uint64_t key = layout_record_key(record);

		if (!layout_get_record(record, pool, l->pool_size, &x, e) ||
		    !entry_check(&x, l->info.allow_missing, e))
			return err_prefix(e, "entry %lu", (unsigned long)i);
		if (i != 0 && key_compare(previous, key) > 0)
			return err_set(e, ERR_FORMAT, "entry %lu: out of order", (unsigned long)i);
		previous = key;
		counts[entry_category_index(x.category)]++;
	}
	if (memcmp(counts, l->info.per_category, sizeof counts) != 0)
		return err_set(e, ERR_FORMAT, "counts per category: are not those of the entries");
	return true;
}
