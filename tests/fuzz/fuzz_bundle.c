/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a signed bundle. The signature always holds here, as if the RTCC's key
 * had been stolen: what is fuzzed are the checks behind it, the look-ups, and the match of a read
 * that is hostile too.
 */
#include "hotlist/layout.h"
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

/* On a buffer of exactly this size: a map ends with its page, and would hide a read a few bytes
 * beyond. */
static void check_in_memory(const uint8_t *data, size_t size)
{
	struct layout l;
	const uint8_t *sig;
	size_t len;

	if (layout_get_header(data, size, &l, NULL) &&
	    layout_get_signature(data + l.signed_bytes, &sig, &len, NULL) &&
	    !layout_check(data, &l, NULL))
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crypt_key key = {0};
	struct bundle *b;
	int fd;

	check_in_memory(data, size);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (bundle_open_fd(fd, &key, &b, NULL)) {
		look_up(b, data, size);
		bundle_close(b);
	}
	(void)close(fd);
	return 0;
}

/* Make the header agree with the size and the records again, so that the records and the pool are
 * reached at all. */
static size_t mend(uint8_t *data, size_t size)
{
	struct layout l = {.info = {.version = 1, .issued_ns = 1000000000, .max_age_s = 60}};
	size_t room;

	if (size < LAYOUT_HEADER + LAYOUT_SIGNATURE + 8)
		return size;
	size &= ~(size_t)7;
	room = size - LAYOUT_HEADER - LAYOUT_SIGNATURE;
	l.info.entries = (uint32_t)(le32(data + 48) % ((room - 1) / LAYOUT_RECORD + 1));
	l.info.allow_missing = data[12] & 1;
	l.info.allow_lookalike = data[12] & 2;
	l.pool_size = (uint32_t)(room - (size_t)l.info.entries * LAYOUT_RECORD);
	for (uint32_t i = 0; i < l.info.entries; i++) {
		int category =
		    entry_category_index((char)data[LAYOUT_HEADER + i * LAYOUT_RECORD + 32]);

		l.info.per_category[category < 0 ? 0 : category]++;
	}
	(void)layout_place(&l);
	layout_put_header(&l, data);
	data[l.pool] = 0;
	layout_put_signature(data, 8, data + l.signed_bytes);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, most);
	return seed % 4 ? mend(data, size) : size;
}
