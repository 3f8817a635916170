/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/site.h"

#define KEY(type_, field, fallback_, min_, max_, help_)                                            \
	{                                                                                          \
#field, type_, offsetof(struct site, field), fallback_, min_, max_, NULL, help_    \
	}

static const struct conf_key keys[] = {
    KEY(CONF_STRING, name, "unnamed", 0, 0, "name of the site, goes out with hits and heartbeats"),
    KEY(CONF_REAL, latitude, "0", -90, 90, "surveyed latitude, degrees WGS 84"),
    KEY(CONF_REAL, longitude, "0", -180, 180, "surveyed longitude, degrees WGS 84"),
    KEY(CONF_STRING, camera_0, "camera-0", 0, 0, "name of the first angle"),
    KEY(CONF_STRING, camera_1, "camera-1", 0, 0, "name of the second angle"),
};

bool site_load(const char *text, size_t len, const char *folder, struct site *out, struct err *e)
{
	return conf_fill(text, len, folder, "site", keys, sizeof keys / sizeof keys[0], out, e);
}
