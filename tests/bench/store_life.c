/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_life [options] FOLDER: the store's rooms over years of simulated time, with upkeep every
 * hour, hits that are answered, and keys that come and go. Prints how large the folder is at the
 * end of each quarter (of 91 days), a JSON object a line. Nothing is synced: no power is cut here.
 *
 *   --days N        (1100)
 *   --passages N    a day, in the mean: three quarters of it on two days of seven (400)
 *   --hours N       of a day in which anything passes (4); a key for each
 *   --retention N   days (90)
 *   --bytes N       of the ring at most (no bound)
 *   --crop N        bytes of a crop, in the mean: from half of it to one and a half (6000)
 *   --hits N        of so many passages one is a hit with two scenes of 80 kB (400; 0: none)
 */
#include "firmware/store/audit.h"
#include "firmware/store/keep.h"
#include "firmware/store/outbox.h"
#include "firmware/store/upkeep.h"
#include "tests/bench/store_passage.h"
#include "tests/unit/lists.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define T0	     (LISTS_ISSUED_S * NS_PER_S)
#define QUARTER_DAYS 91
#define WANTED	     "WANT01"
#define PICTURE_MAX  (1u << 20)
#define SCENE	     80000u

struct sim {
	const char *folder;
	int64_t days, passages, hours, retention, bytes, crop, hits;

	struct store_conf conf;
	struct space space;
	struct bundle *list;
	struct db *db;
	struct periods keys;
	struct upkeep upkeep;
	struct elapsed clock;
	uint64_t n, random;
	int64_t wal_most;
	uint8_t *jpeg;
};

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

static bool fail(const struct err *e)
{
	(void)fprintf(stderr, "store_life: %s\n", e->text);
	return false;
}

static bool tend(struct sim *s)
{
	char path[PATH_MAX];
	struct err e = {0};
	struct stat st;

	do
		if (!upkeep_step(&s->upkeep, s->db, &s->clock, s->clock.k.wall_ns, &e))
			return fail(&e);
	while (s->upkeep.more);
	(void)snprintf(path, sizeof path, "%s/" DB_FILE "-wal", s->folder);
	if (stat(path, &st) == 0 && st.st_size > s->wal_most)
		s->wal_most = st.st_size;
	return true;
}

/* The RTCC answers at once. */
static bool answer(struct sim *s)
{
	int64_t now = s->clock.k.wall_ns, latency;
	struct outbox_due due;
	struct err e = {0};
	bool found;

	if (!outbox_next(s->db, &s->keys, NULL, 0, &due, &found, &e) || !found ||
	    !outbox_end(s->db, due.id, OUTBOX_ACKNOWLEDGED, 201, now, now, &latency, &e))
		return fail(&e);
	return true;
}

static bool pass(struct sim *s)
{
	struct keep k = {s->db, &s->conf, s->list, NULL, &s->space, &s->keys};
	/* The list stays valid: what years do to lists is another matter. */
	struct keep_when when = {s->clock.k.ring_ns, s->clock.k.wall_ns, T0};
	struct intake in = {.p = store_passage(s->n++, s->clock.k.wall_ns)};
	bool wanted = s->hits > 0 && s->n % (uint64_t)s->hits == 0;
	struct keep_result r;
	struct err e = {0};

	for (unsigned i = 0; i < 2; i++) {
		size_t len = (size_t)s->crop / 2 + store_random(&s->random, (uint32_t)s->crop + 1);

		in.pictures[WIRE_CROP_0 + i] = (struct ring_picture){s->jpeg, len};
		in.pictures[WIRE_SCENE_0 + i] = (struct ring_picture){s->jpeg, SCENE};
	}
	if (wanted)
		store_passage_plate(&in.p, WANTED);
	if (!keep_passage(&k, &in, &when, &r, &e))
		return fail(&e);
	if (r.outcome != KEEP_ACCEPTED || r.hit != wanted) {
		(void)fprintf(stderr, "store_life: a passage is not taken as it should be\n");
		return false;
	}
	return !r.hit || answer(s);
}

static void time_passes(struct sim *s, int64_t by_ns)
{
	elapsed_tick(&s->clock, s->clock.k.wall_ns + by_ns, s->clock.k.mono_ns + by_ns);
}

static bool hour(struct sim *s, int64_t n)
{
	int64_t rest = 3600 * NS_PER_S;

	for (int64_t i = 0; i < n; i++) {
		int64_t step = 3600 * NS_PER_S / (n + 1);

		time_passes(s, step);
		rest -= step;
		if (!pass(s) || (i % 16 == 0 && !tend(s)))
			return false;
	}
	time_passes(s, rest);
	return tend(s);
}

static bool day(struct sim *s, int64_t number)
{
	/* Of seven days two are quiet; a week has seven times the mean. */
	int64_t today = number % 7 >= 5 ? s->passages * 3 / 4 : s->passages * 11 / 10;

	for (int64_t i = 0; i < 24; i++)
		if (!hour(s, i >= 7 && i < 7 + s->hours ? today / s->hours : 0))
			return false;
	return true;
}

