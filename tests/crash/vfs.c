/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/vfs.h"

#include "tests/crash/posix.h"
#include "tests/crash/rng.h"

#include <limits.h>
#include <sqlite3.h>
#include <string.h>

struct vfs {
	sqlite3_vfs vfs;
	sqlite3_vfs *base;
	struct disk *disk;
	uint64_t rng;
};

/* The real file follows it in memory. */
struct file {
	sqlite3_file base;
	struct disk *disk;
	struct disk_file *on_disk; /* NULL: a temporary file, which nobody misses */
	bool sync_folder;	   /* with its first sync */
};

static sqlite3_file *real(sqlite3_file *f)
{
	return (sqlite3_file *)(void *)((char *)f + sizeof(struct file));
}

static struct file *ours(sqlite3_file *f)
{
	return (struct file *)(void *)f;
}

static bool off(sqlite3_file *f)
{
	return disk_is_off(ours(f)->disk);
}

static int file_close(sqlite3_file *f)
{
	return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return ours(f)->on_disk && disk_read(ours(f)->disk) != DISK_DONE
		   ? SQLITE_IOERR_READ
		   : real(f)->pMethods->xRead(real(f), to, n, at);
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct file *o = ours(f);
	size_t len = (size_t)n;
	enum disk_answer a = DISK_DONE;
	int rc;

	if (o->on_disk)
		a = disk_write(o->disk, o->on_disk, at, from, &len);
	if (a == DISK_OFF)
		return SQLITE_IOERR_WRITE;
	rc = real(f)->pMethods->xWrite(real(f), from, (int)len, at);
	if (a == DISK_FULL)
		return SQLITE_FULL;
	return a == DISK_EIO ? SQLITE_IOERR_WRITE : rc;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct file *o = ours(f);

	if (o->on_disk && disk_truncate(o->disk, o->on_disk, size) != DISK_DONE)
		return SQLITE_IOERR_TRUNCATE;
	return real(f)->pMethods->xTruncate(real(f), size);
}

static int file_sync(sqlite3_file *f, int flags)
{
	struct file *o = ours(f);

	(void)flags;
	if (!o->on_disk)
		return SQLITE_OK;
	if (disk_sync(o->disk, o->on_disk) != DISK_DONE)
		return SQLITE_IOERR_FSYNC;
	if (!o->sync_folder)
		return SQLITE_OK;
	if (disk_sync_folder(o->disk) != DISK_DONE)
		return SQLITE_IOERR_DIR_FSYNC;
	o->sync_folder = false;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return off(f) ? SQLITE_IOERR_FSTAT : real(f)->pMethods->xFileSize(real(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
	return off(f) ? SQLITE_IOERR_LOCK : real(f)->pMethods->xLock(real(f), level);
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
	/* Preallocation past the disk's knowledge, and promises that the real one may give. */
	if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE ||
	    op == SQLITE_FCNTL_MMAP_SIZE)
		return SQLITE_NOTFOUND;
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int file_traits(sqlite3_file *f)
{
	/* No more than what Debian's build claims of any disk: a sector that is written does not
	 * harm its neighbours. */
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return off(f) ? SQLITE_IOERR_SHMMAP
		      : real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	/* Unlocked it must be also when the power is off: the process lives on in this test. */
	return off(f) && !(flags & SQLITE_SHM_UNLOCK)
		   ? SQLITE_IOERR_SHMLOCK
		   : real(f)->pMethods->xShmLock(real(f), offset, n, flags);
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

static struct vfs *self(sqlite3_vfs *v)
{
	return v->pAppData;
}

static int vfs_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct vfs *s = self(v);
	struct file *o = ours(f);
	const char *name = path ? disk_name(s->disk, path) : NULL;
	bool made = false;
	int rc;

	memset(f, 0, (size_t)v->szOsFile);
	o->disk = s->disk;
	if (disk_is_off(s->disk))
		return SQLITE_CANTOPEN;
	if (name) {
		o->on_disk = disk_open(s->disk, name, (flags & SQLITE_OPEN_CREATE) != 0, &made);
		if (disk_is_off(s->disk) || !o->on_disk)
			return SQLITE_CANTOPEN;
	}
	rc = s->base->xOpen(s->base, path, real(f), flags, out);
	if (real(f)->pMethods)
		f->pMethods = &methods;
	/* As SQLite's own does: whether it is new or not. */
	o->sync_folder = o->on_disk && (flags & SQLITE_OPEN_CREATE) != 0 &&
			 (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
	return rc;
}

static int vfs_delete(sqlite3_vfs *v, const char *path, int sync_folder)
{
	struct vfs *s = self(v);
	const char *name = disk_name(s->disk, path);
	int there = 0;

	if (disk_is_off(s->disk))
		return SQLITE_IOERR_DELETE;
	if (s->base->xAccess(s->base, path, SQLITE_ACCESS_EXISTS, &there) != SQLITE_OK || !there)
		return SQLITE_IOERR_DELETE_NOENT;
	if (name && disk_remove(s->disk, name) != DISK_DONE)
		return SQLITE_IOERR_DELETE;
	if (s->base->xDelete(s->base, path, 0) != SQLITE_OK)
		return SQLITE_IOERR_DELETE;
	return name && sync_folder && disk_sync_folder(s->disk) != DISK_DONE
		   ? SQLITE_IOERR_DIR_FSYNC
		   : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *v, const char *path, int flags, int *out)
{
	struct vfs *s = self(v);

	return disk_is_off(s->disk) ? SQLITE_IOERR_ACCESS
				    : s->base->xAccess(s->base, path, flags, out);
}

static int vfs_randomness(sqlite3_vfs *v, int n, char *out)
{
	for (int i = 0; i < n; i++)
		out[i] = (char)rng_next(&self(v)->rng);
	return n;
}

static int vfs_path(sqlite3_vfs *v, const char *path, int n, char *out)
{
	return self(v)->base->xFullPathname(self(v)->base, path, n, out);
}

static int vfs_sleep(sqlite3_vfs *v, int us)
{
	(void)v;
	return us; /* nobody else is there to wait for */
}

struct vfs *vfs_make(void)
{
	struct vfs *s = harness_realloc(NULL, sizeof *s);
	sqlite3_vfs *base = sqlite3_vfs_find(NULL);

	if (!s || !base) {
		harness_free(s);
		return NULL;
	}
	*s = (struct vfs){.vfs = *base, .base = base};
	s->vfs.zName = "crash";
	s->vfs.pAppData = s;
	s->vfs.pNext = NULL;
	s->vfs.szOsFile = (int)sizeof(struct file) + base->szOsFile;
	s->vfs.xOpen = vfs_open;
	s->vfs.xDelete = vfs_delete;
	s->vfs.xAccess = vfs_access;
	s->vfs.xFullPathname = vfs_path;
	s->vfs.xRandomness = vfs_randomness;
	s->vfs.xSleep = vfs_sleep;
	if (sqlite3_vfs_register(&s->vfs, 1) == SQLITE_OK)
		return s;
	harness_free(s);
	return NULL;
}

void vfs_use(struct vfs *v, struct disk *d, uint64_t seed)
{
	v->disk = d;
	v->rng = seed;
	sqlite3_randomness(0, NULL); /* start afresh, from vfs_randomness */
}

void vfs_free(struct vfs *v)
{
	(void)sqlite3_vfs_unregister(&v->vfs);
	harness_free(v);
}
