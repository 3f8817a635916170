/* SPDX-License-Identifier: Apache-2.0 */
/* Frame buffers in memfds, for drivers that make their own pictures (replay, sim). */
#ifndef HAL_FRAME_MEMORY_H
#define HAL_FRAME_MEMORY_H

#include "firmware/base/err.h"
#include "hal/frame.h"

#include <stdint.h>

struct frame_memory {
	struct frame_buffers buffers;
	uint8_t *data[FRAME_BUFFERS]; /* each buffer mapped for writing */
	uint32_t lent;		      /* bit b: buffer b is out */
};

/* Make one memfd of `size` bytes that can neither shrink nor grow. *out: the caller closes. ERR_IO,
 * ERR_NO_MEMORY. */
bool frame_memory_fd(uint32_t size, int *out, struct err *e) MUST_CHECK;

/*
 * Make n (1..FRAME_BUFFERS) buffers of width x height luma, stride == width. Their size is sealed,
 * so that a process that maps one can trust it. ERR_LIMIT: sides outside 16..16384; ERR_IO,
 * ERR_NO_MEMORY. frame_memory_free frees, also after a failure.
 */
bool frame_memory_new(struct frame_memory *m, uint32_t width, uint32_t height, uint32_t n,
		      struct err *e) MUST_CHECK;

/* Unmap and close; safe on a zeroed one, and leaves it zeroed. */
void frame_memory_free(struct frame_memory *m);

/* Index of a buffer that was free and is now out, or -1 when none is. */
int frame_memory_take(struct frame_memory *m);

/* Give a buffer back; one that is not out is ignored. */
void frame_memory_give(struct frame_memory *m, unsigned buffer);

#endif
