/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a request for evidence: an archive with a signed manifest, sealed to the requester
 * (EVIDENCE.md, "The answer"). It is made in three parts, each in small steps, so that passages are
 * taken between any two: gather (which reads, what is in them), compose (with the audit record that
 * says so, committed by then), write (into sealed memory). Pictures are read twice and never held
 * beyond one of them: what a pull takes of memory is its manifest and the sealed answer.
 */
#ifndef FIRMWARE_STORE_ARCHIVE_H
#define FIRMWARE_STORE_ARCHIVE_H

#include "firmware/base/crypt.h"
#include "firmware/site.h"
#include "firmware/store/audit.h"
#include "firmware/store/lookup.h"
#include "firmware/store/request.h"

#define ARCHIVE_FORMAT "alpr-evidence-1" /* of the manifest; signed in front of it as well */
#define ARCHIVE_TYP    "alpr-evidence"	 /* of the JWE */

/* What is asked, by whom, and what the answer says of the box; all borrowed until archive_free. */
struct archive_about {
	const struct request *request;
	const char *jws; /* the request as it came */
	size_t jws_len;
	const uint8_t *digest;	      /* SHA-256 of that */
	const char *subject, *serial; /* of the requester's certificate */
	const struct crypt_key *to;   /* its key */
	struct crypt_key *signer;     /* audit.key */
	const struct site *site;
	const char *board;
	int64_t now_ns;	       /* wall time of the answer */
	const char *clock;     /* how good that is, in plain words */
	uint64_t list_version; /* in force now; 0: none */
	int64_t retention_days;
	size_t max_bytes; /* of the archive */
};

struct archive;

/* Begin the answer for what `want` finds. ERR_NO_MEMORY. *out: archive_free, which wipes; NULL is
 * harmless. */
bool archive_begin(const struct archive_about *about, const struct lookup_want *want,
		   struct archive **out, struct err *e) MUST_CHECK;
void archive_free(struct archive *a);

/* A step; *done: all is gathered. ERR_LIMIT: more than about->max_bytes, or than LOOKUP_MOST;
 * ERR_NO_MEMORY; db_fail's codes. */
bool archive_gather(struct archive *a, struct db *d, const struct periods *keys, bool *done,
		    struct err *e) MUST_CHECK;

struct archive_counts {
	int64_t reads;	  /* passages in it */
	int64_t pictures; /* of them */
	int64_t bytes;	  /* of the pictures */
	int64_t damaged;  /* reads and pictures that did not open */
};
struct archive_counts archive_count(const struct archive *a);

/* All is gathered, and its audit record is the newest of the chain: compose the files that are no
 * pictures, and sign. ERR_NO_MEMORY; crypt_sign's; ERR_IO of memory. */
bool archive_compose(struct archive *a, const struct audit_row *record, struct err *e) MUST_CHECK;

/*
 * A step; what was kept at ring time floor_ns or before is past retention by now. *done: *fd is the
 * answer, a gift, the caller closes. ERR_AGAIN: what was gathered is not there any more or may not
 * be (it was purged meanwhile, or is due); nothing but archive_free makes sense then.
 * ERR_NO_MEMORY, ERR_IO, ERR_NO_SPACE; db_fail's codes.
 */
bool archive_write(struct archive *a, struct db *d, const struct periods *keys, int64_t floor_ns,
		   bool *done, int *fd, struct err *e) MUST_CHECK;

#endif
