/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/upkeep.h"

#include "firmware/base/clock.h"
#include "firmware/store/audit.h"
#include "firmware/store/cooldown.h"
#include "firmware/store/outbox.h"
#include "firmware/store/salvage.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SHRINK_BYTES (INT64_C(64) << 20) /* a minute */

#define PART(name, field)                                                                          \
	{                                                                                          \
		name, offsetof(struct elapsed_kept, field)                                         \
	}
static const struct {
	const char *name; /* in table state */
	size_t at;	  /* of an int64_t in struct elapsed_kept */
} clock_parts[] = {
    PART("clock_ring", ring_ns),   PART("clock_wall", wall_ns), PART("clock_mono", mono_ns),
    PART("clock_boot", boot),	   PART("clock_skew", skew_ns), PART("clock_steady", steady_ns),
    PART("clock_known", known_ns), PART("clock_open", open),	PART("clock_unproven", unproven_ns),
};
#undef PART
#define CLOCK_PARTS (sizeof clock_parts / sizeof clock_parts[0])

bool upkeep_save_clock(struct db *d, const struct elapsed_kept *k, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};

	if (!db_begin(d, &tx, e))
		return err_prefix(e, "clock");
	for (size_t i = 0; i < CLOCK_PARTS; i++)
		if (!db_state_set(d, clock_parts[i].name,
				  *(const int64_t *)((const char *)k + clock_parts[i].at), e))
			return err_prefix(e, "clock");
	return db_commit(&tx, e) || err_prefix(e, "clock");
}

bool upkeep_load_clock(struct db *d, struct elapsed_kept *k, struct err *e)
{
	for (size_t i = 0; i < CLOCK_PARTS; i++)
		if (!db_state_get(d, clock_parts[i].name,
				  (int64_t *)((char *)k + clock_parts[i].at), e))
			return err_prefix(e, "clock");
	return true;
}

static bool record(struct db *d, const char *what, const char *detail, int64_t wall_ns,
		   struct err *e)
{
	return audit_append(d,
			    &(struct audit_record){
				.who = "store", .what = what, .outcome = "done", .detail = detail},
			    wall_ns, e);
}

bool upkeep_start_clock(struct db *d, struct elapsed *c, int64_t boot, int64_t wall_ns,
			int64_t mono_ns, struct err *e)
{
	struct elapsed_kept kept;
	struct ring_size size;

	if (!upkeep_load_clock(d, &kept, e) || !ring_measure(d, &size, e))
		return false;
	elapsed_start(c, &kept, size.newest_ns, boot, wall_ns, mono_ns);
	return upkeep_save_clock(d, &c->k, e);
}

bool upkeep_quarantine(struct db *d, const char *name, int64_t due_ns, struct err *e)
{
	return db_run(d, NULL, e, "INSERT OR REPLACE INTO quarantine(name, due_ns) VALUES(?, ?)",
		      "ti", name, due_ns);
}

bool upkeep_take_over(struct db *d, const char *folder, const char *name, int64_t retention_ns,
		      int64_t wall_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[300];
	struct salvaged got;
	int64_t before;

	if (!salvage(d, folder, name, retention_ns, wall_ns, &got, e) ||
	    !salvage_chain(d, folder, name, &before, e))
		return false;
	got.audit_records += before;
	(void)snprintf(detail, sizeof detail,
		       "{\"file\":\"%s\",\"audit_records_kept\":%" PRId64 ",\"hits_kept\":%" PRId64
		       ",\"keys_kept\":%" PRId64 "}",
		       name, got.audit_records, got.hits, got.keys);
	/* Together: a file once noted is not looked at again, nor is its loss. */
	return db_begin(d, &tx, e) && upkeep_quarantine(d, name, got.due_ns, e) &&
	       db_state_set(d, "counters_damaged", 1, e) &&
	       /* Which requests were taken up, nobody knows for certain any more (pulls.h). */
	       db_state_set(d, "pull_signed_after", wall_ns, e) &&
	       record(d, "quarantine", detail, wall_ns, e) && db_commit(&tx, e);
}

