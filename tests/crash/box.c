/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/life.h"

#include "firmware/base/clock.h"
#include "firmware/store/salvage.h"
#include "firmware/store/secret.h"
#include "tests/crash/posix.h"

#include <string.h>

#define DAMAGED_AGAIN_NS (600 * NS_PER_S) /* as in firmware/store/store.c */

void box_time(struct life *l, int64_t by_ns)
{
	l->wall += by_ns;
	l->mono += by_ns;
	elapsed_tick(&l->clock, l->wall, l->mono);
}

static bool record(struct life *l, const char *what, const char *detail, struct err *e)
{
	return audit_append(l->db,
			    &(struct audit_record){
				.who = "store", .what = what, .outcome = "done", .detail = detail},
			    l->wall, e);
}

/* Before the first read is taken, syncs that fail may leave a file that never was a database. */
static bool put_aside_without_cause(const struct life *l)
{
	return !l->book.damaged && !l->kind->damage && (l->book.n_order > 0 || !l->kind->faults);
}

static bool take_over(struct life *l, struct err *e)
{
	char name[DB_QUARANTINE_SIZE];
	bool found;

	do {
		if (!salvage_forgotten(l->db, l->folder, name, &found, e) ||
		    (found && !upkeep_take_over(l->db, l->folder, name,
						l->upkeep.limits.retention_ns, l->wall, e)))
			return false;
		l->tally->quarantined += found;
		if (found && put_aside_without_cause(l))
			return life_fault(l, FAULT_DATABASE, "%s was put aside", name);
		if (found && ++l->opened > 100)
			return life_fault(l, FAULT_STUCK, "quarantine without end");
	} while (found);
	return true;
}

/* The key that signs the chain outlives all rotations, cuts and damage of other tables. */
static bool keep_secret(struct life *l, struct err *e)
{
	uint8_t secret[KEYSTORE_KEY], kept[KEYSTORE_KEY];
	bool found, may = l->book.damaged || (l->kind->damage && disk_count(l->disk).faults > 0);

	memset(secret, (int)(l->seed & 0xff), sizeof secret);
	if (!secret_get(&l->keys, l->db, SECRET_AUDIT, kept, &found, e))
		return false;
	if (!found && l->secret && !may)
		return life_fault(l, FAULT_DATABASE, "the key of the chain is lost");
	if (found && memcmp(kept, secret, sizeof secret) != 0)
		return life_fault(l, FAULT_DATABASE, "the key of the chain is another one");
	l->secret = found || secret_put(&l->keys, l->db, SECRET_AUDIT, secret, e);
	return l->secret;
}

/* Without a keystore the role would drop what is read; here it starts again until it has one. */
static bool open_keys(struct life *l, struct err *e)
{
	struct keystore_conf conf = {.driver = "file", .create = true};

	(void)snprintf(conf.path, sizeof conf.path, "%s/keystore", l->folder);
	l->book.may_grow += 8;
	if (!upkeep_open_keys(l->db, &l->keys, &conf, l->clock.k.ring_ns, l->wall, e))
		return false;
	if (l->keys.keystore)
		return keep_secret(l, e);
	if (disk_is_off(l->disk) || disk_count(l->disk).faults > 0 || posix_refused() > 0)
		return err_set(e, ERR_IO, "%s", l->keys.fault);
	return life_fault(l, FAULT_DATABASE, "no keystore: %s", l->keys.fault);
}

static bool settings(struct life *l)
{
	return !l->kind->lies || sqlite3_exec(db_handle(l->db), "PRAGMA synchronous = OFF", NULL,
					      NULL, NULL) == SQLITE_OK;
}

static bool open_once(struct life *l, struct err *e)
{
	struct db_opened how;

	if (!db_open(l->folder, &db_schema, l->wall, &l->db, &how, e))
		return false;
	if (how.quarantine[0] && put_aside_without_cause(l))
		return life_fault(l, FAULT_DATABASE, "put aside: %s", how.fault);
	return settings(l) && take_over(l, e) &&
	       upkeep_start_clock(l->db, &l->clock, l->boot, l->wall, l->mono, e) &&
	       open_keys(l, e);
}

