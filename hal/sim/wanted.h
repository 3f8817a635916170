/* SPDX-License-Identifier: Apache-2.0 */
/* A list of plates to drive past: "TEXT JURISDICTION" a line, '#' starts a comment, blank lines are
 * skipped. */
#ifndef HAL_SIM_WANTED_H
#define HAL_SIM_WANTED_H

#include "firmware/base/err.h"
#include "ocr/plate.h"

#include <stddef.h>

#define WANTED_MAX 100000u

struct wanted_plate {
	char text[PLATE_TEXT_SIZE];
	char jurisdiction[3]; /* "" when the line has none */
};

struct wanted {
	struct wanted_plate *plates;
	size_t n;
};

/*
 * Read the list at `path`. ERR_NOT_FOUND, ERR_IO; ERR_FORMAT (with the line's number, never its
 * text): a text that is not 1 to 8 of A-Z0-9, a jurisdiction that is not two letters, words after
 * it; ERR_LIMIT: more than WANTED_MAX plates. wanted_free frees.
 */
bool wanted_read(const char *path, struct wanted *out, struct err *e) MUST_CHECK;
void wanted_free(struct wanted *w);

/* True when `text` is on it. */
bool wanted_has(const struct wanted *w, const char *text);

#endif
