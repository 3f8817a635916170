/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ingest [options] FOLDER: the store's rooms are given passages with two crops each, sealed
 * and durable; prints what was written to disk for it, and how long each took, as one JSON object.
 * FOLDER is made and stays: put it on a real file system. Ring time goes on by an hour for 1,700
 * passages, upkeep runs after each commit.
 *
 *   --passages N   passages that are measured (2000)
 *   --together N   committed together (1)
 *   --hours N      the ring is full: reads are due after so many hours (0: it grows)
 *   --full N       the ring is full by its bytes at so many passages (0: it is not)
 *   --crop N       bytes of a crop, in the mean (6000): from 3/4 of it to 5/4
 *   --pause-ms N   between two commits (0): a box that is driven past now and then
 *   --loop N       FOLDER is all there is on /dev/loopN: count what its block layer is given, too
 */
#include "firmware/base/clock.h"
#include "firmware/base/crypt.h"
#include "firmware/store/keep.h"
#include "firmware/store/upkeep.h"
#include "tests/bench/store_passage.h"
#include "tests/bench/store_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define T0	     (INT64_C(1800000000) * NS_PER_S)
#define HOUR_READS   1700
#define TOGETHER_MAX 64

struct bench {
	const char *folder;
	int64_t passages, together, hours, full, crop, pause_ms, loop;

	struct store_conf conf;
	struct space space;
	struct db *db;
	struct periods keys;
	struct upkeep upkeep;
	struct elapsed clock;
	struct written written;
	uint8_t *jpeg;
	uint64_t n;

	int64_t *keep_ns; /* of each commit */
	int64_t n_keeps, payload, upkeep_ns, upkeep_most_ns;
};

static bool fail(const struct err *e)
{
	(void)fprintf(stderr, "store_ingest: %s\n", e->text);
	return false;
}

static void time_passes(struct bench *b, int64_t by_ns)
{
	int64_t wall = b->clock.k.wall_ns + by_ns;

	elapsed_tick(&b->clock, wall, b->clock.k.mono_ns + by_ns);
}

static bool tend(struct bench *b)
{
	int64_t from = clock_mono_ns(), took;
	struct err e = {0};

	do
		if (!upkeep_step(&b->upkeep, b->db, &b->clock, b->clock.k.wall_ns, &e))
			return fail(&e);
	while (b->upkeep.more);
	took = clock_mono_ns() - from;
	b->upkeep_ns += took;
	if (took > b->upkeep_most_ns)
		b->upkeep_most_ns = took;
	return true;
}

/* Pictures of vehicles differ in size, and so in how they fill pages. */
static size_t crop_size(const struct bench *b, size_t camera)
{
	uint64_t x = (2 * b->n + camera) * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(b->crop * 3 / 4 + (int64_t)((x >> 33) % (uint64_t)(b->crop / 2 + 1)));
}

static bool give(struct bench *b, int64_t n, bool measured)
{
	struct keep k = {b->db, &b->conf, NULL, NULL, &b->space, &b->keys};
	static struct intake in[TOGETHER_MAX];
	struct keep_result r[TOGETHER_MAX];
	struct keep_when when;
	struct err e = {0};
	int64_t from;

	for (int64_t i = 0; i < n; i++) {
		time_passes(b, 3600 * NS_PER_S / HOUR_READS);
		in[i] = (struct intake){.p = store_passage(b->n++, b->clock.k.wall_ns)};
		for (size_t c = 0; c < 2; c++)
			in[i].pictures[WIRE_CROP_0 + c] =
			    (struct ring_picture){b->jpeg, crop_size(b, c)};
		if (measured)
			b->payload += store_payload(&in[i]);
	}
	when = (struct keep_when){b->clock.k.ring_ns, b->clock.k.wall_ns, b->clock.k.wall_ns};
	from = clock_mono_ns();
	if (n > 1 ? !keep_together(&k, in, (size_t)n, &when, r, &e)
		  : !keep_passage(&k, in, &when, r, &e))
		return fail(&e);
	for (int64_t i = 0; i < n; i++)
		if (r[i].outcome != KEEP_ACCEPTED || r[i].without_crops) {
			(void)fprintf(stderr, "store_ingest: a passage is not taken\n");
			return false;
		}
	if (measured)
		b->keep_ns[b->n_keeps++] = clock_mono_ns() - from;
	return tend(b);
}

