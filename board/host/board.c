/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

const struct board board = {
    .name = "host",
    .about = "developer machine, replayed or simulated cameras",
    .pair_skew_ns = 8000000,
    .default_camera = "sim",
    /* 20 m/s * sin 30 deg * 150 px / 0.3048 m * 300 us = 1.5 px. */
    .exposure = {.min_us = 20,
		 .max_us = 300,
		 .max_gain = 8,
		 .night_gain = 4,
		 .gamma = 1,
		 .speed_mps = 20,
		 .angle_deg = 30,
		 .plate_px = 150},
};
