/* SPDX-License-Identifier: Apache-2.0 */
/* Section [vision] of the configuration. */
#ifndef FIRMWARE_VISION_CONF_H
#define FIRMWARE_VISION_CONF_H

#include "firmware/base/err.h"
#include "firmware/base/sandbox.h"

#include <stddef.h>
#include <stdint.h>

struct vision_conf {
	char models[256];	  /* folder of localise.onnx and read.onnx; "": ../models beside the
				     program's folder */
	int64_t threads;	  /* of the networks */
	bool stills;		  /* every pair is a scene of its own: no trigger, no tracks */
	double min_score;	  /* probability that a box is a plate, for it to be read, 0..1 */
	int64_t min_plate_px;	  /* quality gate: plate height */
	double min_sharpness;	  /* quality gate, 0..1, see quality.h */
	int64_t min_observations; /* of a vehicle, for an event */
	double min_confidence;	  /* of the fused read, for an event */
	double settle_confidence; /* of the fused read, to decide early */
	int64_t settle_pairs;	  /* that showed the plate, to decide early */
	int64_t longest_ms;	  /* from first sight to decision at the latest */
	int64_t lost_ms;	  /* unseen for so long: the vehicle is gone */
	int64_t queue;		  /* passages kept until the store has them */
};

/* Parse and check section [vision]; folder: what relative paths are relative to. ERR_CONFIG,
 * ERR_LIMIT. */
bool vision_conf_load(const char *text, size_t len, const char *folder, struct vision_conf *out,
		      struct err *e) MUST_CHECK;

/* What the vision role may still do once its models are loaded. */
void vision_sandbox(const struct vision_conf *conf, struct sandbox *box);

#endif
