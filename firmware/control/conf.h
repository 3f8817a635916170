/* SPDX-License-Identifier: Apache-2.0 */
/* Section [control] of the configuration. */
#ifndef FIRMWARE_CONTROL_CONF_H
#define FIRMWARE_CONTROL_CONF_H

#include "firmware/base/conf.h"
#include "firmware/base/err.h"
#include "firmware/base/sandbox.h"

#include <stddef.h>

struct control_conf {
	char socket[CONF_STRING_MAX]; /* path of the UNIX socket */
	char user[CONF_STRING_MAX]; /* who may ask beside root and the daemon's own user; "": nobody
				     */
	char group[CONF_STRING_MAX]; /* the same for the members of a group */
	int64_t evidence_wait_s;     /* for the store's answer to an evidence request */
};

/* Parse and check section [control]. ERR_CONFIG, also for a path too long for a socket; ERR_LIMIT.
 */
bool control_conf_load(const char *text, size_t len, const char *folder, struct control_conf *out,
		       struct err *e) MUST_CHECK;

/* What the control role may still do once its socket listens: accept, and answer. */
void control_sandbox(struct sandbox *box);

#endif
