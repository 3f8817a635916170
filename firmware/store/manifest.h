/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest of an answer to a request for evidence (EVIDENCE.md), piece by piece. All write to a
 * stream in memory, whose errors show when it is closed. */
#ifndef FIRMWARE_STORE_MANIFEST_H
#define FIRMWARE_STORE_MANIFEST_H

#include "firmware/store/archive.h"
#include "firmware/store/retrieve.h"

#include <stdio.h>

/* All members before "reads": `{"format":…,"complete":true`. False: no memory. */
bool manifest_head(FILE *f, const struct archive_about *about) MUST_CHECK;

/* One read, an object. offset_ns: lookup_offset. `damaged`: of its pictures, a bit each. */
void manifest_read(FILE *f, const struct retrieved *r, int64_t offset_ns, unsigned damaged);

/* One file, an object; its name needs no escape. */
void manifest_file(FILE *f, const char *name, size_t size, const uint8_t digest[CRYPT_SHA256_SIZE]);

/* "crop_0", …: a picture's name in an answer. */
const char *manifest_picture(unsigned kind);

#endif
