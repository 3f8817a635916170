/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/period.h"

#include "firmware/base/crypt.h"
#include "firmware/store/audit.h"
#include "firmware/store/purge.h"
#include "firmware/store/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t period_begin(int64_t ns)
{
	int64_t rest = ns % PERIOD_NS;

	return ns - rest - (rest < 0 ? PERIOD_NS : 0);
}

int64_t period_due(int64_t now_ns, int64_t retention_ns)
{
	return period_begin(now_ns - retention_ns) + PERIOD_NS - 1;
}

/* What is wrong with the keystore must not be taken for damage of the database. */
static bool keystore_failed(struct err *e)
{
	if (e && e->code != ERR_NO_SPACE && e->code != ERR_NO_MEMORY && e->code != ERR_AGAIN)
		e->code = ERR_IO;
	return false;
}

/* --- keys in memory ------------------------------------------------------------------------------
 */

static void wipe(struct period_key *k)
{
	explicit_bzero(k, sizeof *k);
}

static void forget_all(struct periods *p)
{
	if (p->live)
		explicit_bzero(p->live, p->room * sizeof *p->live);
	free(p->live);
	p->live = NULL;
	p->n = p->room = 0;
	wipe(&p->current);
}

void periods_close(struct periods *p)
{
	forget_all(p);
	wipe(&p->passing);
	if (p->keystore)
		p->ops->close(p->keystore);
	p->keystore = NULL;
}

/* Not realloc: it would leave the keys where they were. */
static bool make_place(struct periods *p, struct err *e)
{
	size_t room = p->room ? 2 * p->room : 64;
	struct period *more;

	if (p->n < p->room)
		return true;
	more = calloc(room, sizeof *more);
	if (!more)
		return err_set(e, ERR_NO_MEMORY, "period: no memory");
	if (p->live) {
		memcpy(more, p->live, p->n * sizeof *more);
		explicit_bzero(p->live, p->n * sizeof *more);
	}
	free(p->live);
	p->live = more;
	p->room = room;
	return true;
}

static void forget_oldest(struct periods *p, size_t n)
{
	if (n == 0)
		return;
	memmove(p->live, p->live + n, (p->n - n) * sizeof *p->live);
	explicit_bzero(p->live + p->n - n, n * sizeof *p->live);
	p->n -= n;
}

static bool derive(int64_t id, const uint8_t key[KEYSTORE_KEY], struct period_key *out,
		   struct err *e)
{
	out->id = id;
	if (crypt_derive(key, "alpr-period-seal-1", out->seal, e) &&
	    crypt_derive(key, "alpr-period-mac-1", out->mac, e))
		return true;
	wipe(out);
	return err_prefix(e, "period");
}

