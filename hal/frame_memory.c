/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/frame_memory.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool frame_memory_fd(uint32_t size, int *out, struct err *e)
{
	AUTO_CLOSE int fd = memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_errno(e, errno, "frame buffer");
	if (ftruncate(fd, (off_t)size) != 0)
		return err_errno(e, errno, "frame buffer: size");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return err_errno(e, errno, "frame buffer: seal");
	*out = steal_fd(&fd);
	return true;
}

static bool one_buffer(struct frame_memory *m, uint32_t i, struct err *e)
{
	int fd = -1;
	void *p;

	if (!frame_memory_fd(m->buffers.size, &fd, e))
		return false;
	m->buffers.fds[i] = fd;
	m->buffers.n = i + 1;
	p = mmap(NULL, m->buffers.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_errno(e, errno, "frame buffer: map");
	m->data[i] = p;
	return true;
}

bool frame_memory_new(struct frame_memory *m, uint32_t width, uint32_t height, uint32_t n,
		      struct err *e)
{
	memset(m, 0, sizeof *m);
	if (width < 16 || width > 16384 || height < 16 || height > 16384 || n < 1 ||
	    n > FRAME_BUFFERS)
		return err_set(e, ERR_LIMIT, "%u frame buffers of %u x %u pixels", n, width,
			       height);
	m->buffers.width = m->buffers.stride = width;
	m->buffers.height = height;
	m->buffers.size = width * height;
	for (uint32_t i = 0; i < n; i++)
		if (!one_buffer(m, i, e))
			return false;
	return true;
}

void frame_memory_free(struct frame_memory *m)
{
	for (uint32_t i = 0; i < m->buffers.n; i++) {
		if (m->data[i])
			(void)munmap(m->data[i], m->buffers.size);
		(void)close(m->buffers.fds[i]);
	}
	memset(m, 0, sizeof *m);
}

int frame_memory_take(struct frame_memory *m)
{
	for (uint32_t i = 0; i < m->buffers.n; i++)
		if (!(m->lent >> i & 1u)) {
			m->lent |= 1u << i;
			return (int)i;
		}
	return -1;
}

void frame_memory_give(struct frame_memory *m, unsigned buffer)
{
	if (buffer < m->buffers.n)
		m->lent &= ~(1u << buffer);
}
