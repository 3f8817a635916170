/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/conf.h"

#include "firmware/parent/backoff.h"
#include "hal/watchdog.h"

#include <string.h>

#define AT(field) offsetof(struct parent_conf, field)

static const struct conf_key keys[] = {
    {"user", CONF_STRING, AT(user), "", 0, 0, NULL,
     "user the roles run as when root starts alprd; empty: root without any capability"},
    {"restart_most_ms", CONF_INT, AT(restart_most_ms), "30000", BACKOFF_FIRST_MS, BACKOFF_MOST_MS,
     NULL, "longest wait before a role that died is started again, milliseconds"},
    {"silence_s", CONF_INT, AT(silence_s), "10", 5, 600, NULL,
     "a role says its status once a second; one that says nothing for so long is killed. More than "
     "the default is for emulated machines"},
    {"watchdog", CONF_STRING, AT(watchdog), "", 0, 0, NULL,
     "hardware watchdog that alprd feeds, /dev/watchdog0 for example; empty: the board's own; "
     "none"},
    {"watchdog_driver", CONF_STRING, AT(watchdog_driver), "device", 0, 0, NULL,
     "device, or for tests fake: a file that is told"},
    {"watchdog_s", CONF_INT, AT(watchdog_s), "120", 10, 3600, NULL,
     "seconds unfed after which the hardware starts the box anew; more than the service manager "
     "waits (WatchdogSec)"},
};

bool parent_conf_load(const char *text, size_t len, const char *folder, struct parent_conf *out,
		      struct err *e)
{
	memset(out, 0, sizeof *out);
	if (!conf_fill(text, len, folder, "daemon", keys, sizeof keys / sizeof keys[0], out, e))
		return false;
	if (!conf_listed(out->watchdog_driver, watchdog_names()))
		return err_set(e, ERR_CONFIG,
			       "[daemon] watchdog_driver: this build has no \"%.40s\" (%s)",
			       out->watchdog_driver, watchdog_names());
	return true;
}
