/* SPDX-License-Identifier: Apache-2.0 */
/* An archive as POSIX has it (IEEE Std 1003.1, pax, "ustar Interchange Format"): plain files only.
 */
#ifndef FIRMWARE_STORE_TAR_H
#define FIRMWARE_STORE_TAR_H

#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK    512u
#define TAR_NAME_MAX 100u
#define TAR_END	     (2 * TAR_BLOCK) /* zeros that end an archive */

/* The header of a file, to be followed by its `size` bytes and tar_padding(size) zeros. `name` has
 * at most TAR_NAME_MAX bytes, `size` is below 8 GiB, `time_s` are seconds since 1970 (below 0:
 * written as 0). Returns out. */
const uint8_t *tar_header(const char *name, size_t size, int64_t time_s, uint8_t out[TAR_BLOCK]);

static inline size_t tar_padding(size_t size)
{
	return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK;
}

/* Bytes that a file of `size` takes in the archive. */
static inline size_t tar_length(size_t size)
{
	return TAR_BLOCK + size + tar_padding(size);
}

#endif
