/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/salvage.h"

#include "firmware/base/clock.h"
#include "firmware/store/audit.h"
#include "firmware/store/seal.h"
#include "firmware/store/statement.h"
#include "firmware/wire.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The damaged file, opened for what it still gives; every read from it may fail at any row. */
struct wreck {
	sqlite3 *h;
	sqlite3_stmt *st;
	bool last; /* what the disk refuses to give now will never be had */
	int trouble;
};

/* There may be more than what could be read: to look again may help. */
static bool wreck_trouble(struct wreck *w, int rc)
{
	if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM ||
	    ((rc & 0xff) == SQLITE_IOERR && !w->last))
		w->trouble = rc;
	return false;
}

static void wreck_close(struct wreck *w)
{
	(void)sqlite3_finalize(w->st);
	(void)sqlite3_close_v2(w->h);
}

static bool wreck_query(struct wreck *w, const char *sql)
{
	int rc;

	(void)sqlite3_finalize(w->st);
	w->st = NULL;
	rc = sqlite3_prepare_v2(w->h, sql, -1, &w->st, NULL);
	return rc == SQLITE_OK || wreck_trouble(w, rc);
}

static bool wreck_row(struct wreck *w)
{
	int rc = w->st ? sqlite3_step(w->st) : SQLITE_DONE;

	return rc == SQLITE_ROW || wreck_trouble(w, rc);
}

static const char *text(struct wreck *w, int column)
{
	const char *t = (const char *)sqlite3_column_text(w->st, column);

	if (!t)
		(void)wreck_trouble(w, sqlite3_errcode(w->h));
	return t ? t : "";
}

/* Appended afresh, so that it is the same chain only if every record was what it says: the hashes
 * must come out alike. */
static bool salvage_audit(struct wreck *w, struct db *d, int64_t *n, struct err *e)
{
	if (!wreck_query(w, "SELECT at_ns, who, what, purpose, case_number, outcome, detail, hash, "
			    "seq FROM audit"
			    " ORDER BY seq"))
		return true;
	while (wreck_row(w)) {
		struct audit_record r = {text(w, 1), text(w, 2), text(w, 3),
					 text(w, 4), text(w, 5), text(w, 6)};
		uint8_t hash[CRYPT_SHA256_SIZE];
		struct audit_head head;
		int64_t at = sqlite3_column_int64(w->st, 0);

		if (!audit_head(d, &head, e))
			return false;
		if (sqlite3_column_int64(w->st, 8) != head.seq + 1 ||
		    !audit_hash(&r, head.seq + 1, at, head.hash, hash, NULL) ||
		    sqlite3_column_bytes(w->st, 7) != CRYPT_SHA256_SIZE ||
		    memcmp(sqlite3_column_blob(w->st, 7), hash, sizeof hash) != 0)
			return true;
		if (!audit_append(d, &r, at, e))
			return false;
		++*n;
	}
	return true;
}

/* As long as each names the one before it. The open one is none of the chain yet. */
static bool salvage_counters(struct wreck *w, struct db *d, struct err *e)
{
	uint8_t previous[CRYPT_SHA256_SIZE] = {0};
	int64_t n = 0;

	if (!wreck_query(w, "SELECT n, month, open, from_ns, notes, text, key, signature"
			    " FROM counters ORDER BY n"))
		return true;
	while (wreck_row(w)) {
		struct statement s;

		if (sqlite3_column_int64(w->st, 0) != ++n ||
		    !statement_parse(text(w, 5), &s, NULL) || s.n != n ||
		    memcmp(s.previous, previous, sizeof previous) != 0)
			return true;
		if (!statement_digest(&s, previous, e) ||
		    !db_run(d, NULL, e,
			    "INSERT OR IGNORE INTO counters(n, month, open, from_ns, notes, text,"
			    " key, signature) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
			    "iiiiitbb", n, (int64_t)s.month, (int64_t)s.open,
			    sqlite3_column_int64(w->st, 3), sqlite3_column_int64(w->st, 4),
			    text(w, 5), sqlite3_column_blob(w->st, 6),
			    (size_t)sqlite3_column_bytes(w->st, 6), sqlite3_column_blob(w->st, 7),
			    (size_t)sqlite3_column_bytes(w->st, 7)))
			return false;
	}
	return true;
}

