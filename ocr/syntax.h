/* SPDX-License-Identifier: Apache-2.0 */
/* What the shape of a plate text says about its jurisdiction. Evidence, never force: nothing here
 * edits a text. */
#ifndef OCR_SYNTAX_H
#define OCR_SYNTAX_H

#include <stdbool.h>

/*
 * Jurisdiction whose current passenger series alone has this shape: NCIC LIS code into out, or ""
 * when none or several do. Source of the shapes: ocr/README.md.
 */
void syntax_jurisdiction(const char *text, char out[3]);

/*
 * True when a text has the shape of a passenger series that is common on US roads (several states
 * may share it): what tells letter O from digit 0 where the strokes do not.
 */
bool syntax_common(const char *text);

/* Fold one character as printed to A-Z0-9, or 0 when it carries no meaning (space, hyphen, dot). */
char syntax_fold(char c);

#endif
