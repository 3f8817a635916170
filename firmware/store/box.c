/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/box.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void store_sandbox(const struct store_conf *conf, struct store_box *out)
{
	char *slash;

	memset(out, 0, sizeof *out);
	out->sandbox.may = SANDBOX_READ_FILES | SANDBOX_WRITE_FILES | SANDBOX_MEMFD;
	out->sandbox.write_paths[0] = conf->ring.path;
	(void)snprintf(out->hotlist, sizeof out->hotlist, "%s", conf->hotlist.path);
	slash = strrchr(out->hotlist, '/');
	if (!slash)
		return;
	slash[slash == out->hotlist] = '\0';
	/* A folder that is not there can be given no rule, and nothing can be read from it either.
	 */
	if (access(out->hotlist, R_OK | X_OK) == 0)
		out->sandbox.read_paths[0] = out->hotlist;
}