/* Passages that `counter` counted as gone are one audit record, and counted no more; `more` follows
 * their number in its detail. */
static bool record_gone(struct db *d, const char *counter, const char *more, int64_t wall_ns,
			struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[96];
	int64_t n;

	if (!db_state_get(d, counter, &n, e))
		return false;
	if (n <= 0)
		return true;
	(void)snprintf(detail, sizeof detail, "{\"passages\":%" PRId64 "%s}", n, more);
	return db_begin(d, &tx, e) && db_state_set(d, counter, 0, e) &&
	       record(d, "purge", detail, wall_ns, e) && db_commit(&tx, e);
}

bool upkeep_record(struct upkeep *u, struct db *d, int64_t ring_ns, int64_t wall_ns, struct err *e)
{
	u->recorded_ns = ring_ns;
	return record_gone(d, "purged_unrecorded", "", wall_ns, e) || err_prefix(e, "purge record");
}

bool upkeep_migrated(struct db *d, int64_t wall_ns, struct err *e)
{
	return record_gone(d, "dropped_unsealed", ",\"unsealed\":true", wall_ns, e) ||
	       err_prefix(e, "migration");
}

bool upkeep_open_keys(struct db *d, struct periods *keys, const struct keystore_conf *conf,
		      int64_t ring_ns, int64_t wall_ns, struct err *e)
{
	return periods_open(keys, conf, d, ring_ns, wall_ns, e) &&
	       outbox_settle(d, keys, ring_ns, wall_ns, e) && upkeep_migrated(d, wall_ns, e);
}

static bool remove_file(const char *folder, const char *name, const char *suffix, struct err *e)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix) >= sizeof path)
		return err_set(e, ERR_LIMIT, "quarantine: path too long");
	return unlink(path) == 0 || errno == ENOENT || err_errno(e, errno, "quarantine");
}

static bool end_quarantine(struct upkeep *u, struct db *d, int64_t ring_ns, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	char name[DB_QUARANTINE_SIZE];
	bool row;

	st = db_query(d, e, "SELECT name FROM quarantine WHERE due_ns <= ? LIMIT 1", "i", ring_ns);
	if (!st || !db_step(d, st, &row, e))
		return false;
	if (!row)
		return true;
	(void)snprintf(name, sizeof name, "%s", (const char *)sqlite3_column_text(st, 0));
	db_done(&st);
	/*
	 * A name is ours; a damaged row must not lead out of the folder. It is gone for good before
	 * it is forgotten: should a power cut bring it back, it would be taken over once more.
	 */
	if (strncmp(name, "quarantine-", 11) == 0 && !strchr(name, '/') &&
	    (!remove_file(u->folder, name, "", e) || !remove_file(u->folder, name, "-wal", e) ||
	     !db_sync_folder(u->folder, e)))
		return false;
	return db_run(d, NULL, e, "DELETE FROM quarantine WHERE name = ?", "t", name);
}

static bool truncate_wal(struct upkeep *u, struct db *d, struct err *e)
{
	bool done;

	if (!u->truncate)
		return true;
	if (!db_checkpoint(d, &done, e))
		return false;
	u->truncate = !done;
	return true;
}

static bool expire_hits(struct db *d, int64_t until, int64_t wall_ns, struct err *e)
{
	int64_t expired, oldest;

	do {
		if (!outbox_expire(d, until, UPKEEP_STEP, wall_ns, &expired, e) ||
		    !db_int(d, &oldest, INT64_MAX, e,
			    "SELECT kept_ns FROM outbox ORDER BY id LIMIT 1", ""))
			return false;
	} while (oldest <= until);
	return true;
}

/*
 * Keys of periods of which nothing is left, or nothing may be. `due`: the newest ring time whose
 * retention is over.
 */
static bool destroy_keys(struct upkeep *u, struct db *d, int64_t now, int64_t due, int64_t wall_ns,
			 struct err *e)
{
	int64_t cooling = period_begin(now - u->cooldown_s * NS_PER_S), floor_ns, oldest;