static bool open_db(struct life *l, struct err *e)
{
	struct err why = {0};

	if (open_once(l, &why))
		return true;
	if (why.code == ERR_FORMAT && l->book.damaged && !l->said) {
		db_close(l->db);
		l->db = NULL;
		if (db_put_aside(l->folder, l->wall, e)) {
			l->tally->noticed++;
			return open_once(l, e);
		}
	}
	*e = why;
	return false;
}

static void first_upkeep(struct life *l)
{
	struct err e = {0};

	do {
		book_may_purge(l, period_due(l->clock.k.ring_ns, l->upkeep.limits.retention_ns),
			       UPKEEP_STEP);
		if (!upkeep_step(&l->upkeep, l->db, &l->clock, l->wall, &e)) {
			box_trouble(l, &e);
			return;
		}
	} while (l->upkeep.more);
}

bool box_start(struct life *l, struct err *e)
{
	l->opened = 0;
	l->damaged_mono_ns = 0;
	l->book.may_grow += 4;
	l->upkeep.next_ns = 0;
	l->upkeep.more = l->upkeep.truncate = false;
	if (!open_db(l, e)) {
		db_close(l->db);
		l->db = NULL;
		return false;
	}
	l->months = (struct counters){0};
	if (!book_verify(l, true, true) || !months_verify(l) || !pulls_verify(l)) {
		(void)err_set(e, ERR_PEER, "not as promised");
		return false;
	}
	l->book.may_grow += 4;
	if (!space_open(&l->space, l->folder, 1 << 20, e) || !record(l, "start", "", e) ||
	    !list_open(&l->list, &l->conf.hotlist, l->folder, e))
		return false;
	l->upkeep.recorded_ns = l->clock.k.ring_ns;
	if (!list_load(&l->list, l->db, l->wall, e))
		return false;
	if ((int64_t)list_version(&l->list) < l->book.list_version && !l->kind->faults &&
	    !l->kind->memory && !l->kind->flips && !disk_is_off(l->disk)) {
		(void)life_fault(l, FAULT_DATABASE, "the list that was in force is not");
		return err_set(e, ERR_PEER, "not as promised");
	}
	first_upkeep(l);
	sender_connected(&l->sender);
	l->n_under_way = 0;
	if (!l->db || book_verify(l, false, false))
		return book_noted(l);
	return err_set(e, ERR_PEER, "not as promised");
}

bool box_up(struct life *l)
{
	struct err e = {0};

	for (int i = 0; !box_start(l, &e) && !disk_is_off(l->disk) && !l->said; i++) {
		life_say(l, "does not start: %s", e.text);
		box_down(l);
		if (disk_count(l->disk).faults == 0 && posix_refused() == 0 &&
		    (!l->book.damaged || i > 20))
			return life_fault(l, l->book.damaged ? FAULT_STUCK : FAULT_DATABASE,
					  "it does not start: %s", e.text);
		if (i > 100)
			return life_fault(l, FAULT_STUCK, "it does not start: %s", e.text);
		l->mono += NS_PER_S;
	}
	return !l->said;
}

bool box_stop(struct life *l, struct err *e)
{
	bool done;

	return months_count(l, true, e) &&
	       upkeep_record(&l->upkeep, l->db, l->clock.k.ring_ns, l->wall, e) &&
	       record(l, "stop", "", e) && upkeep_save_clock(l->db, &l->clock.k, e) &&
	       db_checkpoint(l->db, &done, e) && book_noted(l);
}

void box_down(struct life *l)
{
	pulls_down(l);
	list_close(&l->list);
	periods_close(&l->keys);
	db_close(l->db);
	l->db = NULL;
	l->sender = (struct sender){0};
}

void box_trouble(struct life *l, const struct err *why)
{
	struct err e = {0};

	if (why->code == ERR_NO_SPACE)
		(void)space_give_up(&l->space);
	if (l->db && why->code != ERR_FORMAT)
		return;
	db_close(l->db);
	l->db = NULL;
	if (why->code == ERR_FORMAT) {
		if (l->damaged_mono_ns && l->mono - l->damaged_mono_ns < DAMAGED_AGAIN_NS)
			l->tally->noticed += db_put_aside(l->folder, l->wall, &e);
		l->damaged_mono_ns = l->mono;
	}
	l->book.may_grow += 4;
	if (!open_db(l, &e)) {
		db_close(l->db);
		l->db = NULL;
	}
}