static bool open_all(struct bench *b)
{
	struct keystore_conf keystore = {.driver = "file", .create = true};
	struct elapsed_kept none = {0};
	struct db_opened how;
	struct err e = {0};

	if (mkdir(b->folder, 0700) != 0) {
		(void)fprintf(stderr, "store_ingest: %s: %s\n", b->folder, strerror(errno));
		return false;
	}
	(void)snprintf(keystore.path, sizeof keystore.path, "%.200s/keystore", b->folder);
	if (!store_vfs_count(&b->written) ||
	    !db_open(b->folder, &db_schema, T0, &b->db, &how, &e) ||
	    !periods_open(&b->keys, &keystore, b->db, T0, T0, &e) ||
	    !space_open(&b->space, b->folder, INT64_C(1) << 30, &e) ||
	    !db_bound_wal(b->db, b->space.bytes / 2, &e))
		return fail(&e);
	elapsed_start(&b->clock, &none, 0, 1, T0, NS_PER_S);
	b->upkeep = (struct upkeep){.limits = {90 * NS_PER_DAY, INT64_MAX, 0},
				    .cooldown_s = 300,
				    .folder = b->folder,
				    .keys = &b->keys};
	return true;
}

static bool run_sql(struct bench *b, const char *sql)
{
	return sqlite3_exec(db_handle(b->db), sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* What is there before is not measured and need not be durable. */
static bool fill(struct bench *b)
{
	struct ring_size size;
	struct err e = {0};

	if (!run_sql(b, "PRAGMA synchronous = OFF"))
		return false;
	if (b->hours > 0)
		b->upkeep.limits.retention_ns = b->hours * 3600 * NS_PER_S;
	for (int64_t i = 0; i < b->full + (b->hours + (b->hours > 0)) * HOUR_READS; i++)
		if (!give(b, 1, false))
			return false;
	if (b->full > 0 && !ring_measure(b->db, &size, &e))
		return fail(&e);
	if (b->full > 0)
		b->upkeep.limits.max_bytes = size.used_bytes;
	return run_sql(b, "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)");
}

/* --- what it took --------------------------------------------------------------------------------
 */

/* Bytes that this process made dirty in the page cache, by /proc/self/io: what reaches the device
 * but for the file system's own. */
static int64_t write_bytes(void)
{
	FILE *f = fopen("/proc/self/io", "r");
	char line[80];
	int64_t n = -1;

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "write_bytes: ", 13) == 0)
			n = strtoll(line + 13, NULL, 10);
	if (f)
		(void)fclose(f);
	return n;
}

/* Bytes that the block layer has given to the disk, the file system's own among them; -1: unknown.
 */
