/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash [--short] [--jobs N] [--cuts N]: every campaign, and a BAR line for each thing that must
 * not happen. crash --kind NAME --seed N: one life again, with what goes wrong in it.
 */
#include "tests/crash/life.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "tests/crash/posix.h"
#include "tests/crash/rng.h"
#include "tests/unit/lists.h"

#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOOTS	   8  /* of one life */
#define TASK_LIVES 10 /* of one process, at least */
#define TASKS_MAX  1024
#define STUCK_S	   60 /* a life takes a fraction of a second */
#define STEPS_MAX  160

enum { CUTS, IO_ERRORS, FULL, MEMORY, FLIPS, DAMAGE, LIES, KINDS };

static const struct kind kinds[KINDS] = {
    [CUTS] = {.name = "power_cuts", .cuts = true},
    [IO_ERRORS] = {.name = "io_errors", .cuts = true, .faults = true},
    [FULL] = {.name = "full_disk", .cuts = true, .faults = true, .full = true},
    [MEMORY] = {.name = "no_memory", .cuts = true, .memory = true},
    [FLIPS] = {.name = "bit_flips", .flips = true},
    [DAMAGE] = {.name = "damage", .cuts = true, .faults = true, .memory = true, .damage = true},
    [LIES] = {.name = "self_check", .cuts = true, .lies = true},
};

static const char *const fault_names[FAULTS] = {
    "reads_lost", "hits_lost", "doubled", "purged_back", "chain", "counters", "database", "stuck"};

uint8_t *life_list[LIFE_LISTS];
size_t life_list_size[LIFE_LISTS];

/* --- one life ------------------------------------------------------------------------------------
 */

bool life_fault(struct life *l, enum fault f, const char *format, ...)
{
	char text[300];
	va_list ap;

	if (l->said)
		return false;
	l->said = true;
	l->tally->found[f]++;
	if (l->tally->bad_seed == 0)
		l->tally->bad_seed = l->seed;
	if (l->quiet)
		return false;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	(void)fprintf(stderr,
		      "%s: %s: %s (start %" PRId64 ", step %" PRId64
		      ")\n  again: crash --kind %s --seed %" PRIu64 "\n",
		      l->kind->name, fault_names[f], text, l->boot, l->steps, l->kind->name,
		      l->seed);
	return false;
}

void life_say(const struct life *l, const char *format, ...)
{
	va_list ap;

	if (!l->loud)
		return;
	(void)printf("start %" PRId64 " step %" PRId64 ": ", l->boot, l->steps);
	va_start(ap, format);
	(void)vprintf(format, ap);
	va_end(ap);
	(void)putchar('\n');
}

/* Soon (in the start itself, often), or later. */
static int64_t when(struct life *l)
{
	static const int64_t within[] = {20, 60, 200, 800, 3000};

	return 1 + rng_below(&l->rng, within[rng_below(&l->rng, 5)]);
}

static void plan(struct life *l)
{
	const struct kind *k = l->kind;
	struct disk_plan p = {.lies = k->lies};

	/* Before damage the power goes between two steps: what was under way then could not be told
	 * from what was put aside. */
	if (k->damage && l->boot % 3 == 2)
		p.lies = false;
	else if (k->cuts && rng_chance(&l->rng, 50))
		p.cut_write = when(l);
	else if (k->cuts)
		p.cut_sync = 1 + when(l) / 4;
	if (k->faults) {
		int64_t many[] = {1, 2, 5, 40};

		p.full = k->full;
		p.fault_n = many[rng_below(&l->rng, 4)];
		if (k->full || rng_chance(&l->rng, 60))
			p.fault_write = when(l);
		else if (rng_chance(&l->rng, 50))
			p.fault_sync = 1 + when(l) / 4;
		else {
			/* What stays unreadable is damage, and is put aside. */
			p.fault_read = when(l);
			p.fault_n = 1;
		}
	}
	disk_set(l->disk, &p);
	life_say(l,
		 "the power fails at write %" PRId64 " or sync %" PRId64 "; %s at write %" PRId64
		 " or sync %" PRId64 ", %" PRId64 " times",
		 p.cut_write, p.cut_sync, p.full ? "the disk is full" : "I/O errors", p.fault_write,
		 p.fault_sync, p.fault_n);
	if (k->memory) {
		int64_t nth = when(l) * 40, many = 1 + rng_below(&l->rng, 3);

		posix_no_memory(nth, many);
		life_say(l, "no memory at allocation %" PRId64 ", %" PRId64 " times", nth, many);
	}
}

