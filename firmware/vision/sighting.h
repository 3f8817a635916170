/* SPDX-License-Identifier: Apache-2.0 */
/* A plate seen in one picture of one camera: what localising and reading hand to the passages. */
#ifndef FIRMWARE_VISION_SIGHTING_H
#define FIRMWARE_VISION_SIGHTING_H

#include "firmware/vision/evidence.h"
#include "firmware/vision/quality.h"
#include "ocr/plate.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGHTINGS_MAX 16u /* of one camera in one picture */

struct sighting {
	uint8_t camera;
	int64_t capture_ns;
	struct plate_quad quad;
	float score; /* of the localiser */
	struct quality quality;
	float x, y, w, h;	/* centre, width and height of the plate, pixels */
	bool was_read;		/* what follows is there: */
	struct evidence seen;	/* this one observation */
	struct plate_read read; /* it alone */
	/* Answered by passages_see: */
	int passage; /* which one it belongs to, or -1 */
	bool best;   /* better than any picture of this angle of that passage so far */
};

#endif
