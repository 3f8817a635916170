/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/layout.h"

#include "hotlist/le.h"

#include <string.h>

/* As PNG does it: a transfer that touches line ends or the eighth bit is noticed at once. */
static const uint8_t MAGIC[8] = {0x89, 'A', 'L', 'P', 'B', 0x0d, 0x0a, 0x1a};

#define FORMAT_VERSION 2u

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
	AT_POOL = 52,
	AT_PER_CATEGORY = 56,
	AT_SIGNER = 72,
	AT_TABLE_DIGEST = 104,
	AT_ITEMS = 136,
	AT_ZERO = AT_ITEMS + 4 * LAYOUT_DICTIONARIES
};

static bool all_zero(const uint8_t *p, uint64_t len)
{
	uint8_t any = 0;

	for (uint64_t i = 0; i < len; i++)
		any |= p[i];
	return any == 0;
}

size_t layout_width(enum layout_dictionary d)
{
	static const uint8_t WIDTHS[LAYOUT_DICTIONARIES] = {
	    [DICTIONARY_TIMES] = 8,
	    [DICTIONARY_ORI] = 9,
	    [DICTIONARY_MODEL] = 7,
	    [DICTIONARY_LOOK] = 9,
	};

	return WIDTHS[d];
}

uint64_t layout_place(struct layout *l)
{
	uint64_t bytes, at;

	l->blocks = l->info.entries / LAYOUT_FILL + 1;
	bytes = (uint64_t)l->blocks * LAYOUT_BLOCK + (uint64_t)l->info.entries * LAYOUT_RECORD +
		l->pool_size;
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++)
		bytes += (uint64_t)l->items[d] * layout_width(d);
	l->chunks = (uint32_t)((bytes + LAYOUT_CHUNK - 1) / LAYOUT_CHUNK);
	l->data = LAYOUT_TABLE + (uint64_t)l->chunks * CRYPT_SHA256_SIZE;
	l->data = (l->data + LAYOUT_CHUNK - 1) & ~(uint64_t)(LAYOUT_CHUNK - 1);
	l->index = l->data;
	at = l->records = l->index + (uint64_t)l->blocks * LAYOUT_BLOCK;
	at += (uint64_t)l->info.entries * LAYOUT_RECORD;
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++) {
		l->dictionaries[d] = at;
		at += (uint64_t)l->items[d] * layout_width(d);
	}
	l->pool = at;
	l->size = at + l->pool_size;
	return l->size;
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
	le_put(out + AT_FILE_SIZE, 8, l->size);
	le_put(out + AT_VERSION, 8, in->version);
	le_put(out + AT_ISSUED, 8, (uint64_t)in->issued_ns);
	le_put(out + AT_MAX_AGE, 8, (uint64_t)in->max_age_s);
	le_put(out + AT_ENTRIES, 4, in->entries);
	le_put(out + AT_POOL, 4, l->pool_size);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		le_put(out + AT_PER_CATEGORY + 4 * i, 4, in->per_category[i]);
	memcpy(out + AT_SIGNER, in->signer, sizeof in->signer);
	memcpy(out + AT_TABLE_DIGEST, l->table_digest, sizeof l->table_digest);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++)
		le_put(out + AT_ITEMS + 4 * d, 4, l->items[d]);
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
	if (in->entries > LAYOUT_MOST)
		return err_set(e, ERR_LIMIT, "entries: more than a bundle may hold");
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++) {
		in->per_category[i] = le32(h + AT_PER_CATEGORY + 4 * i);
		counted += in->per_category[i];
	}
	if (counted != in->entries)
		return err_set(e, ERR_FORMAT, "counts per category: do not add up");
	memcpy(in->signer, h + AT_SIGNER, sizeof in->signer);
	return true;
}

static bool get_counts(const uint8_t *h, struct layout *l, struct err *e)
{
	l->pool_size = le32(h + AT_POOL);
	for (size_t d = 0; d < LAYOUT_DICTIONARIES; d++) {
		l->items[d] = le32(h + AT_ITEMS + 4 * d);
		/* Each item is some entry's. */
		if (l->items[d] > l->info.entries)
			return err_set(e, ERR_FORMAT, "dictionaries: more items than entries");
	}
	memcpy(l->table_digest, h + AT_TABLE_DIGEST, sizeof l->table_digest);
	return true;
}

