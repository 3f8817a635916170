/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One passage out of the ring, opened, for evidence. What does not open is said to be damaged: a
 * bit that flash has lost must not keep the rest from whoever may have it.
 */
#ifndef FIRMWARE_STORE_RETRIEVE_H
#define FIRMWARE_STORE_RETRIEVE_H

#include "firmware/store/db.h"
#include "firmware/store/period.h"
#include "firmware/wire.h"

struct retrieved {
	int64_t row, period;
	uint8_t passage_id[WIRE_ID_SIZE];
	int64_t kept_ns;		    /* ring time */
	int64_t first_ns, last_ns, best_ns; /* wall time */
	int64_t pairs;
	bool degraded, low_quality;
	int hit;	      /* enum ring_kind */
	int64_t list_version; /* of the hit in the outbox; 0: none is there */
	char *read;	      /* what was sealed of it (SCHEMA.md), a JSON object; NULL: damaged */
	struct period_key key;
};

/* The passage in this row. *there false: it is not there any more, or its key is not.
 * ERR_NO_MEMORY; db_fail's codes. retrieved_free, which wipes; harmless when zeroed. */
bool retrieve(struct db *d, const struct periods *keys, int64_t row, struct retrieved *out,
	      bool *there, struct err *e) MUST_CHECK;
void retrieved_free(struct retrieved *r);

enum retrieved_picture { RETRIEVED_NONE, RETRIEVED_GOOD, RETRIEVED_DAMAGED };

/* Its picture of that kind (WIRE_CROP_0, …). With RETRIEVED_GOOD *jpeg is the caller's to free, of
 * *len bytes. ERR_NO_MEMORY; db_fail's codes. */
bool retrieve_picture(struct db *d, const struct retrieved *r, unsigned kind,
		      enum retrieved_picture *what, uint8_t **jpeg, size_t *len,
		      struct err *e) MUST_CHECK;

#endif
