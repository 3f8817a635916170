/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/life.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/store/outbox.h"
#include "firmware/store/salvage.h"
#include "firmware/store/seal.h"
#include "firmware/store/text.h"

#include "tests/crash/posix.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int64_t book_number(const uint8_t id[WIRE_ID_SIZE])
{
	uint64_t n;

	memcpy(&n, id, sizeof n);
	return id[WIRE_ID_SIZE - 1] == 1 && n < LIFE_READS ? (int64_t)n : -1;
}

void book_may_purge(struct life *l, int64_t due_ns, int64_t oldest)
{
	if (due_ns > l->book.due_ns)
		l->book.due_ns = due_ns;
	l->book.oldest += oldest;
	l->book.may_grow += 16;
}

bool book_noted(struct life *l)
{
	struct audit_head head;
	bool was = posix_pause(true);
	bool known =
	    l->db && !l->book.damaged && !disk_is_off(l->disk) && audit_head(l->db, &head, NULL);

	(void)posix_pause(was);
	if (!known)
		return true;
	if (head.seq < l->book.head.seq || head.seq > l->book.head.seq + l->book.may_grow)
		return life_fault(l, FAULT_CHAIN, "its head went from %" PRId64 " to %" PRId64,
				  l->book.head.seq, head.seq);
	l->book.head = head;
	l->book.may_grow = 0;
	return true;
}

static sqlite3_stmt *ask(struct life *l, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db_handle(l->db), sql, -1, &st, NULL) != SQLITE_OK)
		(void)life_fault(l, FAULT_DATABASE, "%s", sqlite3_errmsg(db_handle(l->db)));
	return st;
}

int64_t book_ask(struct life *l, const char *sql)
{
	bool was = posix_pause(true);
	sqlite3_stmt *st = ask(l, sql);
	int64_t n = st && sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;

	(void)sqlite3_finalize(st);
	(void)posix_pause(was);
	return n;
}

/* --- reads ---------------------------------------------------------------------------------------
 */

/* It was under way when the power went, and got there. */
static void came_through(struct life *l, uint32_t n, int64_t hit)
{
	struct book *b = &l->book;
	struct promise *p = &b->p[n];

	p->there = YES;
	p->hit = hit == RING_HIT;
	b->order[b->n_order++] = n;
	b->passages++;
	b->reads += p->text;
	b->low_quality += p->low_quality;
	b->hits += p->hit;
	b->suppressed += hit == RING_SUPPRESSED;
}

/* How many angles its sealed read tells of; -1: nobody can open it. */
static int64_t angles_of(const struct life *l, sqlite3_stmt *st)
{
	char text[TEXT_READ_SIZE + SEAL_EXTRA + 1] = "";
	size_t len = (size_t)sqlite3_column_bytes(st, 2);
	struct period_key key;
	int64_t n = 0;

	if (len > TEXT_READ_SIZE + SEAL_EXTRA ||
	    !periods_get(&l->keys, sqlite3_column_int64(st, 4), &key, NULL) ||
	    !seal_get(&key, SEAL_READ, sqlite3_column_blob(st, 0), sqlite3_column_blob(st, 2), len,
		      (uint8_t *)text, NULL))
		return -1;
	for (const char *at = text; (at = strstr(at, "\"camera\"")) != NULL; at++)
		n++;
	return n;
}

static int64_t due_now(const struct life *l)
{
	return period_due(l->clock.k.ring_ns, l->upkeep.limits.retention_ns);
}

/* Who knows its plate finds it, in the index or beside it, and once. */
static bool verify_found(struct life *l, sqlite3_stmt *st, int64_t n)
{
	AUTO_DONE sqlite3_stmt *found = NULL;
	int64_t id = sqlite3_column_int64(st, 6);
	unsigned times = 0;
	bool row = true;

	if (sqlite3_column_bytes(st, 5) != SEAL_MAC)
		return true;
	found =
	    ring_with_plate(l->db, sqlite3_column_int64(st, 4), sqlite3_column_blob(st, 5), NULL);
	while (found && row) {
		if (!db_step(l->db, found, &row, NULL))
			return true; /* damaged: the next operation says so */
		times += row && sqlite3_column_int64(found, 0) == id;
	}
	return !found || times == 1 ||
	       life_fault(l, FAULT_READ_LOST, "passage %" PRId64 " is found %u times by its plate",
			  n, times);
}

