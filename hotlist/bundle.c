/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/bundle.h"

#include "firmware/base/cleanup.h"
#include "hotlist/check.h"
#include "hotlist/index.h"
#include "hotlist/key.h"
#include "hotlist/le.h"
#include "hotlist/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define KEPT 16u /* chunks of the file held in memory */

/* A chunk of the file in memory. */
struct kept {
	bool full;
	bool held; /* these very bytes have been held against their digest */
	uint32_t number;
	uint8_t bytes[LAYOUT_CHUNK];
};

/*
 * What changes while a bundle is looked into. Records and texts are read from the file, not from
 * the map: the memory in which an entry's bytes were held against their digest is the memory that
 * is used, and the map does not grow with every hit.
 */
struct work {
	bool broken;
	uint8_t *seen; /* a bit for each chunk: its digest has been checked once */
	struct kept kept[KEPT];
};

struct bundle {
	int fd;
	const uint8_t *map;
	size_t size;
	struct layout layout; /* copied once: what the file says later does not matter */
	struct work *work;
	struct check check;
	int64_t id;
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
	b->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (b->fd < 0)
		return err_errno(e, errno, "dup");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_errno(e, errno, "mmap");
	b->map = map;
	b->size = (size_t)st.st_size;
	return true;
}

static bool make_work(struct bundle *b, struct err *e)
{
	uint8_t digest[CRYPT_SHA256_SIZE];

	b->work = calloc(1, sizeof *b->work);
	if (!b->work)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	b->work->seen = calloc(1, (size_t)b->layout.chunks / 8 + 1);
	if (!b->work->seen)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (!crypt_sha256(b->map, LAYOUT_HEADER, digest, e))
		return false;
	b->id = bundle_id_of(digest);
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
	b->fd = -1;
	/* Nothing behind the header is looked at before the signature has held. */
	if (!map_fd(fd, b, e) || !layout_get_header(b->map, b->size, &b->layout, e) ||
	    !layout_verify(b->map, &b->layout, key, e) ||
	    !layout_check_table(b->map, &b->layout, e) || !make_work(b, e)) {
		bundle_close(b);
		return false;
	}
	*out = b;
	return true;
}

static int open_path(const char *path, struct err *e)
{
	/* O_NONBLOCK: a FIFO put in its place must not hang us; fstat refuses it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		(void)err_errno(e, errno, "hotlist: %s", path);
	return fd;
}

bool bundle_begin_fd(int fd, struct crypt_key *key, struct bundle **out, struct err *e)
{
	return load(fd, key, out, e) || err_prefix(e, "hotlist");
}

bool bundle_begin(const char *path, struct crypt_key *key, struct bundle **out, struct err *e)
{
	int fd AUTO_CLOSE = open_path(path, e);

	*out = NULL;
	return fd >= 0 && (load(fd, key, out, e) || err_prefix(e, "hotlist: %s", path));
}

static bool check_whole(struct bundle **b, struct err *e)
{
	bool done = false;

	while (!done) {
		if (!bundle_check_some(*b, UINT32_MAX, &done, e)) {
			bundle_close(*b);
			*b = NULL;
			return false;
		}
	}
	return true;
}

bool bundle_open_fd(int fd, struct crypt_key *key, struct bundle **out, struct err *e)
{
	return (load(fd, key, out, e) && check_whole(out, e)) || err_prefix(e, "hotlist");
}

bool bundle_open(const char *path, struct crypt_key *key, struct bundle **out, struct err *e)
{
	int fd AUTO_CLOSE = open_path(path, e);

	*out = NULL;
	return fd >= 0 && ((load(fd, key, out, e) && check_whole(out, e)) ||
			   err_prefix(e, "hotlist: %s", path));
}

void bundle_close(struct bundle *b)
{
	if (!b)
		return;
	check_end(&b->check);
	if (b->work)
		free(b->work->seen);
	free(b->work);
	if (b->map)
		(void)munmap((void *)(uintptr_t)b->map, b->size);
	if (b->fd >= 0)
		(void)close(b->fd);
	free(b);
}

bool bundle_check_some(struct bundle *b, uint32_t steps, bool *done, struct err *e)
{
	*done = false;
	if (!b->check.file && !check_begin(&b->check, b->map, &b->layout, e))
		return false;
	if (!check_some(&b->check, steps, done, e))
		return false;
	/* What was looked at once need not stay in the memory of this process. */
	(void)madvise((void *)(uintptr_t)b->map, b->size, MADV_DONTNEED);
	if (*done) {
		check_end(&b->check);
		b->check.file = NULL;
	}
	return true;
}

