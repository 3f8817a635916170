/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reads FOLDER [KEYSTORE]: prints what the store in FOLDER keeps, one JSON object a passage, oldest
 * first. KEYSTORE: its root keys in a file (FOLDER/keystore). Writes nothing, so a store may run on
 * it; what cannot be opened with these keys is null.
 */
#include "firmware/base/cleanup.h"
#include "firmware/store/ring.h"
#include "firmware/store/seal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static struct periods keys;

static sqlite3_stmt *prepare(sqlite3 *h, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(h, sql, -1, &st, NULL) != SQLITE_OK)
		(void)fprintf(stderr, "reads: %s\n", sqlite3_errmsg(h));
	return st;
}

static bool load(sqlite3 *h, const char *path)
{
	struct keystore_conf c = {.driver = "file"};
	struct err e = {0};
	sqlite3_stmt *st;

	(void)snprintf(c.path, sizeof c.path, "%.250s", path);
	keys.ops = keystore_find("file");
	if (!keys.ops->open(&c, &keys.keystore, &e)) {
		(void)fprintf(stderr, "reads: %s\n", e.text);
		return false;
	}
	st = prepare(h, "SELECT id, wrapped FROM period ORDER BY id");
	keys.live = calloc(100000, sizeof *keys.live);
	while (keys.live && keys.n < 100000 && st && sqlite3_step(st) == SQLITE_ROW) {
		struct period *p = &keys.live[keys.n];

		p->id = sqlite3_column_int64(st, 0);
		keys.n += sqlite3_column_bytes(st, 1) == KEYSTORE_WRAPPED &&
			  keys.ops->unwrap(keys.keystore, sqlite3_column_blob(st, 1),
					   (uint64_t)p->id, p->key, NULL);
	}
	(void)sqlite3_finalize(st);
	return true;
}

/* Into memory of the caller's; NULL: it cannot be opened. */
static uint8_t *unseal(int64_t period, unsigned kind, const void *passage, const void *sealed,
		       int len)
{
	AUTO_FREE uint8_t *plain = calloc(1, (size_t)len + 1);
	struct period_key k;

	if (!plain || !passage || !periods_get(&keys, period, &k, NULL) ||
	    !seal_get(&k, kind, passage, sealed, (size_t)len, plain, NULL))
		return NULL;
	return steal_ptr(&plain);
}

static void hex(const uint8_t *bytes, int n)
{
	for (int i = 0; i < n; i++)
		(void)printf("%02x", bytes[i]);
}

static void picture(sqlite3_stmt *pictures, sqlite3_stmt *row, unsigned kind)
{
	AUTO_FREE uint8_t *jpeg = NULL;
	int len = 0;

	(void)printf("%s", kind ? "," : "");
	(void)sqlite3_reset(pictures);
	(void)sqlite3_bind_int64(pictures, 1, sqlite3_column_int64(row, 0));
	(void)sqlite3_bind_int64(pictures, 2, kind);
	if (sqlite3_step(pictures) == SQLITE_ROW &&
	    sqlite3_column_type(pictures, 0) == SQLITE_BLOB) {
		len = sqlite3_column_bytes(pictures, 0);
		jpeg = unseal(sqlite3_column_int64(row, 2), SEAL_PICTURE + kind,
			      sqlite3_column_blob(row, 1), sqlite3_column_blob(pictures, 0), len);
	}
	if (!jpeg) {
		(void)printf("null");
		return;
	}
	(void)printf("\"");
	hex(jpeg, len - (int)SEAL_EXTRA);
	(void)printf("\"");
}

static void passage(sqlite3_stmt *row, sqlite3_stmt *pictures)
{
	static const char *const names[] = {"period",	   "kept_ns", "stored_ns", "first_ns",
					    "last_ns",	   "best_ns", "pairs",	   "degraded",
					    "low_quality", "hit"};
	const int sealed = 2 + (int)(sizeof names / sizeof names[0]);
	AUTO_FREE uint8_t *read =
	    unseal(sqlite3_column_int64(row, 2), SEAL_READ, sqlite3_column_blob(row, 1),
		   sqlite3_column_blob(row, sealed), sqlite3_column_bytes(row, sealed));

	(void)printf("{\"row\":%" PRId64 ",\"id\":\"", (int64_t)sqlite3_column_int64(row, 0));
	hex(sqlite3_column_blob(row, 1), sqlite3_column_bytes(row, 1));
	(void)printf("\"");
	for (int i = 0; i < sealed - 2; i++)
		(void)printf(",\"%s\":%" PRId64, names[i],
			     (int64_t)sqlite3_column_int64(row, i + 2));
	(void)printf(",\"read\":%s,\"pictures\":[", read ? (const char *)read : "null");
	for (unsigned kind = 0; kind < WIRE_PICTURES; kind++)
		picture(pictures, row, kind);
	(void)printf("]}\n");
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], keystore[PATH_MAX];
	sqlite3_stmt *rows, *pictures;
	sqlite3 *h = NULL;

	if (argc < 2 || argc > 3) {
		(void)fprintf(stderr, "usage: reads FOLDER [KEYSTORE]\n");
		return 2;
	}
	(void)snprintf(path, sizeof path, "file:%s/" DB_FILE "?mode=ro", argv[1]);
	(void)snprintf(keystore, sizeof keystore, "%s/keystore", argv[1]);
	if (sqlite3_open_v2(path, &h, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
		return 1;
	(void)sqlite3_busy_timeout(h, 10000);
	(void)sqlite3_exec(h, "BEGIN", NULL, NULL, NULL); /* one state of it */
	rows = prepare(h, "SELECT id, passage_id, period, kept_ns, stored_ns, first_ns, last_ns,"
			  " best_ns, pairs, degraded, low_quality, hit, sealed FROM reads"
			  " ORDER BY id");
	pictures = prepare(h, "SELECT coalesce("
			      "(SELECT CASE ?2 WHEN 0 THEN crop_0 WHEN 1 THEN crop_1 END"
			      " FROM passage WHERE id = ?1),"
			      " (SELECT sealed FROM picture WHERE id = ?1 * 4 + ?2))");
	if (!rows || !pictures || !load(h, argc > 2 ? argv[2] : keystore))
		return 1;
	while (sqlite3_step(rows) == SQLITE_ROW)
		passage(rows, pictures);
	(void)sqlite3_finalize(rows);
	(void)sqlite3_finalize(pictures);
	(void)sqlite3_close(h);
	periods_close(&keys);
	return 0;
}
