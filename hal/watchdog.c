/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/watchdog.h"

#include <string.h>

#define MOST_S 3600

extern const struct watchdog_ops watchdog_device;
#ifdef CONFIG_FAKE_HARDWARE
extern const struct watchdog_ops watchdog_fake;
#endif

static const struct watchdog_ops *const drivers[] = {
    &watchdog_device,
#ifdef CONFIG_FAKE_HARDWARE
    &watchdog_fake,
#endif
    NULL,
};

const struct watchdog_ops *watchdog_find(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

bool watchdog_check(const struct watchdog_conf *conf, struct err *e)
{
	if (!conf->source[0])
		return err_set(e, ERR_CONFIG, "watchdog: no device is named");
	if (conf->timeout_s < 1 || conf->timeout_s > MOST_S)
		return err_set(e, ERR_CONFIG, "watchdog: %lld is not within 1 to %d seconds",
			       (long long)conf->timeout_s, MOST_S);
	return true;
}
