/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: one SQLite file, one connection, one thread. Knows how to open it safely, bring its
 * schema up to date, put a broken one aside, and run a statement; what the tables mean is the other
 * rooms' (SCHEMA.md).
 */
#ifndef FIRMWARE_STORE_DB_H
#define FIRMWARE_STORE_DB_H

#include "firmware/base/cleanup.h"
#include "firmware/base/err.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define DB_FILE "reads.db" /* in the store folder, beside its -wal and -shm */

/* How a schema grows: steps[i] brings version i to version i + 1 (PRAGMA user_version). */
struct db_schema {
	const char *const *steps;
	unsigned n;
	const char *opened; /* run each time when it has been opened; NULL: nothing */
};

extern const struct db_schema db_schema; /* the firmware's own */

struct db;

#define DB_QUARANTINE_SIZE 64u

struct db_opened {
	bool fresh;			     /* there was none: made */
	char quarantine[DB_QUARANTINE_SIZE]; /* name of the file a broken one was moved to, "" for
						none */
	char fault[128];		     /* what was wrong with it */
};

/*
 * Open DB_FILE in `folder` (which must exist), check it, migrate it to the newest step of `schema`.
 * A database that is no database or fails its check is renamed to "quarantine-<now_ns>.db" and a
 * fresh one is made; *how says so. ERR_POLICY: written by newer firmware (left untouched); ERR_IO,
 * ERR_NO_SPACE, ERR_NO_MEMORY, ERR_AGAIN (locked). *out: db_close; NULL is harmless.
 */
bool db_open(const char *folder, const struct db_schema *schema, int64_t now_ns, struct db **out,
	     struct db_opened *how, struct err *e) MUST_CHECK;
void db_close(struct db *d);

/*
 * Copy the WAL into the database when it has grown to `bytes` (256 KiB to 1 MiB, else the nearest
 * of them; 256 KiB until this is called). The longer it is, the less often a page that all commits
 * touch is written twice; on a full disk there must be room to copy it (space.h).
 */
bool db_bound_wal(struct db *d, int64_t bytes, struct err *e) MUST_CHECK;

/*
 * Open DB_FILE in `folder` to read along with the store or, when it does not run, without it:
 * nothing is checked, migrated or put aside. ERR_NOT_FOUND; ERR_POLICY: written by newer firmware;
 * ERR_FORMAT: no database of the store; ERR_IO: among others, no permission. *out: db_close.
 */
bool db_open_to_read(const char *folder, const struct db_schema *schema, struct db **out,
		     struct err *e) MUST_CHECK;

/* Rename the closed database in `folder` as db_open does with one that fails its check: for damage
 * that the check does not see. ERR_IO, ERR_NOT_FOUND. */
bool db_put_aside(const char *folder, int64_t now_ns, struct err *e) MUST_CHECK;

/* What was created, renamed and deleted in `folder` is so after a power cut as well. ERR_IO. */
bool db_sync_folder(const char *folder, struct err *e) MUST_CHECK;

/* The handle, for what has no helper here. */
sqlite3 *db_handle(struct db *d);

/* A transaction; roll back on every way out that does not commit: `AUTO_ROLLBACK struct db_tx tx =
 * {0};`. */
struct db_tx {
	struct db *db; /* NULL: none is open */
};
#define AUTO_ROLLBACK CLEANUP(db_rollback)

/* Begin (BEGIN IMMEDIATE: ERR_AGAIN while another connection writes) and commit; db_fail's codes. A
 * commit that failed leaves the transaction to be rolled back, which is harmless when none is open.
 */
bool db_begin(struct db *d, struct db_tx *tx, struct err *e) MUST_CHECK;
bool db_commit(struct db_tx *tx, struct err *e) MUST_CHECK;
void db_rollback(struct db_tx *tx);

/*
 * The statement of `sql` (a string literal: it is prepared once and kept by its address), reset and
 * bound. `types` names the arguments: i int64_t, r double, t const char * (NULL: null), b const
 * void * and size_t (NULL: null). Bound bytes must live until the statement is stepped for the last
 * time. NULL on error. Give it back with db_done (AUTO_DONE).
 */
sqlite3_stmt *db_query(struct db *d, struct err *e, const char *sql, const char *types, ...);

/* Step: true with *row telling whether there is one. */
bool db_step(struct db *d, sqlite3_stmt *st, bool *row, struct err *e) MUST_CHECK;

/* Reset the statement for its next use and set *st to NULL; harmless on NULL. */
void db_done(sqlite3_stmt **st);
#define AUTO_DONE CLEANUP(db_done)

/* Run a statement that yields no row; *changed (may be NULL): rows touched. */
bool db_run(struct db *d, int64_t *changed, struct err *e, const char *sql, const char *types,
	    ...) MUST_CHECK;

/* First column of the first row; `otherwise` when there is no row or it is null. */
bool db_int(struct db *d, int64_t *out, int64_t otherwise, struct err *e, const char *sql,
	    const char *types, ...) MUST_CHECK;

/* A named number that outlives the process: set, add to, get (0 when never set). */
bool db_state_set(struct db *d, const char *name, int64_t value, struct err *e) MUST_CHECK;
bool db_state_add(struct db *d, const char *name, int64_t by, struct err *e) MUST_CHECK;
bool db_state_get(struct db *d, const char *name, int64_t *value, struct err *e) MUST_CHECK;

/*
 * Hold the database at the pages it has (true) or let it grow (false). Held, it says ERR_NO_SPACE
 * before it is the disk that says so: a WAL that cannot be copied into a file that cannot grow
 * would block every further write.
 */
bool db_hold(struct db *d, bool hold);

/*
 * Give room that the file takes beyond its pages in use and `slack` bytes back to the file system,
 * `most` bytes at a time; what comes later takes it again. Not done while somebody reads, or on a
 * file system that makes no holes: no error. ERR_NO_MEMORY; db_fail's codes.
 */
bool db_give_back(struct db *d, int64_t slack, int64_t most, struct err *e) MUST_CHECK;

/* Copy into the database what of the WAL can be, so that its room is used again; shrinks nothing,
 * reports nothing. */
void db_recycle(struct db *d);

/*
 * Copy the WAL into the database and truncate it to nothing. *done false: a reader was in the way
 * (try again later).
 */
bool db_checkpoint(struct db *d, bool *done, struct err *e) MUST_CHECK;

/* Set *e from SQLite's result code: FULL, and writing failed with ENOSPC, EDQUOT or EFBIG ->
 * ERR_NO_SPACE; CORRUPT and NOTADB -> ERR_FORMAT; NOMEM -> ERR_NO_MEMORY; BUSY -> ERR_AGAIN; the
 * rest ERR_IO. Always false. */
bool db_fail(struct db *d, int rc, const char *what, struct err *e);

#endif
