/* SPDX-License-Identifier: Apache-2.0 */
/* A passage from vision, whom the store does not trust: every field and every span is checked
 * before it is used. */
#ifndef FIRMWARE_STORE_INTAKE_H
#define FIRMWARE_STORE_INTAKE_H

#include "firmware/base/gift.h"
#include "firmware/store/ring.h"
#include "firmware/wire.h"

#define INTAKE_PICTURE_MAX (1u << 20) /* bytes of one JPEG */

struct intake {
	struct wire_passage p; /* a copy, with every text terminated */
	struct gift gift;
	struct ring_picture pictures[WIRE_PICTURES]; /* into the gift */
};

/*
 * Check message and gift (`gift_fd` borrowed) and take them over into *out. ERR_PEER names the
 * first field that is wrong: numbers not finite or out of range, text other than A-Z0-9, times out
 * of order, no angle, seals missing, a span outside the gift, a picture that is no JPEG; ERR_LIMIT:
 * gift or picture too large; ERR_IO. intake_free afterwards, also on error.
 */
bool intake_take(const struct wire_passage *m, int gift_fd, struct intake *out,
		 struct err *e) MUST_CHECK;
void intake_free(struct intake *in);
#define AUTO_INTAKE CLEANUP(intake_free)

#endif
