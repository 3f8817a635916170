/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/purge.h"

#include "firmware/base/clock.h"
#include "firmware/store/audit.h"
#include "firmware/store/audit_sign.h"
#include "firmware/store/lookup.h"
#include "firmware/store/period.h"

#include <inttypes.h>
#include <stdio.h>

#define UNRECORDED "purged_unrecorded"
#define HITS	   "purged_hits"

/* Rows that are there of periods up to this one: their ids leave no gap. */
static bool rows_to(struct db *d, int64_t period, int64_t *n, struct err *e)
{
	int64_t first, end, newest;

	if (!lookup_first_row(d, INT64_MIN, &first, e) ||
	    !lookup_first_row(d, period + 1, &end, e) ||
	    !db_int(d, &newest, 0, e, "SELECT id FROM reads ORDER BY id DESC LIMIT 1", ""))
		return false;
	*n = first == INT64_MAX ? 0 : (end == INT64_MAX ? newest + 1 : end) - first;
	return true;
}

bool purge_record(struct db *d, const struct purge_keys *k, int64_t wall_ns, struct err *e)
{
	char from[CLOCK_RFC3339_SIZE], to[CLOCK_RFC3339_SIZE], detail[240];
	int64_t rows, unrecorded, hits, purged;

	if (!rows_to(d, k->last_ns, &rows, e) || !db_state_get(d, UNRECORDED, &unrecorded, e) ||
	    !db_state_get(d, HITS, &hits, e) || !db_state_get(d, "purged", &purged, e))
		return err_prefix(e, "purge");
	(void)snprintf(detail, sizeof detail,
		       "{\"periods\":%zu,\"from\":\"%s\",\"to\":\"%s\",\"passages\":%" PRId64
		       ",\"hits\":%" PRId64 "}",
		       k->periods, clock_rfc3339(k->first_ns, from),
		       clock_rfc3339(period_begin(k->last_ns) + PERIOD_NS, to), rows + unrecorded,
		       hits);
	return (audit_append(
		    d,
		    &(struct audit_record){
			.who = "store", .what = "purge-keys", .outcome = "done", .detail = detail},
		    wall_ns, e) &&
		db_state_set(d, UNRECORDED, -rows, e) && db_state_set(d, HITS, 0, e) &&
		/* It must be there when a damaged database is taken over (salvage). */
		db_state_set(d, "purged", purged, e) && audit_sign_soon(d, e)) ||
	       err_prefix(e, "purge");
}
