/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"
#include "board/arm64/imx296.h"

/* Raspberry Pi Compute Module 4 on its IO board with two IMX296LL; lines and their names:
 * pole.dtso. */
const struct board board = {
    .name = "rpi-cm4",
    .about = "Compute Module 4, two IMX296 global-shutter cameras",
    .pair_skew_ns = 8000000,
    .default_camera = "libcamera",
    .camera_ids = {"/base/i2c-mux0/i2c@0/camera@1a", "/base/i2c-mux0/i2c@1/camera@1a"},
    .exposure = IMX296_EXPOSURE,
    .lamp_strobe = {.chip = "pinctrl-bcm2711", .name = "alpr-lamp"},
    .lamp_fault = {.chip = "pinctrl-bcm2711", .name = "alpr-lamp-fault", .active_low = true},
    .door = {.chip = "pinctrl-bcm2711", .name = "alpr-door"},
    .door_debounce_us = 20000,
    .watchdog = "/dev/watchdog0",
    .default_temperature = "hwmon",
    .default_clock = "kernel",
};
