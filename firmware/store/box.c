/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/box.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where a file lies; "" when that folder is not there: then it can be given no rule, and nothing
 * can be read from it or written to it either. */
static const char *folder_of(const char *path, char out[CONF_STRING_MAX], int how)
{
	char *slash;

	(void)snprintf(out, CONF_STRING_MAX, "%s", path);
	slash = strrchr(out, '/');
	if (slash)
		slash[slash == out] = '\0';
	return slash && access(out, how) == 0 ? out : NULL;
}

void store_sandbox(const struct store_conf *conf, struct store_box *out)
{
	memset(out, 0, sizeof *out);
	out->sandbox.may = SANDBOX_READ_FILES | SANDBOX_WRITE_FILES | SANDBOX_MEMFD;
	out->sandbox.write_paths[0] = conf->ring.path;
	out->sandbox.read_paths[0] = folder_of(conf->hotlist.path, out->hotlist, R_OK | X_OK);
	/* A TPM's device is open by then, and its file is written at enrolment only. */
	if (strcmp(conf->ring.keystore, "file") == 0)
		out->sandbox.write_paths[1] =
		    folder_of(conf->ring.keystore_path, out->keystore, W_OK | X_OK);
}
