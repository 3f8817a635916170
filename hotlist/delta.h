/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delta: what turns one bundle into a later one, byte for byte, the later one's signature
 * included (hotlist/FORMAT.md). It is not signed itself: what it gives is, and is checked like any
 * bundle that arrives.
 */
#ifndef HOTLIST_DELTA_H
#define HOTLIST_DELTA_H

#include "hotlist/layout.h"

#include <stddef.h>
#include <stdint.h>

#define DELTA_HEAD (48u + LAYOUT_TABLE) /* bytes before the first change */

/* What a delta says of itself. */
struct delta_info {
	uint8_t from[CRYPT_SHA256_SIZE]; /* SHA-256 of the header of the bundle it changes */
	struct layout to;		 /* the bundle that it gives; .to.size: its bytes */
	const uint8_t *head;		 /* that bundle's first LAYOUT_TABLE bytes, in the delta */
};

/* Do these bytes begin as a delta does? */
bool delta_is(const uint8_t *bytes, size_t len);

/* Read the head of a delta. ERR_FORMAT, ERR_LIMIT, ERR_POLICY (as layout_get_header of the bundle
 * it gives). */
bool delta_read(const uint8_t *delta, size_t len, struct delta_info *out, struct err *e) MUST_CHECK;

/*
 * Write to out[0, out_len), out_len being what delta_read gives as size, what `delta` makes of the
 * bundle `old`. Both may be hostile: nothing is read or written out of bounds, and memory is taken
 * for the old dictionaries' numbers alone (4 bytes an item). When it returns true the outcome is
 * byte for byte the bundle whose header is in the delta, or another with the same SHA-256; its
 * signature and policy are yet to be checked. ERR_NOT_FOUND: the delta is for another bundle;
 * ERR_FORMAT: it does not give what it says; ERR_ARGUMENT: out_len is not that size; ERR_NO_MEMORY.
 */
bool delta_apply(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len, uint8_t *out,
		 size_t out_len, struct err *e) MUST_CHECK;

/*
 * The same in slices: begin; go on for `steps` steps, of 64 items or records or 4 KiB of digests
 * each (about 20 us on a 2020s server core), until *done or an error; end in any case. All of the
 * memory is borrowed until the end, and what of `out` is there before *done is nothing yet.
 */
struct delta;
bool delta_begin(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t len, uint8_t *out,
		 size_t out_len, struct delta **started, struct err *e) MUST_CHECK;
bool delta_some(struct delta *d, uint32_t steps, bool *done, struct err *e) MUST_CHECK;
void delta_end(struct delta *d);

/* Write the head of a delta. */
void delta_put_head(const uint8_t from[CRYPT_SHA256_SIZE], const uint8_t to[LAYOUT_TABLE],
		    uint8_t out[DELTA_HEAD]);

#endif
