/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to put a camera so that it reads plates: what a lens, a sensor and a mounting make of a
 * plate on a straight, level road.
 *
 * x runs along the road from the camera's foot towards the traffic that it reads, y across it, z
 * up. The camera is at (0, 0, height), a plate stands upright across the road at (x, y,
 * plate_height), and the camera is aimed at (aim, offset, plate_height), the middle of its lane.
 * Sources: the pinhole camera (Hartley and Zisserman, Multiple View Geometry, 2nd ed., ch. 6), and
 * the thin lens for depth of field, which mount_focus derives. No distortion, no roll, no
 * diffraction.
 */
#ifndef BOARD_MOUNT_MOUNT_H
#define BOARD_MOUNT_MOUNT_H

#include "firmware/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define MOUNT_FARTHEST_M 200.0 /* no zone reaches further */

/* All in SI units, but for pixels. mount_check says whether it makes sense. */
struct mount {
	double focal;			  /* of the lens, m */
	double f_number;		  /* of the lens; depth of field alone depends on it */
	double pixel;			  /* pitch of the pixels, m */
	double width, height;		  /* of the frame, pixels */
	double above;			  /* camera above the road, m */
	double offset;			  /* from the camera across to the middle of the lane, m */
	double aim;			  /* along the road to the point aimed at, m */
	double lane;			  /* width of the lane, m */
	double plate_width, plate_height; /* m */
	double plate_above;		  /* middle of the plate above the road, m */
	double speed;			  /* of the vehicle, m/s */
	double exposure;		  /* s */
	double rate;			  /* pairs a second */
	double least_px;		  /* a narrower plate is not read, pixels */
	double most_angle;		  /* nor one seen further from its normal, rad */
	double most_smear;		  /* nor one smeared over more, pixels */
};

/* A plate as the camera sees it. */
struct mount_plate {
	bool in_front;	      /* false: behind the camera, nothing else is set */
	bool whole;	      /* all of it is in the frame */
	double u, v;	      /* its middle, pixels from the frame's top left */
	double width, height; /* pixels, of its middle lines */
	double angle;	      /* between its normal and the line of sight, rad */
	double range;	      /* from the camera, m */
	double depth;	      /* that along the lens's axis, m */
	double smear;	      /* how fast its image moves, pixels a second */
};

enum mount_limit {
	MOUNT_FITS = 0,
	MOUNT_OUT_OF_FRAME, /* a plate somewhere in the lane is not whole in the frame */
	MOUNT_TOO_SMALL,    /* narrower than least_px */
	MOUNT_TOO_OBLIQUE,  /* seen at more than most_angle */
	MOUNT_FARTHEST	    /* no limit of the camera: MOUNT_FARTHEST_M */
};

/* The stretch of road around the aim in which a plate anywhere in the lane can be read. */
struct mount_zone {
	bool any;				/* false: not even at the aim, for near_limit */
	double near, far;			/* along the road, m */
	enum mount_limit near_limit, far_limit; /* what ends it */
	double seconds;				/* that a vehicle spends in it */
	long pairs;	 /* whole pairs in that time, if each exposure counts */
	double exposure; /* longest, in s, that keeps a plate in it within most_smear */
};

struct mount_focus {
	double hyperfocal; /* m */
	double near, far; /* what is sharp to a pixel when focused on the aim, m along the axis; far
			   * may be INFINITY */
};

/* How far the camera may be turned from the aim until a plate at the aim leaves the frame somewhere
 * in the lane, rad, both ways; 0 when it does not fit at all. */
struct mount_slack {
	double towards, away; /* yaw, towards the lane's near and far side */
	double up, down;      /* pitch */
};

/* Check every field against its range. ERR_ARGUMENT, naming the field and the range. */
bool mount_check(const struct mount *m, struct err *e) MUST_CHECK;

/* The aim, rad: yaw from the road's direction, pitch below the horizon. */
void mount_aim(const struct mount *m, double *yaw, double *pitch);

/* Full angles of view, rad. */
void mount_view(const struct mount *m, double *horizontal, double *vertical);

/* A plate `along` metres down the road and `across` metres off the lane's middle. */
void mount_plate(const struct mount *m, double along, double across, struct mount_plate *out);

/* Width, in m, of what fills the frame from side to side at the depth of a plate in the lane's
 * middle. */
double mount_frame_width(const struct mount *m, double along);

/* Why a plate somewhere in the lane cannot be read at `along`; MOUNT_FITS if it can everywhere. */
enum mount_limit mount_limit_at(const struct mount *m, double along);

/* "the plate leaves the frame", …: for a person. */
const char *mount_limit_words(enum mount_limit limit);

void mount_zone(const struct mount *m, struct mount_zone *out);
void mount_focus(const struct mount *m, struct mount_focus *out);
void mount_slack(const struct mount *m, struct mount_slack *out);

#endif
