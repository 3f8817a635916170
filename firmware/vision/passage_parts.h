/* SPDX-License-Identifier: Apache-2.0 */
/* What passage.c, passage_join.c and passage_decide.c share. Nobody else includes it. */
#ifndef FIRMWARE_VISION_PASSAGE_PARTS_H
#define FIRMWARE_VISION_PASSAGE_PARTS_H

#include "firmware/vision/passage.h"

#define PASSAGE_MOVED                                                                              \
	0.6f		   /* plate widths from where it was first seen: more than a box trembles  \
			    */
#define PASSAGE_APART 1.5f /* plate widths between two pieces of a track: it has moved */
#define PASSAGE_BESIDE                                                                             \
	4.0f /* widths of the larger plate: two plates of two vehicles are farther apart */
#define PASSAGE_SIGN_NS                                                                            \
	INT64_C(1500000000) /* what has not moved for so long stands there for good */

struct passages {
	struct passages_conf conf;
	struct track tracks[TRACKS_MAX];
	struct passage at[PASSAGES_MAX];
	uint16_t near[PASSAGES_MAX]
		     [PASSAGES_MAX]; /* pictures in which both were close together; symmetric */
	uint16_t together[PASSAGES_MAX][PASSAGES_MAX]; /* pictures that showed both */
	struct mapping mapping;
	uint32_t serial;
	int64_t looked_ns[FRAME_CAMERAS]; /* last picture looked at */
	int64_t seen_ns[FRAME_CAMERAS];	  /* last picture, looked at or not */
	int64_t interval_ns;		  /* between pictures, running mean */
	struct passages_hooks hooks;
};

/* Fuse what is stale. */
void passage_refresh(struct passage *q);

/* Both at once in a picture of this camera, or nearly: they cannot be one vehicle. */
bool passage_overlaps(const struct passage *a, const struct passage *b, unsigned camera);

/* Let go: tracks die, the slot is free. The caller has reported it. */
void passage_drop(struct passages *p, int i);

/* A live track of this passage seen in the last picture of that camera, or NULL. */
const struct track *passage_track(const struct passages *p, int i, unsigned camera);

/* Put passage `from` into `into` and free it. */
void passage_merge(struct passages *p, int into, int from);

/* passage_join.c: join passages that are one vehicle. */
void passages_join(struct passages *p, int64_t now_ns);

/* passage_decide.c */
void passages_settle(struct passages *p, int64_t now_ns, bool degraded, bool all);

#endif
