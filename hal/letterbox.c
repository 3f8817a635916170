/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/letterbox.h"

#include <string.h>

#define GREY 128

/* Average of each of the n equal parts of a row: weights of the pixels that a part covers only
 * partly are shares. */
static void shrink_row(const uint8_t *in, uint32_t width, float *out, uint32_t n)
{
	float step = (float)width / (float)n;

	for (uint32_t x = 0; x < n; x++) {
		float from = (float)x * step, to = (float)(x + 1) * step, sum = 0;
		uint32_t i = (uint32_t)from, last = (uint32_t)to;

		if (last >= width)
			last = width - 1;
		if (i >= last) {
			out[x] = in[last];
			continue;
		}
		sum = (float)in[i] * ((float)(i + 1) - from);
		for (i++; i < last; i++)
			sum += (float)in[i];
		sum += (float)in[last] * (to - (float)last);
		out[x] = sum / step;
	}
}

static void shrink(const struct image *in, uint8_t *out, uint32_t w, uint32_t h, uint32_t stride,
		   float *scratch)
{
	float *row = scratch, *sum = scratch + w, step = (float)in->height / (float)h;

	for (uint32_t y = 0; y < h; y++) {
		float from = (float)y * step, to = (float)(y + 1) * step;
		uint32_t i = (uint32_t)from;

		memset(sum, 0, w * sizeof *sum);
		for (; i < in->height && (float)i < to; i++) {
			float a = (float)i > from ? (float)i : from,
			      b = (float)(i + 1) < to ? (float)(i + 1) : to;

			shrink_row(in->data + (size_t)i * in->stride, in->width, row, w);
			for (uint32_t x = 0; x < w; x++)
				sum[x] += row[x] * (b - a);
		}
		for (uint32_t x = 0; x < w; x++) {
			float v = sum[x] / step + 0.5f;

			out[(size_t)y * stride + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

void letterbox(const struct image *in, uint8_t *out, uint32_t width, uint32_t height,
	       uint32_t stride, float *scratch)
{
	uint32_t w = in->width, h = in->height;

	if (w > width || h > height) {
		if ((uint64_t)w * height > (uint64_t)h * width) {
			h = (uint32_t)((uint64_t)h * width / w);
			w = width;
		} else {
			w = (uint32_t)((uint64_t)w * height / h);
			h = height;
		}
		w = w ? w : 1;
		h = h ? h : 1;
		shrink(in, out, w, h, stride, scratch);
	} else {
		for (uint32_t y = 0; y < h; y++)
			memcpy(out + (size_t)y * stride, in->data + (size_t)y * in->stride, w);
	}
	for (uint32_t y = 0; y < height; y++) {
		uint32_t from = y < h ? w : 0;

		memset(out + (size_t)y * stride + from, GREY, width - from);
	}
}
