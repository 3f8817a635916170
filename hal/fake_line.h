/* SPDX-License-Identifier: Apache-2.0 */
/* A GPIO line that is a plain file holding its level, 0 or 1: for a developer's machine and for
 * tests (CONFIG_FAKE_HARDWARE). Files are opened once and then read and written in place. */
#ifndef HAL_FAKE_LINE_H
#define HAL_FAKE_LINE_H

#include "firmware/base/err.h"

/* Open `name` in `folder`, for writing (made when it is missing) or for reading. *fd is the
 * caller's. ERR_CONFIG: folder is NULL or empty; ERR_NOT_FOUND, ERR_IO. */
bool fake_line_open(const char *folder, const char *name, bool output, int *fd,
		    struct err *e) MUST_CHECK;

/* Read the level, as active or not. ERR_IO; ERR_FORMAT: the file does not begin with 0 or 1. */
bool fake_line_get(int fd, bool active_low, bool *active, struct err *e) MUST_CHECK;

/* Write the level. ERR_IO, ERR_NO_SPACE. */
bool fake_line_set(int fd, bool active_low, bool active, struct err *e) MUST_CHECK;

#endif