int64_t bundle_id_of(const uint8_t header_digest[CRYPT_SHA256_SIZE])
{
	return (int64_t)(le64(header_digest) >> 1) | 1;
}

int64_t bundle_id(const struct bundle *b)
{
	return b->id;
}

const struct bundle_info *bundle_info(const struct bundle *b)
{
	return &b->layout.info;
}

bool bundle_broken(const struct bundle *b)
{
	return b->work->broken;
}

/* --- chunks --------------------------------------------------------------------------------------
 */

static bool was_seen(const struct bundle *b, uint32_t number)
{
	return b->work->seen[number / 8] >> number % 8 & 1;
}

static bool digest_holds(const struct bundle *b, uint32_t number, const uint8_t *chunk,
			 struct err *e)
{
	const uint8_t *want = b->map + LAYOUT_TABLE + (size_t)number * CRYPT_SHA256_SIZE;
	uint8_t digest[CRYPT_SHA256_SIZE];

	if (!crypt_sha256(chunk, layout_chunk(&b->layout, number), digest, e))
		return false;
	if (memcmp(digest, want, sizeof digest) != 0) {
		b->work->broken = true;
		return err_set(e, ERR_FORMAT, "chunk %lu: not what was signed",
			       (unsigned long)number);
	}
	b->work->seen[number / 8] |= (uint8_t)(1u << number % 8);
	return true;
}

