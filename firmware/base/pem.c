/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/pem.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

bool pem_read(const char *path, struct pem *p, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "%s: not a regular file", path);
	if (st.st_size > PEM_FILE_MAX)
		return err_set(e, ERR_FORMAT, "%s: too large for certificates or a key", path);
	p->text = calloc(1, PEM_FILE_MAX + 1);
	if (!p->text)
		return err_set(e, ERR_NO_MEMORY, "%s", path);
	n = read(fd, p->text, PEM_FILE_MAX); /* a regular file this small comes whole */
	if (n < 0)
		return err_errno(e, errno, "%s", path);
	p->len = (size_t)n + 1;
	return true;
}

void pem_wipe(struct pem *p)
{
	if (p->text)
		explicit_bzero(p->text, PEM_FILE_MAX + 1);
	free(p->text);
	memset(p, 0, sizeof *p);
}