/* As they are: the keystore alone opens them. */
static bool salvage_periods(struct wreck *w, struct db *d, int64_t *n, struct err *e)
{
	int64_t new;

	if (!wreck_query(w, "SELECT id, wrapped FROM period WHERE typeof(wrapped) = 'blob'"))
		return true;
	while (wreck_row(w)) {
		if (!db_run(d, &new, e, "INSERT OR IGNORE INTO period(id, wrapped) VALUES(?, ?)",
			    "ib", sqlite3_column_int64(w->st, 0), sqlite3_column_blob(w->st, 1),
			    (size_t)sqlite3_column_bytes(w->st, 1)))
			return false;
		*n += new;
	}
	return true;
}

/* So are the box's own secrets. */
static bool salvage_secrets(struct wreck *w, struct db *d, struct err *e)
{
	if (!wreck_query(w, "SELECT id, wrapped FROM secret WHERE typeof(wrapped) = 'blob'"))
		return true;
	while (wreck_row(w))
		if (!db_run(d, NULL, e, "INSERT OR IGNORE INTO secret(id, wrapped) VALUES(?, ?)",
			    "ib", sqlite3_column_int64(w->st, 0), sqlite3_column_blob(w->st, 1),
			    (size_t)sqlite3_column_bytes(w->st, 1)))
			return false;
	return true;
}

/* An event is sent whole or not at all. `extra`: what sealing adds to its size. */
static bool is_whole(struct wreck *w, int64_t extra)
{
	const char *body = sqlite3_column_blob(w->st, 7);
	int64_t size = sqlite3_column_bytes(w->st, 7);

	return body && sqlite3_column_bytes(w->st, 0) == WIRE_ID_SIZE && size > extra + 1 &&
	       size - extra == sqlite3_column_int64(w->st, 6) &&
	       (extra > 0 || body[size - 1] == '}');
}

static bool take_hit(struct wreck *w, struct db *d, bool sealed, int64_t *n, struct err *e)
{
	const void *body = sqlite3_column_blob(w->st, 7), *none = NULL;
	size_t size = (size_t)sqlite3_column_bytes(w->st, 7);
	int64_t new;

	if (!db_run(
		d, &new, e,
		"INSERT OR IGNORE INTO outbox(id, passage_id, kept_ns, best_ns, grade, category,"
		" list_version, size, period, sealed, body)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		"ibiittiiibb", sqlite3_column_int64(w->st, 8), sqlite3_column_blob(w->st, 0),
		(size_t)WIRE_ID_SIZE, sqlite3_column_int64(w->st, 1),
		sqlite3_column_int64(w->st, 2), text(w, 3), text(w, 4),
		sqlite3_column_int64(w->st, 5), sqlite3_column_int64(w->st, 6),
		sqlite3_column_int64(w->st, 9), sealed ? body : none, size, sealed ? none : body,
		size))
		return false;
	*n += new;
	return true;
}

/* Sealed ones, and those that an older schema left open. */
static bool salvage_hits(struct wreck *w, struct db *d, int64_t *n, struct err *e)
{
#define HITS(body, period)                                                                         \
	"SELECT passage_id, kept_ns, best_ns, grade, category, list_version, size, " body          \
	", id, " period " FROM outbox WHERE state = 0 AND " body " IS NOT NULL"
	static const char *const kinds[] = {HITS("body", "0"), HITS("sealed", "period")};
#undef HITS

	for (unsigned sealed = 0; sealed < 2; sealed++) {
		if (!wreck_query(w, kinds[sealed]))
			continue;
		while (wreck_row(w))
			if (is_whole(w, sealed ? SEAL_EXTRA : 0) && !take_hit(w, d, sealed, n, e))
				return false;
	}
	return true;
}

/* Passages that were purged, and whose rows were still to be deleted, are purged. */
static bool salvage_state(struct wreck *w, struct db *d, struct err *e)
{
	if (!wreck_query(w, "SELECT name, CASE name WHEN 'purged_unrecorded' THEN max(value, 0)"
			    " WHEN 'purged' THEN value - min(0, coalesce((SELECT value FROM state"
			    " WHERE name = 'purged_unrecorded'), 0)) ELSE value END FROM state"
			    " WHERE name <> 'plates_to'"))
		return true;
	while (wreck_row(w))
		if (!db_run(d, NULL, e, "INSERT OR IGNORE INTO state(name, value) VALUES(?, ?)",
			    "ti", text(w, 0), sqlite3_column_int64(w->st, 1)))
			return false;
	return true;
}

