/* SPDX-License-Identifier: Apache-2.0 */
/* What a role says of itself (struct wire_status) as JSON: for control's answers and uplink's
 * heartbeats. */
#ifndef FIRMWARE_STATUS_JSON_H
#define FIRMWARE_STATUS_JSON_H

#include "firmware/wire.h"

#include <cjson/cJSON.h>

/*
 * Take over a status that the parent has sent: checked, its texts ended and made plain. JSON is
 * UTF-8, and a person reads it in a terminal: printable ASCII stays, and the degree sign; every
 * other byte becomes '?'. ERR_PEER: it speaks of no role, or of more counters than there can be;
 * *out is then as it was.
 */
bool status_take(struct wire_status *out, const struct wire_status *m, struct err *e) MUST_CHECK;

/* Add member `name`, a whole number that need not fit a double, to `o`. False: no memory. */
bool status_json_int(cJSON *o, const char *name, int64_t n) MUST_CHECK;

/* Add the counters of `s` to `o` as an object of that name. False: no memory. */
bool status_json_counters(cJSON *o, const char *name, const struct wire_status *s) MUST_CHECK;

/* Add role, running, restarts, state, detail and counters of `s` to `o`. False: no memory. */
bool status_json_role(cJSON *o, const struct wire_status *s) MUST_CHECK;

#endif
