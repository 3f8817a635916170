/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/bundle.h"

#include "firmware/base/cleanup.h"
#include "hotlist/key.h"
#include "hotlist/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct bundle {
	const uint8_t *map;
	size_t size;
	struct layout layout; /* copied once: what the file says later does not matter */
};

static bool map_fd(int fd, struct bundle *b, struct err *e)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) != 0)
		return err_errno(e, errno, "fstat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "not a plain file");
	if ((uint64_t)st.st_size > BUNDLE_MAX_SIZE)
		return err_set(e, ERR_LIMIT, "larger than a bundle may be");
	if (st.st_size == 0)
		return err_set(e, ERR_FORMAT, "empty");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_errno(e, errno, "mmap");
	b->map = map;
	b->size = (size_t)st.st_size;
	return true;
}

static bool check_signature(const struct bundle *b, struct crypt_key *key, struct err *e)
{
	uint8_t id[CRYPT_SHA256_SIZE];
	const uint8_t *sig;
	size_t len;

	if (!layout_get_signature(b->map + b->layout.signed_bytes, &sig, &len, e))
		return false;
	if (len == 0)
		return err_set(e, ERR_SIGNATURE, "signature: there is none");
	if (!crypt_key_id(key, id, e))
		return err_prefix(e, "signature");
	if (memcmp(id, b->layout.info.signer, sizeof id) != 0)
		return err_set(e, ERR_SIGNATURE, "signature: by another key");
	if (!crypt_verify(key, b->map, (size_t)b->layout.signed_bytes, sig, len, e))
		return err_prefix(e, "signature");
	return true;
}

static bool load(int fd, struct crypt_key *key, struct bundle **out, struct err *e)
{
	struct bundle *b;

	*out = NULL;
	if (!key)
		return err_set(e, ERR_ARGUMENT, "no key to verify it with");
	b = calloc(1, sizeof *b);
	if (!b)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	/* Nothing behind the header is looked at before the signature has held. */
	if (!map_fd(fd, b, e) || !layout_get_header(b->map, b->size, &b->layout, e) ||
	    !check_signature(b, key, e) || !layout_check(b->map, &b->layout, e)) {
		bundle_close(b);
		return false;
	}
	*out = b;
	return true;
}

bool bundle_open_fd(int fd, struct crypt_key *key, struct bundle **out, struct err *e)
{
	return load(fd, key, out, e) || err_prefix(e, "hotlist");
}

bool bundle_open(const char *path, struct crypt_key *key, struct bundle **out, struct err *e)
{
	/* O_NONBLOCK: a FIFO put in its place must not hang us; fstat refuses it. */
	int fd AUTO_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*out = NULL;
	if (fd < 0)
		return err_errno(e, errno, "hotlist: %s", path);
	return load(fd, key, out, e) || err_prefix(e, "hotlist: %s", path);
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	if (b->map)
		(void)munmap((void *)(uintptr_t)b->map, b->size);
	free(b);
}

const struct bundle_info *bundle_info(const struct bundle *b)
{
	return &b->layout.info;
}

static const uint8_t *record_at(const struct bundle *b, uint32_t i)
{
	return b->map + b->layout.records + (uint64_t)i * LAYOUT_RECORD;
}

bool bundle_entry(const struct bundle *b, uint32_t i, struct entry *out, struct err *e)
{
	if (i >= b->layout.info.entries)
		return err_set(e, ERR_ARGUMENT, "hotlist: no such entry");
	if (!layout_get_record(record_at(b, i), b->map + b->layout.pool, b->layout.pool_size, out,
			       e) ||
	    !entry_check(out, b->layout.info.allow_missing, e))
		return err_prefix(e, "hotlist: entry %lu", (unsigned long)i);
	return true;
}

/* How many entries come before (skeleton, key). */
static uint32_t count_before(const struct bundle *b, uint64_t skeleton, uint64_t key)
{
	uint32_t low = 0, high = b->layout.info.entries;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint64_t k = layout_record_key(record_at(b, middle)), s = key_skeleton(k);

		if (s < skeleton || (s == skeleton && k < key))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool span(const struct bundle *b, uint64_t skeleton, uint64_t low, uint64_t high,
		 uint32_t *first, uint32_t *n)
{
	uint32_t end = count_before(b, skeleton, high);

	*first = count_before(b, skeleton, low);
	*n = end > *first ? end - *first : 0;
	return *n != 0;
}

bool bundle_find(const struct bundle *b, const char *plate, uint32_t *first, uint32_t *n)
{
	uint64_t key;

	*first = *n = 0;
	return key_pack(plate, "", &key) &&
	       span(b, key_skeleton(key), key, key + KEY_STATES, first, n);
}

bool bundle_find_like(const struct bundle *b, const char *plate, uint32_t *first, uint32_t *n)
{
	uint64_t key;

	*first = *n = 0;
	return key_pack(plate, "", &key) && span(b, key_skeleton(key), 0, UINT64_MAX, first, n);
}
