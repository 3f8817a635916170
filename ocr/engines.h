/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that looks at pictures, opened once and handed around together. Nothing that decides
 * is in here. */
#ifndef OCR_ENGINES_H
#define OCR_ENGINES_H

#include "firmware/base/err.h"
#include "ocr/localise.h"
#include "ocr/read.h"
#include "ocr/state.h"
#include "ocr/tesseract.h"

/* Each is borrowed from here for as long as this stays open. None is ever NULL. Not thread-safe. */
struct engines {
	struct localiser *localiser;	    /* where plates are */
	struct reader *reader;		    /* what they say: the network */
	struct state_teller *state;	    /* which state's they look like */
	struct tesseract_reader *tesseract; /* a second opinion on what they say */
};

/*
 * Open every engine with its model in folder `models`; as localiser_open: after this, nothing reads
 * a file. `threads`: of the networks, 1 to 8. ERR_NOT_FOUND, ERR_IO, ERR_FORMAT: a model, named by
 * the engine's prefix; ERR_NO_MEMORY; on error *out is left alone. engines_free frees them all;
 * NULL is harmless.
 */
bool engines_open(const char *models, int threads, struct engines **out, struct err *e) MUST_CHECK;
void engines_free(struct engines *g);

#endif
