/* SPDX-License-Identifier: Apache-2.0 */
/* The file driver. */
#include "hal/keystore.h"
#include "tests/unit/keystore_life.h"
#include "tests/unit/tree.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_LEN  120u
#define AT_NEWEST 16u /* the newest key in the file */
#define AT_OLDER  56u

static const struct keystore_ops *ops;

static struct keystore_conf conf_for(const char *name, bool create)
{
	struct keystore_conf c = {.driver = "file", .create = create};

	(void)snprintf(c.path, sizeof c.path, "%s", tree_path(name));
	return c;
}

/* A keystore that has rotated once: both keys live. */
static struct keystore_conf make(void)
{
	struct keystore_conf c = conf_for("root", true);
	struct keystore *k = life_open(ops, &c);
	struct err e = {0};

	assert_true(ops->rotate(k, &e));
	ops->close(k);
	c.create = false;
	return c;
}

static void a_whole_life(void **state)
{
	(void)state;
	life_whole(ops, conf_for("root", false), false);
}

static void without_keys(void **state)
{
	struct keystore_conf c = conf_for("root", false);

	(void)state;
	life_keyless(ops, c);
	/* Nor does it look for them: the file may be another user's. */
	assert_int_equal(unlink(tree_path("root")), 0);
	c.keyless = true;
	ops->close(life_open(ops, &c));
}

