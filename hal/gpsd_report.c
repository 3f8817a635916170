/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/gpsd_report.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#define PROTOCOL   3
#define MODE_2D	   2
#define MODE_3D	   3
#define FARTHEST_M 1e6 /* an error estimate beyond says nothing */

/* The number called `name`, or NaN. */
static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* Receivers differ in what they estimate: the radius, or each axis. */
static double accuracy(const cJSON *tpv)
{
	double m = number(tpv, "eph");

	if (isnan(m))
		m = fmax(number(tpv, "epx"), number(tpv, "epy"));
	return m > 0 && m < FARTHEST_M ? m : 0;
}

static bool read_tpv(const cJSON *tpv, enum gpsd_report *what, struct location_reading *out,
		     struct err *e)
{
	double mode = number(tpv, "mode"), latitude = number(tpv, "lat"),
	       longitude = number(tpv, "lon");

	*what = GPSD_NO_FIX;
	if (!(mode >= MODE_2D) || (isnan(latitude) && isnan(longitude)))
		return true;
	if (!(fabs(latitude) <= 90) || !(fabs(longitude) <= 180))
		return err_set(e, ERR_FORMAT, "gpsd reports a position that is none");
	*out = (struct location_reading){.fix = mode >= MODE_3D ? LOCATION_3D : LOCATION_2D,
					 .latitude = latitude,
					 .longitude = longitude,
					 .accuracy_m = accuracy(tpv)};
	*what = GPSD_FIX;
	return true;
}

static bool read_object(const cJSON *object, enum gpsd_report *what, struct location_reading *out,
			struct err *e)
{
	const char *class = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "class"));

	*what = GPSD_OTHER;
	if (!cJSON_IsObject(object) || !class)
		return err_set(e, ERR_FORMAT, "what answers is no gpsd");
	if (strcmp(class, "TPV") == 0)
		return read_tpv(object, what, out, e);
	if (strcmp(class, "VERSION") != 0)
		return true;
	if (number(object, "proto_major") != PROTOCOL)
		return err_set(e, ERR_FORMAT, "gpsd speaks another protocol than version %d",
			       PROTOCOL);
	*what = GPSD_VERSION;
	return true;
}

bool gpsd_report(const char *line, size_t len, enum gpsd_report *what, struct location_reading *out,
		 struct err *e)
{
	cJSON *object;
	bool done;

	if (len > GPSD_LINE_MAX)
		return err_set(e, ERR_LIMIT, "a line of gpsd's is longer than %u bytes",
			       GPSD_LINE_MAX);
	object = cJSON_ParseWithLength(line, len);
	done = read_object(object, what, out, e);
	cJSON_Delete(object);
	return done;
}
