/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware watchdog: a box that is not fed starts anew. Drivers `device` (the kernel's
 * /dev/watchdog, Documentation/watchdog/watchdog-api.rst) and `fake` behind one vtable.
 */
#ifndef HAL_WATCHDOG_H
#define HAL_WATCHDOG_H

#include "firmware/base/err.h"

#include <stdint.h>

struct watchdog;

struct watchdog_conf {
	char driver[256];  /* one of watchdog_names() */
	char source[256];  /* device: "/dev/watchdog0"; fake: file that receives a line an act */
	int64_t timeout_s; /* unfed for so long: the box starts anew; 1..3600 */
};

struct watchdog_about {
	int64_t timeout_s; /* what the hardware made of timeout_s: it may have been rounded */
	bool stops;	   /* an orderly close stops it (no nowayout, magic close) */
	bool was_reset;	   /* the box last started because nobody fed it (WDIOF_CARDRESET) */
	char identity[33]; /* "Software Watchdog": printable ASCII */
};

struct watchdog_ops {
	const char *name;
	/*
	 * Open it, set its time and feed it once: it runs from here on, whatever becomes of the
	 * process. *out: close. ERR_NOT_FOUND: no such device; ERR_IO: held by somebody else
	 * (systemd's RuntimeWatchdogSec=), or the driver refused; ERR_CONFIG: timeout_s out of
	 * range or no source; ERR_FORMAT: the device is no watchdog; ERR_NO_MEMORY. When setting it
	 * up fails it is stopped again.
	 */
	bool (*open)(const struct watchdog_conf *conf, struct watchdog **out, struct err *e);
	void (*about)(const struct watchdog *w, struct watchdog_about *out);
	/* Feed it. In a sandbox: SANDBOX_DEVICES. ERR_IO. */
	bool (*feed)(struct watchdog *w, struct err *e);
	/*
	 * Give it back; NULL is harmless. `orderly`: it is stopped (magic close), because the box
	 * is meant to go on without us. Otherwise it runs on, as it does when the process dies:
	 * whoever opens it next must feed it in time.
	 */
	void (*close)(struct watchdog *w, bool orderly);
};

/* For drivers: what is wrong with a configuration whatever the driver. ERR_CONFIG. */
bool watchdog_check(const struct watchdog_conf *conf, struct err *e) MUST_CHECK;

/* The driver of that name, or NULL when it is unknown or not compiled in. */
const struct watchdog_ops *watchdog_find(const char *name);

/* Names of the drivers compiled in, separated by '|' ("device|fake"). */
const char *watchdog_names(void);

#endif
