/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a line of gpsd's. What is taken for a fix lies on earth. */
#include "hal/gpsd_report.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct location_reading r = {0};
	enum gpsd_report what = GPSD_OTHER;
	struct err e = {0};

	if (!gpsd_report((const char *)data, size, &what, &r, &e)) {
		if (e.code == ERR_NONE || !e.text[0])
			abort();
		return 0;
	}
	if (what == GPSD_FIX && (!(fabs(r.latitude) <= 90) || !(fabs(r.longitude) <= 180) ||
				 !(r.accuracy_m >= 0) || r.fix == LOCATION_SURVEYED))
		abort();
	return 0;
}
