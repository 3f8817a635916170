/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/clock_quality.h"

#include <string.h>

extern const struct clock_quality_ops clock_quality_kernel;
#ifdef CONFIG_FAKE_HARDWARE
extern const struct clock_quality_ops clock_quality_fake;
#endif

static const struct clock_quality_ops *const drivers[] = {
    &clock_quality_kernel,
#ifdef CONFIG_FAKE_HARDWARE
    &clock_quality_fake,
#endif
    NULL,
};

const struct clock_quality_ops *clock_quality_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
