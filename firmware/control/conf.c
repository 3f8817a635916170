/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/control/conf.h"

#include <string.h>
#include <sys/un.h>

#define AT(field) offsetof(struct control_conf, field)

static const struct conf_key keys[] = {
    {"socket", CONF_PATH, AT(socket), "/run/alpr/control.sock", 0, 0, NULL,
     "path of the local socket for alprctl"},
    {"user", CONF_STRING, AT(user), "", 0, 0, NULL,
     "user who may ask, beside root and the daemon's own; empty: nobody"},
    {"group", CONF_STRING, AT(group), "", 0, 0, NULL, "group whose members may ask; empty: none"},
    {"evidence_wait_s", CONF_INT, AT(evidence_wait_s), "120", 1, 120, NULL,
     "seconds that the store may take for an answer to an evidence request"},
};

bool control_conf_load(const char *text, size_t len, const char *folder, struct control_conf *out,
		       struct err *e)
{
	memset(out, 0, sizeof *out);
	if (!conf_fill(text, len, folder, "control", keys, sizeof keys / sizeof keys[0], out, e))
		return false;
	if (strlen(out->socket) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return err_set(e, ERR_CONFIG,
			       "[control] socket: longer than a socket's path can be (%zu bytes)",
			       sizeof((struct sockaddr_un *)0)->sun_path - 1);
	return true;
}

void control_sandbox(struct sandbox *box)
{
	memset(box, 0, sizeof *box);
	box->may = SANDBOX_UNIX_ACCEPT;
}