static int64_t disk_bytes(const struct bench *b)
{
	AUTO_CLOSE int fd = open(b->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long long sectors = -1;
	char path[64];
	FILE *f;

	if (b->loop < 0 || fd < 0 || syncfs(fd) != 0)
		return -1;
	(void)snprintf(path, sizeof path, "/sys/block/loop%" PRId64 "/stat", b->loop);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d %*d %*d %*d %*d %*d %lld", &sectors) != 1)
		sectors = -1;
	if (f)
		(void)fclose(f);
	return sectors < 0 ? -1 : sectors * 512;
}

static void print(struct bench *b, int64_t device, int64_t disk, int64_t ns)
{
	double per = (double)b->passages;
	struct ring_size size = {0};

	qsort(b->keep_ns, (size_t)b->n_keeps, sizeof *b->keep_ns, store_by_size);
	if (!ring_measure(b->db, &size, NULL))
		size = (struct ring_size){0};
	(void)printf("{\"passages\": %" PRId64 ", \"together\": %" PRId64
		     ", \"payload_bytes\": %.0f, \"device_bytes\": %.0f,"
		     " \"wal_bytes\": %.0f, \"database_bytes\": %.0f, \"amplification\": %.2f",
		     b->passages, b->together, (double)b->payload / per, (double)device / per,
		     (double)b->written.bytes[TO_WAL] / per,
		     (double)b->written.bytes[TO_DATABASE] / per,
		     (double)device / (double)b->payload);
	(void)printf(", \"a_second\": %.0f, \"median_ms\": %.2f, \"p99_ms\": %.2f,"
		     " \"most_ms\": %.2f",
		     per / ((double)ns / 1e9), (double)b->keep_ns[b->n_keeps / 2] / 1e6,
		     (double)b->keep_ns[b->n_keeps * 99 / 100] / 1e6,
		     (double)b->keep_ns[b->n_keeps - 1] / 1e6);
	(void)printf(", \"upkeep_ms\": %.3f, \"upkeep_most_ms\": %.2f, \"kept\": %" PRId64
		     ", \"file_bytes\": %" PRId64 ", \"syncs\": [%.2f, %.2f]",
		     (double)b->upkeep_ns / 1e6 / per, (double)b->upkeep_most_ns / 1e6,
		     size.passages, size.file_bytes, (double)b->written.syncs[TO_WAL] / per,
		     (double)b->written.syncs[TO_DATABASE] / per);
	if (b->loop >= 0)
		(void)printf(", \"disk_bytes\": %.0f", (double)disk / per);
	(void)store_vfs_print(&b->written, db_handle(b->db), b->passages);
	(void)printf("}\n");
}

static bool measure(struct bench *b)
{
	int64_t disk = disk_bytes(b), device, from;
	struct err e = {0};
	bool done;

	if (b->loop >= 0 && disk < 0) {
		(void)fprintf(stderr, "store_ingest: /dev/loop%" PRId64 ": not counted\n", b->loop);
		return false;
	}

	b->upkeep_ns = b->upkeep_most_ns = 0;
	store_vfs_reset(&b->written);
	device = write_bytes();
	from = clock_mono_ns();
	for (int64_t i = 0; i < b->passages; i += b->together)
		if (!give(b, b->together, true) ||
		    (b->pause_ms > 0 && usleep((useconds_t)b->pause_ms * 1000) != 0))
			return false;
	from = clock_mono_ns() - from;
	if (!db_checkpoint(b->db, &done, &e))
		return fail(&e);
	device = write_bytes() - device;
	print(b, device, disk_bytes(b) - disk, from);
	return true;
}

static bool arguments(struct bench *b, int argc, char **argv)
{
	const struct store_option options[] = {{"--passages", &b->passages, 1, 10000000},
					       {"--together", &b->together, 1, TOGETHER_MAX},
					       {"--hours", &b->hours, 0, 10000},
					       {"--full", &b->full, 0, 10000000},
					       {"--crop", &b->crop, 4, 1 << 20},
					       {"--pause-ms", &b->pause_ms, 0, 10000},
					       {"--loop", &b->loop, 0, 1000}};

	if (!store_options(options, sizeof options / sizeof options[0], argc, argv, &b->folder))
		return false;
	b->passages -= b->passages % b->together;
	return b->passages > 0;
}

int main(int argc, char **argv)
{
	static struct bench b = {.passages = 2000, .together = 1, .crop = 6000, .loop = -1};
	bool done;

	if (!arguments(&b, argc, argv)) {
		(void)fprintf(stderr,
			      "usage: store_ingest [--passages N] [--together N] [--hours N]"
			      " [--full N] [--crop N] [--pause-ms N] [--loop N] FOLDER\n");
		return 2;
	}
	b.jpeg = calloc(2, (size_t)b.crop);
	b.keep_ns = calloc((size_t)b.passages, sizeof *b.keep_ns);
	done = b.jpeg && b.keep_ns && open_all(&b) && fill(&b) && measure(&b);
	periods_close(&b.keys);
	db_close(b.db);
	free(b.keep_ns);
	free(b.jpeg);
	return done ? 0 : 1;
}