static bool read_exactly(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, out + at, len - at, (off_t)(offset + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/*
 * A chunk in memory, NULL: it cannot be had. `again`: hold it against its digest even if that was
 * done once, as for all that goes into an entry; the search for it, at a million reads a second,
 * does it once a chunk.
 */
static const uint8_t *chunk_get(const struct bundle *b, uint32_t number, bool again, struct err *e)
{
	struct kept *k = &b->work->kept[number % KEPT];

	if (!k->full || k->number != number) {
		k->full = k->held = false;
		if (!read_exactly(b->fd, k->bytes, layout_chunk(&b->layout, number),
				  b->layout.data + (uint64_t)number * LAYOUT_CHUNK)) {
			b->work->broken = true;
			(void)err_set(e, ERR_IO, "chunk %lu: cannot be read",
				      (unsigned long)number);
			return NULL;
		}
		k->full = true;
		k->number = number;
	}
	if (!k->held && (again || !was_seen(b, number))) {
		k->held = digest_holds(b, number, k->bytes, e);
		if (!k->held) {
			k->full = false;
			return NULL;
		}
	}
	return k->bytes;
}

static bool read_chunks(const struct bundle *b, uint64_t offset, size_t len, bool again,
			uint8_t *out, struct err *e)
{
	offset -= b->layout.data;
	while (len > 0) {
		size_t at = (size_t)(offset % LAYOUT_CHUNK), n = LAYOUT_CHUNK - at;
		const uint8_t *chunk = chunk_get(b, (uint32_t)(offset / LAYOUT_CHUNK), again, e);

		if (!chunk)
			return false;
		n = n < len ? n : len;
		memcpy(out, chunk + at, n);
		out += n;
		offset += n;
		len -= n;
	}
	return true;
}

/* A record_source. */
static bool read_checked(const void *arg, uint64_t offset, size_t len, uint8_t *out, struct err *e)
{
	return read_chunks(arg, offset, len, true, out, e);
}

static bool get_entry(const struct bundle *b, uint32_t i, struct entry *out, struct err *e)
{
	const struct record_source s = {&b->layout, read_checked, b};
	struct record r;
	size_t text_len;

	if (b->work->broken)
		return err_set(e, ERR_FORMAT, "the list is broken");
	return record_read(&s, i, &r, e) && record_entry(&s, &r, out, &text_len, e) &&
	       entry_check(out, b->layout.info.allow_missing, e);
}

bool bundle_entry(const struct bundle *b, uint32_t i, struct entry *out, struct err *e)
{
	if (i >= b->layout.info.entries)
		return err_set(e, ERR_ARGUMENT, "hotlist: no such entry");
	if (get_entry(b, i, out, e))
		return true;
	/* All of it has passed this once: now it is another file, or the disk gives other bytes. */
	b->work->broken = true;
	return err_prefix(e, "hotlist: entry %lu", (unsigned long)i);
}

/* --- looking up ----------------------------------------------------------------------------------
 */

/* A block of the index, its chunk checked on its first use. NULL: the list is broken. */
static const uint8_t *block_get(const struct bundle *b, uint32_t block)
{
	uint32_t number = block / (LAYOUT_CHUNK / LAYOUT_BLOCK);

	/* The index begins with the first chunk. */
	if (!was_seen(b, number) &&
	    !digest_holds(b, number, b->map + b->layout.data + (uint64_t)number * LAYOUT_CHUNK,
			  NULL))
		return NULL;
	return b->map + b->layout.index + (uint64_t)block * LAYOUT_BLOCK;
}

/* What is looked for: the keys [low, high) among those of one skeleton. */
struct wanted {
	uint64_t hash, low, high;
};

/* How many records of [first, end) come before (hash, key). False: the list is broken. */
static bool count_before(const struct bundle *b, uint64_t hash, uint64_t key, uint32_t first,
			 uint32_t end, uint32_t *out)
{
	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		uint8_t raw[8];
		uint64_t k, h;

		if (!read_chunks(b, b->layout.records + (uint64_t)middle * LAYOUT_RECORD,
				 sizeof raw, false, raw, NULL))
			return false;
		k = le64(raw);
		h = key_hash(key_skeleton(k));
		if (h < hash || (h == hash && k < key))
			first = middle + 1;
		else
			end = middle;
	}
	*out = first;
	return true;
}

static bool find(const struct bundle *b, const struct wanted *w, uint32_t *first, uint32_t *n)
{
	uint32_t entries = b->layout.info.entries, block = index_block(w->hash, b->layout.blocks);
	const uint8_t *line = b->work->broken ? NULL : block_get(b, block);
	struct index_range r;
	uint32_t end;

	*first = *n = 0;
	if (!line || !index_ask(line, w->hash, &r))
		return false;
	/* Whatever the line says by now: within the records. */
	if (r.first > entries)
		return false;
	end = entries - r.first < r.n ? entries : r.first + r.n;
	if (!count_before(b, w->hash, w->low, r.first, end, first) ||
	    !count_before(b, w->hash, w->high, *first, end, &end))
		return false;
	*n = end - *first;
	return *n != 0;
}

bool bundle_find(const struct bundle *b, const char *plate, uint32_t *first, uint32_t *n)
{
	uint64_t key, skeleton;

	*first = *n = 0;
	if (!key_of_plate(plate, &key, &skeleton))
		return false;
	return find(b, &(struct wanted){key_hash(skeleton), key, key + KEY_STATES}, first, n);
}

bool bundle_find_like(const struct bundle *b, const char *plate, uint32_t *first, uint32_t *n)
{
	uint64_t key, skeleton;

	*first = *n = 0;
	if (!key_of_plate(plate, &key, &skeleton))
		return false;
	return find(b, &(struct wanted){key_hash(skeleton), 0, UINT64_MAX}, first, n);
}
