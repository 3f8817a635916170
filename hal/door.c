/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/door.h"

#include <string.h>

#ifdef CONFIG_GPIO
extern const struct door_ops door_gpio;
#endif
#ifdef CONFIG_FAKE_HARDWARE
extern const struct door_ops door_fake;
#endif

static const struct door_ops *const drivers[] = {
#ifdef CONFIG_GPIO
    &door_gpio,
#endif
#ifdef CONFIG_FAKE_HARDWARE
    &door_fake,
#endif
    NULL,
};

const struct door_ops *door_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
