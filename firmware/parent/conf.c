/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/conf.h"

#include "firmware/parent/backoff.h"

#include <string.h>

#define AT(field) offsetof(struct parent_conf, field)

static const struct conf_key keys[] = {
    {"user", CONF_STRING, AT(user), "", 0, 0, NULL,
     "user the roles run as when root starts alprd; empty: root without any capability"},
    {"restart_most_ms", CONF_INT, AT(restart_most_ms), "30000", BACKOFF_FIRST_MS, BACKOFF_MOST_MS,
     NULL, "longest wait before a role that died is started again, milliseconds"},
};

bool parent_conf_load(const char *text, size_t len, const char *folder, struct parent_conf *out,
		      struct err *e)
{
	memset(out, 0, sizeof *out);
	return conf_fill(text, len, folder, "daemon", keys, sizeof keys / sizeof keys[0], out, e);
}