/* Lost, it would cost no more than that the list is fetched once again. */
static bool salvage_etag(struct wreck *w, struct db *d, struct err *e)
{
	if (!wreck_query(w, "SELECT bundle_id, etag FROM list_offer"))
		return true;
	return !wreck_row(w) ||
	       db_run(d, NULL, e,
		      "INSERT OR IGNORE INTO list_offer(id, bundle_id, etag) VALUES(1, ?, ?)", "it",
		      sqlite3_column_int64(w->st, 0), text(w, 1));
}

/* What was taken up once is not taken up again. */
static bool salvage_pulls(struct wreck *w, struct db *d, struct err *e)
{
	if (!wreck_query(w, "SELECT nonce, requester, taken_ns, expires_ns FROM pull"
			    " WHERE typeof(nonce) = 'text' AND typeof(requester) = 'blob'"))
		return true;
	while (wreck_row(w))
		if (!db_run(d, NULL, e,
			    "INSERT OR IGNORE INTO pull(nonce, requester, taken_ns, expires_ns)"
			    " VALUES(?, ?, ?, ?)",
			    "tbii", text(w, 0), sqlite3_column_blob(w->st, 1),
			    (size_t)sqlite3_column_bytes(w->st, 1), sqlite3_column_int64(w->st, 2),
			    sqlite3_column_int64(w->st, 3)))
			return false;
	return true;
}

/* Files put aside before this one hold reads as well; `latest` is when any of them is gone. */
static bool salvage_quarantine(struct wreck *w, struct db *d, int64_t latest, struct err *e)
{
	if (!wreck_query(w, "SELECT name, min(due_ns, ?) FROM quarantine") ||
	    sqlite3_bind_int64(w->st, 1, latest) != SQLITE_OK)
		return true;
	while (wreck_row(w))
		if (!db_run(d, NULL, e,
			    "INSERT OR IGNORE INTO quarantine(name, due_ns) VALUES(?, ?)", "ti",
			    text(w, 0), sqlite3_column_int64(w->st, 1)))
			return false;
	return true;
}

/* Call it last: whatever was left out for a trouble that may pass is no loss yet. */
static bool wreck_read(const struct wreck *w, struct err *e)
{
	if (!w->trouble)
		return true;
	return err_set(e, (w->trouble & 0xff) == SQLITE_IOERR ? ERR_AGAIN : ERR_NO_MEMORY, "%s",
		       sqlite3_errstr(w->trouble));
}

/* Uplink may hold hits of the lost database: their answers must not be taken for those of new ones.
 * Milliseconds are ahead of any count of hits. */
static bool new_ids(struct db *d, int64_t wall_ns, struct err *e)
{
	return db_run(d, NULL, e,
		      "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'outbox'", "i",
		      wall_ns / NS_PER_MS) &&
	       db_run(d, NULL, e,
		      "INSERT INTO sqlite_sequence(name, seq) SELECT 'outbox', ?"
		      " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')",
		      "i", wall_ns / NS_PER_MS);
}

static int64_t due(struct wreck *w, int64_t retention_ns, int64_t now_ns)
{
	/* The oldest first: a schema before 4 has the second one alone. */
	static const char *const oldest[] = {"SELECT kept_ns FROM passage_3 ORDER BY id LIMIT 1",
					     "SELECT kept_ns FROM passage ORDER BY id LIMIT 1"};

	for (size_t i = 0; i < sizeof oldest / sizeof oldest[0]; i++)
		if (wreck_query(w, oldest[i]) && wreck_row(w))
			return sqlite3_column_int64(w->st, 0) + retention_ns;
	return now_ns + SALVAGE_UNREADABLE_NS;
}

