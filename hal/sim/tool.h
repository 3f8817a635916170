/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs of alpr-sim. Each takes its own argv (argv[0] the verb) and returns the exit status: 0, 1
 * failed, 2 wrong call. */
#ifndef HAL_SIM_TOOL_H
#define HAL_SIM_TOOL_H

#include "firmware/base/err.h"

#include <stdint.h>

/* plates --seed S --count N --out DIR [--style us|eu|mixed] [--dirt D] [--frames P] [--fonts DIR]
 */
int tool_plates(int argc, char **argv);

/* street --out DIR [--seed S] [--passages N] [--light …] [--weather …] [--hard …] [--rate R]
 * [--format pgm|jpeg|none] … */
int tool_street(int argc, char **argv);

/* Parse a whole number in [least, most]. ERR_ARGUMENT. */
bool tool_number(const char *what, const char *text, int64_t least, int64_t most, int64_t *out,
		 struct err *e) MUST_CHECK;

/* Parse a real number in [least, most]. ERR_ARGUMENT. */
bool tool_real(const char *what, const char *text, double least, double most, double *out,
	       struct err *e) MUST_CHECK;

/* Say "alpr-sim: …" on stderr; returns 2 for ERR_ARGUMENT and ERR_CONFIG, else 1. */
int tool_fail(const struct err *e);

#endif
