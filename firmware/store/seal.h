/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells of a plate lies in the database sealed: AES-256-GCM under the key of its period, and
 * bound to what it is, to its passage and to its period, so that one cannot be put in another's
 * place. Sealed are nonce (12), the bytes, tag (16).
 *
 * Nonces are random: a row id would come again after a transaction that was rolled back, whose
 * bytes may have reached the disk, and in a fresh database. A period seals some ten thousand times,
 * far below the 2^32 that SP 800-38D, 8.3, allows that for.
 */
#ifndef FIRMWARE_STORE_SEAL_H
#define FIRMWARE_STORE_SEAL_H

#include "firmware/store/period.h"
#include "firmware/wire.h"

#define SEAL_EXTRA 28u /* sealed bytes are so many more */
#define SEAL_MAC   16u /* bytes of a keyed plate */

enum seal_kind { /* never renumbered */
		 SEAL_READ = 1,
		 SEAL_HIT = 2,
		 SEAL_PICTURE = 16 /* and the kind of the picture on top */
};

/* Seal `len` bytes into out[len + SEAL_EXTRA]. ERR_IO: no random bytes; ERR_NO_MEMORY. */
bool seal_put(const struct period_key *k, unsigned kind, const uint8_t passage_id[WIRE_ID_SIZE],
	      const void *plain, size_t len, uint8_t *out, struct err *e) MUST_CHECK;

/* The way back: out[len - SEAL_EXTRA], which the caller wipes. ERR_SIGNATURE: not what was sealed
 * as that; then nothing is in `out`. */
bool seal_get(const struct period_key *k, unsigned kind, const uint8_t passage_id[WIRE_ID_SIZE],
	      const void *sealed, size_t len, uint8_t *out, struct err *e) MUST_CHECK;

/*
 * The plate as it can be looked for while its period lives: the first SEAL_MAC bytes of
 * HMAC-SHA-256 over "plate/" and the text as matching folds it (entry_fold). ERR_NO_MEMORY.
 */
bool seal_plate(const struct period_key *k, const char *plate, uint8_t out[SEAL_MAC],
		struct err *e) MUST_CHECK;

#endif
