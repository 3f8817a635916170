/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store's rooms share: a folder of their own, a database in it, a passage. */
#ifndef TESTS_UNIT_STORE_HELP_H
#define TESTS_UNIT_STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/store/db.h"
#include "firmware/store/period.h"
#include "firmware/store/seal.h"
#include "firmware/wire.h"

#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define T0 (INT64_C(1800000000) * NS_PER_S) /* a day in 2027 */

struct place {
	char folder[64];
	struct db *db;
	struct periods keys; /* of a keystore in a file beside the database, */
	const char *root;    /* or there */
	struct db_opened how;
	struct err why;
};

static inline int place_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void place_keys(struct place *p)
{
	struct keystore_conf c = {.driver = "file", .create = true};

	(void)snprintf(c.path, sizeof c.path, "%s/keystore", p->folder);
	if (p->root)
		(void)snprintf(c.path, sizeof c.path, "%s", p->root);
	if (!periods_open(&p->keys, &c, p->db, T0, T0, &p->why))
		fail_msg("%s", p->why.text);
}

static inline void place_open(struct place *p)
{
	p->why = (struct err){0};
	if (!db_open(p->folder, &db_schema, T0, &p->db, &p->how, &p->why))
		fail_msg("%s", p->why.text);
	place_keys(p);
}

/* The key of what is kept at kept_ns, or of the newest period when that is newer. */
static inline const struct period_key *key_at(struct place *p, int64_t kept_ns)
{
	const struct period_key *k = NULL;

	if (!periods_at(&p->keys, p->db, kept_ns, &k, &p->why))
		fail_msg("%s", p->why.text);
	return k;
}

/* What was sealed, as a text in a static buffer; NULL when it cannot be opened. `sql` yields
 * period, passage_id and the sealed bytes. */
static inline const char *opened(struct place *p, unsigned kind, const char *sql)
{
	static uint8_t text[70000];
	sqlite3_stmt *st = NULL;
	struct period_key k;
	bool done = false;

	assert_int_equal(sqlite3_prepare_v2(db_handle(p->db), sql, -1, &st, NULL), SQLITE_OK);
	memset(text, 0, sizeof text);
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_bytes(st, 2) < (int)sizeof text)
		done = periods_get(&p->keys, sqlite3_column_int64(st, 0), &k, &p->why) &&
		       seal_get(&k, kind, sqlite3_column_blob(st, 1), sqlite3_column_blob(st, 2),
				(size_t)sqlite3_column_bytes(st, 2), text, &p->why);
	(void)sqlite3_finalize(st);
	return done ? (const char *)text : NULL;
}

static inline void place_close(struct place *p)
{
	periods_close(&p->keys);
	db_close(p->db);
	p->db = NULL;
}

static inline int place_make(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	(void)snprintf(p->folder, sizeof p->folder, "/tmp/alpr-store-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	place_open(p);
	*state = p;
	return 0;
}

static inline int place_end(void **state)
{
	struct place *p = *state;

	place_close(p);
	(void)nftw(p->folder, place_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

/* For thousands of transactions in simulated time, where no power is cut. */
static inline void place_hasty(struct place *p)
{
	assert_int_equal(
	    sqlite3_exec(db_handle(p->db), "PRAGMA synchronous = OFF", NULL, NULL, NULL),
	    SQLITE_OK);
}

static inline int64_t count_of(struct place *p, const char *sql)
{
	int64_t n = -1;
	sqlite3_stmt *st = NULL;

	assert_int_equal(sqlite3_prepare_v2(db_handle(p->db), sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

static inline void path_in(const struct place *p, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", p->folder, name);
}

static inline int64_t bytes_of(const struct place *p, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	path_in(p, name, path);
	return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* Passage number n, all of it in order. */
static inline struct wire_passage passage_of(uint64_t n, const char *plate)
{
	struct wire_passage p = {
	    .first_ns = T0, .last_ns = T0 + NS_PER_S, .best_ns = T0 + 1, .pairs = 9};

	wire_start(&p.h, WIRE_PASSAGE, sizeof p);
	p.id[15] = 1;
	memcpy(p.id, &n, sizeof n);
	(void)snprintf(p.read.text, sizeof p.read.text, "%s", plate);
	(void)snprintf(p.read.jurisdiction, sizeof p.read.jurisdiction, "MO");
	p.read.confidence = 0.9f;
	for (size_t i = 0; i < strlen(plate); i++)
		p.read.chars[i] = 0.95f;
	p.read.n_alternatives = 1;
	(void)snprintf(p.read.alternatives[0].text, PLATE_TEXT_SIZE, "%s", plate);
	p.read.alternatives[0].confidence = 0.9f;
	for (size_t i = 0; i < FRAME_CAMERAS; i++) {
		p.angles[i].present = 1;
		p.angles[i].capture_ns = T0 + 1;
		p.angles[i].read = p.read;
		p.angles[i].frames = 5;
		for (size_t k = 0; k < 8; k++)
			p.angles[i].quad.p[k] = (float)(100 * (k + 1));
	}
	return p;
}

#endif
