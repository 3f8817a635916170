/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/db_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char ROLLBACK[] = "ROLLBACK"; /* one address */

sqlite3 *db_handle(struct db *d)
{
	return d->h;
}

/* Why a write failed: SQLite says so itself of ENOSPC only. The file is the WAL, else the database.
 */
static int write_errno(struct db *d)
{
	sqlite3_file *f = NULL;
	int os = 0;

	if (!d || !d->h)
		return 0;
	if (sqlite3_file_control(d->h, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f) == SQLITE_OK &&
	    f && f->pMethods)
		(void)f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &os);
	if (os == 0)
		(void)sqlite3_file_control(d->h, "main", SQLITE_FCNTL_LAST_ERRNO, &os);
	return os;
}

static enum err_code code_of(struct db *d, int rc)
{
	int os;

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	case SQLITE_NOMEM:
		return ERR_NO_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_FORMAT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_AGAIN;
	case SQLITE_ERROR: /* what our statements name is there, unless the schema is damaged */
		return d && d->h && strncmp(sqlite3_errmsg(d->h), "no such ", 8) == 0 ? ERR_FORMAT
										      : ERR_IO;
	case SQLITE_CANTOPEN: /* so says SQLite of a WAL that it cannot create on a full disk */
		os = d && d->h ? sqlite3_system_errno(d->h) : 0;
		break;
	case SQLITE_IOERR:
		os = write_errno(d);
		break;
	default:
		return ERR_IO;
	}
	return os == ENOSPC || os == EDQUOT || os == EFBIG ? ERR_NO_SPACE : ERR_IO;
}

bool db_fail(struct db *d, int rc, const char *what, struct err *e)
{
	if (d && (rc & 0xff) == SQLITE_IOERR)
		d->suspect = true;
	return err_set(e, code_of(d, rc), "database: %s: %s", what,
		       d && d->h ? sqlite3_errmsg(d->h) : sqlite3_errstr(rc));
}

/* --- statements ----------------------------------------------------------------------------------
 */

static sqlite3_stmt *prepared(struct db *d, const char *sql, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc;

	for (unsigned i = 0; i < d->n; i++)
		if (d->kept[i].sql == sql)
			return d->kept[i].st;
	if (d->n == DB_STATEMENTS) {
		(void)err_set(e, ERR_LIMIT, "database: more than %u statements", DB_STATEMENTS);
		return NULL;
	}
	rc = sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
	if (rc != SQLITE_OK) {
		(void)db_fail(d, rc, "prepare", e);
		return NULL;
	}
	d->kept[d->n].sql = sql;
	d->kept[d->n++].st = st;
	return st;
}

static int bind(sqlite3_stmt *st, const char *types, va_list ap)
{
	int rc = SQLITE_OK;
	const void *bytes;

	for (int i = 1; *types && rc == SQLITE_OK; types++, i++) {
		switch (*types) {
		case 'i':
			rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 'r':
			rc = sqlite3_bind_double(st, i, va_arg(ap, double));
			break;
		case 't':
			rc = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		case 'b':
			bytes = va_arg(ap, const void *);
			rc = sqlite3_bind_blob64(st, i, bytes, va_arg(ap, size_t), SQLITE_STATIC);
			break;
		default:
			rc = SQLITE_MISUSE;
		}
	}
	return rc;
}

/* For want of memory even this can fail; then whatever comes next tries it again first. */
static void rollback(struct db *d)
{
	sqlite3_stmt *st;

	/* A full disk makes SQLite roll back by itself. */
	if (!sqlite3_get_autocommit(d->h)) {
		st = prepared(d, ROLLBACK, NULL); /* by db_ready, when there was memory */
		if (st) {
			(void)sqlite3_step(st);
			(void)sqlite3_reset(st);
		}
	}
	d->stuck = !sqlite3_get_autocommit(d->h);
}

bool db_write_again(struct db *d, struct err *e)
{
	int in_wal = 0, copied = 0;
	int rc = sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied);
	struct err why = {0};

	if (rc != SQLITE_OK)
		(void)db_fail(d, rc, "checkpoint", &why);
	else if (in_wal == copied)
		d->suspect = false;
	if (rc == SQLITE_OK || why.code == ERR_NO_SPACE || why.code == ERR_AGAIN)
		return true;
	if (e)
		*e = why;
	return false;
}

