/* SPDX-License-Identifier: Apache-2.0 */
/* Section [daemon] of the configuration. */
#ifndef FIRMWARE_PARENT_CONF_H
#define FIRMWARE_PARENT_CONF_H

#include "firmware/base/conf.h"
#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct parent_conf {
	char user[CONF_STRING_MAX]; /* whom the roles run as; "": whoever started alprd, without any
				       capability */
	int64_t restart_most_ms;    /* longest wait before a role that died is started again */
	int64_t silence_s;	    /* a role that says nothing for so long hangs */
	char watchdog[CONF_STRING_MAX]; /* device; "": the board's own; "none": none */
	char watchdog_driver[CONF_STRING_MAX];
	int64_t watchdog_s; /* unfed for so long, the box starts anew */
};

/* Parse and check section [daemon]. ERR_CONFIG, ERR_LIMIT. */
bool parent_conf_load(const char *text, size_t len, const char *folder, struct parent_conf *out,
		      struct err *e) MUST_CHECK;

#endif
