/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of struct db: for db.c and db_open.c alone. */
#ifndef FIRMWARE_STORE_DB_IMPL_H
#define FIRMWARE_STORE_DB_IMPL_H

#include "firmware/store/db.h"

#define DB_STATEMENTS 64u

struct db {
	sqlite3 *h;
	struct {
		const char *sql; /* compared by address */
		sqlite3_stmt *st;
	} kept[DB_STATEMENTS];
	unsigned n;
	bool held; /* may not grow */
};

#endif
