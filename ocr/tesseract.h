/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second, independent reader: Tesseract 5's line recogniser with an LSTM of our own (see
 * train/README.md). Image and corners in, a lattice out, as ocr/read.h; another engine, another
 * network, another cut of the plate. No dictionary, no list of allowed characters, no other
 * language.
 */
#ifndef OCR_TESSERACT_H
#define OCR_TESSERACT_H

#include "firmware/base/err.h"
#include "firmware/base/image.h"
#include "ocr/plate.h"
#include "ocr/tesseract_lattice.h"

struct tesseract_reader;

/*
 * Load plate.traineddata from folder `models`, at most 4 MiB, and read one picture, so that the
 * caller may close its sandbox afterwards: from then on nothing opens a file or starts a thread
 * (Tesseract's parallel loops are switched off for the calling thread, which must be the one that
 * observes). ERR_NOT_FOUND, ERR_IO: the file; ERR_LIMIT: larger; ERR_FORMAT: not whole, altered, or
 * refused by Tesseract; ERR_NO_MEMORY. tesseract_reader_free frees; NULL is harmless.
 * Tesseract's own messages go to /dev/null from here on, in the whole process.
 */
bool tesseract_reader_open(const char *models, struct tesseract_reader **out,
			   struct err *e) MUST_CHECK;
void tesseract_reader_free(struct tesseract_reader *t);

/* A rectified plate as the engine is given it: rows of bytes, dense. */
#define TESSERACT_WIDTH	 144u
#define TESSERACT_HEIGHT 48u
#define TESSERACT_PATCH	 ((size_t)TESSERACT_WIDTH * TESSERACT_HEIGHT)

/*
 * Rectify the plate inside `quad` of `img` (both borrowed), to be read later. Corners outside the
 * image are allowed (the border is replicated). ERR_LIMIT: degenerate quad.
 */
bool tesseract_cut(const struct image *img, const struct plate_quad *quad,
		   uint8_t patch[TESSERACT_PATCH], struct err *e) MUST_CHECK;

/*
 * Read a rectified plate (borrowed) into *out, whose weight is set to 1. Where nothing is seen, the
 * lattice says that nothing is there. ERR_IO: Tesseract failed.
 */
bool tesseract_read(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
		    struct plate_observation *out, struct err *e) MUST_CHECK;

/* The symbols that tesseract_read makes a lattice of, for fitting that: at[0..*n). ERR_IO. */
bool tesseract_symbols(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
		       struct symbol at[SYMBOLS_MAX], size_t *n, struct err *e) MUST_CHECK;

/* Cut and read. Errors of both. */
bool tesseract_observe(struct tesseract_reader *t, const struct image *img,
		       const struct plate_quad *quad, struct plate_observation *out,
		       struct err *e) MUST_CHECK;

#endif
