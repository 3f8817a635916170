/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that alpr-read prints. */
#ifndef OCR_READ_JSON_H
#define OCR_READ_JSON_H

#include "ocr/plates.h"

#include <stddef.h>
#include <stdio.h>

/* One line: the plates of files[0..n), n 1 or 2. False: out of memory, or the output refused it. */
bool read_json_plates(FILE *to, char *const *files, size_t n, double ms,
		      const struct plates *plates);

/* One line: why `bad`, one of files[0..n), could not be read. False as above. */
bool read_json_error(FILE *to, char *const *files, size_t n, const char *bad, const char *why);

/* Copy text to out (size bytes, always terminated) with bytes that are not UTF-8 replaced by '?':
 * names of files are any bytes, JSON is not. Returns out. */
char *read_json_utf8(const char *text, char *out, size_t size);

#endif
