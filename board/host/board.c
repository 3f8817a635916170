/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

const struct board board = {
    .name = "host",
    .about = "developer machine, replayed or simulated cameras",
    .pair_skew_ns = 8000000,
    .default_camera = "sim",
};
