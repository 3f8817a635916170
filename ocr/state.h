/* SPDX-License-Identifier: Apache-2.0 */
/* What one picture of a plate says of the state that issued it: its printed name, slogan, emblem
 * and layout, through a network. */
#ifndef OCR_STATE_H
#define OCR_STATE_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/issuer.h"
#include "ocr/plate.h"

struct state_teller;

/* Load the model from folder `models` (state.onnx); as localiser_open. ERR_FORMAT also when it
 * tells other classes apart than issuer.h has. state_free frees; NULL is harmless. */
bool state_open(const char *models, int threads, struct state_teller **out,
		struct err *e) MUST_CHECK;
void state_free(struct state_teller *t);

/*
 * Look at the plate inside `quad` of `img` (both borrowed). One narrower than 72 pixels says
 * nothing: all states are alike then, and the network is not run. Corners outside the image are
 * allowed (the border is replicated). ERR_LIMIT: degenerate quad; ERR_IO: the network failed.
 */
bool state_look(struct state_teller *t, const struct image *img, const struct plate_quad *quad,
		struct issuer_look *out, struct err *e) MUST_CHECK;

#endif
