/* SPDX-License-Identifier: Apache-2.0 */
/* How common a plate text of some shape is. Evidence, never force: nothing here edits a text. */
#ifndef OCR_SYNTAX_H
#define OCR_SYNTAX_H

#include "ocr/plate.h"

#include <stdbool.h>

/* The shape of a text: L for each letter, D for each digit. False, and what is in `shape` means
 * nothing: "", longer than PLATE_TEXT_MAX, or not A-Z0-9. */
bool syntax_shape(const char *text, char shape[PLATE_TEXT_SIZE]);

/*
 * Natural log of how likely a plate on the road has this text, before anyone has looked: how common
 * series of its shape are, shared among the texts of that shape, and, for every text, a little for
 * plates of no series. There letter O is e^-3 as likely as digit 0: hotlists write the digit.
 * -INFINITY: "", longer than PLATE_TEXT_MAX, or not A-Z0-9. Meant for comparing spellings that look
 * alike, not for anything absolute. Sources: ocr/README.md.
 */
float syntax_log_prior(const char *text);

/* One character for all that are drawn alike on most plates: 0 for O and 0, 1 for I and 1; any
 * other for itself. */
char syntax_alike(char c);

/* As syntax_alike, and for those drawn nearly alike: 0 also for Q and D, 8 for B, 5 for S, 2 for Z,
 * 6 for G. */
char syntax_nearly_alike(char c);

/* Fold one character as printed to A-Z0-9, or 0 when it carries no meaning (space, hyphen, dot). */
char syntax_fold(char c);

#endif
