/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exposure for plates: from how bright pictures are to exposure time, gain, day or night, and the
 * infrared lamp. Pure: no clock, no descriptor; the caller tells the time and carries out what is
 * wanted.
 *
 * Exposure comes first and gain after it, both capped by the board: a plate that is smeared over
 * more than about two pixels cannot be read, noise can. What a picture shows divided by what it was
 * exposed with is the light of the scene; what is wanted follows from that light alone, so a
 * control that takes effect late cannot make the loop swing.
 *
 * Night begins when a camera's scene is too dark for the caps, and ends when every scene without
 * the lamp's part is clearly brighter than that. Whether the lamp lights is tried out, by comparing
 * the pictures without and with it: when night begins, a minute later, then every
 * EXPOSURE_PROBE_NS, as soon as the scene is darker than the lamp alone makes it, and when it seems
 * to be day again. A trial leaves the lamp off for EXPOSURE_TRIAL_NS, during which plates are not
 * read.
 */
#ifndef FIRMWARE_CAPTURE_EXPOSURE_H
#define FIRMWARE_CAPTURE_EXPOSURE_H

#include "board/board.h"
#include "firmware/capture/meter.h"
#include "hal/camera.h"

#include <stdbool.h>
#include <stdint.h>

#define EXPOSURE_EVERY_NS INT64_C(250000000)	/* between measures of a camera */
#define EXPOSURE_PROBE_NS INT64_C(900000000000) /* between trials of a lamp that lights */
#define EXPOSURE_RETRY_NS INT64_C(60000000000)	/* … and of one that does not, or may not */
#define EXPOSURE_TRIAL_NS INT64_C(1500000000)	/* without the lamp, then as long with it */

#define EXPOSURE_TRIED 3u /* measures that a camera's part of a trial rests on */

enum exposure_lamp {
	EXPOSURE_LAMP_UNKNOWN, /* not tried, or too much other light to tell */
	EXPOSURE_LAMP_LIGHTS,
	EXPOSURE_LAMP_DARK /* asked on, and nothing gets brighter */
};

enum exposure_phase { EXPOSURE_DAY, EXPOSURE_NIGHT, EXPOSURE_TRIAL_OFF, EXPOSURE_TRIAL_ON };

struct exposure_trial { /* one half of a trial, one camera */
	uint32_t n;
	float level[EXPOSURE_TRIED], bright[EXPOSURE_TRIED];
};

struct exposure_angle {
	int64_t seen_ns; /* time of the last measure; 0: none yet */
	float recent[3]; /* light of the last measures, log2 */
	uint32_t n;
	float light;	  /* of the scene, log2 of full scale a us at gain 1 */
	float dark_light; /* of it without the lamp when that was last tried, not log2 */
	float lamp_light; /* the lamp's part, not log2; 0: none, or not learned yet */
	bool learning;	  /* the lamp's part is learned once pictures are no longer overexposed */
	int64_t asked_ns; /* when `asked` was taken */
	struct camera_control asked, wanted;
	bool fixed; /* it cannot be asked */
	struct exposure_trial off, on;
};

struct exposure {
	struct board_exposure limits;
	bool has_lamp;
	enum exposure_phase phase;
	int64_t phase_ns; /* since when */
	bool lamp;	  /* it shall flash */
	/* Since when it is too dark, bright enough, darker than the lamp alone; 0: it is not. */
	int64_t dark_ns, bright_ns, dim_ns;
	int64_t trial_ns;		  /* when the lamp is tried next */
	enum exposure_lamp verdict, last; /* said; and told by the last trial alone */
	struct exposure_angle angles[FRAME_CAMERAS];
};

/* Start by day with nothing known. limits: exposure caps, copied; max_us > 0. */
void exposure_init(struct exposure *x, const struct board_exposure *limits, bool has_lamp);

/*
 * A picture of `camera` measured at now_ns (monotonic). f says what it was exposed with; where it
 * does not (0), what was last asked for is taken to be in force a measure later.
 */
void exposure_measured(struct exposure *x, unsigned camera, int64_t now_ns, const struct frame *f,
		       const struct meter *m);

/* Whether `camera` is to be asked for something new: then *out, taken to be done at now_ns. */
bool exposure_take(struct exposure *x, unsigned camera, int64_t now_ns, struct camera_control *out);

/* The last control did not reach `camera`: it will be asked for again. */
void exposure_untake(struct exposure *x, unsigned camera);

/* `camera` cannot be asked: it is taken to expose with max_us at gain 1, unless its frames say
 * otherwise, and only day, night and the lamp follow from its pictures. */
void exposure_fix(struct exposure *x, unsigned camera);

/* It is night, whether or not the lamp happens to be off for a trial. */
bool exposure_night(const struct exposure *x);

/*
 * How far a plate moves across the picture in exposure_us, pixels: speed (m/s) along a direction
 * angle_deg from the line of sight, the plate plate_px wide. A US plate is 12 inches, 0.3048 m,
 * wide (SAE J686).
 */
float exposure_blur_px(uint32_t exposure_us, float speed_mps, float angle_deg, float plate_px);

#endif
