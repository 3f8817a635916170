/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_pull [--reads N] [--periods N] [--whole N] FOLDER: a ring of that many reads (3,600,000,
 * with tiny pictures), each hour under a real key of its own (2,160), and how long it takes to find
 * an exact plate in all of it and to open what is found, first from the disk, then from memory; and
 * a window of an hour. Prints one JSON object; plates are the newest, the oldest, one that passes
 * every day, and one that never did. So many hours (--whole, 0), the oldest, have 1,700 reads with
 * two crops of 6 kB each instead, for who wants to see them purged.
 */
#include "firmware/store/elapsed.h"
#include "firmware/store/lookup.h"
#include "firmware/store/ring.h"
#include "firmware/store/seal.h"
#include "firmware/store/upkeep.h"
#include "tests/bench/store_passage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define T0	    (INT64_C(1800000000) * NS_PER_S - INT64_C(1800000000) * NS_PER_S % PERIOD_NS)
#define DAILY	    "DAY4567"
#define TINY	    64u
#define AGAIN	    5
#define WHOLE_READS 1700
#define WHOLE_CROP  6000u

struct pull {
	const char *folder;
	int64_t reads, periods, whole;
	struct db *db;
	struct periods keys;
	uint64_t n;
	int64_t daily;	/* how often DAILY has passed */
	int64_t opened; /* by the last look */
};

static bool fail(const struct err *e)
{
	(void)fprintf(stderr, "store_pull: %s\n", e->text);
	return false;
}

