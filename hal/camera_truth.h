/* SPDX-License-Identifier: Apache-2.0 */
/* What a driver writes down of its frames, JSON lines, so that a run can be replayed and checked.
 */
#ifndef HAL_CAMERA_TRUTH_H
#define HAL_CAMERA_TRUTH_H

#include "hal/frame.h"

#include <stdio.h>

/* Append {"camera":…,"sequence":…,"capture_ns":…}. f NULL: nothing is written down. */
void camera_truth_frame(FILE *f, const struct frame *frame);

#endif