static bool verify_row(struct life *l, sqlite3_stmt *st, uint8_t *seen)
{
	int64_t n = sqlite3_column_bytes(st, 0) == WIRE_ID_SIZE
			? book_number(sqlite3_column_blob(st, 0))
			: -1;
	int64_t hit = sqlite3_column_int64(st, 1), angles = angles_of(l, st),
		pictures = sqlite3_column_int64(st, 3);
	struct promise *p;

	if (n < 0 || n >= l->book.n)
		return life_fault(l, FAULT_DOUBLED, "a passage that nobody gave");
	p = &l->book.p[n];
	if (seen[n]++)
		return life_fault(l, FAULT_DOUBLED, "passage %" PRId64 " is there twice", n);
	if (p->there == PURGED)
		return life_fault(l, FAULT_PURGED_BACK, "passage %" PRId64 " is back", n);
	if (p->there == NO)
		return life_fault(l, FAULT_DOUBLED, "passage %" PRId64 " was not taken", n);
	if (p->there == MAYBE) {
		came_through(l, (uint32_t)n, hit);
		if (pictures == 0) /* there was no room for them */
			p->pictures = 0;
	}
	/* Its key is gone before its row is. */
	if (angles < 0 && p->kept_ns <= due_now(l) &&
	    !periods_live(&l->keys, sqlite3_column_int64(st, 4)))
		return true;
	/* A crop of each angle, and a scene when it is a hit. */
	if (angles != p->angles || pictures != p->pictures * (p->hit ? 2 : 1))
		return life_fault(l, FAULT_READ_LOST,
				  "passage %" PRId64 " has %" PRId64 " angles and %" PRId64
				  " pictures",
				  n, angles, pictures);
	if (hit != RING_HIT && p->hit)
		return life_fault(l, FAULT_HIT_LOST, "passage %" PRId64 " is no hit any more", n);
	return verify_found(l, st, n);
}

/* Rows whose keys were destroyed are counted as purged when their database is put aside. */
static void purged_aside(struct life *l, int64_t rows)
{
	int64_t n = book_ask(l, "SELECT coalesce(sum(value), 0) FROM state WHERE name = 'purged'") -
		    l->book.purged;

	if (n > 0 && n <= rows)
		l->book.purged += n;
}

/* What is gone must have been due, or the oldest when there was no room. */
static bool verify_gone(struct life *l, const uint8_t *seen, bool fresh, bool aside)
{
	struct book *b = &l->book;
	bool younger = false;
	int64_t gone = 0, aside_rows = 0;

	for (uint32_t i = 0; i < b->n_order; i++) {
		struct promise *p = &b->p[b->order[i]];

		if (p->there != YES)
			continue;
		if (seen[b->order[i]]) {
			younger = true;
			continue;
		}
		if (aside) {
			p->there = PURGED;
			aside_rows++;
			continue;
		}
		if (younger || (p->kept_ns > b->due_ns && gone >= b->oldest))
			return life_fault(l, FAULT_READ_LOST,
					  "passage %u is gone: %s, %" PRId64
					  " s from being due, %" PRId64
					  " gone before it of %" PRId64 " that may",
					  b->order[i], younger ? "not the oldest" : "the oldest",
					  (p->kept_ns - b->due_ns) / NS_PER_S, gone, b->oldest);
		gone++;
		p->there = PURGED;
		b->purged++;
		l->tally->purged++;
	}
	purged_aside(l, aside_rows);
	for (uint32_t i = 0; fresh && i < b->n; i++)
		if (b->p[i].there == MAYBE)
			b->p[i].there = NO;
	return true;
}

static bool verify_reads(struct life *l, bool fresh, bool aside)
{
	uint8_t seen[LIFE_READS] = {0};
	sqlite3_stmt *st =
	    ask(l, "SELECT passage_id, hit, sealed,"
		   " (crop_0 IS NOT NULL) + (crop_1 IS NOT NULL) +"
		   " (SELECT count(*) FROM picture WHERE id BETWEEN p.id * 4 AND p.id * 4 + 3),"
		   " period, mac, id FROM passage AS p ORDER BY p.id");
	bool good = st != NULL;
	int rc = SQLITE_DONE;

	while (good && (rc = sqlite3_step(st)) == SQLITE_ROW)
		good = verify_row(l, st, seen);
	(void)sqlite3_finalize(st);
	if (good && rc != SQLITE_DONE)
		return life_fault(l, FAULT_DATABASE, "the ring cannot be read: %s",
				  sqlite3_errstr(rc));
	return good && verify_gone(l, seen, fresh, aside);
}

/* --- hits ----------------------------------------------------------------------------------------
 */

static bool verify_body(struct life *l, int64_t id, struct promise *p)
{
	AUTO_CLOSE int fd = -1;
	CLEANUP(gift_unmap) struct gift g = {0};
	struct err e = {0};
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	if (!outbox_gift(l->db, &l->keys, id, &fd, &e) || !gift_map(fd, 64 << 20, &g, &e))
		return life_fault(l, FAULT_HIT_LOST, "%s", e.text);
	for (size_t i = 0; i < g.len; i++)
		digest = (digest ^ g.data[i]) * UINT64_C(0x100000001b3);
	if (g.len < 2 || g.data[g.len - 1] != '}' || (p->body && p->body != digest))
		return life_fault(l, FAULT_HIT_LOST, "hit %" PRId64 " is not what it was", id);
	p->body = digest;
	return true;
}

