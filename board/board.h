/* SPDX-License-Identifier: Apache-2.0 */
/* What a board has. One board.c under board/<name>/ defines `board`; nothing else may ask which
 * board this is. */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdint.h>

struct board {
	const char *name;
	const char *about;	    /* one line for `alprctl status` */
	int64_t pair_skew_ns;	    /* most that the exposures of a pair may lie apart */
	const char *default_camera; /* driver, see hal/camera.h */
};

extern const struct board board;

#endif
