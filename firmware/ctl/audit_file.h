/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit chain as a file: one JSON object a line, the head first, then every record from the
 * first (firmware/store/SCHEMA.md, "An exported chain"). There is exactly one way to write a
 * record, and a line that is not written so is refused: what a reader sees is what was hashed.
 */
#ifndef FIRMWARE_CTL_AUDIT_FILE_H
#define FIRMWARE_CTL_AUDIT_FILE_H

#include "firmware/store/audit_line.h"

#include <stdio.h>

/* The way back from audit_hex, digits of either case. False: it is not that. */
bool audit_unhex(const char *text, uint8_t out[CRYPT_SHA256_SIZE]) MUST_CHECK;

/* "SEQ:HASH" as a person noted it, digits of either case. ERR_ARGUMENT: it is not that. */
bool audit_head_parse(const char *text, struct audit_head *out, struct err *e) MUST_CHECK;

/* Write the first line, or a record's. ERR_NO_MEMORY; ERR_IO, ERR_NO_SPACE: as the file says. */
bool audit_file_put_head(FILE *f, const struct audit_head *head, struct err *e) MUST_CHECK;
bool audit_file_put(FILE *f, const struct audit_row *r, struct err *e) MUST_CHECK;

struct audit_file;

/*
 * Open an exported chain and read its first line. Whatever is in the file, no more than a line of
 * 64 KiB is held in memory. ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY; ERR_FORMAT, ERR_LIMIT: its first
 * line is no head. *out: audit_file_close; NULL is harmless.
 */
bool audit_file_open(const char *path, struct audit_file **out, struct err *e) MUST_CHECK;
void audit_file_close(struct audit_file *f);

/* Its records for audit_walk. ERR_FORMAT with the number of the line: it is cut off, or no record
 * is written so; ERR_LIMIT: it is too long; ERR_IO. */
struct audit_source audit_file_source(struct audit_file *f);

/* Its first line against the last record that was in it. ERR_SIGNATURE: not all of the records are
 * there, or others. */
bool audit_file_ends(const struct audit_file *f, const struct audit_head *last,
		     struct err *e) MUST_CHECK;

#endif