	if (!db_int(d, &floor_ns, INT64_MAX, e, "SELECT period, id FROM reads ORDER BY id LIMIT 1",
		    ""))
		return false;
	if (cooling < floor_ns)
		floor_ns = cooling;
	if (due + 1 < floor_ns && periods_before(u->keys, floor_ns)) {
		if (!db_int(d, &oldest, INT64_MAX, e,
			    "SELECT min(period) FROM outbox WHERE sealed IS NOT NULL", ""))
			return false;
		if (oldest < floor_ns)
			floor_ns = oldest;
	}
	if (floor_ns <= due)
		floor_ns = due + 1;
	if (!periods_before(u->keys, floor_ns) && !periods_rotating(u->keys))
		return true;
	if (!expire_hits(d, due, wall_ns, e) ||
	    !periods_destroy_step(u->keys, d, floor_ns, wall_ns, &u->more, e))
		return false;
	if (!u->more)
		u->truncate = u->truncate_now = true;
	u->more = true;
	return true;
}

static bool look_around(struct upkeep *u, struct db *d, const struct elapsed *c, int64_t due,
			int64_t wall_ns, struct err *e)
{
	int64_t now = c->k.ring_ns;

	return expire_hits(d, due, wall_ns, e) && cooldown_forget(d, now, u->cooldown_s, e) &&
	       end_quarantine(u, d, now, e) && ring_shrink(d, SHRINK_BYTES, e) &&
	       (now - u->recorded_ns < UPKEEP_RECORD_NS || upkeep_record(u, d, now, wall_ns, e)) &&
	       upkeep_save_clock(d, &c->k, e) && truncate_wal(u, d, e) &&
	       periods_destroy(u->keys, d, INT64_MIN, wall_ns, e);
}

bool upkeep_step(struct upkeep *u, struct db *d, const struct elapsed *c, int64_t wall_ns,
		 struct err *e)
{
	int64_t now = c->k.ring_ns, due = period_due(now, u->limits.retention_ns);
	struct ring_purged purged;
	struct err why = {0};
	bool keys_gone;

	u->more = u->leisurely = false;
	u->limits.lost_ns = u->keys->lost_ns;
	/* First the keys: then all of it is gone, however many rows there are to delete. On a full
	 * disk it may take the room that those give. */
	keys_gone = (!periods_before(u->keys, due + 1) && !periods_rotating(u->keys)) ||
		    destroy_keys(u, d, now, due, wall_ns, &why);
	if (keys_gone && u->more)
		return true;
	if (!ring_purge(d, &u->limits, now, UPKEEP_STEP, &purged, e))
		return err_prefix(e, "upkeep");
	u->more = purged.more;
	u->leisurely = keys_gone && purged.passages > 0 && purged.last_ns <= due;
	/* Rows that make room go while their key lives on; what is due is to be gone from the WAL
	 * as well. To truncate it costs more than it seems: a file that grows has the file system
	 * write its own records with each commit. */
	if (purged.passages > 0 && purged.first_ns <= due)
		u->truncate = u->truncate_now = true;
	if (!keys_gone) {
		if (e)
			*e = why;
		return err_prefix(e, "upkeep");
	}
	if (u->more)
		return true;
	/* Once, when keys and rows are gone. */
	if (u->truncate_now) {
		u->truncate_now = false;
		u->more = true;
		return truncate_wal(u, d, e) || err_prefix(e, "upkeep");
	}
	if (!destroy_keys(u, d, now, due, wall_ns, e) ||
	    (!u->more && !spans_settle(&u->spans, d, u->keys, &u->more, e)) ||
	    (!u->more && !ring_index(d, UPKEEP_INDEX, &u->more, e)))
		return err_prefix(e, "upkeep");
	if (now < u->next_ns)
		return true;
	u->next_ns = now + UPKEEP_EVERY_NS;
	return look_around(u, d, c, due, wall_ns, e) || err_prefix(e, "upkeep");
}
