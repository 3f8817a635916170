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

/*
 * Read a day as `picture` has it: YYYY or YY, MM and DD stand for digits, everything else for
 * itself ("MM/DD/YY"). YY is the year that ends so among the hundred up to latest_year. *seconds:
 * the day's first, UTC. ERR_FORMAT: not of that form, no such day, or before 1970.
 */
bool when_day(const char *text, const char *picture, int latest_year, int64_t *seconds,
	      struct err *e) MUST_CHECK;

#define WHEN_SIZE 24u

/* Write UTC seconds from 0 to ENTRY_TIME_MAX as when_parse reads them, "YYYY-MM-DDTHH:MM:SSZ".
 * Returns out. */
char *when_text(int64_t seconds, char out[WHEN_SIZE]);

/* The year of a time, UTC seconds since 1970. */
int when_year(int64_t seconds);

/* The year that ends in `two` (0 to 99) among the hundred up to latest_year. */
int when_century(int two, int latest_year);

#endif
