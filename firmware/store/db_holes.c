/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room that the database does not use, given back to the file system where it lies: free pages
 * become holes in the file. SQLite could cut them off its end with auto_vacuum, whose pointer map
 * would be written with every passage (two pages for each), for what is needed when somebody
 * shortens the ring.
 *
 * The list of free pages is read from the file, by "Database File Format"
 * (sqlite.org/fileformat2.html), 1.3.6 and 1.5: its trunk pages are kept, its leaves are pages of
 * which SQLite reads nothing until it has written them. They are holes to nobody: the WAL is empty,
 * so that no reader can be behind, and nobody can write meanwhile.
 */
#include "firmware/store/db_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER	  100 /* bytes of the file's header; in it, big-endian, at */
#define TRUNK_AT  32  /* the first trunk page */
#define BLOCK	  4096
#define PAGE_MOST 65536

struct holes {
	struct db *d;
	int64_t page, pages;
	uint8_t *free; /* bit i: page i + 1 is a leaf of the list */
};

static uint32_t number(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_free(const struct holes *h, int64_t i)
{
	return (h->free[i / 8] >> (i % 8)) & 1;
}

static bool read_page(const struct holes *h, uint32_t n, uint8_t *out)
{
	return n >= 1 && n <= h->pages &&
	       pread(h->d->fd, out, (size_t)h->page, ((off_t)n - 1) * h->page) == h->page;
}

/* False: the list is not what it should be; then nothing is done. */
static bool read_list(struct holes *h)
{
	static const uint32_t first_leaf = 8;
	uint8_t trunk[PAGE_MOST], header[HEADER];
	uint32_t next;

	if (pread(h->d->fd, header, HEADER, 0) != HEADER)
		return false;
	next = number(header + TRUNK_AT);
	for (int64_t i = 0; next != 0; i++) {
		uint32_t n;

		if (i > h->pages || !read_page(h, next, trunk))
			return false;
		next = number(trunk);
		n = number(trunk + 4);
		if ((int64_t)n > h->page / 4 - 2)
			return false;
		for (uint32_t k = 0; k < n; k++) {
			uint32_t leaf = number(trunk + first_leaf + (size_t)4 * k);

			if (leaf < 2 || leaf > h->pages)
				return false;
			h->free[(leaf - 1) / 8] |= (uint8_t)(1u << ((leaf - 1) % 8));
		}
	}
	return true;
}

/* Whole blocks of free pages, `most` bytes of them that are none yet. */
static void punch(const struct holes *h, int64_t most)
{
	int64_t per = BLOCK / h->page > 0 ? BLOCK / h->page : 1, first = 0;

	while (first + per <= h->pages && most > 0) {
		int64_t end = first, at = first * h->page, data;

		while (end < h->pages && is_free(h, end))
			end++;
		end -= end % per;
		if (end <= first) {
			first += per;
			continue;
		}
		data = lseek(h->d->fd, at, SEEK_DATA);
		if (data >= at && data < end * h->page) {
			if (fallocate(h->d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
				      end * h->page - at) != 0)
				return; /* a file system that cannot keeps the room */
			most -= end * h->page - at;
		}
		first = end;
	}
}

bool db_give_back(struct db *d, int64_t slack, int64_t most, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct holes h = {.d = d};
	AUTO_FREE uint8_t *bits = NULL;
	struct stat st;
	int64_t freed;
	bool done;

	if (!db_int(d, &h.page, 0, e, "PRAGMA page_size", "") ||
	    !db_int(d, &freed, 0, e, "PRAGMA freelist_count", "") ||
	    !db_int(d, &h.pages, 0, e, "PRAGMA page_count", ""))
		return false;
	if (d->fd < 0 || h.page < 512 || h.page > PAGE_MOST || fstat(d->fd, &st) != 0 ||
	    (int64_t)st.st_blocks * 512 <= (h.pages - freed) * h.page + slack)
		return true;
	if (!db_checkpoint(d, &done, e))
		return false;
	if (!done)
		return true;
	if (!db_begin(d, &tx, e))
		return false;
	bits = calloc(1, (size_t)h.pages / 8 + 1);
	h.free = bits;
	if (!bits)
		return err_set(e, ERR_NO_MEMORY, "database: no memory");
	if (read_list(&h))
		punch(&h, most);
	return true;
}
