/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Light: what stands between the cameras' pictures and the policy of exposure.h. Looks at a few
 * pictures a second where they lie, asks the cameras for exposure and gain, switches the infrared
 * lamp, and says in plain words what is wrong with either.
 */
#ifndef FIRMWARE_CAPTURE_LIGHT_H
#define FIRMWARE_CAPTURE_LIGHT_H

#include "firmware/base/err.h"
#include "firmware/capture/exposure.h"
#include "firmware/wire.h"
#include "hal/camera.h"
#include "hal/lamp.h"

struct light_setup {
	const struct board_exposure *limits; /* max_us 0: nothing is measured or asked */
	const char *lamp;		     /* driver; NULL: there is no lamp */
	struct lamp_setup lines;
};

struct light_angle {
	struct frame_buffers buffers;
	const uint8_t *data[FRAME_BUFFERS]; /* mapped read-only; NULL: not */
	int64_t next_ns;		    /* when it is measured next, monotonic */
	bool no_control;		    /* the camera has none */
	bool control_failed;		    /* the last control did not reach it */
};

struct light {
	const struct camera_ops *ops;
	struct camera *camera;
	const struct lamp_ops *lamp_ops;
	struct lamp *lamp; /* NULL: there is none */
	struct exposure x;
	bool watching; /* pictures are measured */
	struct light_angle angles[FRAME_CAMERAS];
	bool lamp_on;	  /* as last set */
	int64_t lamp_utc; /* since when */
	bool lamp_fault;  /* its fault input is active */
	bool lamp_broken; /* it could not be opened, set or asked */
	int64_t controls, controls_failed, lamp_errors;
};

/* Open the lamp, and leave it off. One that cannot be opened is logged and said by light_trouble,
 * and all goes on without it. light_close frees, also after a failure. ERR_CONFIG: no such driver,
 * or a lamp on a board without limits. */
bool light_open(struct light *l, const struct light_setup *setup, struct err *e) MUST_CHECK;

/* Map the cameras' buffers (of `camera`, borrowed) and ask for the first exposure. ERR_IO,
 * ERR_NO_MEMORY. */
bool light_begin(struct light *l, const struct camera_ops *ops, struct camera *camera,
		 struct err *e) MUST_CHECK;

/* A camera has been found that was not there at light_begin: as light_begin, for it alone; harmless
 * when it was there. ERR_IO, ERR_NO_MEMORY: it is not measured, and all goes on. */
bool light_found(struct light *l, unsigned camera, int64_t now_ns, struct err *e) MUST_CHECK;

/* A frame has come, now_ns on CLOCK_MONOTONIC: says in it whether the lamp lit it, and when its
 * camera's turn has come measures it and carries out what follows. */
void light_frame(struct light *l, struct frame *f, int64_t now_ns);

/* What is wrong with lamp or controls, a sentence for a person; NULL: nothing. */
const char *light_trouble(const struct light *l);

/* Add the counters: exposure_us_N, gain_milli_N (asked last), night, lamp, controls, … */
void light_count(const struct light *l, struct wire_status *s);

/* Turn the lamp off and free everything; safe on a zeroed one. */
void light_close(struct light *l);

#endif
