/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/space.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#define RESERVE_MAX (INT64_C(8) << 20)
#define RESERVE_MIN (INT64_C(256) << 10)
#define BLOCK	    65536

bool space_free(const struct space *s, int64_t *bytes, struct err *e)
{
	struct statvfs v;

	if (statvfs(s->folder, &v) != 0)
		return err_errno(e, errno, "%s", s->folder);
	if (__builtin_mul_overflow((int64_t)v.f_bavail, (int64_t)v.f_frsize, bytes))
		*bytes = INT64_MAX;
	return true;
}

/* Written, not merely allocated: some file systems promise room that they do not have. */
static bool fill(int fd, int64_t bytes)
{
	static const uint8_t block[BLOCK] = {0xa5};

	for (int64_t done = 0; done < bytes; done += BLOCK)
		if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
			return false;
	return fsync(fd) == 0;
}

static void set_aside(struct space *s)
{
	AUTO_CLOSE int fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	s->there = fill(fd, s->bytes);
	if (!s->there)
		(void)unlink(s->path);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool space_open(struct space *s, const char *folder, int64_t ring_bytes, struct err *e)
{
	int64_t available = 0;

	*s = (struct space){0};
	if ((size_t)snprintf(s->folder, sizeof s->folder, "%s", folder) >= sizeof s->folder ||
	    (size_t)snprintf(s->path, sizeof s->path, "%s/reserve", folder) >= sizeof s->path)
		return err_set(e, ERR_LIMIT, "store folder: path too long");
	(void)unlink(s->path);
	if (!space_free(s, &available, e))
		return false;
	s->bytes = least(RESERVE_MAX, least(ring_bytes / 16, available / 8));
	if (s->bytes < RESERVE_MIN)
		s->bytes = RESERVE_MIN;
	space_restore(s, 0);
	return true;
}

bool space_give_up(struct space *s)
{
	bool was = s->there;

	if (was)
		(void)unlink(s->path);
	s->there = false;
	return was;
}

void space_restore(struct space *s, int64_t keep_free)
{
	int64_t available = 0;

	if (!s->there && space_free(s, &available, NULL) && available - keep_free > 2 * s->bytes)
		set_aside(s);
}
