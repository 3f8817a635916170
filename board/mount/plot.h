/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOARD_MOUNT_PLOT_H
#define BOARD_MOUNT_PLOT_H

#include "board/mount/mount.h"

/*
 * Write an SVG picture to `path`, replacing what is there: plate width and smear against distance,
 * from `from` to `to` metres along the road, with the zone and the limits. ERR_IO, ERR_NO_SPACE,
 * ERR_NOT_FOUND (no such folder); what was written then is removed.
 */
bool plot_write(const struct mount *m, double from, double to, const char *path,
		struct err *e) MUST_CHECK;

#endif
