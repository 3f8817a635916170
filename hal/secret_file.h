/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small file that holds secrets: the owner's alone, with a checksum, replaced as a whole or not
 * at all, and overwritten before it goes (which flash does not promise to do). Private to
 * hal/keystore*.
 */
#ifndef HAL_SECRET_FILE_H
#define HAL_SECRET_FILE_H

#include "firmware/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define SECRET_FILE_MAX 256u /* bytes of its content */

struct secret_file {
	int folder; /* that it lies in; -1: not open */
	char name[128];
	char temporary[136]; /* the next one while it is written */
};

/*
 * Open the folder that `path` lies in; the file need not be there. secret_file_close. ERR_CONFIG:
 * no path, or too long; ERR_NOT_FOUND: no such folder; ERR_IO.
 */
bool secret_file_open(const char *path, struct secret_file *f, struct err *e) MUST_CHECK;
void secret_file_close(struct secret_file *f);

/* Overwrite and remove what a power cut left of a write: for the one who writes. ERR_IO. */
bool secret_file_tidy(const struct secret_file *f, struct err *e) MUST_CHECK;

/*
 * Its `size` bytes into `out`. ERR_NOT_FOUND: it is not there; ERR_POLICY: not a plain file, others
 * may read it, or it is not ours; ERR_FORMAT: of another size, or its checksum is wrong; ERR_IO.
 * On an error nothing is in `out`.
 */
bool secret_file_read(const struct secret_file *f, uint8_t *out, size_t size,
		      struct err *e) MUST_CHECK;

/*
 * Replace it (or make it): after true the new content is on the disk, after false the old one still
 * is, or the new one (when only the folder could not be synced). The old bytes are overwritten.
 * ERR_NO_SPACE, ERR_IO.
 */
bool secret_file_write(const struct secret_file *f, const uint8_t *bytes, size_t size,
		       struct err *e) MUST_CHECK;

/* Overwrite and remove it; true also when there is none. ERR_IO. */
bool secret_file_remove(const struct secret_file *f, struct err *e) MUST_CHECK;

/* Whether its folder is still there. ERR_NOT_FOUND, ERR_IO. */
bool secret_file_health(const struct secret_file *f, struct err *e) MUST_CHECK;

#endif
