/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/conf.h"

#include "firmware/base/conf.h"

#include <string.h>

#define AT(field) offsetof(struct vision_conf, field)

static const struct conf_key keys[] = {
    {"models", CONF_PATH, AT(models), "", 0, 0, NULL,
     "folder of the models; empty: ../models beside the program's folder"},
    {"threads", CONF_INT, AT(threads), "1", 1, 8, NULL, "threads of the networks"},
    {"stills", CONF_BOOL, AT(stills), "no", 0, 0, NULL,
     "each pair is a scene of its own (a folder of photos): no trigger, no tracks"},
    {"min_score", CONF_REAL, AT(min_score), "0.5", 0, 1, NULL,
     "probability that a box is a plate, for it to be looked at"},
    {"min_plate_px", CONF_INT, AT(min_plate_px), "14", 4, 1000, NULL,
     "quality gate: height of a plate in pixels"},
    {"min_sharpness", CONF_REAL, AT(min_sharpness), "0.05", 0, 1, NULL,
     "quality gate: sharpness of a plate"},
    {"min_observations", CONF_INT, AT(min_observations), "2", 1, 100, NULL,
     "observations of a vehicle, for an event"},
    {"min_confidence", CONF_REAL, AT(min_confidence), "0.4", 0, 1, NULL,
     "confidence of the read, for an event"},
    {"settle_confidence", CONF_REAL, AT(settle_confidence), "0.9", 0, 1, NULL,
     "confidence of the read, to decide early"},
    {"settle_pairs", CONF_INT, AT(settle_pairs), "4", 1, 100, NULL,
     "pairs that showed the plate, to decide early"},
    {"longest_ms", CONF_INT, AT(longest_ms), "3000", 100, 60000, NULL,
     "from first sight to decision at the latest"},
    {"lost_ms", CONF_INT, AT(lost_ms), "400", 50, 10000, NULL,
     "unseen for so long: the vehicle is gone"},
    {"queue", CONF_INT, AT(queue), "64", 1, 256, NULL, "passages kept until the store has them"},
};

bool vision_conf_load(const char *text, size_t len, const char *folder, struct vision_conf *out,
		      struct err *e)
{
	memset(out, 0, sizeof *out);
	return conf_fill(text, len, folder, "vision", keys, sizeof keys / sizeof *keys, out, e);
}

void vision_sandbox(const struct vision_conf *conf, struct sandbox *box)
{
	memset(box, 0, sizeof *box);
	box->may = SANDBOX_MEMFD; /* the gifts to the store */
	if (conf->threads > 1)
		box->may |= SANDBOX_THREADS;
}
