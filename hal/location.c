/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/location.h"

#include <string.h>

extern const struct location_ops location_surveyed;
#ifdef CONFIG_LOCATION_GPSD
extern const struct location_ops location_gpsd;
#endif

static const struct location_ops *const drivers[] = {
    &location_surveyed,
#ifdef CONFIG_LOCATION_GPSD
    &location_gpsd,
#endif
    NULL,
};

const struct location_ops *location_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
