/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/door.h"

#include "firmware/store/audit.h"

#include <inttypes.h>
#include <stdio.h>

static bool record(struct db *d, int64_t n, int64_t wall_ns, struct err *e)
{
	char detail[48];

	(void)snprintf(detail, sizeof detail, "{\"openings\":%" PRId64 "}", n);
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = "device", .what = "door", .outcome = "opened", .detail = detail},
	    wall_ns, e);
}

bool door_note(struct db *d, int64_t process, int64_t openings, int64_t wall_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t known_process, known;

	if (!db_state_get(d, "door_process", &known_process, e) ||
	    !db_state_get(d, "door_openings", &known, e))
		return err_prefix(e, "door");
	if (process != known_process)
		known = 0;
	else if (openings == known)
		return true;
	return (db_begin(d, &tx, e) &&
		(openings <= known || record(d, openings - known, wall_ns, e)) &&
		db_state_set(d, "door_process", process, e) &&
		db_state_set(d, "door_openings", openings, e) && db_commit(&tx, e)) ||
	       err_prefix(e, "door");
}
