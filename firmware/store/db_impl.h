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
	bool held;		    /* may not grow */
	bool stuck;		    /* in a transaction that could not be rolled back yet */
};

/* Prepare what must not fail for want of memory later; once, after opening. db_fail's codes. */
bool db_ready(struct db *d, struct err *e) MUST_CHECK;

#endif
