/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/disk.h"

#include "tests/crash/posix.h"
#include "tests/crash/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 96u
#define FILES	  64u
#define MOVES	  64u

struct change {	    /* not on the platter yet */
	int64_t at; /* -1: truncated to len */
	size_t len;
	uint8_t *data;
};

struct disk_file {
	uint8_t *bytes; /* on the platter */
	size_t len, room;
	struct change *changes;
	size_t n, n_room;
	struct disk_file *next;
};

struct entry {
	char name[NAME_SIZE];
	struct disk_file *file;
};

struct folder {
	struct entry e[FILES];
	size_t n;
};

struct move { /* of an entry: from "" to a name: created; to "": deleted */
	char from[NAME_SIZE], to[NAME_SIZE];
	struct disk_file *file;
};

struct disk {
	char path[PATH_MAX];
	struct folder seen, platter;
	struct move moves[MOVES];
	size_t n_moves;
	struct disk_file *files; /* all of them, also deleted ones */
	struct disk_plan plan;
	struct disk_counts counts;
	uint64_t rng;
	bool off;
};

static struct entry *find(struct folder *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->e[i].name, name) == 0)
			return &f->e[i];
	return NULL;
}

static void drop(struct folder *f, const char *name)
{
	struct entry *e = find(f, name);

	if (e)
		*e = f->e[--f->n];
}

static bool put(struct folder *f, const char *name, struct disk_file *file)
{
	struct entry *e;

	drop(f, name);
	if (f->n == FILES)
		return false;
	e = &f->e[f->n++];
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	e->file = file;
	return true;
}

/* --- files ---------------------------------------------------------------------------------------
 */

static bool grow(struct disk_file *f, size_t len)
{
	if (len > f->room) {
		uint8_t *bytes = harness_realloc(f->bytes, 2 * len);

		if (!bytes)
			return false;
		f->bytes = bytes;
		f->room = 2 * len;
	}
	if (len > f->len) {
		memset(f->bytes + f->len, 0, len - f->len);
		f->len = len;
	}
	return true;
}

static void forget_changes(struct disk_file *f)
{
	for (size_t i = 0; i < f->n; i++)
		harness_free(f->changes[i].data);
	f->n = 0;
}

static void file_free(struct disk_file *f)
{
	forget_changes(f);
	harness_free(f->changes);
	harness_free(f->bytes);
	harness_free(f);
}

static void note(struct disk_file *f, int64_t at, const void *data, size_t len)
{
	struct change c = {at, len, NULL};

	if (f->n == f->n_room) {
		struct change *more = harness_realloc(f->changes, (2 * f->n + 16) * sizeof *more);

		if (!more)
			return;
		f->changes = more;
		f->n_room = 2 * f->n + 16;
	}
	if (at >= 0) {
		c.data = harness_realloc(NULL, len + 1);
		if (!c.data)
			return;
		memcpy(c.data, data, len);
	}
	f->changes[f->n++] = c;
}

/* Sector by sector, each with `percent` of getting there. */
static void apply(struct disk *d, struct disk_file *f, const struct change *c, int64_t percent)
{
	size_t at = (size_t)c->at, end = at + c->len;

	if (c->at < 0) {
		if (!rng_chance(&d->rng, percent))
			return;
		if (c->len < f->len)
			f->len = c->len;
		else
			(void)grow(f, c->len);
		return;
	}
	while (at < end) {
		size_t next = (at / DISK_SECTOR + 1) * DISK_SECTOR;

		if (next > end)
			next = end;
		if (rng_chance(&d->rng, percent) && grow(f, next > f->len ? next : f->len))
			memcpy(f->bytes + at, c->data + (at - (size_t)c->at), next - at);
		at = next;
	}
}

static void settle(struct disk *d, struct disk_file *f, int64_t percent)
{
	for (size_t i = 0; i < f->n; i++)
		apply(d, f, &f->changes[i], percent);
	forget_changes(f);
}

/* Neighbours change places, which over a few rounds is any order; a truncation stays where it is.
 */
static void shuffle(struct disk *d, struct disk_file *f)
{
	for (size_t i = f->n; i > 1; i--) {
		size_t k = (size_t)rng_below(&d->rng, (int64_t)i);
		struct change c = f->changes[i - 1];

		if (c.at < 0 || f->changes[k].at < 0)
			continue;
		f->changes[i - 1] = f->changes[k];
		f->changes[k] = c;
	}
}

/* What a cut leaves of a file: nothing of what was under way, all of it, the first part of it, or
 * any of it in any order. */
