/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an opened answer is what a box has signed, for this request and this key. */
#ifndef FIRMWARE_CTL_EVIDENCE_VERIFY_H
#define FIRMWARE_CTL_EVIDENCE_VERIFY_H

#include "firmware/base/crypt.h"
#include "firmware/ctl/evidence_archive.h"
#include "firmware/store/audit_line.h"
#include "firmware/store/request.h"

#include <cjson/cJSON.h>

#define EVIDENCE_LINES	   12u
#define EVIDENCE_LINE_SIZE 640u

struct evidence_wanted {
	const struct crypt_key *key; /* whom it was sealed to */
	const char *box_key; /* PEM file or 64 hexadecimal digits that name the box's key; NULL */
	const char *ca;	     /* PEM file: authorities of the requester's certificate; NULL */
};

struct evidence {
	struct evidence_archive archive;
	cJSON *manifest;
	struct request request;
	struct audit_row record; /* of this pull, in the box's audit chain */
	char request_hash[AUDIT_HEX_SIZE], manifest_hash[AUDIT_HEX_SIZE];
	char box_key[AUDIT_HEX_SIZE]; /* names it */
	/* What was found to hold, and what nobody has looked at, in plain words without a plate. */
	char verified[EVIDENCE_LINES][EVIDENCE_LINE_SIZE];
	size_t n_verified;
	char open[EVIDENCE_LINES][EVIDENCE_LINE_SIZE];
	size_t n_open;
};

/*
 * Verify an opened answer from its first byte to its last. `archive` is borrowed until
 * evidence_free, which is safe on a zeroed struct. ERR_FORMAT, ERR_SIGNATURE, ERR_POLICY with what
 * does not hold; ERR_ARGUMENT, ERR_NOT_FOUND, ERR_IO: a file that is wanted; ERR_NO_MEMORY.
 */
bool evidence_verify(const uint8_t *archive, size_t len, const struct evidence_wanted *wanted,
		     struct evidence *out, struct err *e) MUST_CHECK;
void evidence_free(struct evidence *v);

#endif
