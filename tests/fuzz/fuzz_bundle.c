/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a signed bundle. The signature always holds here, as if the RTCC's key
 * had been stolen: what is fuzzed are the checks behind it, the look-ups, and the match of a read
 * that is hostile too.
 */
#include "hotlist/check.h"
#include "hotlist/key.h"
#include "hotlist/le.h"
#include "hotlist/match.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

struct crypt_key {
	int unused;
};

bool crypt_key_id(const struct crypt_key *k, uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	(void)k;
	(void)e;
	memset(out, 0, CRYPT_SHA256_SIZE);
	return true;
}

bool crypt_verify(struct crypt_key *k, const void *data, size_t len, const uint8_t *sig,
		  size_t sig_len, struct err *e)
{
	volatile uint8_t sum = 0;

	(void)k;
	(void)e;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
	for (size_t i = 0; i < sig_len; i++)
		sum = (uint8_t)(sum + sig[i]);
	return true;
}

/* Any digest will do, as long as it is quick: the mutator makes those of what it changed. */
bool crypt_sha256(const void *data, size_t len, uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	const uint8_t *p = data;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	(void)e;
	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < CRYPT_SHA256_SIZE; i++)
		out[i] = (uint8_t)(h >> (i % 8 * 8));
	return true;
}

/* On a buffer of exactly this size: a map ends with its page, and would hide a read a few bytes
 * beyond. */
static void check_in_memory(const uint8_t *data, size_t size)
{
	struct layout l;
	const uint8_t *sig;
	size_t len;

	if (layout_get_header(data, size, &l, NULL) &&
	    layout_get_signature(data + LAYOUT_HEADER, &sig, &len, NULL) &&
	    layout_check_table(data, &l, NULL) && !check_all(data, &l, NULL))
		return;
}

static void look_up(const struct bundle *b, const uint8_t *data, size_t size)
{
	struct plate_read read;
	struct entry x;
	struct match m;
	bool stale;

	for (uint32_t i = 0; i < bundle_info(b)->entries; i++) {
		uint32_t first = 0, n = 0;

		/* What was accepted can be decoded, and is found again by its plate. */
		if (!bundle_entry(b, i, &x, NULL) || !bundle_find(b, x.lic, &first, &n) ||
		    i < first || i - first >= n || !bundle_find_like(b, x.lic, &first, &n) ||
		    i < first || i - first >= n)
			abort();
		memset(&read, 0, sizeof read);
		memcpy(read.text, x.lic, sizeof read.text);
		match_read(b, &read, x.expires_s - 1, &m, &stale);
	}
	memcpy(&read, data, size < sizeof read ? size : sizeof read);
	match_read(b, &read, bundle_info(b)->issued_ns / 1000000000, &m, &stale);
	if (m.n > MATCH_ENTRIES_MAX || stale)
		abort();
}

#define ASKED 64u /* entries, of a file that may have many */

/* A list on its way is asked before it has been checked, and here the one in force is no better. */
static void ask_unchecked(int fd)
{
	struct crypt_key key = {0};
	struct bundle *b = NULL, *later = NULL;

	if (!bundle_begin_fd(fd, &key, &b, NULL) || !bundle_begin_fd(fd, &key, &later, NULL)) {
		bundle_close(b);
		return;
	}
	for (uint32_t i = 0; i < bundle_info(b)->entries && i < ASKED; i++) {
		struct plate_read read = {0};
		struct entry x;
		struct match m;
		bool stale;

		if (!bundle_entry(b, i, &x, NULL))
			break;
		memcpy(read.text, x.lic, sizeof read.text);
		match_read_before(b, later, &read, x.expires_s - 1, &m, &stale);
		if (m.n > MATCH_ENTRIES_MAX)
			abort();
	}
	bundle_close(b);
	bundle_close(later);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crypt_key key = {0};
	struct bundle *b;
	int fd;

	check_in_memory(data, size);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	ask_unchecked(fd);
	if (bundle_open_fd(fd, &key, &b, NULL)) {
		look_up(b, data, size);
		bundle_close(b);
	}
	(void)close(fd);
	return 0;
}

/* Counts that fit the size: as many entries and items as the header asks for and there is room. */
static void fit(const uint8_t *data, size_t size, struct layout *l)
{
	uint64_t room;

	l->info.entries = le32(data + 48) % (uint32_t)((size - LAYOUT_CHUNK) / LAYOUT_RECORD);
	while (layout_place(l) > size)
		l->info.entries--;
	for (unsigned d = 0; d < LAYOUT_DICTIONARIES; d++) {
		room = (size - layout_place(l)) / layout_width(d);
		room = room < l->info.entries ? room : l->info.entries;
		l->items[d] = le32(data + 136 + (size_t)4 * d) % (uint32_t)(room + 1);
	}
	l->pool_size = (uint32_t)(size - layout_place(l));
	(void)layout_place(l);
}

/* Make header, index and digests agree with the size and the records again, so that these are
 * reached at all. */
static size_t mend(uint8_t *data, size_t size)
{
	struct layout l = {.info = {.version = 1, .issued_ns = 1000000000, .max_age_s = 60}};
	struct index_walk walk;

	if (size < LAYOUT_CHUNK + LAYOUT_BLOCK + LAYOUT_RECORD ||
	    size > LAYOUT_CHUNK * 100) /* the digests of more do not fit before it */
		return size;
	l.info.allow_missing = data[12] & 1;
	l.info.allow_lookalike = data[12] & 2;
	fit(data, size, &l);
	index_begin(&walk, data + l.index, NULL, l.blocks);
	for (uint32_t i = 0; i < l.info.entries; i++) {
		const uint8_t *record = data + l.records + (size_t)i * LAYOUT_RECORD;
		int category = entry_category_index((char)record[LAYOUT_RECORD - 1]);

		l.info.per_category[category < 0 ? 0 : category]++;
		index_add(&walk, key_hash(key_skeleton(le64(record))));
	}
	(void)index_end(&walk);
	layout_put_header(&l, data);
	layout_put_signature(data, 8, data + LAYOUT_HEADER);
	memset(data + LAYOUT_TABLE, 0, l.data - LAYOUT_TABLE);
	return layout_put_table(data, &l, NULL) ? size : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, most);
	return seed % 4 ? mend(data, size) : size;
}
