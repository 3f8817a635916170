/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as feeds and people write them. */
#ifndef HOTLIST_TOOL_WHEN_H
#define HOTLIST_TOOL_WHEN_H

#include "firmware/base/err.h"

#include <stdint.h>

/*
 * Read "YYYY-MM-DD", "YYYYMMDD" (NCIC) or "YYYY-MM-DDTHH:MM:SSZ" (RFC 3339, UTC only) as UTC
 * seconds since 1970. *day: the text names a whole day; *seconds is then its first second.
 * ERR_FORMAT: none of these, or no such day.
 */
bool when_parse(const char *text, int64_t *seconds, bool *day, struct err *e) MUST_CHECK;

#endif
