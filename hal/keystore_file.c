/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root keys in a file: for boards without a TPM. Whoever copies the disk copies them, and flash may
 * keep what was overwritten; so a purge is as good as the disk, and no better.
 *
 * The file: "AKSFILE1", then twice generation (8) and key (32), the newest first, then SHA-256.
 */
#include "firmware/base/cleanup.h"
#include "hal/keystore_roots.h"
#include "hal/secret_file.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_LEN 8u
#define ROOT_LEN  (8u + KEYSTORE_KEY)
#define FILE_LEN  (MAGIC_LEN + 2u * ROOT_LEN)

static const char magic[MAGIC_LEN] = {'A', 'K', 'S', 'F', 'I', 'L', 'E', '1'};

struct keystore {
	struct secret_file file;
	struct keystore_roots roots;
};

static void file_close(struct keystore *k)
{
	if (!k)
		return;
	keystore_roots_wipe(&k->roots);
	secret_file_close(&k->file);
	free(k);
}

static void auto_close(struct keystore **k)
{
	file_close(*k);
}

static void put_root(uint8_t *out, const struct keystore_root *r)
{
	keystore_put64(out, r->generation);
	memcpy(out + 8, r->key, sizeof r->key);
}

static void get_root(const uint8_t *in, struct keystore_root *r)
{
	r->generation = keystore_get64(in);
	memcpy(r->key, in + 8, sizeof r->key);
}

static bool store(const struct keystore *k, const struct keystore_roots *r, struct err *e)
{
	uint8_t bytes[FILE_LEN];
	bool done;

	memcpy(bytes, magic, sizeof magic);
	put_root(bytes + MAGIC_LEN, &r->newest);
	put_root(bytes + MAGIC_LEN + ROOT_LEN, &r->older);
	done = secret_file_write(&k->file, bytes, sizeof bytes, e);
	explicit_bzero(bytes, sizeof bytes);
	return done ? true : err_prefix(e, "keystore");
}

static bool load(struct keystore *k, struct err *e)
{
	uint8_t bytes[FILE_LEN];
	bool good;

	if (!secret_file_read(&k->file, bytes, sizeof bytes, e))
		return false;
	get_root(bytes + MAGIC_LEN, &k->roots.newest);
	get_root(bytes + MAGIC_LEN + ROOT_LEN, &k->roots.older);
	good = memcmp(bytes, magic, sizeof magic) == 0 && k->roots.newest.generation > 0 &&
	       k->roots.older.generation < k->roots.newest.generation;
	explicit_bzero(bytes, sizeof bytes);
	return good ? true : err_set(e, ERR_FORMAT, "%s: no keystore", k->file.name);
}

static bool load_or_make(struct keystore *k, bool make, struct err *e)
{
	struct err why = {0};

	if (!secret_file_tidy(&k->file, e))
		return err_prefix(e, "keystore");
	if (load(k, &why))
		return true;
	if (why.code == ERR_NOT_FOUND && make)
		return keystore_roots_first(&k->roots, e) && store(k, &k->roots, e);
	if (e)
		*e = why;
	return err_prefix(e, "keystore");
}

static bool file_open(const struct keystore_conf *conf, struct keystore **out, struct err *e)
{
	CLEANUP(auto_close) struct keystore *k = calloc(1, sizeof *k);

	if (!k)
		return err_set(e, ERR_NO_MEMORY, "keystore: no memory");
	if (!secret_file_open(conf->path, &k->file, e))
		return err_prefix(e, "keystore");
	if (!conf->keyless && !load_or_make(k, conf->create, e))
		return false;
	*out = steal_ptr(&k);
	return true;
}

static void file_about(const struct keystore *k, struct keystore_about *out)
{
	*out = (struct keystore_about){k->roots.newest.generation, k->roots.older.generation};
}

static bool file_health(struct keystore *k, struct err *e)
{
	return secret_file_health(&k->file, e) || err_prefix(e, "keystore");
}

static bool file_wrap(struct keystore *k, const uint8_t key[KEYSTORE_KEY], uint64_t context,
		      uint8_t out[KEYSTORE_WRAPPED], struct err *e)
{
	return keystore_roots_wrap(&k->roots, key, context, out, e);
}

static bool file_unwrap(struct keystore *k, const uint8_t wrapped[KEYSTORE_WRAPPED],
			uint64_t context, uint8_t key[KEYSTORE_KEY], struct err *e)
{
	return keystore_roots_unwrap(&k->roots, wrapped, context, key, e);
}

static bool file_rotate(struct keystore *k, struct err *e)
{
	CLEANUP(keystore_roots_wipe) struct keystore_roots next = {0};

	if (!keystore_roots_next(&k->roots, &next, e) || !store(k, &next, e))
		return false;
	k->roots = next;
	return true;
}

static bool file_retire(struct keystore *k, struct err *e)
{
	CLEANUP(keystore_roots_wipe) struct keystore_roots next = {.newest = k->roots.newest};

	if (k->roots.newest.generation == 0)
		return err_set(e, ERR_POLICY, "keystore: opened without keys");
	if (k->roots.older.generation == 0)
		return true;
	if (!store(k, &next, e))
		return false;
	keystore_root_wipe(&k->roots.older);
	return true;
}

static bool file_destroy(struct keystore *k, struct err *e)
{
	if (k->roots.newest.generation == 0)
		return err_set(e, ERR_POLICY, "keystore: opened without keys");
	if (!secret_file_remove(&k->file, e))
		return err_prefix(e, "keystore");
	keystore_roots_wipe(&k->roots);
	return true;
}

const struct keystore_ops keystore_file = {
    .name = "file",
    .open = file_open,
    .about = file_about,
    .health = file_health,
    .wrap = file_wrap,
    .unwrap = file_unwrap,
    .rotate = file_rotate,
    .retire = file_retire,
    .destroy = file_destroy,
    .close = file_close,
};