static bool verify_hit(struct life *l, sqlite3_stmt *st, uint8_t *seen, bool fresh)
{
	int64_t n = sqlite3_column_bytes(st, 0) == WIRE_ID_SIZE
			? book_number(sqlite3_column_blob(st, 0))
			: -1;
	bool open = sqlite3_column_int64(st, 1) == 0;
	struct promise *p;

	if (n < 0 || n >= l->book.n || !l->book.p[n].hit || seen[n]++)
		return life_fault(l, FAULT_DOUBLED, "a hit too many in the outbox");
	p = &l->book.p[n];
	if (p->answered == EXPIRED || (open && p->answered == ANSWERED))
		return life_fault(l, FAULT_PURGED_BACK, "the hit of passage %" PRId64 " is back",
				  n);
	if (!open && p->answered == OPEN)
		return life_fault(l, FAULT_HIT_LOST,
				  "the hit of passage %" PRId64 " was ended by nobody", n);
	if (!open && p->answered == MAYBE_ANSWERED) {
		p->answered = ANSWERED;
		l->book.answered++;
	} else if (open && fresh) {
		p->answered = OPEN;
	}
	return !open || verify_body(l, sqlite3_column_int64(st, 2), p);
}

/* `aside`: what was put aside keeps its reads and its hits that were answered. */
static bool verify_hits(struct life *l, bool fresh, bool aside)
{
	uint8_t seen[LIFE_READS] = {0};
	struct book *b = &l->book;
	sqlite3_stmt *st = ask(l, "SELECT passage_id, state, id FROM outbox ORDER BY id");
	bool good = st != NULL;

	while (good && sqlite3_step(st) == SQLITE_ROW)
		good = verify_hit(l, st, seen, fresh);
	(void)sqlite3_finalize(st);
	for (uint32_t i = 0; good && i < b->n; i++) {
		struct promise *p = &b->p[i];

		if (!p->hit || seen[i] || p->answered == EXPIRED)
			continue;
		if (aside && p->answered == ANSWERED) {
			p->answered = EXPIRED;
			continue;
		}
		/* Sealed under a key that was put aside with the rest, it is nobody's any more, and
		 * the chain says so. */
		if (p->kept_ns > b->due_ns && !(aside && b->keys_damaged))
			return life_fault(l, FAULT_HIT_LOST, "the hit of passage %u is gone", i);
		b->expired += p->answered != ANSWERED;
		p->answered = EXPIRED;
	}
	return good;
}

/* --- the rest ------------------------------------------------------------------------------------
 */

bool book_keys(struct life *l)
{
	struct book *b = &l->book;

	if (b->damaged || disk_is_off(l->disk) || !l->keys.keystore || l->keys.n == 0)
		return true;
	if (l->keys.live[0].id < b->key_floor)
		return life_fault(l, FAULT_PURGED_BACK, "the key of a period that was purged");
	l->tally->keys += b->key_floor != 0 && l->keys.live[0].id > b->key_floor;
	b->key_floor = l->keys.live[0].id;
	return true;
}

static bool verify_chain(struct life *l)
{
	struct err e = {0};
	int64_t records;

	if (!audit_verify(l->db, &l->book.head, &records, &e))
		return life_fault(l, FAULT_CHAIN, "%s", e.text);
	if (records > l->book.head.seq + l->book.may_grow)
		return life_fault(l, FAULT_CHAIN, "%" PRId64 " records too many",
				  records - l->book.head.seq - l->book.may_grow);
	return book_noted(l);
}