/* --- how large it is -----------------------------------------------------------------------------
 */

static int64_t files(const struct sim *s, const char *but)
{
	DIR *d = opendir(s->folder);
	const struct dirent *x;
	int64_t bytes = 0;
	struct stat st;

	while (d && (x = readdir(d)) != NULL)
		if (fstatat(dirfd(d), x->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
		    (!but || strcmp(x->d_name, but) != 0))
			bytes += st.st_size;
	if (d)
		(void)closedir(d);
	return bytes;
}

static int64_t ask(struct sim *s, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db_handle(s->db), sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

static bool report(struct sim *s, int64_t number)
{
	int64_t audit = ask(s, "SELECT sum(pgsize) FROM dbstat WHERE name = 'audit'");
	int64_t beside = files(s, DB_FILE);
	struct ring_size size;
	struct err e = {0};

	if (!ring_measure(s->db, &size, &e))
		return fail(&e);
	if (audit < 0) {
		(void)fprintf(stderr, "store_life: this SQLite does not say what pages hold\n");
		return false;
	}
	(void)printf("{\"day\": %" PRId64 ", \"database\": %" PRId64 ", \"used\": %" PRId64
		     ", \"beside\": %" PRId64 ", \"wal_most\": %" PRId64 ", \"audit\": %" PRId64
		     ", \"audit_records\": %" PRId64 ", \"passages\": %" PRId64
		     ", \"periods\": %" PRId64 ", \"outbox\": %" PRId64
		     ", \"oldest_days\": %.2f}\n",
		     number, size.file_bytes, size.used_bytes, beside, s->wal_most, audit,
		     ask(s, "SELECT count(*) FROM audit"), ask(s, "SELECT count(*) FROM passage"),
		     ask(s, "SELECT count(*) FROM period"), ask(s, "SELECT count(*) FROM outbox"),
		     (double)(s->clock.k.ring_ns - size.oldest_ns) / 86400e9);
	s->wal_most = 0;
	return fflush(stdout) == 0;
}

/* --- the whole -----------------------------------------------------------------------------------
 */

static struct bundle *make_list(void)
{
	struct entry x = lists_entry(WANTED, "MO", 'V');
	struct bundle_info info = lists_info();

	return lists_load(&x, 1, &info);
}

static bool open_all(struct sim *s)
{
	struct keystore_conf keystore = {.driver = "file", .create = true};
	struct elapsed_kept none = {0};
	struct db_opened how;
	struct err e = {0};

	if (mkdir(s->folder, 0700) != 0) {
		(void)fprintf(stderr, "store_life: %s: %s\n", s->folder, strerror(errno));
		return false;
	}
	(void)snprintf(keystore.path, sizeof keystore.path, "%.200s/keystore", s->folder);
	if (!db_open(s->folder, &db_schema, T0, &s->db, &how, &e) ||
	    !periods_open(&s->keys, &keystore, s->db, T0, T0, &e) ||
	    !space_open(&s->space, s->folder, INT64_C(1) << 30, &e))
		return fail(&e);
	s->list = make_list();
	elapsed_start(&s->clock, &none, 0, 1, T0, NS_PER_S);
	s->upkeep = (struct upkeep){.limits = {s->retention * NS_PER_DAY, s->bytes, 0},
				    .folder = s->folder,
				    .keys = &s->keys};
	return s->list && sqlite3_exec(db_handle(s->db), "PRAGMA synchronous = OFF", NULL, NULL,
				       NULL) == SQLITE_OK;
}

static bool live(struct sim *s)
{
	for (int64_t i = 0; i < s->days; i++)
		if (!day(s, i) || ((i + 1) % QUARTER_DAYS == 0 && !report(s, i + 1)))
			return false;
	return report(s, s->days);
}

int main(int argc, char **argv)
{
	static struct sim s = {.days = 1100,
			       .passages = 400,
			       .hours = 4,
			       .retention = 90,
			       .bytes = INT64_MAX,
			       .crop = 6000,
			       .hits = 400};
	const struct store_option options[] = {{"--days", &s.days, 1, 10000},
					       {"--passages", &s.passages, 1, 1000000},
					       {"--hours", &s.hours, 1, 17},
					       {"--retention", &s.retention, 1, 90},
					       {"--bytes", &s.bytes, 1 << 20, INT64_MAX},
					       {"--crop", &s.crop, 100, 100000},
					       {"--hits", &s.hits, 0, 1000000}};
	bool done;

	if (!store_options(options, sizeof options / sizeof options[0], argc, argv, &s.folder)) {
		(void)fprintf(stderr,
			      "usage: store_life [--days N] [--passages N] [--hours N]"
			      " [--retention N] [--bytes N] [--crop N] [--hits N] FOLDER\n");
		return 2;
	}
	s.jpeg = calloc(1, PICTURE_MAX);
	done = s.jpeg && lists_begin(NULL) == 0 && open_all(&s) && live(&s);
	bundle_close(s.list);
	(void)lists_end(NULL);
	periods_close(&s.keys);
	db_close(s.db);
	free(s.jpeg);
	return done ? 0 : 1;
}
