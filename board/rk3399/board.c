/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"
#include "board/arm64/imx296.h"

/* FriendlyElec NanoPC-T4 with two IMX296LQ; lines and their names: pole.dtso. */
const struct board board = {
    .name = "rk3399",
    .about = "NanoPC-T4 (RK3399), two IMX296 global-shutter cameras",
    .pair_skew_ns = 8000000,
    .default_camera = "libcamera",
    .camera_ids = {"/base/i2c@ff110000/camera@1a", "/base/i2c@ff120000/camera@1a"},
    .exposure = IMX296_EXPOSURE,
    .lamp_strobe = {.chip = "gpio1", .name = "alpr-lamp"},
    .lamp_fault = {.chip = "gpio1", .name = "alpr-lamp-fault", .active_low = true},
    .door = {.chip = "gpio1", .name = "alpr-door"},
    .door_debounce_us = 20000,
    .watchdog = "/dev/watchdog0",
    .default_temperature = "hwmon",
    .default_clock = "kernel",
};