/* How many of those that live began before `id`. */
static size_t before(const struct periods *p, int64_t id)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->live[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool periods_live(const struct periods *p, int64_t id)
{
	size_t at = before(p, id);

	return (at < p->n && p->live[at].id == id) || (id != 0 && id == p->passing.id);
}

bool periods_get(const struct periods *p, int64_t id, struct period_key *out, struct err *e)
{
	size_t at = before(p, id);

	if (id != 0 && id == p->passing.id) {
		*out = p->passing;
		return true;
	}
	if (at < p->n && p->live[at].id == id)
		return derive(id, p->live[at].key, out, e);
	return err_set(e, ERR_NOT_FOUND, "period: its key is not here");
}

bool periods_next(const struct periods *p, int64_t after, int64_t *id)
{
	size_t at = after == INT64_MAX ? p->n : before(p, after + 1);

	if (after == INT64_MIN)
		at = 0;
	if (at >= p->n)
		return false;
	*id = p->live[at].id;
	return true;
}

int64_t periods_newest(const struct periods *p)
{
	return p->n > 0 ? p->live[p->n - 1].id : 0;
}

bool periods_before(const struct periods *p, int64_t floor_ns)
{
	return p->n > 0 && p->live[0].id < floor_ns;
}

/* --- keys in the database ------------------------------------------------------------------------
 */

static size_t count_before(const struct periods *p, int64_t floor_ns)
{
	size_t n = 0;

	while (n < p->n && p->live[n].id < floor_ns)
		n++;
	return n;
}

/* The table holds what lives and began at floor_ns or later, wrapped under the newest root. */
static bool write_table(struct periods *p, struct db *d, int64_t floor_ns, int64_t wall_ns,
			struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	size_t first = count_before(p, floor_ns);
	uint8_t wrapped[KEYSTORE_WRAPPED];

	if (!db_begin(d, &tx, e) || !db_run(d, NULL, e, "DELETE FROM period", ""))
		return false;
	for (size_t i = first; i < p->n; i++) {
		if (!p->ops->wrap(p->keystore, p->live[i].key, (uint64_t)p->live[i].id, wrapped, e))
			return keystore_failed(e);
		if (!db_run(d, NULL, e, "INSERT INTO period(id, wrapped) VALUES(?, ?)", "ib",
			    p->live[i].id, wrapped, sizeof wrapped))
			return false;
	}
	if (!secrets_wrap_anew(p, d, e))
		return false;
	if (first == 0)
		return db_commit(&tx, e);
	return purge_record(d, &(struct purge_keys){first, p->live[0].id, p->live[first - 1].id},
			    wall_ns, e) &&
	       db_state_add(d, "keys_destroyed", (int64_t)first, e) && db_commit(&tx, e);
}

/* Every key under the newest root, and only that root there. */
static bool settle(struct periods *p, struct db *d, int64_t floor_ns, int64_t wall_ns,
		   struct err *e)
{
	if (!write_table(p, d, floor_ns, wall_ns, e))
		return false;
	forget_oldest(p, count_before(p, floor_ns));
	return p->ops->retire(p->keystore, e) || keystore_failed(e);
}

static bool finish_rotation(struct periods *p, struct db *d, int64_t wall_ns, struct err *e)
{
	struct keystore_about about;

	p->ops->about(p->keystore, &about);
	return about.older == 0 || settle(p, d, INT64_MIN, wall_ns, e);
}

bool periods_rotating(const struct periods *p)
{
	return p->stage != PERIODS_SETTLED;
}

/* `older`: the root before the newest is still there. */
static bool next_stage(struct periods *p, struct db *d, bool older, int64_t floor_ns,
		       int64_t wall_ns, struct err *e)
{
	if (!older) {
		if (!p->ops->rotate(p->keystore, e))
			return keystore_failed(e);
		wipe(&p->current);
		p->stage = PERIODS_ROTATED;
		return true;
	}
	if (p->stage == PERIODS_WRAPPED) {
		if (!p->ops->retire(p->keystore, e))
			return keystore_failed(e);
		p->stage = PERIODS_SETTLED;
		return true;
	}
	/* A rotation that was cut off may have wrapped all of these keys under the newest root
	 * already: it destroys none, the next one does. */
	if (p->stage != PERIODS_ROTATED)
		floor_ns = INT64_MIN;
	if (!write_table(p, d, floor_ns, wall_ns, e))
		return false;
	forget_oldest(p, count_before(p, floor_ns));
	p->stage = PERIODS_WRAPPED;
	return true;
}

bool periods_destroy_step(struct periods *p, struct db *d, int64_t floor_ns, int64_t wall_ns,
			  bool *more, struct err *e)
{
	struct keystore_about about;

	*more = false;
	if (!p->keystore)
		return true;
	if (!p->loaded)
		return err_set(e, ERR_AGAIN, "period: the keys are not loaded");
	p->ops->about(p->keystore, &about);
	if (about.older == 0)
		p->fault[0] = '\0';
	if (about.older == 0 && !periods_before(p, floor_ns)) {
		p->stage = PERIODS_SETTLED;
		return true;
	}
	if (!next_stage(p, d, about.older != 0, floor_ns, wall_ns, e))
		return err_prefix(e, "period");
	*more = periods_rotating(p) || periods_before(p, floor_ns);
	return true;
}

bool periods_destroy(struct periods *p, struct db *d, int64_t floor_ns, int64_t wall_ns,
		     struct err *e)
{
	bool more;

	do
		if (!periods_destroy_step(p, d, floor_ns, wall_ns, &more, e))
			return false;
	while (more);
	return true;
}

/* A period begins at kept_ns. */
static bool begin(struct periods *p, struct db *d, int64_t kept_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct period *next;

	if (!make_place(p, e))
		return false;
	next = &p->live[p->n];
	next->id = kept_ns;
	if (!crypt_random(next->key, sizeof next->key, e))
		return false;
	if (!p->ops->wrap(p->keystore, next->key, (uint64_t)kept_ns, wrapped, e))
		return keystore_failed(e);
	if (!db_begin(d, &tx, e) ||
	    !db_run(d, NULL, e, "INSERT OR REPLACE INTO period(id, wrapped) VALUES(?, ?)", "ib",
		    kept_ns, wrapped, sizeof wrapped) ||
	    !db_commit(&tx, e))
		return false;
	p->n++;
	return true;
}

bool periods_at(struct periods *p, struct db *d, int64_t kept_ns, const struct period_key **key,
		struct err *e)
{
	const struct period *last;

	if (!p->keystore)
		return err_set(e, ERR_NOT_FOUND, "period: %.140s", p->fault);
	if (!p->loaded)
		return err_set(e, ERR_AGAIN, "period: the keys are not loaded");
	if ((p->n == 0 || p->live[p->n - 1].id < period_begin(kept_ns)) && !begin(p, d, kept_ns, e))
		return err_prefix(e, "period");
	last = &p->live[p->n - 1];
	if (p->current.id != last->id && !derive(last->id, last->key, &p->current, e))
		return false;
	*key = &p->current;
	return true;
}

bool periods_passing(struct periods *p, int64_t kept_ns, const struct period_key **key,
		     struct err *e)
{
	uint8_t random[KEYSTORE_KEY];
	bool done = p->passing.id != 0;

	if (!done) {
		done = crypt_random(random, sizeof random, e) &&
		       derive(kept_ns, random, &p->passing, e);
		explicit_bzero(random, sizeof random);
	}
	*key = &p->passing;
	return done;
}

/* --- opening -------------------------------------------------------------------------------------
 */

static bool open_keystore(struct periods *p, const struct keystore_conf *conf, struct db *d,
			  struct err *e)
{
	struct keystore_conf c = *conf;
	struct err why = {0};
	int64_t had;

	if (!db_int(d, &had, 0, e, "SELECT count(*) FROM period", ""))
		return false;
	c.create = c.create && had == 0;
	p->ops = keystore_find(c.driver);
	if (!p->ops)
		(void)err_set(&why, ERR_CONFIG, "keystore: no driver %.40s", c.driver);
	else if (!p->ops->open(&c, &p->keystore, &why))
		p->keystore = NULL;
	(void)snprintf(p->fault, sizeof p->fault, "%.150s", p->keystore ? "" : why.text);
	return p->keystore || why.code != ERR_NO_MEMORY ||
	       err_set(e, ERR_NO_MEMORY, "keystore: no memory");
}

/* One row; *good false: nothing unwraps it. */
static bool take_row(struct periods *p, sqlite3_stmt *st, bool *good, struct err *e)
{
	struct err why = {0};

	if (!make_place(p, e))
		return false;
	p->live[p->n].id = sqlite3_column_int64(st, 0);
	*good = sqlite3_column_bytes(st, 1) == KEYSTORE_WRAPPED &&
		p->ops->unwrap(p->keystore, sqlite3_column_blob(st, 1), (uint64_t)p->live[p->n].id,
			       p->live[p->n].key, &why);
	if (!*good && why.code == ERR_NO_MEMORY) {
		if (e)
			*e = why;
		return false;
	}
	p->n += *good;
	return true;
}

static bool load(struct periods *p, struct db *d, int64_t *lost, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e, "SELECT id, wrapped FROM period ORDER BY id", "");
	bool row = st != NULL, good;

	*lost = 0;
	while (row) {
		if (!db_step(d, st, &row, e))
			return false;
		if (!row)
			return true;
		if (!take_row(p, st, &good, e))
			return false;
		*lost += !good;
	}
	return false;
}

