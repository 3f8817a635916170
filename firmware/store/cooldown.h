/* SPDX-License-Identifier: Apache-2.0 */
/* A parked or re-seen wanted car rings once: same plate, same jurisdiction, same entry, seen again
 * within the cooldown. */
#ifndef FIRMWARE_STORE_COOLDOWN_H
#define FIRMWARE_STORE_COOLDOWN_H

#include "firmware/store/db.h"
#include "firmware/store/period.h"
#include "hotlist/match.h"

struct cooldown_keys {		      /* borrowed */
	const struct period_key *now; /* of the passage */
	const struct periods *all;
};

/*
 * Has this match rung (or been seen since it rang) within cooldown_s of best_ns? Either way it is
 * noted as seen: call it inside the transaction of the passage. A car that stays in view therefore
 * rings once, until it has been gone for cooldown_s. *rings true: this one rings. Kept across
 * restarts as an HMAC under the key of its period. cooldown_s 0: always rings.
 */
bool cooldown_check(struct db *d, const struct cooldown_keys *keys, const struct plate_read *read,
		    const struct match *m, int64_t best_ns, int64_t kept_ns, int64_t cooldown_s,
		    bool *rings, struct err *e) MUST_CHECK;

/* Forget what was last seen longer than cooldown_s before now_ns (ring time). */
bool cooldown_forget(struct db *d, int64_t now_ns, int64_t cooldown_s, struct err *e) MUST_CHECK;

#endif
