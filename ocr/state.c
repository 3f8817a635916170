/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/state.h"

#include "firmware/base/cleanup.h"
#include "ocr/cv.h"
#include "ocr/lexicon.h"
#include "ocr/patch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The network's input, and where on a plate the strips are that it reads: the same numbers as
 * ocr/train/state_net.py. */
#define IN_WIDTH    192u
#define IN_HEIGHT   32u
#define IN_PIXELS   ((size_t)IN_WIDTH * IN_HEIGHT)
#define STRIPS	    2u
/* Pixels of a plate's width: below, capitals of its print are less than five high. */
#define LEAST_WIDTH 72.0f
/* The network is surer than it is right: log-probabilities are divided by this (ocr/README.md). */
#define TOO_SURE    1.5f

static const struct patch_part strips[STRIPS] = {
    {-0.03f, -0.06f, 1.03f, 0.27f},
    {-0.03f, 0.73f, 1.03f, 1.06f},
};

struct state_teller {
	struct cv_net *net;
	uint8_t patch[IN_PIXELS];
	float blob[IN_PIXELS];
	struct lexicon_strip strip;
};

/* One step's log-probabilities, `stride` apart, to probabilities that are less sure of themselves.
 */
static bool soften(const float *logp, size_t stride, float p[LEXICON_CLASSES])
{
	float sum = 0;

	for (size_t c = 0; c < LEXICON_CLASSES; c++) {
		if (!(logp[c * stride] <= 0.001f))
			return false;
		sum += p[c] = expf(logp[c * stride] / TOO_SURE);
	}
	if (!(sum > 0))
		return false;
	for (size_t c = 0; c < LEXICON_CLASSES; c++)
		p[c] /= sum;
	return true;
}

/* Read the patch into t->strip. */
static bool run(struct state_teller *t, struct err *e)
{
	const size_t shape[CV_TENSOR_DIMS] = {1, 1, IN_HEIGHT, IN_WIDTH};
	struct lexicon_strip *s = &t->strip;
	struct cv_tensor said;

	patch_normalise(t->patch, IN_PIXELS, t->blob);
	if (!cv_net_run(t->net, t->blob, shape, &said, e))
		return false;
	s->steps = (uint32_t)said.shape[3];
	if (said.shape[1] != LEXICON_CLASSES || said.shape[3] > LEXICON_STEPS ||
	    said.count != LEXICON_CLASSES * said.shape[3])
		return err_set(e, ERR_FORMAT, "the network has another shape");
	for (size_t i = 0; i < s->steps; i++)
		if (!soften(said.data + i, s->steps, s->p[i]))
			return err_set(e, ERR_IO, "the network gave no probability");
	return true;
}

bool state_open(const char *models, int threads, struct state_teller **out, struct err *e)
{
	static const char *const outputs[] = {"logp"};
	AUTO_FREE char *path = NULL;

	if (asprintf(&path, "%s/state.onnx", models) < 0) {
		path = NULL;
		return err_set(e, ERR_NO_MEMORY, "state: out of memory");
	}
	struct state_teller *t = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NO_MEMORY, "state: out of memory");
	if (!cv_net_open(path, threads, outputs, 1, &t->net, e) || !run(t, e)) {
		state_free(t);
		return err_prefix(e, "state");
	}
	*out = t;
	return true;
}

void state_free(struct state_teller *t)
{
	if (!t)
		return;
	cv_net_free(t->net);
	free(t);
}

/* Noise is no name. */
static bool is_legible(const struct plate_quad *q)
{
	float top = hypotf(q->p[2] - q->p[0], q->p[3] - q->p[1]),
	      bottom = hypotf(q->p[4] - q->p[6], q->p[5] - q->p[7]);

	return top + bottom >= 2 * LEAST_WIDTH;
}

bool state_look(struct state_teller *t, const struct image *img, const struct plate_quad *quad,
		struct issuer_look *out, struct err *e)
{
	lexicon_begin(out);
	/* The name stands at the top of most plates. */
	for (size_t i = 0; i < STRIPS && !(i && lexicon_sure(out)); i++) {
		/* Cutting is what refuses a degenerate quad. */
		if (!patch_cut(img, quad, &strips[i], t->patch, IN_WIDTH, IN_HEIGHT, e))
			return err_prefix(e, "state");
		if (!is_legible(quad))
			break;
		if (!run(t, e))
			return err_prefix(e, "state");
		lexicon_add(&t->strip, out);
	}
	lexicon_end(out);
	return true;
}
