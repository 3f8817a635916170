/* SPDX-License-Identifier: Apache-2.0 */
/* A hit: a read that matches, as pushed to the RTCC. A lead, never an identification. */
#ifndef HOTLIST_HIT_H
#define HOTLIST_HIT_H

#include "firmware/base/err.h"
#include "hotlist/match.h"
#include "ocr/plate.h"

#include <stddef.h>
#include <stdint.h>

#define HIT_IMAGES 4u /* crop 0, crop 1, scene 0, scene 1 */

struct hit_image {
	const uint8_t *jpeg; /* borrowed; NULL: there is no picture */
	size_t len;
	int64_t capture_ns;	/* of the frame it was taken from; 0: that angle did not see it */
	struct plate_quad quad; /* where the plate is, in pixels of the scene */
	float confidence;	/* of that angle's own read, 0..1 */
};

struct hit {
	char id[33]; /* 128-bit passage id, 32 hex digits: the CloudEvents id; a repeat is harmless
		      */
	const char *site;	    /* configuration: site name */
	double latitude, longitude; /* surveyed, degrees WGS 84 */
	const char *camera_names[2];
	int64_t first_ns, last_ns; /* first and last pair of the passage */
	int64_t best_ns;	   /* the pair whose pictures are sent */
	bool degraded;		   /* one angle only */
	const struct plate_read *read;
	const struct match *match;
	const struct bundle_info *list;
	int64_t now_ns; /* when the hit was decided: list age refers to it */
	struct hit_image images[HIT_IMAGES];
};

/*
 * The hit as a CloudEvents 1.0 JSON document (structured mode, https://github.com/cloudevents/spec
 * v1.0.2), type "org.alpr.hit.v1", schema tests/rtcc/hit.schema.json. *json is malloc'd and
 * NUL-terminated, caller frees. ERR_NO_MEMORY.
 */
bool hit_to_json(const struct hit *h, char **json, size_t *len, struct err *e) MUST_CHECK;

/* A match alone, as in the event's data.match: grade, matched spelling, entries of list `version`.
 * *json is malloc'd and NUL-terminated, caller frees. ERR_NO_MEMORY. */
bool match_to_json(const struct match *m, uint64_t version, char **json, struct err *e) MUST_CHECK;

#endif