#define PAGE 1024 /* bytes of one, of a fresh database */

/* A page that a whole table hangs from: what is not in it must outlive that. */
static void damage(struct life *l)
{
	if (l->root == 0 || !disk_smash(l->disk, DB_FILE, (l->root - 1) * PAGE, 100))
		return;
	life_say(l, "page %" PRId64 " is nonsense", l->root);
	l->tally->given++;
	l->root = 0;
}

/* Which it will be, while it can be asked. */
static void choose_damage(struct life *l)
{
	static const char *const roots[] = {
	    "SELECT rootpage FROM sqlite_schema WHERE name = 'picture'",
	    "SELECT rootpage FROM sqlite_schema WHERE name = 'passage'",
	    "SELECT rootpage FROM sqlite_schema WHERE name = 'period'",
	};
	int64_t which;
	bool done;

	posix_no_memory(0, 0);
	l->book.n_aside = book_ask(l, "SELECT count(*) FROM quarantine");
	if (l->boot % 3 != 2)
		return;
	which = rng_below(&l->rng, 3);
	l->book.keys_damaged = which == 2;
	l->root = book_ask(l, roots[which]);
	/* Else the WAL may hold a sound copy. */
	if (rng_chance(&l->rng, 80) && !db_checkpoint(l->db, &done, NULL))
		l->root = 0;
}

static void tally_faults(struct life *l)
{
	l->tally->given += disk_count(l->disk).faults + posix_refused();
	posix_no_memory(0, 0);
}

static void flip(struct life *l)
{
	int64_t at;

	for (int64_t n = 1 + rng_below(&l->rng, 8); n > 0; n--)
		if (disk_flip(l->disk, rng_chance(&l->rng, 90) ? DB_FILE : DB_FILE "-wal", &at)) {
			life_say(l, "a bit of byte %" PRId64 " changes", at);
			l->tally->given++;
			l->book.damaged = true;
		}
}

/* From the power's return until it goes again. */
static bool one_boot(struct life *l)
{
	int64_t steps = 10 + rng_below(&l->rng, STEPS_MAX);
	bool good = true;

	if (!disk_reboot(l->disk))
		return life_fault(l, FAULT_STUCK, "the test's own folder fails");
	l->boot++;
	l->tally->boots++;
	l->mono = NS_PER_S * (1 + rng_below(&l->rng, 60));
	l->wall += rng_below(&l->rng, 300) * NS_PER_S;
	if (l->kind->flips && l->boot % 3 == 0)
		flip(l);
	damage(l);
	plan(l);
	good = box_up(l);
	if (rng_chance(&l->rng, 50))
		good = good && !l->said && (!l->db || work_again(l));
	else
		l->n_unanswered = 0;
	while (good && !l->said && !disk_is_off(l->disk) && steps-- > 0)
		good = work_step(l);
	if (l->kind->damage && good && !l->said && l->db && !disk_is_off(l->disk))
		choose_damage(l);
	if (l->kind->cuts) {
		disk_cut(l->disk);
		l->tally->cuts++;
	}
	tally_faults(l);
	box_down(l);
	return good && !l->said;
}

