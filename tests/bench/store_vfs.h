/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's default VFS, counting what is written to the database and to its WAL, page by page. */
#ifndef TESTS_BENCH_STORE_VFS_H
#define TESTS_BENCH_STORE_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum written_to { TO_DATABASE, TO_WAL, WRITTEN_TO };

struct written {
	int64_t bytes[WRITTEN_TO];
	int64_t syncs[WRITTEN_TO];
	uint32_t *pages[WRITTEN_TO]; /* how often page i + 1 was written; n_pages of them */
	uint32_t n_pages;
};

/* Make it the default VFS; what is counted goes to *w (borrowed for the life of the process).
 * False: SQLite refuses it. */
bool store_vfs_count(struct written *w);

/* Begin afresh. */
void store_vfs_reset(struct written *w);

/*
 * Print, as members of a JSON object, pages written per 1,000 passages by what they hold now (one
 * object for the WAL, one for the database). Pages that were freed and taken again meanwhile are
 * counted as what they are now. False: the database does not say what they hold.
 */
bool store_vfs_print(const struct written *w, sqlite3 *h, int64_t passages);

#endif
