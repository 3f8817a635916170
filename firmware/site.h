/* SPDX-License-Identifier: Apache-2.0 */
/* Where the box stands: section [site] of the configuration, which more than one role needs. */
#ifndef FIRMWARE_SITE_H
#define FIRMWARE_SITE_H

#include "firmware/base/conf.h"
#include "firmware/base/err.h"

#include <stddef.h>

struct site {
	char name[CONF_STRING_MAX];
	double latitude, longitude; /* surveyed, degrees WGS 84 */
	char camera_0[CONF_STRING_MAX], camera_1[CONF_STRING_MAX];
};

/* Fill *out from section [site] of the configuration text. ERR_CONFIG, ERR_LIMIT as conf_fill. */
bool site_load(const char *text, size_t len, const char *folder, struct site *out,
	       struct err *e) MUST_CHECK;

#endif