static void begin(struct life *l)
{
	int64_t hours[] = {2, 6, 24, 72};

	l->wall = LISTS_ISSUED_S * NS_PER_S;
	l->upkeep.limits.retention_ns = hours[rng_below(&l->rng, 4)] * 3600 * NS_PER_S;
	l->upkeep.limits.max_bytes = 300000 + rng_below(&l->rng, 2000000);
	l->conf.hotlist.cooldown_s = l->upkeep.cooldown_s = rng_chance(&l->rng, 30) ? 300 : 0;
	(void)snprintf(l->conf.hotlist.key, sizeof l->conf.hotlist.key, "%s/key.pub", lists.folder);
	(void)snprintf(l->conf.site.name, sizeof l->conf.site.name, "crash");
	l->upkeep.folder = l->folder;
	l->upkeep.keys = &l->keys;
	l->list = (struct list){.arriving = ARRIVAL_NONE};
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

bool life_live(const struct kind *kind, struct vfs *v, uint64_t seed, bool loud, struct tally *t)
{
	struct life *l = calloc(1, sizeof *l);
	bool good = l != NULL;

	t->seed = seed;
	t->lives++;
	if (!l)
		return false;
	*l = (struct life){.kind = kind,
			   .tally = t,
			   .seed = seed,
			   .rng = seed,
			   .quiet = kind->lies && !loud,
			   .loud = loud,
			   .vfs = v};
	(void)snprintf(l->folder, sizeof l->folder, "%s/alpr-crash-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(l->folder) || !(l->disk = disk_make(l->folder, ~seed))) {
		free(l);
		return false;
	}
	vfs_use(v, l->disk, seed);
	posix_use(l->disk, l->folder);
	begin(l);
	for (int i = 0; good && i < BOOTS; i++)
		good = one_boot(l);
	posix_use(NULL, NULL);
	(void)nftw(l->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	disk_free(l->disk);
	free(l);
	return good;
}

/* --- many ----------------------------------------------------------------------------------------
 */

struct task {
	unsigned kind;
	uint64_t seed;
	int64_t lives;
	pid_t pid;
};

static struct tally *tallies; /* of each task, shared with its process */

static bool make_lists(void)
{
	for (uint64_t i = 0; i < LIFE_LISTS; i++) {
		struct bundle_info info = lists_info();
		struct entry x[4];

		for (unsigned k = 0; k < 4; k++) {
			char plate[12];

			(void)snprintf(plate, sizeof plate, "WANT %02u", k + 1);
			x[k] = lists_entry(plate, "MO", k % 2 ? 'F' : 'V');
		}
		info.version = i + 1;
		life_list[i] = lists_pack(x, 4, &info, &life_list_size[i]);
		if (!life_list[i] || !lists_sign(life_list[i], life_list_size[i], lists.key))
			return false;
	}
	return true;
}

/* In a process of its own: one that ends, or never does, takes no other with it. */
static void run_task(const struct task *k, struct tally *t)
{
	struct vfs *v = vfs_make();
	int found = 0;

	if (!v)
		_exit(2);
	for (int64_t i = 0; i < k->lives && found < 3; i++) {
		(void)alarm(STUCK_S);
		found += !life_live(&kinds[k->kind], v, k->seed + (uint64_t)i, false, t) &&
			 k->kind != LIES;
	}
	vfs_free(v);
	_exit(0);
}

static void ended(const struct task *k, struct tally *t, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	t->found[FAULT_STUCK]++;
	t->bad_seed = t->seed;
	(void)fprintf(
	    stderr, "%s: stuck: the process %s (%d)\n  again: crash --kind %s --seed %" PRIu64 "\n",
	    kinds[k->kind].name,
	    WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "did not end" : "ended",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), kinds[k->kind].name,
	    t->seed);
}

static void run_all(struct task *tasks, size_t n, long jobs)
{
	size_t next = 0;
	long running = 0;

	while (next < n || running > 0) {
		int status;
		pid_t pid;

		while (next < n && running < jobs) {
			(void)fflush(NULL);
			tasks[next].pid = fork();
			if (tasks[next].pid == 0)
				run_task(&tasks[next], &tallies[next]);
			running++;
			next++;
		}
		pid = wait(&status);
		if (pid < 0)
			return;
		running--;
		for (size_t i = 0; i < next; i++)
			if (tasks[i].pid == pid)
				ended(&tasks[i], &tallies[i], status);
	}
}

static struct tally sum(const struct task *tasks, size_t n, unsigned kind)
{
	struct tally s = {0};
	int64_t *to = &s.lives;

	for (size_t i = 0; i < n; i++) {
		const int64_t *from = &tallies[i].lives;

		if (tasks[i].kind != kind)
			continue;
		for (size_t k = 0; k < offsetof(struct tally, seed) / sizeof *to; k++)
			to[k] += from[k];
	}
	return s;
}

/* Without `what`: how often, which is to be at least so much. */
static int64_t bar(const char *kind, const char *what, int64_t value, int64_t limit, bool at_least)
{
	bool pass = at_least ? value >= limit : value <= limit;

	(void)printf("BAR crash_%s%s%s %" PRId64 " %s %" PRId64 " %s\n", kind, what ? "_" : "",
		     what ? what : "", value, what ? "lives" : "cuts", limit,
		     pass ? "PASS" : "FAIL");
	return !pass;
}

static int report(const struct task *tasks, size_t n, int64_t cuts)
{
	int64_t failed = 0, bars = 1;

	for (unsigned k = 0; k < KINDS; k++) {
		struct tally s = sum(tasks, n, k);
		int64_t all = 0;

		(void)printf("%s: %" PRId64 " lives, %" PRId64 " starts, %" PRId64 " cuts, %" PRId64
			     " faults given; %" PRId64 " passages, %" PRId64 " hits, %" PRId64
			     " answers, %" PRId64 " purged, %" PRId64 " lists, %" PRId64
			     " stops, %" PRId64 " pulls, keys destroyed %" PRId64 " times; %" PRId64
			     " put aside, %" PRId64 " found when read\n",
			     kinds[k].name, s.lives, s.boots, s.cuts, s.given, s.passages, s.hits,
			     s.answered, s.purged, s.lists, s.stops, s.pulls, s.keys, s.quarantined,
			     s.noticed);
		if (k == CUTS)
			failed += bar(kinds[k].name, NULL, s.cuts, cuts, true);
		for (unsigned f = 0; f < FAULTS; f++) {
			all += s.found[f];
			if (k == LIES)
				continue;
			failed += bar(kinds[k].name, fault_names[f], s.found[f], 0, false);
			bars++;
		}
		if (k == LIES) { /* one that could find nothing would pass all of the above */
			failed += bar(kinds[k].name, "faults", all, s.lives / 2, true);
			bars++;
		}
	}
	(void)printf("%" PRId64 " passed, %" PRId64 " failed\n", bars - failed, failed);
	return failed > 0;
}

struct call {
	bool small;
	long jobs;
	int64_t cuts;
	const char *kind;
	uint64_t seed;
};

static bool parse(int argc, char **argv, struct call *c)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--short") == 0) {
			c->small = true;
			continue;
		}
		if (!value)
			return false;
		i++;
		if (strcmp(argv[i - 1], "--jobs") == 0)
			c->jobs = strtol(value, NULL, 10);
		else if (strcmp(argv[i - 1], "--cuts") == 0)
			c->cuts = strtoll(value, NULL, 10);
		else if (strcmp(argv[i - 1], "--kind") == 0)
			c->kind = value;
		else if (strcmp(argv[i - 1], "--seed") == 0)
			c->seed = strtoull(value, NULL, 10);
		else
			return false;
	}
	return c->jobs > 0 && c->cuts >= 0;
}

