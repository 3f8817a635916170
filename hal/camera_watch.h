/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a camera is taken to hang or to fail, and what is tried then: first stopping and starting
 * it, after that giving it back and taking it again, less and less often. Pure: times are given,
 * CLOCK_MONOTONIC ns.
 */
#ifndef HAL_CAMERA_WATCH_H
#define HAL_CAMERA_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CAMERA_WATCH_HANG_NS  INT64_C(3000000000)  /* asked for frames, and none came */
#define CAMERA_WATCH_BAD      8u		   /* frames in a row that failed */
#define CAMERA_WATCH_PAUSE_NS INT64_C(1000000000)  /* before the second repair; then doubled … */
#define CAMERA_WATCH_LONGEST  INT64_C(10000000000) /* … up to this */

enum camera_remedy {
	CAMERA_LEAVE,	/* it is well, or not yet time */
	CAMERA_RESTART, /* stop and start it */
	CAMERA_REOPEN	/* stop it, give it back, take and configure it again, start it */
};

struct camera_watch {	    /* zeroed: a camera that was just started */
	int64_t waiting_ns; /* since when a frame is awaited; 0: none is */
	unsigned bad;	    /* frames in a row that failed */
	bool broken;	    /* it refused an order: nothing need be waited for */
	unsigned repairs;   /* tried since its last good frame */
	int64_t pause_ns;   /* no repair before this time */
};

/* A frame was asked for. */
void camera_watch_asked(struct camera_watch *w, int64_t now);

/* A good frame came; more: others are still awaited. */
void camera_watch_frame(struct camera_watch *w, int64_t now, bool more);

/* A frame came back without a picture; more: others are still awaited. */
void camera_watch_failed(struct camera_watch *w, int64_t now, bool more);

/* The camera refused an order, or is gone. */
void camera_watch_broke(struct camera_watch *w);

/* True when frames are overdue, fail one after the other, or the camera is broken. */
bool camera_watch_ill(const struct camera_watch *w, int64_t now);

/* What an ill camera needs now. */
enum camera_remedy camera_watch_remedy(const struct camera_watch *w, int64_t now);

/* A repair was tried; worked: the camera has started, and whether frames come will be seen. */
void camera_watch_repaired(struct camera_watch *w, int64_t now, bool worked);

#endif
