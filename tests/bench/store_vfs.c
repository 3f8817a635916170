/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/store_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_HEADER                                                                               \
	24 /* of the WAL (sqlite.org/fileformat2.html, 4.1): begins with the page's number */
#define WAL_HEADER 32
#define KINDS_MAX  64

/* The real file follows it in memory. */
struct file {
	sqlite3_file base;
	struct written *w;
	enum written_to to; /* WRITTEN_TO: neither */
};

static sqlite3_vfs *real_vfs;
static struct written *counted;

static sqlite3_file *real(sqlite3_file *f)
{
	return (sqlite3_file *)(void *)((char *)f + sizeof(struct file));
}

static struct file *ours(sqlite3_file *f)
{
	return (struct file *)(void *)f;
}

static void note(struct written *w, enum written_to to, uint32_t page)
{
	if (page == 0 || page > (1u << 26))
		return;
	if (page > w->n_pages) {
		uint32_t n = page + page / 2 + 4096;

		for (int i = 0; i < WRITTEN_TO; i++) {
			uint32_t *more = realloc(w->pages[i], n * sizeof *more);

			if (!more)
				return;
			memset(more + w->n_pages, 0, (n - w->n_pages) * sizeof *more);
			w->pages[i] = more;
		}
		w->n_pages = n;
	}
	w->pages[to][page - 1]++;
}

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct file *o = ours(f);

	if (o->to != WRITTEN_TO)
		o->w->bytes[o->to] += n;
	if (o->to == TO_WAL && n == FRAME_HEADER && at >= WAL_HEADER)
		note(o->w, TO_WAL, big_endian(from));
	if (o->to == TO_DATABASE && n >= 512)
		note(o->w, TO_DATABASE, (uint32_t)(at / n) + 1);
	return real(f)->pMethods->xWrite(real(f), from, n, at);
}

static int file_sync(sqlite3_file *f, int flags)
{
	struct file *o = ours(f);

	if (o->to != WRITTEN_TO)
		o->w->syncs[o->to]++;
	return real(f)->pMethods->xSync(real(f), flags);
}

static int file_close(sqlite3_file *f)
{
	return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return real(f)->pMethods->xRead(real(f), to, n, at);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return real(f)->pMethods->xTruncate(real(f), size);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real(f)->pMethods->xFileSize(real(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int file_reserved(sqlite3_file *f, int *out)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int file_traits(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int file_shm_unmap(sqlite3_file *f, int remove)
{
	return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out)
{
	int rc;

	memset(f, 0, (size_t)v->szOsFile);
	ours(f)->w = counted;
	ours(f)->to = flags & SQLITE_OPEN_WAL	    ? TO_WAL
		      : flags & SQLITE_OPEN_MAIN_DB ? TO_DATABASE
						    : WRITTEN_TO;
	rc = real_vfs->xOpen(real_vfs, path, real(f), flags, out);
	if (real(f)->pMethods)
		f->pMethods = &methods;
	return rc;
}

bool store_vfs_count(struct written *w)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs)
		return false;
	counted = w;
	vfs = *real_vfs;
	vfs.zName = "counting";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	vfs.xOpen = vfs_open;
	return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK;
}

void store_vfs_reset(struct written *w)
{
	for (int i = 0; i < WRITTEN_TO; i++) {
		w->bytes[i] = w->syncs[i] = 0;
		if (w->pages[i])
			memset(w->pages[i], 0, w->n_pages * sizeof *w->pages[i]);
	}
}

/* --- what the pages hold -------------------------------------------------------------------------
 */

struct kind {
	char name[64];
	int64_t n[WRITTEN_TO];
};

struct kinds {
	struct kind k[KINDS_MAX];
	size_t n;
	uint8_t *of; /* of page i + 1; 0: free */
};

static size_t kind_named(struct kinds *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->k[i].name, name) == 0)
			return i;
	if (all->n == KINDS_MAX)
		return KINDS_MAX - 1;
	(void)snprintf(all->k[all->n].name, sizeof all->k[0].name, "%s", name);
	return all->n++;
}

static void fill(struct kinds *all, const struct written *w, sqlite3_stmt *st, int64_t page_size)
{
	uint32_t map = (uint32_t)page_size / 5 + 1; /* a pointer map before so many pages */

	(void)kind_named(all, "free");
	for (uint32_t p = 2; p <= w->n_pages; p += map)
		all->of[p - 1] = (uint8_t)kind_named(all, "pointer map");
	while (sqlite3_step(st) == SQLITE_ROW) {
		int64_t page = sqlite3_column_int64(st, 1);

		if (page >= 1 && page <= w->n_pages)
			all->of[page - 1] =
			    (uint8_t)kind_named(all, (const char *)sqlite3_column_text(st, 0));
	}
	if (w->n_pages > 0)
		all->of[0] = (uint8_t)kind_named(all, "page 1");
}

static void print(const struct kinds *all, enum written_to to, const char *name, int64_t passages)
{
	bool first = true;

	(void)printf(", \"%s\": {", name);
	for (size_t i = 0; i < all->n; i++) {
		if (all->k[i].n[to] == 0)
			continue;
		(void)printf("%s\"%s\": %.0f", first ? "" : ", ", all->k[i].name,
			     1000.0 * (double)all->k[i].n[to] / (double)passages);
		first = false;
	}
	(void)printf("}");
}

bool store_vfs_print(const struct written *w, sqlite3 *h, int64_t passages)
{
	struct kinds *all = calloc(1, sizeof *all);
	sqlite3_stmt *st = NULL;
	int64_t page_size = 0;

	if (!all)
		return false;
	all->of = calloc(1, w->n_pages + 1u);
	if (sqlite3_prepare_v2(h, "PRAGMA page_size", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		page_size = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	st = NULL;
	if (!all->of || page_size == 0 || passages == 0 ||
	    sqlite3_prepare_v2(h, "SELECT name || ' ' || pagetype, pageno FROM dbstat", -1, &st,
			       NULL) != SQLITE_OK) {
		free(all->of);
		free(all);
		return false;
	}
	fill(all, w, st, page_size);
	(void)sqlite3_finalize(st);
	for (uint32_t p = 0; p < w->n_pages; p++)
		for (int to = 0; to < WRITTEN_TO; to++)
			all->k[all->of[p]].n[to] += w->pages[to][p];
	print(all, TO_WAL, "wal_pages_per_1000", passages);
	print(all, TO_DATABASE, "database_pages_per_1000", passages);
	free(all->of);
	free(all);
	return true;
}
