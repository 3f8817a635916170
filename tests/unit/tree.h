/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of folders of a test's own, and small files in it (folder.h is a flat one). */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <stddef.h>

/* Make the folder; tree_path() names it. For cmocka_unit_test_setup_teardown. */
int tree_make(void **state);

/* Remove it with all that is in it. */
int tree_remove(void **state);

/* "<folder>/name" (the folder itself for ""), in one of a few static buffers. */
const char *tree_path(const char *name);

/* Write a file, over what was in it (same inode); make its parent folders. */
void tree_write(const char *name, const char *text);

/* The same with bytes of any kind. */
void tree_write_bytes(const char *name, const void *bytes, size_t n);

/* What a file holds, NUL-terminated, in a static buffer of 64 KiB; fails the test when it cannot be
 * read. *len (may be NULL): its bytes. */
const char *tree_read(const char *name, size_t *len);

#endif
