/* SPDX-License-Identifier: Apache-2.0 */
/* A flat folder of a test's own, and small files in it. */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include "firmware/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <string.h>

struct folder {
	char path[32];
};

static inline struct folder folder_make(void)
{
	struct folder f = {.path = "/tmp/alpr-unit-XXXXXX"};

	assert_non_null(mkdtemp(f.path));
	return f;
}

static inline void folder_name(const struct folder *f, const char *name, char out[128])
{
	assert_true(snprintf(out, 128, "%s/%s", f->path, name) < 128);
}

static inline void folder_remove(const struct folder *f)
{
	DIR *d = opendir(f->path);
	char path[sizeof f->path + sizeof((struct dirent *)NULL)->d_name + 1];

	for (const struct dirent *x = d ? readdir(d) : NULL; x; x = readdir(d)) {
		(void)snprintf(path, sizeof path, "%s/%s", f->path, x->d_name);
		(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
	(void)rmdir(f->path);
}

/* Write in place: truncate, then write. */
static inline void folder_write(const struct folder *f, const char *name, const char *text)
{
	char path[128];
	FILE *x;

	folder_name(f, name, path);
	x = fopen(path, "we");
	assert_non_null(x);
	assert_true(fputs(text, x) >= 0);
	assert_int_equal(fclose(x), 0);
}

static inline void folder_holds(const struct folder *f, const char *name, const char *text)
{
	char path[128], have[256];
	AUTO_FCLOSE FILE *x = NULL;
	size_t n;

	folder_name(f, name, path);
	x = fopen(path, "re");
	assert_non_null(x);
	n = fread(have, 1, sizeof have - 1, x);
	have[n] = '\0';
	assert_string_equal(have, text);
}

static inline void folder_link(const struct folder *f, const char *name, const char *target)
{
	char path[128];

	folder_name(f, name, path);
	assert_int_equal(symlink(target, path), 0);
}

#endif
