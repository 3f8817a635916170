/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cameras without controls of their own (replay, sim) were asked to expose with: a file of
 * JSON lines, {"at_ns":…,"camera":0,"exposure_us":300,"gain":1.000,"frame_us":0}, at_ns in UTC. For
 * tests of what would have been asked of a real camera.
 */
#ifndef HAL_CONTROL_LOG_H
#define HAL_CONTROL_LOG_H

#include "firmware/base/err.h"
#include "hal/camera.h"

/* Open `path` for appending; "": *fd is -1, and every control is refused. *fd is the caller's.
 * ERR_NOT_FOUND, ERR_IO. */
bool control_log_open(const char *path, int *fd, struct err *e) MUST_CHECK;

/* Write a line. ERR_ARGUMENT: no such camera; ERR_POLICY: fd is -1; ERR_IO, ERR_NO_SPACE. */
bool control_log_write(int fd, unsigned camera, const struct camera_control *want,
		       struct err *e) MUST_CHECK;

#endif
