/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on their way from a camera library's thread to the one that takes them. */
#ifndef HAL_FRAME_RING_H
#define HAL_FRAME_RING_H

#include "firmware/base/err.h"
#include "hal/frame.h"

#include <pthread.h>
#include <stddef.h>

#define FRAME_RING_MOST ((size_t)FRAME_CAMERAS * FRAME_BUFFERS) /* every buffer of every camera */

struct frame_ring {
	pthread_mutex_t lock;
	int fd; /* eventfd: readable while a frame waits */
	size_t first, n;
	struct frame frames[FRAME_RING_MOST];
};

/* Make an empty ring. ERR_IO: no eventfd. frame_ring_free frees, also after a failure. */
bool frame_ring_new(struct frame_ring *r, struct err *e) MUST_CHECK;
void frame_ring_free(struct frame_ring *r);

/* Put a frame in; from any thread, allocates nothing. False: full (a frame came twice). */
bool frame_ring_push(struct frame_ring *r, const struct frame *f) MUST_CHECK;

/* Take the oldest out; from any thread. False: none waits. */
bool frame_ring_pop(struct frame_ring *r, struct frame *out) MUST_CHECK;

#endif
