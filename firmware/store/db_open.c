/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/db_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX                                                                                  \
	(64 << 20) /* bytes of one value; a hit with four pictures in base64 is far below */
/*
 * Above this a check of every page would hold up the start for minutes, longer than the parent
 * waits for READY: then the tables that do not grow with the ring, and both ends of those that do.
 * Damage in between shows when it is read, and is dealt with then.
 */
#define FULL_CHECK_MAX (INT64_C(256) << 20)

/*
 * Of a fresh database. What a commit touches beside the bytes of its passages (the counters, the
 * list of free pages, the pointer map) costs it a page each, so pages are small; an older database
 * keeps the size it was made with.
 */
#define PAGE_SIZE "1024"
#define WAL_LEAST (256 << 10)
#define WAL_MOST  (1 << 20)

static const char settings[] =
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -8192;"
    "PRAGMA page_size = " PAGE_SIZE ";"
    "PRAGMA auto_vacuum = NONE;" /* db_holes.c */
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA secure_delete = ON;" /* while steps may drop what an older schema left open */
    "PRAGMA journal_size_limit = 16777216;";

static bool simple(struct db *d, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || db_fail(d, rc, "settings", e);
}

/* What every connection is held to. `rc`: how opening it ended. */
static bool limited(struct db *d, int rc, struct err *e)
{
	if (rc != SQLITE_OK)
		return db_fail(d, rc, "open", e);
	(void)sqlite3_limit(d->h, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	(void)sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_busy_timeout(d->h, 2000);
	return true;
}

static int no_traits(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static int small_sectors(sqlite3_file *f)
{
	(void)f;
	return 512;
}

/*
 * A commit in the WAL ends with its block of 4 kB, which is not written again for the next one,
 * when the database file claims no powersafe overwrite (wal.c, padToSectorBoundary). Less for flash
 * to bear; and when the power goes while flash programs a block, nothing that was committed before
 * lies in it. "psow=0" in a URI would do so, too, but then each page of the database drags those
 * beside it into the WAL (pager.c, pagerWriteLargeSector): hence the sectors.
 *
 * What fills a block up may begin the next one, and is synced with the next commit: a sync that
 * fails may lose it, and with it what is committed behind it. Hence db_write_again.
 */
static void end_commits_with_their_block(struct db *d)
{
	sqlite3_file *f = NULL;

	if (sqlite3_file_control(d->h, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK || !f ||
	    !f->pMethods)
		return;
	d->methods = *f->pMethods;
	d->methods.xDeviceCharacteristics = no_traits;
	d->methods.xSectorSize = small_sectors;
	f->pMethods = &d->methods;
}

/* As SQLite's own (sqlite3_wal_autocheckpoint), which does not say when the disk fails. */
static int wal_grew(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct db *d = arg;
	int rc = SQLITE_OK;

	if (pages >= d->wal_pages)
		rc = sqlite3_wal_checkpoint_v2(h, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if ((rc & 0xff) == SQLITE_IOERR)
		d->suspect = true;
	return SQLITE_OK; /* it was committed all the same */
}

static bool connect(const char *path, struct db **out, struct err *e)
{
	struct db *d = calloc(1, sizeof *d);
	int rc;

	if (!d)
		return err_set(e, ERR_NO_MEMORY, "database: no memory");
	d->fd = -1;
	*out = d; /* db_close by the caller, also when this fails */
	rc = sqlite3_open_v2(path, &d->h,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
				 SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
			     NULL);
	if (!limited(d, rc, e))
		return false;
	end_commits_with_their_block(d);
	if (!simple(d, settings, e))
		return false;
	d->fd = open(path, O_RDWR | O_CLOEXEC);
	return db_ready(d, e);
}

bool db_bound_wal(struct db *d, int64_t bytes, struct err *e)
{
	int64_t page;

	if (bytes > WAL_MOST)
		bytes = WAL_MOST;
	if (bytes < WAL_LEAST)
		bytes = WAL_LEAST;
	if (!db_int(d, &page, 0, e, "PRAGMA page_size", ""))
		return false;
	d->wal_pages = page > 0 ? (int)(bytes / page) : 256;
	(void)sqlite3_wal_hook(d->h, wal_grew, d);
	return true;
}

static bool checked_once(struct db *d, const char *sql, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(d->h, sql, -1, &st, NULL);
	bool ok = false;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *said = (const char *)sqlite3_column_text(st, 0);

		/* What it says of a fault may quote a value: only its first word, never the rest.
		 */
		ok = (said && strcmp(said, "ok") == 0) ||
		     err_set(e, ERR_FORMAT, "database: the check found it damaged");
	} else {
		(void)db_fail(d, rc, "check", e);
	}
	(void)sqlite3_finalize(st);
	return ok;
}

/*
 * A page that could not be looked at for want of memory, or for a passing error of the disk, is
 * reported in the same words as a damaged one; but damage is there the second time as well.
 */
static bool checked(struct db *d, const char *sql, struct err *e)
{
	struct err why = {0};

	if (checked_once(d, sql, &why))
		return true;
	if (why.code == ERR_FORMAT)
		return checked_once(d, sql, e);
	if (e)
		*e = why;
	return false;
}

static bool check(struct db *d, struct err *e)
{
#define END(table, column, order)                                                                  \
	"SELECT CASE WHEN count(x) >= 0 THEN 'ok' END FROM"                                        \
	" (SELECT " column " AS x FROM " table " ORDER BY id " order " LIMIT 64)"
	static const char *const one_by_one[] = {
	    "PRAGMA quick_check('state')",    "PRAGMA quick_check('outbox')",
	    "PRAGMA quick_check('cooldown')", "PRAGMA quick_check('audit')",
	    "PRAGMA quick_check('period')",   "PRAGMA quick_check('counters')",
	    END("passage", "sealed", "ASC"),  END("passage", "sealed", "DESC"),
	};
#undef END
	int64_t size;

	if (!db_int(d, &size, 0, e,
		    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", ""))
		return false;
	if (size <= FULL_CHECK_MAX)
		return checked(d, "PRAGMA quick_check(1)", e);
	for (size_t i = 0; i < sizeof one_by_one / sizeof one_by_one[0]; i++)
		if (!checked(d, one_by_one[i], e))
			return false;
	return true;
}

static bool migrate(struct db *d, const struct db_schema *schema, bool *fresh, struct err *e)
{
	int64_t version;

	if (!db_int(d, &version, 0, e, "PRAGMA user_version", ""))
		return false;
	*fresh = version == 0;
	if (version < 0 || version > (int64_t)schema->n)
		return err_set(e, ERR_POLICY,
			       "database: its schema %" PRId64
			       " is newer than this firmware's %u: it is left as it is",
			       version, schema->n);
	if (version != 0 && !check(d, e))
		return false;
	for (; version < (int64_t)schema->n; version++) {
		AUTO_ROLLBACK struct db_tx tx = {0};
		char set[48];

		(void)snprintf(set, sizeof set, "PRAGMA user_version = %d", (int)version + 1);
		if (!db_begin(d, &tx, e) || !simple(d, schema->steps[version], e) ||
		    !simple(d, set, e) || !db_commit(&tx, e))
			return err_prefix(e, "migration to schema %" PRId64, version + 1);
	}
	return true;
}

bool db_sync_folder(const char *folder, struct err *e)
{
	AUTO_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return err_errno(e, errno, "%s", folder);
	return true;
}

/* The WAL goes along: what is readable can then be read from both. It goes second: should the power
 * go in between, SQLite deletes it, where one without its database would be deleted by nobody. */
static bool put_aside(const char *folder, int64_t now_ns, struct db_opened *how, struct err *e)
{
	char from[PATH_MAX], to[PATH_MAX];

	(void)snprintf(how->quarantine, sizeof how->quarantine, "quarantine-%" PRId64 ".db",
		       now_ns);
	(void)snprintf(from, sizeof from, "%s/%s", folder, DB_FILE);
	(void)snprintf(to, sizeof to, "%s/%s", folder, how->quarantine);
	if (rename(from, to) != 0)
		return err_errno(e, errno, "quarantine");
	(void)snprintf(from, sizeof from, "%s/%s-wal", folder, DB_FILE);
	(void)snprintf(to, sizeof to, "%s/%s-wal", folder, how->quarantine);
	if (rename(from, to) != 0 && errno != ENOENT)
		return err_errno(e, errno, "quarantine of the WAL");
	(void)snprintf(from, sizeof from, "%s/%s-shm", folder, DB_FILE);
	if (unlink(from) != 0 && errno != ENOENT)
		return err_errno(e, errno, "quarantine of the WAL index");
	return db_sync_folder(folder, e);
}

static bool open_once(const char *path, const struct db_schema *schema, struct db **out,
		      bool *fresh, struct err *e)
{
	bool good = connect(path, out, e) && db_write_again(*out, e);

	/* What is deleted from here on is sealed: to write over every page of it would cost as much
	 * flash again as the reads themselves. */
	if (good && migrate(*out, schema, fresh, e) && db_bound_wal(*out, WAL_LEAST, e) &&
	    simple(*out, "PRAGMA secure_delete = FAST", e) &&
	    (!schema->opened || simple(*out, schema->opened, e)))
		return true;
	db_close(*out);
	*out = NULL;
	return false;
}

bool db_open(const char *folder, const struct db_schema *schema, int64_t now_ns, struct db **out,
	     struct db_opened *how, struct err *e)
{
	char path[PATH_MAX];
	struct err first = {0};

	*out = NULL;
	*how = (struct db_opened){0};
	if (snprintf(path, sizeof path, "%s/%s", folder, DB_FILE) >= (int)sizeof path)
		return err_set(e, ERR_LIMIT, "database: path too long");
	if (open_once(path, schema, out, &how->fresh, &first))
		return true;
	if (first.code != ERR_FORMAT) {
		if (e)
			*e = first;
		return false;
	}
	(void)snprintf(how->fault, sizeof how->fault, "%.120s", first.text);
	return put_aside(folder, now_ns, how, e) && open_once(path, schema, out, &how->fresh, e);
}

static bool connect_to_read(const char *path, const struct db_schema *schema, struct db **out,
			    struct err *e)
{
	struct db *d = calloc(1, sizeof *d);
	int64_t version;
	int rc;

	if (!d)
		return err_set(e, ERR_NO_MEMORY, "database: no memory");
	d->fd = -1;
	*out = d; /* db_close by the caller, also when this fails */
	rc = sqlite3_open_v2(path, &d->h,
			     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
				 SQLITE_OPEN_EXRESCODE,
			     NULL);
	if (!limited(d, rc, e))
		return false;
	if (!simple(
		d, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0",
		e) ||
	    !db_int(d, &version, 0, e, "PRAGMA user_version", ""))
		return false;
	if (version > (int64_t)schema->n)
		return err_set(e, ERR_POLICY,
			       "database: its schema %" PRId64 " is newer than this program's %u",
			       version, schema->n);
	return version > 0 || err_set(e, ERR_FORMAT, "database: it is not one of the store");
}

bool db_open_to_read(const char *folder, const struct db_schema *schema, struct db **out,
		     struct err *e)
{
	char path[PATH_MAX];

	*out = NULL;
	if (snprintf(path, sizeof path, "%s/%s", folder, DB_FILE) >= (int)sizeof path)
		return err_set(e, ERR_LIMIT, "database: path too long");
	if (access(path, R_OK) != 0) /* SQLite says of every reason alike that it cannot open it */
		return err_errno(e, errno, "%s", path);
	if (connect_to_read(path, schema, out, e))
		return true;
	db_close(*out);
	*out = NULL;
	return false;
}

bool db_put_aside(const char *folder, int64_t now_ns, struct err *e)
{
	struct db_opened how;

	return put_aside(folder, now_ns, &how, e);
}

void db_close(struct db *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->n; i++)
		(void)sqlite3_finalize(d->kept[i].st);
	(void)sqlite3_close_v2(d->h);
	if (d->fd >= 0)
		(void)close(d->fd);
	free(d);
}
