/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hotlist_speed LIST KEY FEED DATABASE: how fast a box starts with a list that it has accepted
 * before, what memory it takes, how fast it looks up, and how fast an SQLite index of the same
 * plates (the first column of the feed) is. Look-ups a second of processor time of one thread, so
 * that other work on the machine does not count. Prints "name value" lines for bench_hotlist.py.
 */
#include "firmware/base/clock.h"
#include "hotlist/bundle.h"
#include "hotlist/match.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READS	  1000000u
#define ONE_IS_ON 1000u /* of so many reads, one is on the list */
#define SQL_READS 200000u
#define BEST_OF	  3

static char plates[READS][11];

static uint32_t below(uint64_t *state, uint32_t n)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(((z ^ z >> 31) >> 32) * n >> 32);
}

/* Processor time of this thread, s. */
static double used(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Resident memory of this process, MB. */
static double resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		exit(1);
	(void)fclose(f);
	return (double)pages * 4096 / 1e6;
}

static void make_reads(const struct bundle *b)
{
	uint64_t state = 0x1234567;
	struct entry x;
	struct err e = {0};

	for (uint32_t i = 0; i < READS; i++) {
		for (uint32_t k = 0; k < 7; k++)
			plates[i][k] = "0123456789ABCDEFGHIJKLMN0PQRSTUVWXYZ"[below(&state, 36)];
		if (i % ONE_IS_ON != 0)
			continue;
		if (!bundle_entry(b, below(&state, bundle_info(b)->entries), &x, &e))
			exit(1);
		memcpy(plates[i], x.lic, sizeof plates[i]);
	}
}

static void exact(const struct bundle *b)
{
	uint32_t found = 0, first, n;
	double best = 1e9;

	for (int round = 0; round < BEST_OF; round++) {
		double t = used(), s;

		for (uint32_t i = 0; i < READS; i++)
			found += bundle_find(b, plates[i], &first, &n);
		s = used() - t;
		if (round == 0) /* each chunk that is touched is held against its digest once */
			(void)printf("exact_at_first_per_s %.0f\n", READS / s);
		best = s < best ? s : best;
	}
	(void)printf("found %u\nexact_per_s %.0f\n", found / BEST_OF, READS / best);
}

/* A read as fusion gives it: some characters in doubt, the second thoughts of the reader. */
static void as_read(const char *plate, struct plate_read *r)
{
	memset(r, 0, sizeof *r);
	memcpy(r->text, plate, sizeof r->text);
	r->confidence = 0.9f;
	memcpy(r->jurisdiction, "MO", 3);
	for (size_t i = 0; plate[i]; i++)
		r->chars[i] = i % 3 ? 0.99f : 0.8f;
	r->n_alternatives = 3;
	for (size_t i = 0; i < 3; i++) {
		memcpy(r->alternatives[i].text, plate, sizeof r->text);
		r->alternatives[i].confidence = 0.9f / (float)(i + 1);
		if (i > 0)
			r->alternatives[i].text[i] = 'H';
	}
}

static void confusable(const struct bundle *b)
{
	int64_t now_s = bundle_info(b)->issued_ns / NS_PER_S;
	uint32_t matched = 0;
	double best = 1e9;

	for (int round = 0; round < BEST_OF; round++) {
		double t = used(), s;

		for (uint32_t i = 0; i < READS; i++) {
			struct plate_read r;
			struct match m;
			bool stale;

			as_read(plates[i], &r);
			match_read(b, &r, now_s, &m, &stale);
			matched += m.n != 0;
		}
		s = used() - t;
		best = s < best ? s : best;
	}
	(void)printf("matched %u\nconfusable_per_s %.0f\n", matched / BEST_OF, READS / best);
}

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		exit(1);
}

static void fill(sqlite3 *db, const char *feed)
{
	FILE *f = fopen(feed, "r");
	char row[512], printed[16], lic[11];
	sqlite3_stmt *put;

	sql(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;"
		"CREATE TABLE entry(lic TEXT, n INTEGER); BEGIN");
	if (!f || !fgets(row, sizeof row, f) ||
	    sqlite3_prepare_v2(db, "INSERT INTO entry VALUES(?, ?)", -1, &put, NULL) != SQLITE_OK)
		exit(1);
	for (int i = 0; fgets(row, sizeof row, f); i++) {
		(void)snprintf(printed, sizeof printed, "%.*s", (int)strcspn(row, ","), row);
		(void)sqlite3_bind_text(put, 1, entry_fold(printed, lic), -1, SQLITE_STATIC);
		(void)sqlite3_bind_int(put, 2, i);
		if (sqlite3_step(put) != SQLITE_DONE)
			exit(1);
		(void)sqlite3_reset(put);
	}
	(void)fclose(f);
	(void)sqlite3_finalize(put);
	sql(db, "CREATE INDEX by_lic ON entry(lic, n); COMMIT");
}

static void of_sqlite(const char *feed, const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *get;
	uint32_t found = 0;
	double best = 1e9;

	(void)remove(path);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	fill(db, feed);
	sql(db, "PRAGMA mmap_size = 4000000000");
	if (sqlite3_prepare_v2(db, "SELECT n FROM entry WHERE lic = ?", -1, &get, NULL) !=
	    SQLITE_OK)
		exit(1);
	for (int round = 0; round < BEST_OF; round++) {
		double t = used(), s;

		for (uint32_t i = 0; i < SQL_READS; i++) {
			(void)sqlite3_bind_text(get, 1, plates[i], -1, SQLITE_STATIC);
			found += sqlite3_step(get) == SQLITE_ROW;
			(void)sqlite3_reset(get);
		}
		s = used() - t;
		best = s < best ? s : best;
	}
	(void)sqlite3_finalize(get);
	(void)sqlite3_close(db);
	(void)remove(path);
	(void)printf("sqlite_found %u\nsqlite_per_s %.0f\n", found / BEST_OF, SQL_READS / best);
}

static struct bundle *begin(const char *path, struct crypt_key *key)
{
	struct bundle *b;
	struct err e = {0};

	if (bundle_begin(path, key, &b, &e))
		return b;
	(void)fprintf(stderr, "hotlist_speed: %s\n", e.text);
	exit(1);
}

int main(int argc, char **argv)
{
	struct crypt_key *key;
	struct bundle *b;
	struct err e = {0};
	double before;
	int64_t t;

	if (argc != 5 || !crypt_key_load_public(argv[2], &key, &e))
		return 2;
	b = begin(argv[1], key);
	make_reads(b);
	bundle_close(b);
	before = resident();
	t = clock_mono_ns();
	b = begin(argv[1], key);
	(void)printf("start_s %.4f\nresident_at_start_mb %.1f\n",
		     (double)(clock_mono_ns() - t) / 1e9, resident() - before);
	exact(b);
	confusable(b);
	(void)printf("resident_mb %.1f\n", resident() - before);
	of_sqlite(argv[3], argv[4]);
	if (bundle_broken(b))
		return 1;
	bundle_close(b);
	crypt_key_free(key);
	return 0;
}