static void tear(struct disk *d, struct disk_file *f)
{
	size_t whole;

	switch (rng_below(&d->rng, 5)) {
	case 0:
		forget_changes(f);
		return;
	case 1:
		settle(d, f, 100);
		return;
	case 2:
		whole = f->n ? (size_t)rng_below(&d->rng, (int64_t)f->n) : 0;
		for (size_t i = 0; i < f->n && i <= whole; i++)
			apply(d, f, &f->changes[i], i < whole ? 100 : 50);
		forget_changes(f);
		return;
	case 3:
		shuffle(d, f);
		settle(d, f, 50);
		return;
	default:
		settle(d, f, 5 + 90 * rng_below(&d->rng, 2));
	}
}

/* --- the folder ----------------------------------------------------------------------------------
 */

static void apply_move(struct disk *d, const struct move *m)
{
	if (m->from[0])
		drop(&d->platter, m->from);
	if (m->to[0])
		(void)put(&d->platter, m->to, m->file);
}

static void settle_moves(struct disk *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		apply_move(d, &d->moves[i]);
	d->n_moves -= n;
	memmove(d->moves, d->moves + n, d->n_moves * sizeof d->moves[0]);
}

static void note_move(struct disk *d, const char *from, const char *to, struct disk_file *file)
{
	struct move *m;

	if (d->n_moves == MOVES)
		settle_moves(d, 1);
	m = &d->moves[d->n_moves++];
	(void)snprintf(m->from, sizeof m->from, "%s", from);
	(void)snprintf(m->to, sizeof m->to, "%s", to);
	m->file = file;
	if (from[0])
		drop(&d->seen, from);
	if (to[0])
		(void)put(&d->seen, to, file);
}

/* --- what happens when ---------------------------------------------------------------------------
 */

static bool faulty(struct disk *d, int64_t nth, int64_t first)
{
	bool now = first > 0 && nth >= first && nth < first + d->plan.fault_n;

	d->counts.faults += now;
	return now;
}

/* A write of any kind. DISK_OFF with *last set: it is still under way when the power goes. */
static enum disk_answer a_write(struct disk *d, bool *last)
{
	*last = false;
	if (d->off)
		return DISK_OFF;
	d->counts.writes++;
	if (d->counts.writes == d->plan.cut_write) {
		d->off = *last = true;
		return DISK_OFF;
	}
	if (faulty(d, d->counts.writes, d->plan.fault_write))
		return d->plan.full ? DISK_FULL : DISK_EIO;
	return DISK_DONE;
}

static enum disk_answer a_sync(struct disk *d, bool *done)
{
	*done = false;
	if (d->off)
		return DISK_OFF;
	d->counts.syncs++;
	if (d->counts.syncs == d->plan.cut_sync) {
		d->off = true;
		*done = rng_chance(&d->rng, 25);
		return DISK_OFF;
	}
	if (faulty(d, d->counts.syncs, d->plan.fault_sync))
		return DISK_EIO;
	*done = !d->plan.lies;
	return DISK_DONE;
}

enum disk_answer disk_write(struct disk *d, struct disk_file *f, int64_t at, const void *data,
			    size_t *len)
{
	bool last;
	enum disk_answer a = a_write(d, &last);

	if (a == DISK_EIO || a == DISK_FULL)
		*len = (size_t)rng_below(&d->rng, (int64_t)*len + 1);
	else if (a == DISK_OFF && !last)
		*len = 0;
	if (*len > 0)
		note(f, at, data, *len);
	return a;
}

enum disk_answer disk_read(struct disk *d)
{
	if (d->off)
		return DISK_OFF;
	d->counts.reads++;
	return faulty(d, d->counts.reads, d->plan.fault_read) ? DISK_EIO : DISK_DONE;
}

enum disk_answer disk_truncate(struct disk *d, struct disk_file *f, int64_t size)
{
	bool last;
	enum disk_answer a = a_write(d, &last);

	if (a == DISK_DONE || last)
		note(f, -1, NULL, (size_t)size);
	return a;
}

enum disk_answer disk_sync(struct disk *d, struct disk_file *f)
{
	bool done;
	enum disk_answer a = a_sync(d, &done);

	if (done)
		settle(d, f, 100);
	else if (a == DISK_EIO) /* the kernel calls the pages clean, and they are not */
		settle(d, f, 50);
	return a;
}

enum disk_answer disk_adopt(struct disk *d, const char *name, const void *data, size_t len)
{
	struct entry *e = find(&d->seen, name);
	struct disk_file *f = e ? e->file : harness_realloc(NULL, sizeof *f);

	if (!f || d->off)
		return DISK_OFF;
	if (!e) {
		*f = (struct disk_file){.next = d->files};
		d->files = f;
		note_move(d, "", name, f);
	}
	note(f, -1, NULL, 0);
	note(f, 0, data, len);
	return disk_sync(d, f);
}

enum disk_answer disk_sync_folder(struct disk *d)
{
	bool done;
	enum disk_answer a = a_sync(d, &done);

	if (done)
		settle_moves(d, d->n_moves);
	return a;
}

