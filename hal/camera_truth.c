/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/camera_truth.h"

void camera_truth_frame(FILE *f, const struct frame *frame)
{
	if (!f)
		return;
	(void)fprintf(f, "{\"camera\":%u,\"sequence\":%u,\"capture_ns\":%lld}\n", frame->camera,
		      frame->sequence, (long long)frame->capture_ns);
	(void)fflush(f);
}
