/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside that goes into JSON, or comes from there. */
#ifndef FIRMWARE_BASE_UTF8_H
#define FIRMWARE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Make `text` (NUL-terminated) fit for JSON, in place: every byte that is of no well-formed UTF-8
 * sequence (RFC 3629), and every control character below 0x20 and 0x7f, becomes '?'. A configured
 * name may hold any byte; JSON may not. */
void utf8_clean(char *text);

/* Are `len` bytes well-formed UTF-8 from end to end? Of none: yes. */
bool utf8_is_valid(const char *text, size_t len);

/* The same, and without control characters (C0, DEL, and C1 of ISO/IEC 6429)? */
bool utf8_is_printable(const char *text, size_t len);

#endif
