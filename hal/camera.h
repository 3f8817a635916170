/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cameras: one vtable, drivers behind it (replay, sim, later libcamera). A driver serves both
 * angles and delivers single frames; pairing them by time is capture's work. The driver owns its
 * buffers: dequeue lends one, requeue returns it.
 */
#ifndef HAL_CAMERA_H
#define HAL_CAMERA_H

#include "firmware/base/err.h"
#include "hal/frame.h"

#include <stddef.h>

struct camera;

/* What the configuration says about the cameras; section [camera]. Read-only to drivers. */
struct camera_conf {
	char driver[256]; /* "sim" or "replay" (or "libcamera" where built) */
	char source[256]; /* replay: folder or list file; libcamera: folder that its pipeline may
			   * read (pictures of the virtual one); sim: unused */
	char id0[256], id1[256]; /* libcamera: ids of its cameras; "": in the order of ids */
	char truth[256];  /* sim: file that receives the ground truth, JSON lines; replay: a line a
			   * frame,
			   * {"camera":0,"capture_ns":…,"file":…}; libcamera: likewise
			   * {"camera":0,"sequence":…,"capture_ns":…}; "" for none */
	char record[256]; /* sim: folder that receives every frame that shows a vehicle, as JPEG,
			   * cam<camera>/<capture_ns>.jpg; "" for none */
	char controls[256]; /* replay, sim: file that receives what the cameras were asked to expose
			     * with (hal/control_log.h); "" for none */
	int64_t skew_ns;    /* most that the exposures of a pair may lie apart */
	int64_t width, height; /* of the frames, pixels */
	double rate;	       /* frames a second per camera; 0: as fast as vision takes them */
	bool loop;	       /* replay: start again at the end */
	bool single;	       /* replay: every file is a frame of camera 0 alone (degraded mode);
				* libcamera: the box has camera 0 alone */
	int64_t seed;	       /* sim */
	int64_t passages;      /* sim: vehicles to drive past before the end; 0: for ever */
	char light[256];       /* sim: day|dusk|night|mixed */
	char weather[256];     /* sim: clear|rain|mixed */
	char hard[256];	  /* sim: none|some|all: dirt, occlusion, stickers and signs, parked car,
			     several at once */
	char plates[256]; /* sim: file of plates to drive past ("TEXT JURISDICTION" a line), before
			     random ones; "" for none */
	double wanted_share; /* sim: share of vehicles that take a plate of `plates`, 0..1 */
	char fonts[256];     /* sim: folder below which the plate fonts lie */
};

/* What a camera is asked to expose with. */
struct camera_control {
	uint32_t exposure_us; /* length of exposure; 0: the driver's own choice */
	float gain;	      /* analogue gain, 1 and up; 0: the driver's own choice */
	uint32_t frame_us;    /* from one frame to the next; 0: as configured */
};

#define CAMERA_WHAT 96u

/* How one camera of a driver is. */
struct camera_state {
	bool here;		/* the box has found it: it has buffers */
	bool well;		/* it delivers, or was started and has time left to */
	uint32_t restarts;	/* repairs after which it started again */
	uint32_t failed;	/* frames it gave back without a picture */
	uint32_t missed;	/* frames not asked for: no buffer was free, or we slept */
	uint32_t late;		/* frames thrown away: too late for their pair */
	char what[CAMERA_WHAT]; /* what is wrong, in plain words; "" when well */
};

struct camera_ops {
	const char *name;
	/* open() starts threads of a library: what the role may open has to be closed around it
	 * before (sandbox_close_files). */
	bool threads;
	/* Open files, devices and buffers; nothing is opened later. ERR_CONFIG, ERR_NOT_FOUND,
	 * ERR_IO, ERR_FORMAT. */
	bool (*open)(const struct camera_conf *conf, struct camera **out, struct err *e);
	/* The buffers of `camera` into *out (fds stay the driver's). False when the box has no such
	 * camera, or not yet: one that is found later has its buffers before its first frame. */
	bool (*buffers)(const struct camera *c, unsigned camera, struct frame_buffers *out);
	bool (*start)(struct camera *c, struct err *e);
	/* Readable when dequeue may have a frame. */
	int (*fd)(const struct camera *c);
	/* Lend the next frame. ERR_AGAIN: none yet; ERR_NOT_FOUND: the source has ended;
	 * ERR_FORMAT: one bad picture was skipped (call again); ERR_IO: the camera failed. */
	bool (*dequeue)(struct camera *c, struct frame *out, struct err *e);
	void (*requeue)(struct camera *c, const struct frame *f);
	/*
	 * Ask `camera` to expose so from one of its next frames on; what it really did is told by
	 * each frame. Values outside the sensor's limits are taken to the nearest it has. NULL: the
	 * driver has no such controls. ERR_ARGUMENT: no such camera; ERR_POLICY: this
	 * camera has none of the controls asked for; ERR_IO.
	 */
	bool (*control)(struct camera *c, unsigned camera, const struct camera_control *want,
			struct err *e);
	/* How `camera` (0 or 1) is. NULL: the driver's cameras cannot fail one by one. */
	void (*state)(const struct camera *c, unsigned camera, struct camera_state *out);
	void (*stop)(struct camera *c);
	void (*close)(struct camera *c);
};

/* The driver of that name, or NULL when it is unknown or not compiled in. */
const struct camera_ops *camera_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("replay|sim"). */
const char *camera_names(void);

#endif
