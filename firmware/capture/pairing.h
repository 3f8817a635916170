/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairing: single frames of two cameras become pairs by their capture times. Pure: no clock, no
 * descriptors; the caller gives buffers back. A camera that is silent while the other delivers is
 * taken as dead: the other's frames then are pairs of one angle.
 */
#ifndef FIRMWARE_CAPTURE_PAIRING_H
#define FIRMWARE_CAPTURE_PAIRING_H

#include "hal/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAIRING_DEPTH  2u /* frames of a camera that wait for their partner */
#define PAIRING_SILENT 4u /* frames of the other camera … */
#define PAIRING_DEAD_NS                                                                            \
	INT64_C(1000000000) /* … and time without one: then a camera is taken as dead */

struct pairing_queue {
	struct frame frames[PAIRING_DEPTH]; /* oldest first */
	size_t n;
	bool absent; /* the box has no such camera */
	bool dead;
	int64_t seen_ns; /* capture time of its last frame */
	uint32_t silent; /* frames of the other camera since */
};

struct pairing {
	int64_t skew_ns;
	bool begun;
	struct pairing_queue q[FRAME_CAMERAS];
	uint64_t unpaired; /* frames dropped because no partner came */
};

struct pairing_result {
	bool pair; /* a pair was formed: */
	uint8_t present[FRAME_CAMERAS];
	struct frame frames[FRAME_CAMERAS];
	size_t n_dropped; /* frames whose buffers go back */
	struct frame dropped[FRAME_CAMERAS * PAIRING_DEPTH];
};

/* Start afresh: exposures of a pair lie at most skew_ns apart. present: which cameras the box has.
 */
void pairing_init(struct pairing *p, int64_t skew_ns, const bool present[FRAME_CAMERAS]);

/* The box has this camera after all. */
void pairing_present(struct pairing *p, unsigned camera);

/* Take a frame (camera 0 or 1) and say what becomes of it and of those that wait. Time is that of
 * the frames. */
void pairing_add(struct pairing *p, const struct frame *f, struct pairing_result *out);

/* Drop everything that waits (the source has ended): its buffers go back. */
void pairing_flush(struct pairing *p, struct pairing_result *out);

/* True when pairs have one angle only now. */
bool pairing_degraded(const struct pairing *p);

#endif