/* One by one: there is seldom any. */
static bool drop_lost(struct periods *p, struct db *d, struct err *e)
{
	int64_t id = INT64_MIN;

	for (;;) {
		if (!db_int(d, &id, INT64_MAX, e, "SELECT min(id) FROM period WHERE id > ?", "i",
			    id))
			return false;
		if (id == INT64_MAX)
			return true;
		if (!periods_live(p, id) &&
		    !db_run(d, NULL, e, "DELETE FROM period WHERE id = ?", "i", id))
			return false;
	}
}

/* What was sealed under them can be read by nobody; the ring and the outbox let go of it. */
static bool write_off(struct periods *p, struct db *d, int64_t lost, int64_t now_ns,
		      int64_t wall_ns, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[64];

	(void)snprintf(detail, sizeof detail, "{\"periods\":%" PRId64 "}", lost);
	if (!db_begin(d, &tx, e) || !drop_lost(p, d, e) ||
	    !audit_append(
		d,
		&(struct audit_record){
		    .who = "store", .what = "purge-keys", .outcome = "lost", .detail = detail},
		wall_ns, e) ||
	    !db_commit(&tx, e))
		return false;
	p->lost_ns = p->n > 0 ? p->live[0].id : now_ns;
	return true;
}

bool periods_open(struct periods *p, const struct keystore_conf *conf, struct db *d, int64_t now_ns,
		  int64_t wall_ns, struct err *e)
{
	struct err why = {0};
	int64_t lost;

	forget_all(p);
	p->stage = PERIODS_SETTLED;
	p->loaded = false;
	p->lost_ns = 0;
	if (!p->keystore && !open_keystore(p, conf, d, e))
		return err_prefix(e, "period");
	if (!p->keystore)
		return true;
	if (!load(p, d, &lost, e)) {
		forget_all(p);
		return err_prefix(e, "period");
	}
	p->loaded = true;
	if (lost > 0 && !write_off(p, d, lost, now_ns, wall_ns, e))
		return err_prefix(e, "period");
	/* The keys are here; what the keystore refuses now is asked of it again. */
	if (!finish_rotation(p, d, wall_ns, &why))
		(void)snprintf(p->fault, sizeof p->fault, "%.150s", why.text);
	return true;
}