static sqlite3_stmt *query(struct db *d, struct err *e, const char *sql, const char *types,
			   va_list ap)
{
	sqlite3_stmt *st;
	int rc;

	if (d->stuck)
		rollback(d);
	if (d->stuck) {
		(void)err_set(e, ERR_NO_MEMORY, "database: no memory to roll back");
		return NULL;
	}
	if (d->suspect && sqlite3_get_autocommit(d->h) && !db_write_again(d, e))
		return NULL;
	st = prepared(d, sql, e);
	if (!st)
		return NULL;
	rc = bind(st, types, ap);
	if (rc == SQLITE_OK)
		return st;
	(void)db_fail(d, rc, "bind", e);
	db_done(&st);
	return NULL;
}

sqlite3_stmt *db_query(struct db *d, struct err *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	va_start(ap, types);
	st = query(d, e, sql, types, ap);
	va_end(ap);
	return st;
}

bool db_step(struct db *d, sqlite3_stmt *st, bool *row, struct err *e)
{
	int rc = sqlite3_step(st);

	*row = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(d, rc, "step", e);
}

void db_done(sqlite3_stmt **st)
{
	if (!*st)
		return;
	(void)sqlite3_reset(*st);
	(void)sqlite3_clear_bindings(*st);
	*st = NULL;
}

bool db_run(struct db *d, int64_t *changed, struct err *e, const char *sql, const char *types, ...)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;
	va_list ap;

	va_start(ap, types);
	st = query(d, e, sql, types, ap);
	va_end(ap);
	if (!st || !db_step(d, st, &row, e))
		return false;
	if (changed)
		*changed = sqlite3_changes64(d->h);
	return true;
}

bool db_int(struct db *d, int64_t *out, int64_t otherwise, struct err *e, const char *sql,
	    const char *types, ...)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;
	va_list ap;

	va_start(ap, types);
	st = query(d, e, sql, types, ap);
	va_end(ap);
	if (!st || !db_step(d, st, &row, e))
		return false;
	*out = row && sqlite3_column_type(st, 0) != SQLITE_NULL ? sqlite3_column_int64(st, 0)
								: otherwise;
	return true;
}

bool db_state_set(struct db *d, const char *name, int64_t value, struct err *e)
{
	return db_run(d, NULL, e,
		      "INSERT INTO state(name, value) VALUES(?1, ?2)"
		      " ON CONFLICT(name) DO UPDATE SET value = ?2",
		      "ti", name, value);
}

bool db_state_add(struct db *d, const char *name, int64_t by, struct err *e)
{
	return by == 0 || db_run(d, NULL, e,
				 "INSERT INTO state(name, value) VALUES(?1, ?2)"
				 " ON CONFLICT(name) DO UPDATE SET value = value + ?2",
				 "ti", name, by);
}

bool db_state_get(struct db *d, const char *name, int64_t *value, struct err *e)
{
	return db_int(d, value, 0, e, "SELECT value FROM state WHERE name = ?", "t", name);
}

/* --- transactions --------------------------------------------------------------------------------
 */

bool db_ready(struct db *d, struct err *e)
{
	return prepared(d, ROLLBACK, e) != NULL;
}

bool db_begin(struct db *d, struct db_tx *tx, struct err *e)
{
	if (!db_run(d, NULL, e, "BEGIN IMMEDIATE", ""))
		return false;
	tx->db = d;
	return true;
}

bool db_commit(struct db_tx *tx, struct err *e)
{
	if (!db_run(tx->db, NULL, e, "COMMIT", ""))
		return false;
	tx->db = NULL;
	return true;
}

void db_rollback(struct db_tx *tx)
{
	if (tx->db)
		rollback(tx->db);
	tx->db = NULL;
}

bool db_hold(struct db *d, bool hold)
{
	char sql[64];
	int64_t pages;

	if (d->held == hold)
		return true;
	if (!db_int(d, &pages, 0, NULL, "PRAGMA page_count", ""))
		return false;
	(void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld",
		       hold ? (long long)pages : 0xfffffffeLL);
	if (sqlite3_exec(d->h, sql, NULL, NULL, NULL) != SQLITE_OK)
		return false;
	d->held = hold;
	return true;
}

void db_recycle(struct db *d)
{
	(void)sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

bool db_checkpoint(struct db *d, bool *done, struct err *e)
{
	int rc = sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	*done = rc == SQLITE_OK;
	return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || db_fail(d, rc, "checkpoint", e);
}
