/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a camera library is asked for which frame, and where each buffer is meanwhile. For drivers
 * that order frames one by one (libcamera). Pure: no lock, no clock, no device; times are
 * CLOCK_MONOTONIC ns and given.
 */
#ifndef HAL_CAMERA_PACE_H
#define HAL_CAMERA_PACE_H

#include "hal/camera_watch.h"
#include "hal/frame.h"

#include <stddef.h>

#define CAMERA_PACE_LOOK_NS INT64_C(250000000) /* how often the cameras' health is looked at */

enum camera_pacing {
	CAMERA_STEP,  /* rate 0: the next frames are asked for once the last have been taken */
	CAMERA_GRID,  /* a pipeline without frame durations: by our clock, all cameras at once */
	CAMERA_SENSOR /* the pipeline keeps the rate: it has every free buffer */
};

enum camera_spot { CAMERA_IDLE, CAMERA_ASKED, CAMERA_READY, CAMERA_LENT };

struct camera_lane {  /* one camera */
	bool running; /* false: it is being repaired, or was never found */
	enum camera_pacing pacing;
	uint32_t n; /* buffers */
	struct {
		enum camera_spot spot;
		uint32_t tick;	/* number of the frame it is for */
		int64_t due_ns; /* when that was due */
	} buffers[FRAME_BUFFERS];
	uint32_t number, sensor_at; /* CAMERA_SENSOR: last given, last of the sensor */
	bool sensor_counts;
	struct camera_watch watch;
	uint32_t failed; /* frames that came without a picture, or were refused */
	uint32_t missed; /* frames not asked for: no buffer was free, or nobody called in time */
	uint32_t late;	 /* frames thrown away: too late for their pair */
};

struct camera_pace {
	struct camera_lane lanes[FRAME_CAMERAS];
	unsigned n;	   /* cameras */
	int64_t period_ns; /* of a grid; 0: step */
	int64_t skew_ns;   /* most that a pair's exposures may lie apart */
	uint32_t tick;	   /* number of the frames asked for last */
	int64_t due_ns;	   /* grid: when the next are due */
	int64_t last_ns;   /* when the last frame was exposed */
};

struct camera_order {
	uint8_t camera, buffer;
};

/* The buffers to ask for now, at most FRAME_CAMERAS * FRAME_BUFFERS; they are CAMERA_ASKED from
 * here on. *next: when to call again, unless something happens before. Returns how many. */
size_t camera_pace_orders(struct camera_pace *p, int64_t now,
			  struct camera_order out[FRAME_CAMERAS * FRAME_BUFFERS], int64_t *next);

/* The library refused an order: its camera is ill. */
void camera_pace_refused(struct camera_pace *p, const struct camera_order *o);

/*
 * A frame came back; stamp: its time on CLOCK_MONOTONIC, 0 when unknown. True: it has a picture and
 * is CAMERA_READY; false: its buffer is idle again (no picture, too late, or not asked for any
 * more).
 */
bool camera_pace_came(struct camera_pace *p, unsigned camera, unsigned buffer, bool picture,
		      int64_t stamp, int64_t now);

/* The number of a frame that came: of the tick it was asked for; with CAMERA_SENSOR one more than
 * the last, or as many as the sensor's own count `sensor` says, where it has one (counts). */
uint32_t camera_pace_number(struct camera_lane *l, unsigned buffer, bool counts, uint32_t sensor);

/* A ready frame is lent to whoever takes frames. */
void camera_pace_lend(struct camera_lane *l, unsigned buffer);

/* A lent buffer comes back. False: it was not out. */
bool camera_pace_back(struct camera_lane *l, unsigned buffer);

/* The camera has stopped: what it was asked for is idle again. */
void camera_pace_reclaim(struct camera_lane *l);

/* Why the camera is to be repaired, in plain words; NULL: it is well, or not running. */
const char *camera_pace_ill(const struct camera_lane *l, int64_t now);

#endif
