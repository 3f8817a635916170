/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

/* libcamera's virtual cameras complete a request when they are asked, on a thread each: two frames
 * of an instant lie as far apart as the emulated machine needs to run both. Less than half of the
 * 33 ms between frames at 30 a second, or a lost frame's partner would be taken for the next. */
const struct board board = {
    .name = "qemu-arm64",
    .about = "emulated arm64 machine, libcamera's virtual cameras",
    .pair_skew_ns = 15000000,
    .default_camera = "libcamera",
    /* As board host: the virtual cameras have no such controls, but night is told by it. */
    .exposure = {.min_us = 20,
		 .max_us = 300,
		 .max_gain = 8,
		 .night_gain = 4,
		 .gamma = 1,
		 .speed_mps = 20,
		 .angle_deg = 30,
		 .plate_px = 150},
};
