/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/read.h"

#include "firmware/base/cleanup.h"
#include "ocr/cv.h"
#include "ocr/patch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The network's input: the same numbers as ocr/train/read_augment.py. */
#define IN_WIDTH  128u
#define IN_HEIGHT 48u
#define IN_PIXELS ((size_t)IN_WIDTH * IN_HEIGHT)

struct reader {
	struct cv_net *net;
	uint8_t patch[IN_PIXELS];
	float blob[IN_PIXELS];
};

/* Logits as the network gives them, classes x steps, to log-probabilities, steps x classes. */
static bool to_lattice(const struct cv_tensor *t, struct plate_observation *out, struct err *e)
{
	size_t steps = t->shape[3];

	if (t->shape[1] != PLATE_CLASSES || steps < 1 || steps > PLATE_STEPS ||
	    t->count != PLATE_CLASSES * steps)
		return err_set(e, ERR_FORMAT, "reader: the network has another shape");
	out->steps = (uint32_t)steps;
	out->weight = 1.0f;
	out->engine = PLATE_NETWORK;
	for (size_t s = 0; s < steps; s++) {
		float top = -INFINITY, sum = 0;

		for (size_t c = 0; c < PLATE_CLASSES; c++)
			top = fmaxf(top, t->data[c * steps + s]);
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			sum += expf(t->data[c * steps + s] - top);
		float norm = top + logf(sum);
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			out->logp[s][c] = t->data[c * steps + s] - norm;
	}
	return true;
}

static bool run(struct reader *r, struct plate_observation *out, struct err *e)
{
	const size_t shape[CV_TENSOR_DIMS] = {1, 1, IN_HEIGHT, IN_WIDTH};
	struct cv_tensor t;

	patch_normalise(r->patch, IN_PIXELS, r->blob);
	return cv_net_run(r->net, r->blob, shape, &t, e) && to_lattice(&t, out, e);
}

bool reader_open(const char *models, int threads, struct reader **out, struct err *e)
{
	static const char *const outputs[] = {"logits"};
	AUTO_FREE char *path = NULL;
	struct plate_observation warm;

	if (asprintf(&path, "%s/read.onnx", models) < 0) {
		path = NULL;
		return err_set(e, ERR_NO_MEMORY, "reader: out of memory");
	}
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return err_set(e, ERR_NO_MEMORY, "reader: out of memory");
	if (!cv_net_open(path, threads, outputs, 1, &r->net, e) || !run(r, &warm, e)) {
		reader_free(r);
		return err_prefix(e, "reader");
	}
	*out = r;
	return true;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	cv_net_free(r->net);
	free(r);
}

bool reader_observe(struct reader *r, const struct image *img, const struct plate_quad *quad,
		    struct plate_observation *out, struct err *e)
{
	return patch_cut(img, quad, &patch_with_margin, r->patch, IN_WIDTH, IN_HEIGHT, e) &&
	       run(r, out, e);
}