static bool wreck_open(struct wreck *w, const char *folder, const char *name, struct err *e)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
		return err_set(e, ERR_LIMIT, "salvage: path too long");
	(void)wreck_trouble(
	    w, sqlite3_open_v2(path, &w->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (!w->h)
		return err_set(e, ERR_NO_MEMORY, "salvage: no memory");
	(void)sqlite3_db_config(w->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(w->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return true;
}

static bool salvage_once(struct db *d, const char *folder, const char *name, int64_t retention_ns,
			 int64_t now_ns, bool last, struct salvaged *out, struct err *e)
{
	CLEANUP(wreck_close) struct wreck w = {.last = last};
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t clock;

	*out = (struct salvaged){0};
	if (!wreck_open(&w, folder, name, e))
		return false;
	if (!db_begin(d, &tx, e) || !salvage_state(&w, d, e) || !salvage_etag(&w, d, e) ||
	    !salvage_audit(&w, d, &out->audit_records, e) || !salvage_counters(&w, d, e) ||
	    !salvage_periods(&w, d, &out->keys, e) || !salvage_secrets(&w, d, e) ||
	    !salvage_pulls(&w, d, e) || !salvage_hits(&w, d, &out->hits, e) ||
	    !new_ids(d, now_ns, e) || !db_state_get(d, "clock_ring", &clock, e) ||
	    !salvage_quarantine(&w, d, (clock ? clock : now_ns) + retention_ns, e) ||
	    !wreck_read(&w, e) || !db_commit(&tx, e))
		return err_prefix(e, "salvage");
	out->due_ns = due(&w, retention_ns, clock ? clock : now_ns);
	return true;
}

bool salvage(struct db *d, const char *folder, const char *name, int64_t retention_ns,
	     int64_t now_ns, struct salvaged *out, struct err *e)
{
	struct err why = {0};

	if (salvage_once(d, folder, name, retention_ns, now_ns, false, out, &why))
		return true;
	/* An error of the disk may have passed; one that has not is what makes a wreck. */
	if (why.code == ERR_AGAIN)
		return salvage_once(d, folder, name, retention_ns, now_ns, true, out, e);
	if (e)
		*e = why;
	return false;
}

static bool is_quarantine(const char *name)
{
	size_t n = strlen(name);

	return n < DB_QUARANTINE_SIZE && n > 3 && strncmp(name, "quarantine-", 11) == 0 &&
	       strcmp(name + n - 3, ".db") == 0;
}

/* They are named by the time they were put aside. */
static bool is_newer(const char *a, const char *b)
{
	size_t n = strlen(a), k = strlen(b);

	return n != k ? n > k : strcmp(a, b) > 0;
}

static void close_folder(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* The newest that `d` knows nothing of and that is older than `before`; "": of all. */
static bool find_forgotten(struct db *d, const char *folder, const char *before,
			   char name[DB_QUARANTINE_SIZE], bool *found, struct err *e)
{
	CLEANUP(close_folder) DIR *dir = opendir(folder);

	name[0] = '\0';
	if (!dir)
		return err_errno(e, errno, "%s", folder);
	for (const struct dirent *f = readdir(dir); f; f = readdir(dir)) {
		int64_t known;

		if (!is_quarantine(f->d_name) || !is_newer(f->d_name, name) ||
		    (before[0] && !is_newer(before, f->d_name)))
			continue;
		if (!db_int(d, &known, 0, e, "SELECT 1 FROM quarantine WHERE name = ?", "t",
			    f->d_name))
			return false;
		if (!known)
			(void)snprintf(name, DB_QUARANTINE_SIZE, "%.63s", f->d_name);
	}
	*found = name[0] != '\0';
	return true;
}

bool salvage_forgotten(struct db *d, const char *folder, char name[DB_QUARANTINE_SIZE], bool *found,
		       struct err *e)
{
	return find_forgotten(d, folder, "", name, found, e);
}

static bool chain_of(struct db *d, const char *folder, const char *name, bool last, int64_t *n,
		     struct err *e)
{
	CLEANUP(wreck_close) struct wreck w = {.last = last};
	AUTO_ROLLBACK struct db_tx tx = {0};

	*n = 0;
	return (wreck_open(&w, folder, name, e) && db_begin(d, &tx, e) &&
		salvage_audit(&w, d, n, e) && wreck_read(&w, e) && db_commit(&tx, e)) ||
	       err_prefix(e, "salvage");
}

bool salvage_chain(struct db *d, const char *folder, const char *name, int64_t *n, struct err *e)
{
	char of[DB_QUARANTINE_SIZE], older[DB_QUARANTINE_SIZE];
	struct audit_head head;
	bool found = true;

	*n = 0;
	(void)snprintf(of, sizeof of, "%.63s", name);
	while (found) {
		struct err why = {0};

		if (!audit_head(d, &head, e) ||
		    (head.seq == 0 && !find_forgotten(d, folder, of, older, &found, e)))
			return false;
		if (head.seq > 0 || !found)
			return true;
		if (!chain_of(d, folder, older, false, n, &why) &&
		    (why.code != ERR_AGAIN || !chain_of(d, folder, older, true, n, &why))) {
			if (e)
				*e = why;
			return false;
		}
		memcpy(of, older, sizeof of);
	}
	return true;
}
