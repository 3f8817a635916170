/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/file.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

bool file_take(int fd, void *data, size_t len, struct err *e)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, (uint8_t *)data + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "read");
		if (n == 0)
			return err_set(e, ERR_IO, "read: cut short meanwhile");
		at += (size_t)n;
	}
	return true;
}

bool file_read(const char *path, uint64_t most, uint8_t **data, size_t *len, struct err *e)
{
	int fd AUTO_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes AUTO_FREE = NULL;
	struct stat st;

	*data = NULL;
	*len = 0;
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_FORMAT, "%s: not a plain file", path);
	if ((uint64_t)st.st_size > most)
		return err_set(e, ERR_LIMIT, "%s: larger than it may be", path);
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return err_set(e, ERR_NO_MEMORY, "%s: no memory", path);
	if (!file_take(fd, bytes, (size_t)st.st_size, e))
		return err_prefix(e, "%s", path);
	*len = (size_t)st.st_size;
	*data = steal_ptr(&bytes);
	return true;
}

bool file_put(int fd, const void *data, size_t len, struct err *e)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, (const uint8_t *)data + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "write");
		at += (size_t)n;
	}
	return true;
}

/* mkostemp makes 0600; the file that it becomes shall be as private as the user's umask says. */
static bool apply_umask(int fd, struct err *e)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return fchmod(fd, 0666 & ~mask) == 0 || err_errno(e, errno, "chmod");
}

static bool sync_folder(const char *path, struct err *e)
{
	char *copy AUTO_FREE = strdup(path);
	int fd AUTO_CLOSE = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || fsync(fd) != 0)
		return err_errno(e, errno, "fsync of the folder");
	return true;
}

bool file_write(const char *path, const uint8_t *data, size_t len, struct err *e)
{
	size_t room = strlen(path) + sizeof ".XXXXXX";
	char *temporary AUTO_FREE = malloc(room);
	int fd AUTO_CLOSE = -1;

	if (!temporary)
		return err_set(e, ERR_NO_MEMORY, "%s: no memory", path);
	memcpy(temporary, path, room - sizeof ".XXXXXX");
	memcpy(temporary + room - sizeof ".XXXXXX", ".XXXXXX", sizeof ".XXXXXX");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno, "%s", path);
	if (!apply_umask(fd, e) || !file_put(fd, data, len, e) ||
	    (fsync(fd) != 0 && !err_errno(e, errno, "fsync")) ||
	    (rename(temporary, path) != 0 && !err_errno(e, errno, "rename"))) {
		(void)unlink(temporary);
		return err_prefix(e, "%s", path);
	}
	return sync_folder(path, e) || err_prefix(e, "%s", path);
}
