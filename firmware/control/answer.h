/* SPDX-License-Identifier: Apache-2.0 */
/* What control knows, and its answers: one line of JSON each. */
#ifndef FIRMWARE_CONTROL_ANSWER_H
#define FIRMWARE_CONTROL_ANSWER_H

#include "firmware/wire.h"

#include <stddef.h>
#include <stdint.h>

struct known {
	bool present[WIRE_ROLES];
	int64_t heard_ns[WIRE_ROLES]; /* monotonic: when the parent last spoke of it */
	struct wire_status roles[WIRE_ROLES];
};

/* Take over a status from the parent. ERR_PEER: it speaks of no role, or of more counters than
 * there can be. */
bool known_take(struct known *k, const struct wire_status *m, int64_t now_ns,
		struct err *e) MUST_CHECK;

/*
 * Answer a request ("status", "counters"; anything else is answered with an error object): a
 * malloc'd line of JSON that ends in a newline, or NULL without memory. Caller frees.
 */
char *answer(const struct known *k, const char *request, int64_t now_ns);

/* The same for a request that is not served: `why` in plain words. */
char *answer_error(const char *why);

/* The same for an evidence request that the store has dealt with: how many bytes the sealed answer
 * has, which goes with the line; or why there is none. */
char *answer_evidence(bool sealed, size_t bytes, const char *why);

#endif
