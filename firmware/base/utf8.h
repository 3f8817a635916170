/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside that goes into JSON. */
#ifndef FIRMWARE_BASE_UTF8_H
#define FIRMWARE_BASE_UTF8_H

/* Make `text` (NUL-terminated) fit for JSON, in place: every byte that is of no well-formed UTF-8
 * sequence (RFC 3629), and every control character below 0x20 and 0x7f, becomes '?'. A configured
 * name may hold any byte; JSON may not. */
void utf8_clean(char *text);

#endif