#define COUNTER(name) "SELECT coalesce(sum(value), 0) FROM state WHERE name IN (" name ")"
static bool verify_counters(struct life *l)
{
	const struct book *b = &l->book;
	const struct {
		const char *sql;
		int64_t is;
	} all[] = {
	    {COUNTER("'passages'"), b->passages},
	    {COUNTER("'reads'"), b->reads},
	    {COUNTER("'low_quality'"), b->low_quality},
	    {COUNTER("'hits'"), b->hits},
	    {COUNTER("'hits_suppressed_cooldown'"), b->suppressed},
	    {COUNTER("'hits_acknowledged', 'hits_refused'"), b->answered},
	    {COUNTER("'hits_expired'"), b->expired},
	    {COUNTER("'purged'"), b->purged},
	    {"SELECT coalesce(sum(value), 0) + (SELECT coalesce(sum(json_extract(detail,"
	     " '$.passages')), 0) FROM audit WHERE what IN ('purge', 'purge-keys'))"
	     " FROM state"
	     " WHERE name = 'purged_unrecorded'",
	     b->purged},
	    {"SELECT coalesce(sum(json_extract(detail, '$.hits')), 0) FROM audit"
	     " WHERE what = 'hit-ended' AND outcome = 'expired'",
	     b->expired},
	    {"SELECT count(*) FROM audit WHERE what = 'hit'", b->hits},
	    {"SELECT count(*) FROM audit WHERE what = 'hit-ended' AND who = 'rtcc'", b->answered},
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		int64_t n = book_ask(l, all[i].sql);

		if (n != all[i].is)
			return life_fault(l, FAULT_COUNTERS,
					  "%" PRId64 ", and %" PRId64 " happened: %s", n, all[i].is,
					  all[i].sql);
	}
	return book_ask(l, COUNTER("'list_version'")) >= b->list_version ||
	       life_fault(l, FAULT_COUNTERS, "the floor of the list went back");
}
#undef COUNTER

static bool verify_sound(struct life *l)
{
	sqlite3_stmt *st = ask(l, "PRAGMA integrity_check(1)");
	bool ok = st && sqlite3_step(st) == SQLITE_ROW &&
		  strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;

	(void)sqlite3_finalize(st);
	return ok || life_fault(l, FAULT_DATABASE, "SQLite's check finds it damaged");
}

static int64_t known_files(struct life *l)
{
	return book_ask(l, "SELECT count(*) FROM quarantine");
}

static void close_folder(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* A WAL whose database is gone, and is not to be deleted any more, is deleted by nobody. */
static bool verify_no_orphan(struct life *l)
{
	CLEANUP(close_folder) DIR *d = opendir(l->folder);
	char path[PATH_MAX], sql[320];

	for (const struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
		size_t n = strlen(f->d_name);

		if (strncmp(f->d_name, "quarantine-", 11) != 0 || n < 4 ||
		    strcmp(f->d_name + n - 4, "-wal") != 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%.*s", l->folder, (int)n - 4, f->d_name);
		(void)snprintf(sql, sizeof sql, "SELECT 1 FROM quarantine WHERE name = '%.*s'",
			       (int)n - 4, f->d_name);
		if (access(path, F_OK) != 0 && book_ask(l, sql) != 1)
			return life_fault(l, FAULT_DATABASE, "%s is forgotten", f->d_name);
	}
	return true;
}

#define UNKNOWN_ASIDE                                                                              \
	"SELECT count(*) FROM quarantine AS q WHERE NOT EXISTS (SELECT 1 FROM audit"               \
	" WHERE what = 'quarantine' AND instr(detail, q.name) > 0)"
#define NEWEST_ASIDE " AND q.name = (SELECT max(name) FROM quarantine)"

/* Whatever was put aside is known, and the loss is in the chain. */
static bool verify_aside(struct life *l)
{
	struct err e = {0};
	char name[DB_QUARANTINE_SIZE];
	bool found;

	if (!salvage_forgotten(l->db, l->folder, name, &found, &e))
		return true; /* it is damaged afresh: the next operation says so */
	if (found)
		return life_fault(l, FAULT_DATABASE, "%s is forgotten", name);
	/* Bits may have changed in either since it was noted; not since this start. */
	if ((!l->kind->flips || l->opened > 0) &&
	    book_ask(l, l->kind->flips ? UNKNOWN_ASIDE NEWEST_ASIDE : UNKNOWN_ASIDE) > 0)
		return life_fault(l, FAULT_CHAIN, "what was put aside is not in it");
	return verify_no_orphan(l);
}

static bool verify(struct life *l, bool whole, bool fresh)
{
	struct book *b = &l->book;
	bool aside = l->kind->damage && fresh && known_files(l) > b->n_aside;

	if (whole && !verify_aside(l))
		return false;
	if (b->damaged)
		return true;
	if ((whole && !verify_sound(l)) || !verify_reads(l, fresh, aside) ||
	    !verify_hits(l, fresh, aside) || (whole && (!verify_counters(l) || !verify_chain(l))))
		return false;
	b->due_ns = b->oldest = 0;
	b->n_aside = known_files(l);
	return true;
}

bool book_verify(struct life *l, bool whole, bool fresh)
{
	bool was = posix_pause(true);
	int64_t any;
	bool good;

	/* A transaction that could not be rolled back for want of memory is, now that there is
	 * some: what it did is not so. */
	if (!disk_is_off(l->disk) && !sqlite3_get_autocommit(db_handle(l->db)))
		if (!db_state_get(l->db, "passages", &any, NULL))
			life_say(l, "it cannot be rolled back yet");
	good = disk_is_off(l->disk) || verify(l, whole, fresh);

	(void)posix_pause(was);
	return good;
}
