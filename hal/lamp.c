/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/lamp.h"

#include <string.h>

#ifdef CONFIG_GPIO
extern const struct lamp_ops lamp_gpio;
#endif
#ifdef CONFIG_FAKE_HARDWARE
extern const struct lamp_ops lamp_fake;
#endif

static const struct lamp_ops *const drivers[] = {
#ifdef CONFIG_GPIO
    &lamp_gpio,
#endif
#ifdef CONFIG_FAKE_HARDWARE
    &lamp_fake,
#endif
    NULL,
};

const struct lamp_ops *lamp_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
