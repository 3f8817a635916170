/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of authenticity that goes with evidence, as text: what the box can say of a
 * record that it made by itself (US Federal Rules of Evidence 902(13)) and of a copy that is known
 * by its hash values (902(14)), and the declaration of a qualified person below it, to be signed by
 * hand (902(11), 28 U.S.C. section 1746): a machine cannot declare anything.
 */
#ifndef FIRMWARE_STORE_AUTHENTICITY_H
#define FIRMWARE_STORE_AUTHENTICITY_H

#include "firmware/site.h"
#include "firmware/store/request.h"

struct authenticity { /* borrowed; all of it stands in the manifest, too */
	const struct site *site;
	const char *board, *firmware;
	int64_t answered_ns;		   /* when the copy was made, UTC */
	const char *clock;		   /* how good that time is, plain words */
	const struct request *request;	   /* case number, purpose, scope */
	const char *subject, *serial;	   /* of the requester's certificate */
	uint8_t digest[CRYPT_SHA256_SIZE]; /* SHA-256 of request.jws */
	uint8_t key[CRYPT_SHA256_SIZE];	   /* SHA-256 of box.key */
	int64_t audit_seq;		   /* the record of this copy in the audit chain */
	uint8_t audit_hash[CRYPT_SHA256_SIZE];
	int64_t reads, pictures; /* in the archive */
	int64_t damaged;	 /* that should be there and could not be read any more */
};

/* Plain text, UTF-8, lines of at most 78 characters but where a name is longer. *out: the caller
 * frees; *len without the NUL behind it. ERR_NO_MEMORY. */
bool authenticity_write(const struct authenticity *a, char **out, size_t *len,
			struct err *e) MUST_CHECK;

/* One sentence that stands wherever a read is shown. */
#define AUTHENTICITY_LEAD                                                                          \
	"A read is a lead, never an identification: compare plate, state and vehicle with the "    \
	"pictures before anything is based on it."

#endif
