/* SPDX-License-Identifier: Apache-2.0 */
/* How a board with two IMX296 exposes, mounted at 12 m as its README says: `alpr-mount` prints the
 * figures. */
#ifndef BOARD_ARM64_IMX296_H
#define BOARD_ARM64_IMX296_H

/* An initialiser of struct board_exposure. 16: 24 dB, the analogue half of the sensor's range. */
#define IMX296_EXPOSURE                                                                            \
	{                                                                                          \
		.min_us = 30, .max_us = 800, .frame_us = 33333, .max_gain = 16, .night_gain = 4,   \
		.gamma = 2.2f, .speed_mps = 16.7f, .angle_deg = 23.6f, .plate_px = 105,            \
	}

#endif
