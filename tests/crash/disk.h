/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that forgets: one folder whose files lie in the real file system as a process sees them,
 * and in memory as they would be found after a power cut. What was written and not synced is on the
 * platter in part: each 512-byte sector of each write kept or lost, in any order, as a seeded
 * generator says; what was created, deleted and renamed and not synced is lost from some point on
 * (file systems journal it in order). vfs.c feeds it with what SQLite does, posix.c with what the
 * store does by itself.
 */
#ifndef TESTS_CRASH_DISK_H
#define TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR 512

struct disk;
struct disk_file;

/* What happens from now on; counted from disk_set. 0: never. */
struct disk_plan {
	int64_t cut_write;   /* the power fails at this write, create, delete or rename, */
	int64_t cut_sync;    /* or at this sync */
	int64_t fault_write; /* this write fails, */
	int64_t fault_read;  /* this read fails, */
	int64_t fault_sync;  /* this sync fails: of what was to be synced a part is gone for good */
	int64_t fault_n;     /* and as many after it as to make up this number */
	bool full;	     /* it fails for lack of room, not with an I/O error */
	bool lies;	     /* a sync says that it is done and does nothing */
};

enum disk_answer { DISK_DONE, DISK_OFF, DISK_EIO, DISK_FULL };

struct disk_counts {
	int64_t reads, writes, syncs; /* since disk_set */
	int64_t faults;		      /* that were given, since disk_set */
};

/* A disk over the empty folder; NULL: no memory. disk_free leaves the folder as it is. */
struct disk *disk_make(const char *folder, uint64_t seed);
void disk_free(struct disk *d);

void disk_set(struct disk *d, const struct disk_plan *plan);
struct disk_counts disk_count(const struct disk *d);

/* The power is off, or is cut now: everything fails until disk_reboot. */
void disk_cut(struct disk *d);
bool disk_is_off(const struct disk *d);

/*
 * The power comes back (it may also be cut right now): the real files become what is found on the
 * platter. Every file must be closed. No plan is left. False: the real file system failed.
 */
bool disk_reboot(struct disk *d);

/* Change one bit of what lies on the platter as `name`, at a random place; call it between
 * disk_reboot and the first open. False: no such file, or empty. */
bool disk_flip(struct disk *d, const char *name, int64_t *at);

/* Nonsense instead of what lies on the platter as `name` from `at` on; as disk_flip. */
bool disk_smash(struct disk *d, const char *name, int64_t at, size_t len);

/* The name within the folder; NULL: the path lies elsewhere. */
const char *disk_name(const struct disk *d, const char *path);

/* A file as it is seen now; NULL: there is none (`make` false), or no memory. *made: it is new. */
struct disk_file *disk_open(struct disk *d, const char *name, bool make, bool *made);

/* Before it is done to the real file. *len of a write that fails comes back as what was written all
 * the same. */
enum disk_answer disk_write(struct disk *d, struct disk_file *f, int64_t at, const void *data,
			    size_t *len);
enum disk_answer disk_read(struct disk *d);
enum disk_answer disk_truncate(struct disk *d, struct disk_file *f, int64_t size);
enum disk_answer disk_sync(struct disk *d, struct disk_file *f);
/* A file that was written past all of this is synced: this is what is in it. */
enum disk_answer disk_adopt(struct disk *d, const char *name, const void *data, size_t len);
enum disk_answer disk_remove(struct disk *d, const char *name);
enum disk_answer disk_rename(struct disk *d, const char *from, const char *to);
enum disk_answer disk_sync_folder(struct disk *d);

#endif
