/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys DRIVER PATH DEVICE FOLDER: what the keystore opens of the keys that the store in FOLDER has
 * wrapped, and what it keeps itself, as "NAME HEX" lines for carve: `period`, `seal` and `mac` of
 * each period, `root` of each root key. DEVICE "-": none. With FOLDER "-" it reads lines "WRAPPED
 * ID" (hexadecimal, decimal) instead, and prints those that open. Only for test data, of course.
 */
#include "firmware/base/crypt.h"
#include "firmware/store/db.h"
#include "hal/keystore_roots.h"
#ifdef CONFIG_KEYSTORE_TPM2
#include "hal/tpm.h"
#endif

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_ROOTS  8u /* of a keystore file: after its magic (hal/keystore_file.c) */
#define TPM_AT_AUTH 8u /* hal/keystore_tpm2.c */
#define TPM_INDEX   0x01a1f000u
#define TPM_RECORD  56u

static const struct keystore_ops *ops;
static struct keystore *keystore;

static void print(const char *name, const uint8_t *bytes, size_t len)
{
	(void)printf("%s ", name);
	for (size_t i = 0; i < len; i++)
		(void)printf("%02x", bytes[i]);
	(void)printf("\n");
}

static void print_root(const uint8_t *record)
{
	if (keystore_get64(record) != 0)
		print("root", record + 8, KEYSTORE_KEY);
}

static bool roots_of_file(const uint8_t *file)
{
	for (size_t i = 0; i < 2; i++)
		print_root(file + FILE_ROOTS + i * (8 + KEYSTORE_KEY));
	return true;
}

static bool roots_of_tpm(const char *device, const uint8_t *file)
{
#ifdef CONFIG_KEYSTORE_TPM2
	uint8_t name[TPM_NAME], record[TPM_RECORD];
	struct tpm t;
	struct err e = {0};
	bool done = tpm_connect(&t, device, &e) && tpm_begin(&t, name, &e);
	ESYS_TR nv;

	for (uint32_t slot = 0; done && slot < 2; slot++) {
		done = tpm_nv_find(&t, TPM_INDEX + slot, file + TPM_AT_AUTH, &nv, &e);
		if (done && tpm_nv_read(&t, nv, record, sizeof record, &e))
			print_root(record);
		else
			done = done && e.code == ERR_NOT_FOUND; /* not written yet */
	}
	tpm_disconnect(&t);
	if (!done)
		(void)fprintf(stderr, "keys: %s\n", e.text);
	return done;
#else
	(void)file;
	(void)fprintf(stderr, "keys: %s: this build has no way to it\n", device);
	return false;
#endif
}

static bool roots(const struct keystore_conf *c)
{
	uint8_t file[256] = {0};
	FILE *f = fopen(c->path, "rb");

	if (!f || fread(file, 1, sizeof file, f) == 0)
		return false;
	(void)fclose(f);
	return c->device[0] ? roots_of_tpm(c->device, file) : roots_of_file(file);
}

static bool periods(const char *folder)
{
	uint8_t key[KEYSTORE_KEY], derived[CRYPT_SHA256_SIZE];
	sqlite3_stmt *st = NULL;
	char path[PATH_MAX];
	sqlite3 *h = NULL;

	(void)snprintf(path, sizeof path, "file:%s/" DB_FILE "?mode=ro", folder);
	if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(h, "SELECT id, wrapped FROM period", -1, &st, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "keys: %s\n", sqlite3_errmsg(h));
		return false;
	}
	while (sqlite3_step(st) == SQLITE_ROW) {
		if (sqlite3_column_bytes(st, 1) != KEYSTORE_WRAPPED ||
		    !ops->unwrap(keystore, sqlite3_column_blob(st, 1),
				 (uint64_t)sqlite3_column_int64(st, 0), key, NULL))
			continue;
		print("period", key, sizeof key);
		if (crypt_derive(key, "alpr-period-seal-1", derived, NULL))
			print("seal", derived, sizeof derived);
		if (crypt_derive(key, "alpr-period-mac-1", derived, NULL))
			print("mac", derived, sizeof derived);
	}
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(h);
	return true;
}

static bool unwrap_lines(void)
{
	char hex[2 * KEYSTORE_WRAPPED + 1], pair[3] = "";
	uint8_t wrapped[KEYSTORE_WRAPPED], key[KEYSTORE_KEY];
	int64_t id;

	_Static_assert(KEYSTORE_WRAPPED == 72, "the width below");
	while (scanf("%144s %" SCNd64, hex, &id) == 2) {
		for (size_t i = 0; i < KEYSTORE_WRAPPED; i++) {
			memcpy(pair, hex + 2 * i, 2);
			wrapped[i] = (uint8_t)strtoul(pair, NULL, 16);
		}
		if (ops->unwrap(keystore, wrapped, (uint64_t)id, key, NULL))
			(void)printf("%s %" PRId64 "\n", hex, id);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct keystore_conf c = {0};
	struct err e = {0};
	bool done;

	if (argc != 5 || !(ops = keystore_find(argv[1]))) {
		(void)fprintf(stderr, "usage: keys DRIVER PATH DEVICE FOLDER\n");
		return 2;
	}
	(void)snprintf(c.path, sizeof c.path, "%s", argv[2]);
	(void)snprintf(c.device, sizeof c.device, "%s", strcmp(argv[3], "-") == 0 ? "" : argv[3]);
	if (!ops->open(&c, &keystore, &e)) {
		(void)fprintf(stderr, "keys: %s\n", e.text);
		return 1;
	}
	done = strcmp(argv[4], "-") == 0 ? unwrap_lines() : periods(argv[4]);
	ops->close(keystore);
	return done && (strcmp(argv[4], "-") == 0 || roots(&c)) ? 0 : 1;
}