static bool run_sql(struct pull *p, const char *sql)
{
	return sqlite3_exec(db_handle(p->db), sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* Random in its order, and each only once. */
static void plate_of(const struct pull *p, uint64_t n, char plate[PLATE_TEXT_SIZE])
{
	if (n % (uint64_t)(p->reads / (p->periods / 24)) == 100)
		(void)snprintf(plate, PLATE_TEXT_SIZE, DAILY);
	else
		(void)snprintf(plate, PLATE_TEXT_SIZE, "%07" PRIX64,
			       (uint64_t)(n * UINT64_C(0x9e3779b1) & 0xfffffff));
}

/* --- filling -------------------------------------------------------------------------------------
 */

static bool put(struct pull *p, int64_t kept_ns, const struct period_key *key, struct err *e)
{
	static const uint8_t jpeg[WHOLE_CROP] = {0xff, 0xd8};
	size_t len = kept_ns < T0 + p->whole * PERIOD_NS ? WHOLE_CROP : TINY;
	struct wire_passage m = store_passage(p->n, kept_ns);
	struct ring_passage r = {.p = &m, .key = key, .kept_ns = kept_ns, .stored_ns = kept_ns};
	char plate[PLATE_TEXT_SIZE];

	plate_of(p, p->n++, plate);
	p->daily += strcmp(plate, DAILY) == 0;
	store_passage_plate(&m, plate);
	r.pictures[WIRE_CROP_0] = r.pictures[WIRE_CROP_1] = (struct ring_picture){jpeg, len};
	return ring_insert(p->db, &r, e);
}

static bool fill_hour(struct pull *p, int64_t begin, int64_t n)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	const struct period_key *key;
	struct err e = {0};

	if (!periods_at(&p->keys, p->db, begin, &key, &e) || !db_begin(p->db, &tx, &e))
		return fail(&e);
	for (int64_t i = 0; i < n; i++)
		if (!put(p, begin + i * (PERIOD_NS / n), key, &e))
			return fail(&e);
	return db_commit(&tx, &e) || fail(&e);
}

static int64_t of_hour(const struct pull *p, int64_t i)
{
	return i < p->whole ? WHOLE_READS : p->reads / p->periods;
}

static bool fill(struct pull *p)
{
	struct spans spans = {0};
	struct keystore_conf keystore = {.driver = "file", .create = true};
	struct db_opened how;
	struct err e = {0};
	bool more = true;

	if (mkdir(p->folder, 0700) != 0) {
		(void)fprintf(stderr, "store_pull: %s: %s\n", p->folder, strerror(errno));
		return false;
	}
	(void)snprintf(keystore.path, sizeof keystore.path, "%.200s/keystore", p->folder);
	if (!db_open(p->folder, &db_schema, T0, &p->db, &how, &e) ||
	    !periods_open(&p->keys, &keystore, p->db, T0, T0, &e))
		return fail(&e);
	if (!run_sql(p, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 8192"))
		return false;
	for (int64_t i = 0; i < p->periods; i++)
		if (!fill_hour(p, T0 + i * PERIOD_NS, of_hour(p, i)))
			return false;
	while (more)
		if (!spans_settle(&spans, p->db, &p->keys, &more, &e))
			return fail(&e);
	do
		if (!ring_index(p->db, UPKEEP_INDEX, &more, &e))
			return fail(&e);
	while (more);
	return true;
}

/* Closed, written, and out of memory: the next look reads from the disk. */
static bool begin_cold(struct pull *p)
{
	struct keystore_conf keystore = {.driver = "file"};
	char path[PATH_MAX];
	struct db_opened how;
	struct err e = {0};
	int fd;

	periods_close(&p->keys);
	db_close(p->db);
	(void)snprintf(path, sizeof path, "%s/" DB_FILE, p->folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return false;
	(void)snprintf(keystore.path, sizeof keystore.path, "%.200s/keystore", p->folder);
	if (!db_open(p->folder, &db_schema, T0, &p->db, &how, &e) ||
	    !periods_open(&p->keys, &keystore, p->db, T0, T0, &e))
		return fail(&e);
	/* After what opening looks at, which is in the memory of every box that runs. */
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		return false;
	(void)close(fd);
	return true;
}

/* --- looking -------------------------------------------------------------------------------------
 */

static bool open_one(struct pull *p, int64_t row, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = db_query(
	    p->db, e, "SELECT period, passage_id, sealed FROM reads WHERE id = ?", "i", row);
	static uint8_t text[1 << 16];
	struct period_key k;
	bool there;

	if (!st || !db_step(p->db, st, &there, e) || !there ||
	    sqlite3_column_bytes(st, 2) > (int)sizeof text ||
	    !periods_get(&p->keys, sqlite3_column_int64(st, 0), &k, e) ||
	    !seal_get(&k, SEAL_READ, sqlite3_column_blob(st, 1), sqlite3_column_blob(st, 2),
		      (size_t)sqlite3_column_bytes(st, 2), text, e))
		return false;
	p->opened++;
	return true;
}

static double look(struct pull *p, const struct lookup_want *want)
{
	int64_t from = clock_mono_ns();
	bool done = false, good = true;
	struct err e = {0};
	struct lookup l;

	p->opened = 0;
	lookup_begin(&l, want);
	while (good && !done)
		good = lookup_step(&l, p->db, &p->keys, &done, &e);
	for (size_t i = 0; good && i < l.n; i++)
		good = open_one(p, l.rows[i], &e);
	lookup_end(&l);
	if (good)
		return (double)(clock_mono_ns() - from) / 1e6;
	(void)fail(&e);
	exit(1);
}

static bool look_for(struct pull *p, const char *name, const struct lookup_want *want,
		     int64_t expect)
{
	double ms, best = 1e9;

	if (!begin_cold(p))
		return false;
	ms = look(p, want);
	(void)printf("\"%s_cold_ms\": %.2f, ", name, ms);
	for (int i = 0; i < AGAIN; i++) {
		ms = look(p, want);
		best = ms < best ? ms : best;
	}
	(void)printf("\"%s_ms\": %.2f, \"%s_found\": %" PRId64 ", ", name, best, name, p->opened);
	if (p->opened == expect)
		return true;
	(void)fprintf(stderr, "store_pull: %s: %" PRId64 " found, not %" PRId64 "\n", name,
		      p->opened, expect);
	return false;
}

static bool measure(struct pull *p)
{
	int64_t hour = T0 + p->periods / 2 * PERIOD_NS, per = p->reads / p->periods;
	struct lookup_want oldest = {.floor_ns = INT64_MIN}, newest = oldest, daily = oldest,
			   never = oldest, window = oldest;
	struct ring_size size;
	struct err e = {0};

	plate_of(p, 1, oldest.plate);
	plate_of(p, p->n - 1, newest.plate);
	(void)snprintf(daily.plate, sizeof daily.plate, DAILY);
	(void)snprintf(never.plate, sizeof never.plate, "NEVER77");
	window.window = true;
	window.from_ns = hour + PERIOD_NS / 2;
	window.to_ns = window.from_ns + PERIOD_NS;
	(void)printf("{");
	if (!look_for(p, "oldest", &oldest, 1) || !look_for(p, "newest", &newest, 1) ||
	    !look_for(p, "daily", &daily, p->daily) || !look_for(p, "never", &never, 0) ||
	    !look_for(p, "window", &window, per) || !ring_measure(p->db, &size, &e))
		return false;
	(void)printf("\"reads\": %" PRId64 ", \"periods\": %zu, \"file_bytes\": %" PRId64 "}\n",
		     size.passages, p->keys.n, size.file_bytes);
	return true;
}

int main(int argc, char **argv)
{
	static struct pull p = {.reads = 3600000, .periods = 2160};
	const struct store_option options[] = {{"--reads", &p.reads, 4800, 100000000},
					       {"--periods", &p.periods, 24, 2160},
					       {"--whole", &p.whole, 0, 24}};
	bool done;

	if (!store_options(options, 3, argc, argv, &p.folder)) {
		(void)fprintf(stderr,
			      "usage: store_pull [--reads N] [--periods N] [--whole N] FOLDER\n");
		return 2;
	}
	p.reads -= p.reads % p.periods;
	done = fill(&p) && measure(&p);
	periods_close(&p.keys);
	db_close(p.db);
	return done ? 0 : 1;
}
