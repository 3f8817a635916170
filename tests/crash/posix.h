/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store does beside SQLite, led through the disk (linked with --wrap): rename, unlink and
 * fsync in its folder, and memory, so that the Nth allocation fails, SQLite's as well as ours.
 */
#ifndef TESTS_CRASH_POSIX_H
#define TESTS_CRASH_POSIX_H

#include "tests/crash/disk.h"

/* Calls are led through this disk from now on; NULL: through none. */
void posix_use(struct disk *d, const char *folder);

/* Let SQLite allocate through here; once, before its first use. False: it will not. */
bool posix_memory(void);

/* The nth allocation from now on fails, and `many` - 1 after it; 0: none. */
void posix_no_memory(int64_t nth, int64_t many);

/* While the test itself looks there is memory. What it was before. */
bool posix_pause(bool pause);

/* How many did since then. */
int64_t posix_refused(void);

/* For the tests' own, past all of this. */
void *harness_realloc(void *p, size_t n);
void harness_free(void *p);
int harness_unlink(const char *path);

#endif
