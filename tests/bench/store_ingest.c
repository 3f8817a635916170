/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ingest [options] FOLDER: the store's rooms are given passages with two crops each, sealed
 * and durable; prints what was written to disk for it, and how long each took, as one JSON object.
 * FOLDER is made and stays: put it on a real file system. Ring time goes on by an hour for 1,700
 * passages, upkeep runs after each commit.
 *
 *   --passages N   passages that are measured (2000)
 *   --together N   committed together (1)
 *   --full N       the ring is full at so many: each newer one replaces an older one (0: it grows)
 *   --crop N       bytes of a crop (6000)
 */
#include "firmware/base/clock.h"
#include "firmware/base/crypt.h"
#include "firmware/store/keep.h"
#include "firmware/store/text.h"
#include "firmware/store/upkeep.h"
#include "tests/bench/store_vfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define T0	     (INT64_C(1800000000) * NS_PER_S)
#define HOUR_READS   1700
#define TOGETHER_MAX 64

struct bench {
	const char *folder;
	int64_t passages, together, full, crop;

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

/* A plate of its own, as vision reads one: three alternatives, two angles. */
static struct wire_passage passage_of(uint64_t n, int64_t ns)
{
	struct wire_passage p = {
	    .first_ns = ns - NS_PER_S, .last_ns = ns, .best_ns = ns, .pairs = 9};
	uint64_t id[2] = {n * UINT64_C(0x9e3779b97f4a7c15), n + 1};

	wire_start(&p.h, WIRE_PASSAGE, sizeof p);
	id[0] ^= id[0] >> 29;
	memcpy(p.id, id, sizeof p.id);
	(void)snprintf(p.read.text, sizeof p.read.text, "A%06u", (unsigned)(n % 1000000));
	(void)snprintf(p.read.jurisdiction, sizeof p.read.jurisdiction, "MO");
	p.read.confidence = 0.95f;
	for (size_t i = 0; i < strlen(p.read.text); i++)
		p.read.chars[i] = 0.99f;
	p.read.n_alternatives = 3;
	for (size_t i = 0; i < 3; i++) {
		memcpy(p.read.alternatives[i].text, p.read.text, sizeof p.read.text);
		p.read.alternatives[i].confidence = 0.2f;
	}
	for (size_t i = 0; i < FRAME_CAMERAS; i++) {
		p.angles[i] = (struct wire_angle){
		    .present = 1, .capture_ns = ns, .read = p.read, .frames = 9};
		for (size_t k = 0; k < 8; k++)
			p.angles[i].quad.p[k] = (float)(100 * (k + 1)) + 0.5f;
	}
	return p;
}

/* A passage's read and pictures, as they would lie on paper. */
static int64_t payload_of(const struct intake *in)
{
	char text[TEXT_READ_SIZE];

	return (int64_t)(strlen(text_read(&in->p, 0, text)) + in->pictures[WIRE_CROP_0].len +
			 in->pictures[WIRE_CROP_1].len);
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

static bool give(struct bench *b, int64_t n, bool measured)
{
	struct keep k = {b->db, &b->conf, NULL, NULL, &b->space, &b->keys};
	static struct intake in[TOGETHER_MAX];
	int64_t from;

	for (int64_t i = 0; i < n; i++) {
		time_passes(b, 3600 * NS_PER_S / HOUR_READS);
		in[i] = (struct intake){.p = passage_of(b->n++, b->clock.k.wall_ns)};
		in[i].pictures[WIRE_CROP_0] = in[i].pictures[WIRE_CROP_1] =
		    (struct ring_picture){b->jpeg, (size_t)b->crop};
		if (measured)
			b->payload += payload_of(&in[i]);
	}
	from = clock_mono_ns();
	for (int64_t i = 0; i < n; i++) {
		struct keep_when when = {b->clock.k.ring_ns, b->clock.k.wall_ns,
					 b->clock.k.wall_ns};
		struct keep_result r;
		struct err e = {0};

		if (!keep_passage(&k, &in[i], &when, &r, &e))
			return fail(&e);
		if (r.outcome != KEEP_ACCEPTED || r.without_crops) {
			(void)fprintf(stderr, "store_ingest: a passage is not taken\n");
			return false;
		}
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
	    !space_open(&b->space, b->folder, INT64_C(1) << 30, &e))
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
	for (int64_t i = 0; i < b->full; i++)
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

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print(struct bench *b, int64_t device, int64_t ns)
{
	double per = (double)b->passages;
	struct ring_size size = {0};

	qsort(b->keep_ns, (size_t)b->n_keeps, sizeof *b->keep_ns, by_size);
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
	(void)store_vfs_print(&b->written, db_handle(b->db), b->passages);
	(void)printf("}\n");
}

static bool measure(struct bench *b)
{
	int64_t device, from;
	struct err e = {0};
	bool done;

	b->upkeep_ns = b->upkeep_most_ns = 0;
	store_vfs_reset(&b->written);
	device = write_bytes();
	from = clock_mono_ns();
	for (int64_t i = 0; i < b->passages; i += b->together)
		if (!give(b, b->together, true))
			return false;
	from = clock_mono_ns() - from;
	if (!db_checkpoint(b->db, &done, &e))
		return fail(&e);
	print(b, write_bytes() - device, from);
	return true;
}

static bool number(const char *text, int64_t least, int64_t most, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *out >= least && *out <= most;
}

static bool arguments(struct bench *b, int argc, char **argv)
{
	struct {
		const char *name;
		int64_t *to, least, most;
	} options[] = {{"--passages", &b->passages, 1, 10000000},
		       {"--together", &b->together, 1, TOGETHER_MAX},
		       {"--full", &b->full, 0, 10000000},
		       {"--crop", &b->crop, 4, 1 << 20}};

	for (int i = 1; i < argc; i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof options / sizeof options[0]; k++)
			if (i + 1 < argc && strcmp(argv[i], options[k].name) == 0)
				known = number(argv[i + 1], options[k].least, options[k].most,
					       options[k].to);
		if (known)
			i++;
		else if (argv[i][0] == '-' || b->folder)
			return false;
		else
			b->folder = argv[i];
	}
	b->passages -= b->passages % b->together;
	return b->folder != NULL && b->passages > 0;
}

int main(int argc, char **argv)
{
	static struct bench b = {.passages = 2000, .together = 1, .crop = 6000};
	bool done;

	if (!arguments(&b, argc, argv)) {
		(void)fprintf(stderr, "usage: store_ingest [--passages N] [--together N] [--full N]"
				      " [--crop N] FOLDER\n");
		return 2;
	}
	b.jpeg = calloc(1, (size_t)b.crop);
	b.keep_ns = calloc((size_t)b.passages, sizeof *b.keep_ns);
	done = b.jpeg && b.keep_ns && open_all(&b) && fill(&b) && measure(&b);
	periods_close(&b.keys);
	db_close(b.db);
	free(b.keep_ns);
	free(b.jpeg);
	return done ? 0 : 1;
}
