/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The calls that are wrapped have no argument for it. */
static struct {
	struct disk *disk;
	dev_t dev;
	ino_t folder;
	int64_t until, many; /* allocations until one fails; how many then */
	int64_t refused;
	bool paused;
	sqlite3_mem_methods sqlite;
} at;

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_renameat(int f, const char *from, int t, const char *to);
int __wrap_renameat(int f, const char *from, int t, const char *to);
int __real_unlinkat(int f, const char *path, int flags);
int __wrap_unlinkat(int f, const char *path, int flags);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);

void posix_use(struct disk *d, const char *folder)
{
	struct stat st = {0};

	at.disk = d;
	if (folder)
		(void)stat(folder, &st);
	at.dev = st.st_dev;
	at.folder = st.st_ino;
}

static int answer(enum disk_answer a)
{
	errno = a == DISK_FULL ? ENOSPC : EIO;
	return a == DISK_DONE ? 0 : -1;
}

int __wrap_rename(const char *from, const char *to)
{
	const char *a = at.disk ? disk_name(at.disk, from) : NULL;
	const char *b = at.disk ? disk_name(at.disk, to) : NULL;

	if (at.disk && disk_is_off(at.disk))
		return answer(DISK_OFF);
	if (a && b && access(from, F_OK) == 0 && answer(disk_rename(at.disk, a, b)) != 0)
		return -1;
	return __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
	const char *name = at.disk ? disk_name(at.disk, path) : NULL;

	if (at.disk && disk_is_off(at.disk))
		return answer(DISK_OFF);
	if (name && access(path, F_OK) == 0 && answer(disk_remove(at.disk, name)) != 0)
		return -1;
	return __real_unlink(path);
}

static bool is_folder(int fd)
{
	struct stat st;

	return at.disk && fstat(fd, &st) == 0 && st.st_dev == at.dev && st.st_ino == at.folder;
}

int __wrap_renameat(int f, const char *from, int t, const char *to)
{
	if (at.disk && disk_is_off(at.disk))
		return answer(DISK_OFF);
	if (is_folder(f) && is_folder(t) && answer(disk_rename(at.disk, from, to)) != 0)
		return -1;
	return __real_renameat(f, from, t, to);
}

int __wrap_unlinkat(int f, const char *path, int flags)
{
	if (at.disk && disk_is_off(at.disk))
		return answer(DISK_OFF);
	if (is_folder(f) && faccessat(f, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    answer(disk_remove(at.disk, path)) != 0)
		return -1;
	return __real_unlinkat(f, path, flags);
}

/* A small file that the store writes by itself: the keystore's. */
static int sync_file(int fd)
{
	uint8_t bytes[4096];
	char link[64], path[PATH_MAX] = {0};
	const char *name;
	ssize_t n;
	int again;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof path - 1) < 0)
		return 0;
	name = disk_name(at.disk, path);
	if (!name || strcmp(name, "reserve") == 0 || strstr(name, " (deleted)"))
		return 0;			  /* not of this disk, or of none any more */
	again = open(path, O_RDONLY | O_CLOEXEC); /* it may be open for writing alone */
	n = again < 0 ? -1 : read(again, bytes, sizeof bytes);
	(void)close(again);
	return n < 0 ? 0 : answer(disk_adopt(at.disk, name, bytes, (size_t)n));
}

int __wrap_fsync(int fd)
{
	if (!at.disk)
		return __real_fsync(fd);
	if (disk_is_off(at.disk))
		return answer(DISK_OFF);
	return is_folder(fd) ? answer(disk_sync_folder(at.disk)) : sync_file(fd);
}

/* --- memory --------------------------------------------------------------------------------------
 */

static bool refuse(void)
{
	if (at.paused || at.many <= 0 || --at.until > 0)
		return false;
	at.many--;
	at.refused++;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return refuse() ? NULL : __real_realloc(p, n);
}

static void *sqlite_malloc(int n)
{
	return refuse() ? NULL : at.sqlite.xMalloc(n);
}

static void *sqlite_realloc(void *p, int n)
{
	return refuse() ? NULL : at.sqlite.xRealloc(p, n);
}

bool posix_memory(void)
{
	sqlite3_mem_methods ours;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &at.sqlite) != SQLITE_OK)
		return false;
	ours = at.sqlite;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
}

void posix_no_memory(int64_t nth, int64_t many)
{
	at.until = nth;
	at.many = nth > 0 ? many : 0;
	at.refused = 0;
}

bool posix_pause(bool pause)
{
	bool was = at.paused;

	at.paused = pause;
	return was;
}

int64_t posix_refused(void)
{
	return at.refused;
}

void *harness_realloc(void *p, size_t n)
{
	return __real_realloc(p, n);
}

void harness_free(void *p)
{
	free(p);
}

int harness_unlink(const char *path)
{
	return __real_unlink(path);
}
