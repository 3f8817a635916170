/* SPDX-License-Identifier: Apache-2.0 */
/* One image from one camera, with its capture time. */
#ifndef HAL_FRAME_H
#define HAL_FRAME_H

#include <stdint.h>

#define FRAME_CAMERAS 2u /* angles of a box */
#define FRAME_BUFFERS 6u /* buffers per camera, at most */

struct frame {
	uint8_t camera;	      /* 0 or 1 */
	uint8_t buffer;	      /* index of the buffer that holds it */
	uint32_t sequence;    /* counts up per camera; a gap is a frame the driver lost */
	int64_t capture_ns;   /* start of exposure, CLOCK_REALTIME ns UTC */
	uint32_t exposure_us; /* 0: not known */
	float gain;	      /* analogue gain, 1 and up; 0: not known */
	uint8_t infrared;     /* 1: lit by the IR lamp */
};

/* The buffers of one camera: luma first, `stride` bytes a row, `size` bytes each. */
struct frame_buffers {
	uint32_t width, height, stride, size;
	uint32_t n;		/* 1..FRAME_BUFFERS */
	int fds[FRAME_BUFFERS]; /* memfd or dmabuf, mappable read-only; owned by the driver */
};

#endif
