/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hotlist bundle: one signed file, mapped read-only on the box, never parsed at start. Layout:
 * hotlist/FORMAT.md.
 */
#ifndef HOTLIST_BUNDLE_H
#define HOTLIST_BUNDLE_H

#include "firmware/base/crypt.h"
#include "firmware/base/err.h"
#include "hotlist/entry.h"

#include <stddef.h>
#include <stdint.h>

#define BUNDLE_MAX_SIZE (UINT64_C(4) << 30) /* larger is refused */

struct bundle_info {
	uint64_t version;  /* counts up at the RTCC; the box never goes back */
	int64_t issued_ns; /* UTC */
	int64_t max_age_s; /* after issued + max_age the list is stale and does not alert */
	uint32_t entries;
	uint32_t per_category[ENTRY_CATEGORIES]; /* in the order of ENTRY_CATEGORY_CODES */
	bool allow_missing;		   /* category M is switched on by this signed policy */
	bool allow_lookalike;		   /* grade LOOKALIKE alerts by this signed policy */
	uint8_t signer[CRYPT_SHA256_SIZE]; /* key id of the signature */
};

struct bundle;

/*
 * Map the bundle in `fd` (borrowed), verify the signature by `key` and check everything in it:
 * every digest, offset and field, every entry's category against the policy. Refused whole or
 * accepted whole. `fd` must be a sealed memfd or a file that only this process writes: the map is
 * private to no one. Bytes that change later can never be read out of bounds, are noticed by their
 * digest and pass the gates again at each use, but a file cut short later ends the process
 * (SIGBUS). ERR_FORMAT, ERR_LIMIT, ERR_SIGNATURE, ERR_POLICY (forbidden category, missing case
 * number, ORI or expiry), ERR_IO, ERR_NO_MEMORY. *out: bundle_close unmaps and frees; NULL is
 * harmless.
 */
bool bundle_open_fd(int fd, struct crypt_key *key, struct bundle **out, struct err *e) MUST_CHECK;
bool bundle_open(const char *path, struct crypt_key *key, struct bundle **out,
		 struct err *e) MUST_CHECK;
void bundle_close(struct bundle *b);

/*
 * The first half of these alone: the signature, the header and the table of digests, in a fraction
 * of a second for ten million entries. Not yet accepted: that is after bundle_check_some has said
 * done, once in the life of a file (see bundle_id), or else a forbidden entry may be in it.
 */
bool bundle_begin_fd(int fd, struct crypt_key *key, struct bundle **out, struct err *e) MUST_CHECK;
bool bundle_begin(const char *path, struct crypt_key *key, struct bundle **out,
		  struct err *e) MUST_CHECK;

/* Check on, for `steps` steps of about 20 us each on a 2020s server core. *done: everything has
 * been checked and is good. An error refuses the bundle: close it. Errors as bundle_open_fd. */
bool bundle_check_some(struct bundle *b, uint32_t steps, bool *done, struct err *e) MUST_CHECK;

/* What names exactly these bytes: the beginning of SHA-256 of the signed header, which by digests
 * covers all of the file. Never 0 or negative. */
int64_t bundle_id(const struct bundle *b);
int64_t bundle_id_of(const uint8_t header_digest[CRYPT_SHA256_SIZE]);

/* Valid as long as the bundle is open. */
const struct bundle_info *bundle_info(const struct bundle *b);

/* Has some part of it turned out, on its first use, not to be what was signed (the file was changed
 * or the disk is failing)? Such a list gives no entries any more. */
bool bundle_broken(const struct bundle *b);

/* Entry number i < entries, decoded into *out (strings copied). ERR_ARGUMENT: no such entry;
 * ERR_FORMAT, ERR_POLICY, ERR_IO: not what was signed, and bundle_broken from now on. */
bool bundle_entry(const struct bundle *b, uint32_t i, struct entry *out, struct err *e) MUST_CHECK;

/* First entry whose folded plate is exactly `plate` (itself folded, see entry_fold); *n counts
 * them, they follow one another. False: none. */
bool bundle_find(const struct bundle *b, const char *plate, uint32_t *first, uint32_t *n);

/* The same for all entries whose plate differs from `plate` (folded) only within the confusion
 * classes of hotlist/key.h, those of bundle_find among them. */
bool bundle_find_like(const struct bundle *b, const char *plate, uint32_t *first, uint32_t *n);

#endif
