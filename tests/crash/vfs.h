/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's default VFS, with every write, truncation, sync, create and delete led through a disk
 * (disk.h). */
#ifndef TESTS_CRASH_VFS_H
#define TESTS_CRASH_VFS_H

#include "tests/crash/disk.h"

struct vfs;

/*
 * Make a VFS over the default one and make it the default; NULL: SQLite will not. vfs_use before
 * the first file is opened, and again for every disk after it; seed: of SQLite's own chance (the
 * salt of a WAL).
 */
struct vfs *vfs_make(void);
void vfs_use(struct vfs *v, struct disk *d, uint64_t seed);
void vfs_free(struct vfs *v);

#endif
