/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks: one plate followed through the pictures of one camera, by motion and, where that is not
 * enough, by what it reads. */
#ifndef FIRMWARE_VISION_TRACK_H
#define FIRMWARE_VISION_TRACK_H

#include "firmware/vision/sighting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACKS_MAX 48u

struct track {
	bool live;
	uint8_t camera;
	bool fresh; /* seen in the last picture that was looked at */
	int passage;
	const struct evidence *seen;   /* of its passage and angle; borrowed */
	const struct plate_read *read; /* of that passage; borrowed */
	float x, y, w, h;	       /* where it was seen last */
	float vx, vy;		       /* pixels a second; 0 until seen twice */
	float x0, y0, w0;	       /* where it was seen first */
	float moved; /* farthest from there in two pictures running, in plate widths; growing counts
			as moving */
	float away;  /* the same in the last picture */
	uint32_t times; /* seen */
	int64_t first_ns, last_ns;
	int64_t missed_ns; /* looked for and not seen */
};

/* Position at now_ns if it goes on as it went. */
void track_predict(const struct track *t, int64_t now_ns, float *x, float *y);

/*
 * Assign the n sightings of one picture of `camera` to live tracks: match[i] is an index into
 * tracks or -1. A sighting and a track are given to each other at most once, nearest first.
 */
void track_match(const struct track *tracks, size_t n_tracks, uint8_t camera,
		 const struct sighting *s, size_t n, int64_t now_ns, int *match);

/* Begin a track at a sighting; passage, seen and read are the caller's to set. */
void track_begin(struct track *t, const struct sighting *s);

/* It was seen again. */
void track_seen(struct track *t, const struct sighting *s);

#endif
