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
 * alternatives; jurisdiction unknown, for that takes a picture (ocr/issuer.h). Cannot fail: an
 * empty lattice gives text "" with confidence 0. Allocates nothing.
 */
void fuse(const struct plate_observation *const *seen, size_t n, struct plate_read *out);

/* What a fusion weighs by; the numbers in use are in ocr/calibration.h. */
struct fuse_tuning {
	float engine[PLATE_ENGINES]; /* exponents of each engine's likelihoods: less than 1 when it
					is surer than it is right */
	float further; /* second and later observations of one engine count this much */
	float alike;   /* exponent of the prior (syntax_log_prior) among spellings drawn alike */
	float nearly;  /* the same, added, among those drawn nearly alike */
};

/* As fuse, with other numbers: for fitting them. */
void fuse_with(const struct fuse_tuning *by, const struct plate_observation *const *seen, size_t n,
	       struct plate_read *out);

/*
 * Natural-log probability of `text` (A-Z0-9, up to PLATE_TEXT_MAX characters) under one observation
 * by the CTC forward recursion; -INFINITY for text that cannot be aligned.
 */
float fuse_log_likelihood(const struct plate_observation *seen, const char *text);

#endif
