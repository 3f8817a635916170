/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fusion: many observations of one plate (two angles, all frames of a passage) become one read.
 * Spellings proposed by any observation are scored on all of them, so the outcome is that of the
 * joint lattice, not a vote on strings.
 */
#ifndef OCR_FUSE_H
#define OCR_FUSE_H

#include "ocr/plate.h"

#include <stddef.h>

/*
 * Fuse n >= 1 observations (borrowed) into *out: text, confidence, per-character confidence,
 * alternatives, jurisdiction (ocr/syntax.h). Cannot fail: an empty lattice gives text "" with
 * confidence 0. Allocates nothing.
 */
void fuse(const struct plate_observation *const *seen, size_t n, struct plate_read *out);

/*
 * Natural-log probability of `text` (A-Z0-9, up to PLATE_TEXT_MAX characters) under one observation
 * by the CTC forward recursion; -INFINITY for text that cannot be aligned.
 */
float fuse_log_likelihood(const struct plate_observation *seen, const char *text);

#endif
