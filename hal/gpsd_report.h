/* SPDX-License-Identifier: Apache-2.0 */
/* One line of gpsd's JSON protocol (gpsd_json(5)), version 3. Private to location_gpsd.c. */
#ifndef HAL_GPSD_REPORT_H
#define HAL_GPSD_REPORT_H

#include "hal/location.h"

#include <stddef.h>

#define GPSD_LINE_MAX 16384u /* bytes; gpsd's own limit is 10240 (GPS_JSON_RESPONSE_MAX) */

enum gpsd_report {
	GPSD_VERSION, /* the greeting, of a protocol that we speak */
	GPSD_NO_FIX,  /* TPV: the receiver does not know where it is */
	GPSD_FIX,     /* TPV: it does; *out is set but for seen_ns */
	GPSD_OTHER    /* nothing that concerns us */
};

/*
 * What a line of `len` bytes (without its end) reports. ERR_FORMAT: no JSON object with a class, a
 * protocol other than 3, a position that is none; ERR_LIMIT: longer than GPSD_LINE_MAX. Nothing of
 * the line is in the error text.
 */
bool gpsd_report(const char *line, size_t len, enum gpsd_report *what, struct location_reading *out,
		 struct err *e) MUST_CHECK;

#endif
