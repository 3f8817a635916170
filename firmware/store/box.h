/* SPDX-License-Identifier: Apache-2.0 */
/* What the store may still touch once its sandbox is closed; apart from the role, so that a test
 * can try to do more. */
#ifndef FIRMWARE_STORE_BOX_H
#define FIRMWARE_STORE_BOX_H

#include "firmware/base/sandbox.h"
#include "firmware/store/conf.h"

struct store_box {
	struct sandbox sandbox;		/* points into this struct and into the configuration */
	char hotlist[CONF_STRING_MAX];	/* folder of the configured bundle: its file is replaced by
					   renaming */
	char keystore[CONF_STRING_MAX]; /* folder of the root keys in a file */
};

/* The store folder to write (it must exist), and that of a keystore in a file; the folder of the
 * configured bundle to read; sealed memory; no network. */
void store_sandbox(const struct store_conf *conf, struct store_box *out);

#endif
