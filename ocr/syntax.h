/* SPDX-License-Identifier: Apache-2.0 */
/* What the shape of a plate text says about its jurisdiction. Evidence, never force: nothing here
 * edits a text. */
#ifndef OCR_SYNTAX_H
#define OCR_SYNTAX_H

/*
 * Jurisdiction whose current passenger series alone has this shape: NCIC LIS code into out, or ""
 * when none or several do. Source of the shapes: ocr/README.md.
 */
void syntax_jurisdiction(const char *text, char out[3]);

/* Fold one character as printed to A-Z0-9, or 0 when it carries no meaning (space, hyphen, dot). */
char syntax_fold(char c);

#endif
