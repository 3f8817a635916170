/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers that turn what the engines say into probabilities. They belong to the models: a new
 * model wants them anew, from
 *
 *     make calibrate [PHOTOS=folder]
 *
 * which fits them on plates that nobody trained on (ocr/train/README.md).
 */
#ifndef OCR_CALIBRATION_H
#define OCR_CALIBRATION_H

#include "ocr/fuse.h"

/* Probability that there is a plate: a logistic function of the localiser's score, steep by SLOPE,
 * one half at HALF; and of a picture that reads as one plate. */
#define CALIBRATION_SLOPE 13.0f
#define CALIBRATION_HALF  0.5f
#define CALIBRATION_WHOLE 0.97f

static const struct fuse_tuning calibration_fuse = {
    .engine = {0.73f, 0.16f},
    .further = 0.35f,
    .alike = 0.7f,
    .nearly = 0.5f,
};

#endif
