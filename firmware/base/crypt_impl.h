/* SPDX-License-Identifier: Apache-2.0 */
/* What crypt.c and the rooms beside it share: how a key is kept. For them alone. */
#ifndef FIRMWARE_BASE_CRYPT_IMPL_H
#define FIRMWARE_BASE_CRYPT_IMPL_H

#include "firmware/base/crypt.h"

#include <mbedtls/pk.h>

struct crypt_key {
	mbedtls_pk_context pk;
	bool is_private;
};

/* crypt_random in the form that mbedTLS wants. */
int crypt_rng(void *unused, unsigned char *out, size_t len);

#endif
