/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain as text: one JSON object a line, as SCHEMA.md has it ("An exported chain"). */
#ifndef FIRMWARE_STORE_AUDIT_LINE_H
#define FIRMWARE_STORE_AUDIT_LINE_H

#include "firmware/store/audit.h"

#define AUDIT_FORMAT "alpr-audit-1"

/* What the fields of a record are called, in the order of struct audit_record. */
extern const char *const AUDIT_FIELD_NAMES[AUDIT_FIELDS];

#define AUDIT_HEX_SIZE (2 * CRYPT_SHA256_SIZE + 1)
/* A hash or a key's name in lower-case hexadecimal digits. Returns out. */
const char *audit_hex(const uint8_t hash[CRYPT_SHA256_SIZE], char out[AUDIT_HEX_SIZE]);

/* The line of a head, and of a record, without its end; the caller frees. NULL: no memory. */
char *audit_line_of_head(const struct audit_head *head) MUST_CHECK;
char *audit_line(const struct audit_row *r) MUST_CHECK;

#endif
