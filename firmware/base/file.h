/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in and out. */
#ifndef FIRMWARE_BASE_FILE_H
#define FIRMWARE_BASE_FILE_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Read a whole file into malloc'd *data (caller frees; never NULL when true). Errors name the path:
 * ERR_NOT_FOUND, ERR_IO, ERR_LIMIT (more than `most` bytes), ERR_NO_MEMORY. */
bool file_read(const char *path, uint64_t most, uint8_t **data, size_t *len,
	       struct err *e) MUST_CHECK;

/* Write a whole file so that a power cut leaves the old one or the new one: temporary file beside
 * it, fsync, rename, fsync of the folder. Permissions by the umask. ERR_IO, ERR_NO_SPACE; the old
 * file is then untouched. */
bool file_write(const char *path, const uint8_t *data, size_t len, struct err *e) MUST_CHECK;

/* The next `len` bytes of `fd`, and behind what was written to it before, however often that is
 * interrupted. file_take: ERR_IO, also when there are fewer; file_put: ERR_IO, ERR_NO_SPACE. */
bool file_take(int fd, void *data, size_t len, struct err *e) MUST_CHECK;
bool file_put(int fd, const void *data, size_t len, struct err *e) MUST_CHECK;

#endif
