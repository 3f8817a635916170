/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several plates of one picture are the same, and which of them stays. No engine looks
 * here. Internal to plates. */
#ifndef OCR_SETTLE_H
#define OCR_SETTLE_H

#include "ocr/plates.h"

#include <stddef.h>

/* Take plate number i out. */
void settle_drop(struct plates *p, size_t i);

/*
 * Of plates of picture `which` (0 or 1; those from number `from` on) that lie over each other one
 * stays: not the sticker, else the surer one, but the longer one where the other's text is a part
 * of its own. Where the two say different things and both have a point, the one that stays is less
 * sure and the other's spellings are among its alternatives.
 */
void settle(struct plates *p, size_t from, unsigned which);

/* Plate number `whole` is all of picture `which`: those from number `from` to it that are small in
 * it, and whose text is no part of its own, are on that plate and dropped. */
void settle_parts(struct plates *p, size_t from, size_t whole, unsigned which);

/* a's text is b's with characters before or after it, and b is not so much surer that these were
 * made up. */
bool settle_longer(const struct plate_read *a, const struct plate_read *b);

#endif
