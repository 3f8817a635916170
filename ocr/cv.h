/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ocr/ takes from OpenCV (core, imgproc, dnn), as plain C: networks and two ways to resample
 * luma. No exception and no OpenCV type crosses this header. Nothing here is thread-safe except on
 * separate nets; everything is borrowed for the call.
 */
#ifndef OCR_CV_H
#define OCR_CV_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/plate.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CV_NET_OUTPUTS 4u
#define CV_TENSOR_DIMS 4u

struct cv_net;

/* One output of a network: dense float, last dimension fastest; unused dimensions are 1 and come
 * first. */
struct cv_tensor {
	const float *data; /* owned by the net, valid until it runs again or is freed */
	size_t shape[CV_TENSOR_DIMS];
	size_t count; /* product of shape */
};

/*
 * Load an ONNX file, at most 16 MiB. `outputs`: names of 1 to CV_NET_OUTPUTS outputs, in the order
 * cv_net_run gives them. `threads` 1 to 8: OpenCV keeps one number for the whole process, so the
 * last net opened decides. ERR_NOT_FOUND, ERR_IO: the file; ERR_FORMAT: OpenCV does not take it;
 * ERR_ARGUMENT: outputs or threads out of range. cv_net_free frees; NULL is harmless.
 */
bool cv_net_open(const char *path, int threads, const char *const *outputs, size_t n_outputs,
		 struct cv_net **out, struct err *e) MUST_CHECK;
void cv_net_free(struct cv_net *net);

/* From now on every net uses so many threads, 1 to 8 (others are ignored). It starts them when one
 * runs. */
void cv_threads(int threads);

/*
 * Run on one luma picture of width x height bytes, rows dense: the input is (value - mean) * scale
 * as a 1x1xHxW blob. The first run of a size allocates. outs[0..n_outputs) receives the outputs.
 * ERR_IO: the network failed (an input size that it does not take is such a failure).
 */
bool cv_net_run_luma(struct cv_net *net, const uint8_t *luma, uint32_t width, uint32_t height,
		     float mean, float scale, struct cv_tensor *outs, struct err *e) MUST_CHECK;

/* As cv_net_run_luma on a float blob of any shape (n x c x h x w), for inputs that are no picture.
 */
bool cv_net_run(struct cv_net *net, const float *blob, const size_t shape[CV_TENSOR_DIMS],
		struct cv_tensor *outs, struct err *e) MUST_CHECK;

/*
 * Map the quad (clockwise from its top left, pixels of `img`, corners outside allowed: the border
 * is replicated) to a picture of width x height (1 to 1024 each) dense bytes; averaged, not
 * aliased, when the quad is larger than that. ERR_LIMIT: a quad that is not finite, not convex,
 * turned inside out, smaller than 2 pixels or wider than 65536.
 */
bool cv_warp(const struct image *img, const struct plate_quad *quad, uint8_t *out, uint32_t width,
	     uint32_t height, struct err *e) MUST_CHECK;

/* Resample the rectangle x, y, w, h of `img` (inside it) to width x height (1 to 8192 each): area
 * average when it shrinks, bilinear when it grows or shrinks by no more than an eighth. `stride`
 * bytes from row to row of out. ERR_ARGUMENT: a rectangle outside; ERR_IO: OpenCV failed. */
bool cv_resize(const struct image *img, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
	       uint8_t *out, uint32_t width, uint32_t height, uint32_t stride,
	       struct err *e) MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
