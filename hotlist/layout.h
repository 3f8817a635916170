/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a bundle, as hotlist/FORMAT.md describes them: written by the compiler, read by the
 * box. */
#ifndef HOTLIST_LAYOUT_H
#define HOTLIST_LAYOUT_H

#include "firmware/base/err.h"
#include "hotlist/bundle.h"

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_HEADER	 256u /* bytes of the header */
#define LAYOUT_RECORD	 40u  /* bytes of an entry's record */
#define LAYOUT_VEHICLE	 16u  /* bytes of a vehicle description in the pool */
#define LAYOUT_SIGNATURE 128u /* bytes of the signature block, which ends the file */

/* A list may be at most a month old, and its version must survive JSON, whose numbers are doubles.
 */
#define LAYOUT_MAX_AGE_S   INT64_C(2678400)
#define LAYOUT_MAX_VERSION ((UINT64_C(1) << 53) - 1)

/* Where things are in a bundle whose header was accepted. */
struct layout {
	struct bundle_info info;
	uint64_t records; /* offset of the entries' records: info.entries of LAYOUT_RECORD bytes */
	uint64_t pool;	  /* offset of the string pool */
	uint32_t pool_size;    /* bytes, at least 1 */
	uint64_t signed_bytes; /* the signature covers [0, signed_bytes); the signature block
				  follows and ends the file */
};

/* Fill records, pool and signed_bytes from info.entries and pool_size. Returns the size of the
 * whole file. */
uint64_t layout_place(struct layout *l);

/* Write the header. `l` must be placed. */
void layout_put_header(const struct layout *l, uint8_t out[LAYOUT_HEADER]);

/*
 * Read the header of a file of `size` bytes and check each of its numbers against that size and
 * against the only arrangement there is. ERR_FORMAT, ERR_LIMIT, ERR_POLICY (maximum age).
 */
bool layout_get_header(const uint8_t *file, uint64_t size, struct layout *l,
		       struct err *e) MUST_CHECK;

/* Where an entry's texts lie in the pool. 0: empty (printed: as folded; vehicle: nothing known). */
struct layout_refs {
	uint32_t case_number, ori, printed, vehicle;
};

/* Pack the vehicle's make, model, style and colour. Returns whether any is known. */
bool layout_put_vehicle(const struct entry *x, uint8_t out[LAYOUT_VEHICLE]);

/* Write one record. `x` must have passed entry_check. */
void layout_put_record(const struct entry *x, const struct layout_refs *refs,
		       uint8_t out[LAYOUT_RECORD]);

/* Read one record and its texts. The record is read once: bytes that change meanwhile can give
 * nonsense, never a read outside the pool. The result is not yet checked against the policy
 * (entry_check). ERR_FORMAT. */
bool layout_get_record(const uint8_t *record, const uint8_t *pool, uint32_t pool_size,
		       struct entry *out, struct err *e) MUST_CHECK;

/* The key of a record alone. */
uint64_t layout_record_key(const uint8_t *record);

/* Write the signature block; len 0: unsigned. */
void layout_put_signature(const uint8_t *sig, size_t len, uint8_t out[LAYOUT_SIGNATURE]);

/* Find the signature in its block; *len 0: unsigned. ERR_FORMAT. */
bool layout_get_signature(const uint8_t *block, const uint8_t **sig, size_t *len,
			  struct err *e) MUST_CHECK;

/* Check everything behind an accepted header except the signature: padding, every record, order,
 * counts, policy. ERR_FORMAT, ERR_POLICY, with the number of the entry. */
bool layout_check(const uint8_t *file, const struct layout *l, struct err *e) MUST_CHECK;

#endif
