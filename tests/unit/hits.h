/* SPDX-License-Identifier: Apache-2.0 */
/* A hit as the store would describe it, for the tests. */
#ifndef TESTS_UNIT_HITS_H
#define TESTS_UNIT_HITS_H

#include "hotlist/hit.h"

struct sample {
	struct hit hit; /* points at the rest */
	struct plate_read read;
	struct match match;
	struct bundle_info list;
};

/* An EXACT hit with four (tiny) pictures, decided 61 s after its list was issued. */
void hits_sample(struct sample *s);

#endif