static int one(const struct call *c)
{
	struct vfs *v = vfs_make();

	for (unsigned k = 0; v && k < KINDS; k++)
		if (strcmp(kinds[k].name, c->kind) == 0)
			return life_live(&kinds[k], v, c->seed, true, &tallies[0]) ? 0 : 1;
	return 2;
}

static int campaign(const struct call *c)
{
	/* Lives; of power cuts as many as make that many cuts. */
	int64_t cuts = c->cuts ? c->cuts : c->small ? 500 : 10000;
	int64_t lives[KINDS] = {[CUTS] = (cuts + BOOTS - 1) / BOOTS};
	static struct task tasks[TASKS_MAX];
	int64_t each = TASK_LIVES + lives[CUTS] / 100;
	size_t n = 0;

	lives[IO_ERRORS] = lives[FULL] = lives[MEMORY] = lives[FLIPS] = lives[DAMAGE] =
	    (lives[CUTS] + 2) / 3;
	lives[LIES] = 10;
	for (unsigned k = 0; k < KINDS; k++)
		for (int64_t i = 0; i < lives[k] && n < TASKS_MAX; i += each)
			tasks[n++] = (struct task){k, c->seed + (uint64_t)i,
						   lives[k] - i < each ? lives[k] - i : each, 0};
	run_all(tasks, n, c->jobs);
	return report(tasks, n, cuts);
}

int main(int argc, char **argv)
{
	struct call c = {.jobs = 1, .seed = 1};
	struct err e = {0};
	int rc;

	if (!parse(argc, argv, &c)) {
		(void)fputs("crash: usage: crash [--short] [--jobs N] [--cuts N] [--seed N] "
			    "[--kind NAME]\n",
			    stderr);
		return 2;
	}
	log_open("crash", LOG_ERROR);
	tallies = mmap(NULL, TASKS_MAX * sizeof *tallies, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED || !posix_memory() || lists_begin(NULL) != 0 || !make_lists() ||
	    !pulls_prepare(&e)) {
		(void)fputs("crash: could not begin\n", stderr);
		return 1;
	}
	rc = c.kind ? one(&c) : campaign(&c);
	for (size_t i = 0; i < LIFE_LISTS; i++)
		free(life_list[i]);
	pulls_unprepare();
	(void)lists_end(NULL);
	return rc;
}
