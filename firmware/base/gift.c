/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/gift.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

bool gift_begin(const char *name, int *fd, struct err *e)
{
	*fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return *fd >= 0 || err_errno(e, errno, "gift: memfd_create");
}

bool gift_append(int fd, const void *data, size_t len, struct err *e)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "gift: write");
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool gift_seal(int fd, struct err *e)
{
	return fcntl(fd, F_ADD_SEALS, SEALS) == 0 || err_errno(e, errno, "gift: seal");
}

bool gift_make(const char *name, const struct iovec *parts, size_t n_parts, int *fd, struct err *e)
{
	AUTO_CLOSE int made = -1;

	if (!gift_begin(name, &made, e))
		return false;
	for (size_t i = 0; i < n_parts; i++)
		if (!gift_append(made, parts[i].iov_base, parts[i].iov_len, e))
			return false;
	if (!gift_seal(made, e))
		return false;
	*fd = steal_fd(&made);
	return true;
}

bool gift_check(int fd, size_t most, size_t *len, struct err *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return err_set(e, ERR_PEER, "gift: not a sealed memfd");
	if (fstat(fd, &st) < 0)
		return err_errno(e, errno, "gift: fstat");
	if (st.st_size < 0 || (uintmax_t)st.st_size > most)
		return err_set(e, ERR_LIMIT, "gift: %jd bytes, at most %zu are taken",
			       (intmax_t)st.st_size, most);
	*len = (size_t)st.st_size;
	return true;
}

bool gift_map(int fd, size_t most, struct gift *out, struct err *e)
{
	size_t len = 0;
	void *p;

	memset(out, 0, sizeof *out);
	if (!gift_check(fd, most, &len, e))
		return false;
	if (len == 0)
		return true;
	p = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno(e, errno, "gift: mmap");
	out->data = p;
	out->len = len;
	return true;
}

void gift_unmap(struct gift *g)
{
	if (g->data)
		(void)munmap((void *)(uintptr_t)g->data, g->len);
	memset(g, 0, sizeof *g);
}
