/* SPDX-License-Identifier: Apache-2.0 */
/* Words in and truth out: the names of light, weather and hardness, and the truth as JSON lines. */
#ifndef HAL_SIM_TRUTH_H
#define HAL_SIM_TRUTH_H

#include "hal/sim/street.h"

#define TRUTH_LINE 2048u

/* day|dusk|night|mixed, clear|rain|mixed, none|some|all into *out. ERR_CONFIG. */
bool truth_words(const char *light, const char *weather, const char *hard, struct street_setup *out,
		 struct err *e) MUST_CHECK;

/*
 * One JSON object with a newline into `line`: a vehicle that has left. Simulated times become
 * capture times by adding start_ns (UTC). Returns its length.
 */
size_t truth_passage(const struct street_passage *p, int64_t start_ns, char line[TRUTH_LINE]);

/* One JSON object with a newline: the plates of one picture. Returns its length. */
size_t truth_frame(const char *file, unsigned camera, int64_t capture_ns,
		   const struct street_plate *plates, size_t n, char line[TRUTH_LINE]);

#endif