static void the_file_is_the_owners_alone(void **state)
{
	struct keystore_conf c = make();
	struct stat st;

	(void)state;
	assert_int_equal(stat(c.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, FILE_LEN);
	assert_int_equal(chmod(c.path, 0640), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
	assert_int_equal(chmod(c.path, 0602), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
	assert_int_equal(chmod(c.path, 0400), 0);
	ops->close(life_open(ops, &c));
}

static void only_a_plain_file_is_one(void **state)
{
	struct keystore_conf c = make();

	(void)state;
	assert_int_equal(link(c.path, tree_path("copy")), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
	assert_int_equal(unlink(tree_path("copy")), 0);
	assert_int_equal(rename(c.path, tree_path("moved")), 0);
	assert_int_equal(symlink(tree_path("moved"), c.path), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
	c.create = true; /* nor is it made anew in its place */
	life_refuses(ops, &c, ERR_POLICY, NULL);
	assert_int_equal(unlink(c.path), 0);
	assert_int_equal(mkfifo(c.path, 0600), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
	assert_int_equal(unlink(c.path), 0);
	assert_int_equal(mkdir(c.path, 0700), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
}

/* Every byte counts, and no error says what a byte was. */
static void a_damaged_file_is_refused(void **state)
{
	struct keystore_conf c = make();
	uint8_t whole[FILE_LEN], bad[FILE_LEN + 1];
	struct err e = {0};
	size_t len;

	(void)state;
	memcpy(whole, tree_read("root", &len), sizeof whole);
	assert_int_equal(len, sizeof whole);
	c.create = true; /* which must not take it for none */
	for (size_t i = 0; i < sizeof whole; i++) {
		memcpy(bad, whole, sizeof whole);
		bad[i] ^= 1;
		tree_write_bytes("root", bad, sizeof whole);
		life_refuses(ops, &c, ERR_FORMAT, &e);
		assert_string_equal(e.text, "keystore: root: damaged: its checksum is wrong");
	}
	for (size_t n = 0; n <= sizeof bad; n++) {
		if (n == sizeof whole)
			continue;
		memset(bad, 0, sizeof bad);
		memcpy(bad, whole, n < sizeof whole ? n : sizeof whole);
		tree_write_bytes("root", bad, n);
		life_refuses(ops, &c, ERR_FORMAT, NULL);
	}
	tree_write_bytes("root", whole, sizeof whole);
	ops->close(life_open(ops, &c));
}

static void a_path_that_is_none(void **state)
{
	struct keystore_conf c = {.driver = "file", .create = true};

	(void)state;
	life_refuses(ops, &c, ERR_CONFIG, NULL);
	c = conf_for("", true);
	(void)strncat(c.path, "/", 2);
	life_refuses(ops, &c, ERR_CONFIG, NULL);
	c = conf_for("missing/root", true);
	life_refuses(ops, &c, ERR_NOT_FOUND, NULL);
	(void)snprintf(c.path, sizeof c.path, "/tmp/%0200d", 0);
	life_refuses(ops, &c, ERR_CONFIG, NULL);
	c = conf_for("file/root", true);
	tree_write("file", "");
	life_refuses(ops, &c, ERR_IO, NULL); /* a folder that is a file */
}

/* The old file, held open, has nothing in it after the key is retired; nor has the new one. */
static void a_retired_key_is_overwritten(void **state)
{
	struct keystore_conf c = make();
	int old = open(c.path, O_RDONLY);
	uint8_t before[FILE_LEN], after[FILE_LEN];
	struct keystore *k = life_open(ops, &c);
	struct err e = {0};
	size_t len;

	(void)state;
	assert_int_equal(pread(old, before, sizeof before, 0), sizeof before);
	assert_true(ops->retire(k, &e));
	assert_int_equal(pread(old, after, sizeof after, 0), sizeof after);
	for (size_t i = 0; i < sizeof after; i++)
		assert_int_equal(after[i], 0);
	memcpy(after, tree_read("root", &len), sizeof after);
	assert_memory_equal(after + AT_NEWEST, before + AT_NEWEST, KEYSTORE_KEY);
	for (size_t i = 0; i < KEYSTORE_KEY; i++)
		assert_int_equal(after[AT_OLDER + i], 0);
	assert_true(ops->destroy(k, &e));
	assert_int_equal(access(c.path, F_OK), -1);
	ops->close(k);
	(void)close(old);
}

/* What a power cut left of a write goes, and is not taken for the keystore. */
static void a_write_that_was_cut_off(void **state)
{
	struct keystore_conf c = make();

	(void)state;
	tree_write("root.new", "half of it");
	ops->close(life_open(ops, &c));
	assert_int_equal(access(tree_path("root.new"), F_OK), -1);
	tree_write("elsewhere", "somebody's");
	assert_int_equal(symlink(tree_path("elsewhere"), tree_path("root.new")), 0);
	ops->close(life_open(ops, &c));
	assert_string_equal(tree_read("elsewhere", NULL), "somebody's");
	assert_int_equal(access(tree_path("root.new"), F_OK), -1);
	/* One that only looks leaves it to the one who writes. */
	tree_write("root.new", "being written");
	c.keyless = true;
	ops->close(life_open(ops, &c));
	assert_string_equal(tree_read("root.new", NULL), "being written");
}

static void a_disk_that_takes_nothing_changes_nothing(void **state)
{
	struct keystore_conf c = make();
	const struct rlimit none = {0, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	struct keystore *k = life_open(ops, &c);
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_about a;
	struct err e = {0};

	(void)state;
	life_wrap(ops, k, 5, 1, wrapped);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(ops->retire(k, &e));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(e.code, ERR_IO);
	ops->about(k, &a);
	assert_int_equal(a.older, 1);
	assert_int_equal(access(tree_path("root.new"), F_OK), -1);
	assert_true(ops->retire(k, &e));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_false(ops->rotate(k, &e));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	ops->about(k, &a);
	assert_int_equal(a.newest, 2);
	ops->close(k);
	k = life_open(ops, &c);
	assert_int_equal(life_unwrap(ops, k, 5, 1, wrapped), ERR_NONE);
	ops->close(k);
}

static void a_folder_that_goes_shows(void **state)
{
	struct keystore_conf c;
	struct keystore *k;
	struct err e = {0};

	(void)state;
	tree_write("below/nothing", "");
	c = conf_for("below/root", true);
	k = life_open(ops, &c);
	assert_true(ops->health(k, &e));
	assert_int_equal(unlink(tree_path("below/nothing")), 0);
	assert_int_equal(unlink(tree_path("below/root")), 0);
	assert_int_equal(rmdir(tree_path("below")), 0);
	assert_false(ops->health(k, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	ops->close(k);
}

static void drivers_have_names(void **state)
{
	(void)state;
	assert_null(keystore_find("drawer"));
	assert_int_equal(strncmp(keystore_names(), "file", 4), 0);
}

int main(void)
{
#define IN_TREE(t) cmocka_unit_test_setup_teardown(t, tree_make, tree_remove)
	const struct CMUnitTest tests[] = {
	    IN_TREE(a_whole_life),
	    IN_TREE(without_keys),
	    IN_TREE(the_file_is_the_owners_alone),
	    IN_TREE(only_a_plain_file_is_one),
	    IN_TREE(a_damaged_file_is_refused),
	    IN_TREE(a_path_that_is_none),
	    IN_TREE(a_retired_key_is_overwritten),
	    IN_TREE(a_write_that_was_cut_off),
	    IN_TREE(a_disk_that_takes_nothing_changes_nothing),
	    IN_TREE(a_folder_that_goes_shows),
	    cmocka_unit_test(drivers_have_names),
	};

	ops = keystore_find("file");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
