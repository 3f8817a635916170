/* SPDX-License-Identifier: Apache-2.0 */
/* Where pictures become passages: trigger, localiser, reader, tracks and pictures of one box. Knows
 * no other process. */
#ifndef FIRMWARE_VISION_EYES_H
#define FIRMWARE_VISION_EYES_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "firmware/vision/conf.h"
#include "firmware/wire.h"

struct eyes;

/* A passage is decided: m is complete but for its header, its pictures are in the sealed memfd
 * `gift`, which is the callee's. */
typedef void (*eyes_fn)(void *arg, const struct wire_passage *m, int gift);

struct eyes_counts {
	int64_t pairs, triggered, idle, plates_seen, read, passages, low_quality, weak, stickers,
	    signs, failures;
	int64_t us_mean, us_p99; /* of the last triggered pairs, microseconds */
	uint32_t open;
};

/*
 * Load the models (from conf->models, or the folder `models` when that is empty). ERR_NOT_FOUND,
 * ERR_IO, ERR_FORMAT, ERR_NO_MEMORY. eyes_close frees; NULL is harmless.
 */
bool eyes_open(const struct vision_conf *conf, const char *models, eyes_fn fn, void *arg,
	       struct eyes **out, struct err *e) MUST_CHECK;
void eyes_close(struct eyes *y);

/* The sandbox is closed: from here on the networks use conf->threads threads. */
void eyes_begin(const struct eyes *y);

/* Pictures of `camera` will be of this size; forgets what was seen when it changes. ERR_LIMIT,
 * ERR_NO_MEMORY. */
bool eyes_size(struct eyes *y, unsigned camera, uint32_t width, uint32_t height,
	       struct err *e) MUST_CHECK;

/* Look at a pair: images[c] belongs to m->frames[c] where m->present[c] (borrowed for the call).
 * May call fn. */
void eyes_look(struct eyes *y, const struct wire_pair *m, const struct image images[FRAME_CAMERAS]);

/* Decide everything that is open. Calls fn. */
void eyes_flush(struct eyes *y);

/* What was counted since eyes_open, and the times of the last 512 pairs that were looked at. */
void eyes_count(const struct eyes *y, struct eyes_counts *out);

#endif
