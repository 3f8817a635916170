/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_plain [--passages N] [--crop N] FOLDER: what plain SQLite makes of the same passages as
 * store_ingest's: one table, the same read as text and the same two crops in each row, nothing
 * sealed, no index but the row id, WAL, synchronous=FULL, a commit for each. Prints one JSON
 * object.
 */
#include "firmware/base/clock.h"
#include "firmware/store/text.h"
#include "tests/bench/store_passage.h"

#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct plain {
	const char *folder;
	int64_t passages, crop, *ns;
	uint8_t *jpeg;
	sqlite3 *h;
	sqlite3_stmt *put;
};

static bool open_it(struct plain *p)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/plain.db", p->folder);
	return mkdir(p->folder, 0700) == 0 && sqlite3_open(path, &p->h) == SQLITE_OK &&
	       sqlite3_exec(p->h,
			    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			    "CREATE TABLE read(id INTEGER PRIMARY KEY, at_ns INTEGER, plate TEXT,"
			    " read TEXT, crop_0 BLOB, crop_1 BLOB)",
			    NULL, NULL, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(p->h, "INSERT INTO read VALUES(NULL, ?, ?, ?, ?, ?)", -1, &p->put,
				  NULL) == SQLITE_OK;
}

static bool give(struct plain *p, uint64_t n)
{
	struct wire_passage m = store_passage(n, INT64_C(1800000000000000000) + (int64_t)n);
	char text[TEXT_READ_SIZE];
	bool done;

	(void)sqlite3_bind_int64(p->put, 1, m.best_ns);
	(void)sqlite3_bind_text(p->put, 2, m.read.text, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(p->put, 3, text_read(&m, 0, text), -1, SQLITE_STATIC);
	(void)sqlite3_bind_blob(p->put, 4, p->jpeg, (int)p->crop, SQLITE_STATIC);
	(void)sqlite3_bind_blob(p->put, 5, p->jpeg, (int)p->crop, SQLITE_STATIC);
	done = sqlite3_step(p->put) == SQLITE_DONE;
	(void)sqlite3_reset(p->put);
	return done;
}

static bool measure(struct plain *p)
{
	int64_t all = clock_mono_ns();

	for (int64_t i = 0; i < p->passages; i++) {
		int64_t from = clock_mono_ns();

		if (!give(p, (uint64_t)i))
			return false;
		p->ns[i] = clock_mono_ns() - from;
	}
	all = clock_mono_ns() - all;
	qsort(p->ns, (size_t)p->passages, sizeof *p->ns, store_by_size);
	(void)printf("{\"passages\": %" PRId64
		     ", \"a_second\": %.0f, \"median_ms\": %.2f, \"p99_ms\": %.2f}\n",
		     p->passages, (double)p->passages / ((double)all / 1e9),
		     (double)p->ns[p->passages / 2] / 1e6,
		     (double)p->ns[p->passages * 99 / 100] / 1e6);
	return true;
}

int main(int argc, char **argv)
{
	static struct plain p = {.passages = 2000, .crop = 6000};
	const struct store_option options[] = {{"--passages", &p.passages, 1, 10000000},
					       {"--crop", &p.crop, 4, 1 << 20}};
	bool done;

	if (!store_options(options, 2, argc, argv, &p.folder)) {
		(void)fprintf(stderr, "usage: store_plain [--passages N] [--crop N] FOLDER\n");
		return 2;
	}
	p.jpeg = calloc(1, (size_t)p.crop);
	p.ns = calloc((size_t)p.passages, sizeof *p.ns);
	done = p.jpeg && p.ns && open_it(&p) && measure(&p);
	if (!done)
		(void)fprintf(stderr, "store_plain: %s\n",
			      p.h ? sqlite3_errmsg(p.h) : "cannot be opened");
	(void)sqlite3_finalize(p.put);
	(void)sqlite3_close(p.h);
	free(p.ns);
	free(p.jpeg);
	return done ? 0 : 1;
}
