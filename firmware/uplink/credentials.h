/* SPDX-License-Identifier: Apache-2.0 */
/* What TLS needs from files, read once before the sandbox closes: a new certificate means a new
 * process. */
#ifndef FIRMWARE_UPLINK_CREDENTIALS_H
#define FIRMWARE_UPLINK_CREDENTIALS_H

#include "firmware/base/err.h"
#include "firmware/base/pem.h"
#include "firmware/uplink/conf.h"

#include <stdint.h>

struct credentials {
	struct pem ca, certificate, key;
	int64_t expires_s; /* of this box's certificate, UTC seconds */
};

/*
 * Read and check the three files of c. An expired certificate is loaded (the RTCC decides; status
 * tells), everything else wrong is refused here: ERR_FORMAT (no such PEM, key and certificate that
 * do not belong together), ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. credentials_wipe frees, also after
 * an error.
 */
bool credentials_load(const struct uplink_conf *c, struct credentials *out,
		      struct err *e) MUST_CHECK;

/* Wipe the key and free. Safe on a zeroed struct. */
void credentials_wipe(struct credentials *c);

#endif
