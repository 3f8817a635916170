/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates as they lie in files: small texts, wiped before they are freed. */
#ifndef FIRMWARE_BASE_PEM_H
#define FIRMWARE_BASE_PEM_H

#include "firmware/base/err.h"

#include <stddef.h>

#define PEM_FILE_MAX 65536u /* bytes: a chain of a few certificates with their texts */

struct pem {
	char *text; /* NUL-terminated */
	size_t len; /* with the NUL, as mbedTLS wants it */
};

/*
 * Read a regular file whole into *p; what it holds is not looked at. ERR_NOT_FOUND, ERR_IO (also:
 * not a regular file), ERR_FORMAT (larger than PEM_FILE_MAX), ERR_NO_MEMORY. pem_wipe frees.
 */
bool pem_read(const char *path, struct pem *p, struct err *e) MUST_CHECK;

/* Wipe the text, free it and leave *p zeroed. Safe on a zeroed struct, usable with CLEANUP. */
void pem_wipe(struct pem *p);

#endif
