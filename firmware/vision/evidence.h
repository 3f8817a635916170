/* SPDX-License-Identifier: Apache-2.0 */
/* What was read of one plate so far: the best observations are kept, and two such heaps can be
 * asked whether they are one plate. */
#ifndef FIRMWARE_VISION_EVIDENCE_H
#define FIRMWARE_VISION_EVIDENCE_H

#include "ocr/plate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVIDENCE_MAX 12u /* observations kept of one angle: 24 of a passage */

struct evidence {
	uint32_t n;	/* kept */
	uint32_t total; /* offered */
	float quality[EVIDENCE_MAX];
	struct plate_observation seen[EVIDENCE_MAX];
};

/* True when an observation of this quality would be kept. */
bool evidence_wants(const struct evidence *e, float quality);

/* Set the weight of an observation by what it reads alone: a picture that hardly says anything must
 * not outvote one that does. */
void evidence_weigh(struct plate_observation *seen, const struct plate_read *alone);

/* Keep a copy of `seen` if it is among the best. */
void evidence_add(struct evidence *e, const struct plate_observation *seen, float quality);

/* Put what `from` holds into `into`, the best of both are kept. */
void evidence_merge(struct evidence *into, const struct evidence *from);

/* Fuse n heaps (1 or 2) into one read; text "" when they are all empty. */
void evidence_read(const struct evidence *const *heaps, size_t n, struct plate_read *out);

/* What two heaps, each with its own read, say about being the same plate. */
struct agreement {
	float loss;    /* nats an observation that the best common spelling costs against each one's
			  own; 0 and up */
	bool same;     /* the very same text, and not by chance */
	bool strong;   /* both are sure, and say nearly the same */
	bool contrary; /* both are sure, and say different things */
};

/* As said; heaps and reads are borrowed. A heap without a text neither agrees nor contradicts. */
struct agreement evidence_agreement(const struct evidence *a, const struct plate_read *ra,
				    const struct evidence *b, const struct plate_read *rb);

/* Insertions, deletions and replacements that turn one text into the other (Levenshtein). */
unsigned evidence_distance(const char *a, const char *b);

#endif