bool layout_get_header(const uint8_t *file, uint64_t size, struct layout *l, struct err *e)
{
	uint8_t h[LAYOUT_HEADER];

	memset(l, 0, sizeof *l);
	if (size < LAYOUT_TABLE)
		return err_set(e, ERR_FORMAT, "header: too short for a hotlist bundle");
	if (size > BUNDLE_MAX_SIZE)
		return err_set(e, ERR_LIMIT, "header: larger than a bundle may be");
	memcpy(h, file, sizeof h);
	if (memcmp(h, MAGIC, sizeof MAGIC) != 0)
		return err_set(e, ERR_FORMAT, "header: not a hotlist bundle");
	if (le16(h + AT_FORMAT) != FORMAT_VERSION || le16(h + AT_HEADER_SIZE) != LAYOUT_HEADER)
		return err_set(e, ERR_FORMAT, "header: another version of the format");
	if (!get_info(h, &l->info, e) || !get_counts(h, l, e))
		return err_prefix(e, "header");
	/* There is one arrangement only: what the counts say must be what is there. */
	if (layout_place(l) != size || le64(h + AT_FILE_SIZE) != size)
		return err_set(e, ERR_FORMAT, "header: size: is not what the counts say");
	if (!all_zero(h + AT_ZERO, LAYOUT_HEADER - AT_ZERO))
		return err_set(e, ERR_FORMAT, "header: reserved bytes are not zero");
	return true;
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

bool layout_verify(const uint8_t *head, const struct layout *l, struct crypt_key *key,
		   struct err *e)
{
	uint8_t id[CRYPT_SHA256_SIZE];
	const uint8_t *sig;
	size_t len;

	if (!layout_get_signature(head + LAYOUT_HEADER, &sig, &len, e))
		return false;
	if (len == 0)
		return err_set(e, ERR_SIGNATURE, "signature: there is none");
	if (!crypt_key_id(key, id, e))
		return err_prefix(e, "signature");
	if (memcmp(id, l->info.signer, sizeof id) != 0)
		return err_set(e, ERR_SIGNATURE, "signature: by another key");
	return crypt_verify(key, head, LAYOUT_HEADER, sig, len, e) || err_prefix(e, "signature");
}

size_t layout_chunk(const struct layout *l, uint32_t i)
{
	uint64_t left = l->size - l->data - (uint64_t)i * LAYOUT_CHUNK;

	return left < LAYOUT_CHUNK ? (size_t)left : LAYOUT_CHUNK;
}

bool layout_check_table(const uint8_t *file, const struct layout *l, struct err *e)
{
	uint64_t end = LAYOUT_TABLE + (uint64_t)l->chunks * CRYPT_SHA256_SIZE;
	uint8_t digest[CRYPT_SHA256_SIZE];

	if (!crypt_sha256(file + LAYOUT_TABLE, (size_t)(end - LAYOUT_TABLE), digest, e))
		return false;
	if (memcmp(digest, l->table_digest, sizeof digest) != 0)
		return err_set(e, ERR_FORMAT, "digests: not those that were signed");
	if (!all_zero(file + end, l->data - end))
		return err_set(e, ERR_FORMAT, "digests: reserved bytes are not zero");
	return true;
}

bool layout_put_digest(uint8_t *file, const struct layout *l, uint32_t i, struct err *e)
{
	return crypt_sha256(file + l->data + (uint64_t)i * LAYOUT_CHUNK, layout_chunk(l, i),
			    file + LAYOUT_TABLE + (size_t)i * CRYPT_SHA256_SIZE, e);
}

bool layout_put_table(uint8_t *file, struct layout *l, struct err *e)
{
	for (uint32_t i = 0; i < l->chunks; i++)
		if (!layout_put_digest(file, l, i, e))
			return false;
	return layout_end_table(file, l, e);
}

bool layout_end_table(uint8_t *file, struct layout *l, struct err *e)
{
	if (!crypt_sha256(file + LAYOUT_TABLE, (size_t)l->chunks * CRYPT_SHA256_SIZE,
			  l->table_digest, e))
		return false;
	memcpy(file + AT_TABLE_DIGEST, l->table_digest, sizeof l->table_digest);
	return true;
}
