/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/frame_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool frame_ring_new(struct frame_ring *r, struct err *e)
{
	memset(r, 0, sizeof *r);
	(void)pthread_mutex_init(&r->lock, NULL);
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return r->fd >= 0 || err_errno(e, errno, "frame ring");
}

void frame_ring_free(struct frame_ring *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
	(void)pthread_mutex_destroy(&r->lock);
}

bool frame_ring_push(struct frame_ring *r, const struct frame *f)
{
	bool room;

	(void)pthread_mutex_lock(&r->lock);
	room = r->n < FRAME_RING_MOST;
	if (room) {
		r->frames[(r->first + r->n++) % FRAME_RING_MOST] = *f;
		(void)eventfd_write(r->fd, 1);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return room;
}

bool frame_ring_pop(struct frame_ring *r, struct frame *out)
{
	bool some;

	(void)pthread_mutex_lock(&r->lock);
	some = r->n > 0;
	if (some) {
		*out = r->frames[r->first];
		r->first = (r->first + 1) % FRAME_RING_MOST;
		r->n--;
	}
	if (r->n == 0) {
		eventfd_t count;

		(void)eventfd_read(r->fd, &count);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return some;
}
