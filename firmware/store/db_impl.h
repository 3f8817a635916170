/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of struct db: for db.c and db_open.c alone. */
#ifndef FIRMWARE_STORE_DB_IMPL_H
#define FIRMWARE_STORE_DB_IMPL_H

#include "firmware/store/db.h"

#define DB_STATEMENTS 128u

struct db {
	sqlite3 *h;
	int fd; /* of the file, for what SQLite does not do; closed after it: that ends its locks */
	struct {
		const char *sql; /* compared by address */
		sqlite3_stmt *st;
	} kept[DB_STATEMENTS];
	unsigned n;
	sqlite3_io_methods methods; /* of the database file, but for what db_open.c says of it */
	int wal_pages;		    /* the WAL is copied into the database from so many on */
	bool held;		    /* may not grow */
	bool suspect; /* the disk failed: of what is read back as written, some may be in memory
			 alone */
	bool stuck;   /* in a transaction that could not be rolled back yet */
};

/* Prepare what must not fail for want of memory later; once, after opening. db_fail's codes. */
bool db_ready(struct db *d, struct err *e) MUST_CHECK;

/*
 * A sync that failed, in this process or the one before, may have left in memory alone what is read
 * back as if it were on disk: copied into the database, all of it is; what was committed behind it
 * before that would be lost with it. A full disk is no reason to refuse. db_fail's codes.
 */
bool db_write_again(struct db *d, struct err *e) MUST_CHECK;

#endif