enum disk_answer disk_remove(struct disk *d, const char *name)
{
	bool last;
	enum disk_answer a = a_write(d, &last);

	if (find(&d->seen, name) && (a == DISK_DONE || last))
		note_move(d, name, "", NULL);
	return a;
}

enum disk_answer disk_rename(struct disk *d, const char *from, const char *to)
{
	bool last;
	struct entry *e = find(&d->seen, from);
	enum disk_answer a = a_write(d, &last);

	if (e && (a == DISK_DONE || last))
		note_move(d, from, to, e->file);
	return a;
}

struct disk_file *disk_open(struct disk *d, const char *name, bool make, bool *made)
{
	struct entry *e = find(&d->seen, name);
	struct disk_file *f;
	bool last;

	*made = false;
	if (d->off || e || !make)
		return e && !d->off ? e->file : NULL;
	f = harness_realloc(NULL, sizeof *f);
	if (!f)
		return NULL;
	*f = (struct disk_file){.next = d->files};
	d->files = f;
	*made = true;
	note_move(d, "", name, f);
	return a_write(d, &last) == DISK_DONE || !d->off ? f : NULL;
}

/* --- the whole -----------------------------------------------------------------------------------
 */

struct disk *disk_make(const char *folder, uint64_t seed)
{
	struct disk *d = harness_realloc(NULL, sizeof *d);

	if (!d)
		return NULL;
	*d = (struct disk){.rng = seed};
	(void)snprintf(d->path, sizeof d->path, "%s", folder);
	return d;
}

void disk_free(struct disk *d)
{
	while (d && d->files) {
		struct disk_file *f = d->files;

		d->files = f->next;
		file_free(f);
	}
	harness_free(d);
}

void disk_set(struct disk *d, const struct disk_plan *plan)
{
	d->plan = *plan;
	d->counts = (struct disk_counts){0};
}

struct disk_counts disk_count(const struct disk *d)
{
	return d->counts;
}

void disk_cut(struct disk *d)
{
	d->off = true;
}

bool disk_is_off(const struct disk *d)
{
	return d->off;
}

const char *disk_name(const struct disk *d, const char *path)
{
	size_t n = strlen(d->path);

	return strncmp(path, d->path, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/')
		   ? path + n + 1
		   : NULL;
}

static bool write_out(const struct disk *d, const struct entry *e)
{
	char path[PATH_MAX + NAME_SIZE];
	int fd;
	bool ok;

	(void)snprintf(path, sizeof path, "%s/%s", d->path, e->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = write(fd, e->file->bytes ? e->file->bytes : (const uint8_t *)"", e->file->len) ==
	     (ssize_t)e->file->len;
	return close(fd) == 0 && ok;
}

/* Files that no entry on the platter leads to. */
static void collect(struct disk *d)
{
	struct disk_file **at = &d->files;

	while (*at) {
		struct disk_file *f = *at;
		bool used = false;

		for (size_t i = 0; i < d->platter.n; i++)
			used |= d->platter.e[i].file == f;
		if (used) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		file_free(f);
	}
}

static void clear(const struct disk *d, const char *name)
{
	char path[PATH_MAX + NAME_SIZE];

	(void)snprintf(path, sizeof path, "%s/%s", d->path, name);
	if (name[0])
		(void)harness_unlink(path);
}

bool disk_reboot(struct disk *d)
{
	bool ok = true;

	for (size_t i = 0; i < d->seen.n; i++)
		clear(d, d->seen.e[i].name);
	for (size_t i = 0; i < d->n_moves; i++) { /* the last may not have been done */
		clear(d, d->moves[i].from);
		clear(d, d->moves[i].to);
	}
	for (struct disk_file *f = d->files; f; f = f->next)
		tear(d, f);
	settle_moves(d, (size_t)rng_below(&d->rng, (int64_t)d->n_moves + 1));
	d->n_moves = 0;
	collect(d);
	for (size_t i = 0; i < d->platter.n; i++)
		ok = write_out(d, &d->platter.e[i]) && ok;
	d->seen = d->platter;
	d->off = false;
	disk_set(d, &(struct disk_plan){0});
	return ok;
}

bool disk_flip(struct disk *d, const char *name, int64_t *at)
{
	struct entry *e = find(&d->platter, name);

	if (!e || e->file->len == 0)
		return false;
	*at = rng_below(&d->rng, (int64_t)e->file->len);
	e->file->bytes[*at] ^= (uint8_t)(1u << rng_below(&d->rng, 8));
	return write_out(d, e);
}

bool disk_smash(struct disk *d, const char *name, int64_t at, size_t len)
{
	struct entry *e = find(&d->platter, name);

	if (!e || at < 0 || (size_t)at + len > e->file->len)
		return false;
	for (size_t i = 0; i < len; i++)
		e->file->bytes[(size_t)at + i] = (uint8_t)rng_next(&d->rng);
	return write_out(d, e);
}
