/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/secret_file.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/crypt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WHOLE_MAX (SECRET_FILE_MAX + CRYPT_SHA256_SIZE)

/* Overwrite what the open file holds; as good as the disk lets one. */
static void overwrite(int fd)
{
	static const uint8_t nothing[4096];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	for (off_t at = 0; at < st.st_size && at < (off_t)(1 << 20); at += (off_t)sizeof nothing) {
		size_t left = (size_t)(st.st_size - at);

		if (pwrite(fd, nothing, left < sizeof nothing ? left : sizeof nothing, at) < 0)
			return;
	}
	(void)fsync(fd);
}

/* Overwrite and unlink; a link is unlinked and its target let be. */
static bool remove_one(int folder, const char *name, struct err *e)
{
	AUTO_CLOSE int fd = openat(folder, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
		overwrite(fd);
	if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
		return err_errno(e, errno, "%.100s", name);
	return true;
}

bool secret_file_open(const char *path, struct secret_file *f, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char folder[256];

	f->folder = -1;
	if (!*name)
		return err_set(e, ERR_CONFIG, "no file is named");
	if (strlen(name) >= sizeof f->name || strlen(path) >= sizeof folder)
		return err_set(e, ERR_CONFIG, "the name of its file is too long");
	(void)snprintf(f->name, sizeof f->name, "%s", name);
	(void)snprintf(f->temporary, sizeof f->temporary, "%s.new", name);
	(void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(name - path) : 1,
		       slash ? path : ".");
	f->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->folder < 0)
		return err_errno(e, errno, "%.160s", folder);
	return true;
}

bool secret_file_tidy(const struct secret_file *f, struct err *e)
{
	return remove_one(f->folder, f->temporary, e);
}

void secret_file_close(struct secret_file *f)
{
	cleanup_close(&f->folder);
	f->folder = -1;
}

static bool ours_alone(int fd, const char *name, size_t size, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, errno, "%s", name);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_set(e, ERR_POLICY, "%s: not a plain file of its own", name);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_POLICY, "%s: belongs to another user", name);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(e, ERR_POLICY, "%s: others may read or write it", name);
	if (st.st_size != (off_t)size)
		return err_set(e, ERR_FORMAT, "%s: damaged: not its size", name);
	return true;
}

static bool read_whole(int fd, uint8_t *whole, size_t size, const char *name, struct err *e)
{
	ssize_t n = pread(fd, whole, size, 0);

	if (n < 0)
		return err_errno(e, errno, "%s", name);
	if ((size_t)n != size)
		return err_set(e, ERR_FORMAT, "%s: damaged: cut off", name);
	return true;
}

bool secret_file_read(const struct secret_file *f, uint8_t *out, size_t size, struct err *e)
{
	uint8_t whole[WHOLE_MAX], sum[CRYPT_SHA256_SIZE];
	AUTO_CLOSE int fd = -1;
	bool done;

	if (size > SECRET_FILE_MAX)
		return err_set(e, ERR_ARGUMENT, "%s: too large", f->name);
	fd = openat(f->folder, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_POLICY, "%s: not a plain file of its own", f->name);
	if (fd < 0)
		return err_errno(e, errno, "%s", f->name);
	done = ours_alone(fd, f->name, size + sizeof sum, e) &&
	       read_whole(fd, whole, size + sizeof sum, f->name, e) &&
	       crypt_sha256(whole, size, sum, e);
	if (done && memcmp(sum, whole + size, sizeof sum) != 0)
		done = err_set(e, ERR_FORMAT, "%s: damaged: its checksum is wrong", f->name);
	if (done)
		memcpy(out, whole, size);
	explicit_bzero(whole, sizeof whole);
	return done;
}

static bool write_temporary(const struct secret_file *f, const uint8_t *whole, size_t size,
			    struct err *e)
{
	AUTO_CLOSE int fd = openat(f->folder, f->temporary,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, whole, size);

	if (n < 0 || ((size_t)n == size && fsync(fd) != 0))
		return err_errno(e, errno, "%s", f->temporary);
	if ((size_t)n != size)
		return err_set(e, ERR_NO_SPACE, "%s: no space", f->temporary);
	return true;
}

bool secret_file_write(const struct secret_file *f, const uint8_t *bytes, size_t size,
		       struct err *e)
{
	uint8_t whole[WHOLE_MAX];
	AUTO_CLOSE int old = -1;
	bool done;

	if (size > SECRET_FILE_MAX)
		return err_set(e, ERR_ARGUMENT, "%s: too large", f->name);
	memcpy(whole, bytes, size);
	done = crypt_sha256(bytes, size, whole + size, e) &&
	       write_temporary(f, whole, size + CRYPT_SHA256_SIZE, e);
	explicit_bzero(whole, sizeof whole);
	/* Opened before it loses its name, to be overwritten after. */
	old = openat(f->folder, f->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (done && renameat(f->folder, f->temporary, f->folder, f->name) != 0)
		done = err_errno(e, errno, "%s", f->name);
	if (!done) {
		(void)remove_one(f->folder, f->temporary, NULL);
		return false;
	}
	if (fsync(f->folder) != 0)
		return err_errno(e, errno, "%s: folder", f->name);
	overwrite(old);
	return true;
}

bool secret_file_remove(const struct secret_file *f, struct err *e)
{
	if (!remove_one(f->folder, f->name, e))
		return false;
	if (fsync(f->folder) != 0)
		return err_errno(e, errno, "%s: folder", f->name);
	return true;
}

bool secret_file_health(const struct secret_file *f, struct err *e)
{
	struct stat st;

	if (fstat(f->folder, &st) != 0)
		return err_errno(e, errno, "folder of %s", f->name);
	if (st.st_nlink == 0)
		return err_set(e, ERR_NOT_FOUND, "the folder of %s has gone", f->name);
	return true;
}
