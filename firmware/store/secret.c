/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/secret.h"

#include <string.h>

/* No period has such an id: what is bound to it is not to be taken for the key of one. */
static uint64_t context_of(int64_t id)
{
	return UINT64_MAX - (uint64_t)id;
}

static bool is_ready(const struct periods *p, struct err *e)
{
	if (!p->keystore)
		return err_set(e, ERR_NOT_FOUND, "secret: %.140s", p->fault);
	return p->loaded || err_set(e, ERR_AGAIN, "secret: the keys are not loaded");
}

/* *found false: nothing opens it. */
static bool open_row(const struct periods *p, sqlite3_stmt *st, int64_t id,
		     uint8_t out[KEYSTORE_KEY], bool *found, struct err *e)
{
	struct err why = {0};

	*found = sqlite3_column_bytes(st, 0) == KEYSTORE_WRAPPED &&
		 p->ops->unwrap(p->keystore, sqlite3_column_blob(st, 0), context_of(id), out, &why);
	return *found || why.code != ERR_NO_MEMORY ||
	       err_set(e, ERR_NO_MEMORY, "secret: no memory");
}

bool secret_get(const struct periods *p, struct db *d, enum secret_id id, uint8_t out[KEYSTORE_KEY],
		bool *found, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	bool row;

	*found = false;
	if (!is_ready(p, e))
		return false;
	st = db_query(d, e, "SELECT wrapped FROM secret WHERE id = ?", "i", (int64_t)id);
	if (!st || !db_step(d, st, &row, e))
		return err_prefix(e, "secret");
	return !row || open_row(p, st, id, out, found, e);
}

static bool put(const struct periods *p, struct db *d, int64_t id, const uint8_t key[KEYSTORE_KEY],
		struct err *e)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];

	if (!p->ops->wrap(p->keystore, key, context_of(id), wrapped, e)) {
		/* What is wrong with the keystore must not be taken for damage of the database. */
		if (e && e->code != ERR_NO_MEMORY)
			e->code = ERR_IO;
		return false;
	}
	return db_run(d, NULL, e, "INSERT OR REPLACE INTO secret(id, wrapped) VALUES(?, ?)", "ib",
		      id, wrapped, sizeof wrapped);
}

bool secret_put(const struct periods *p, struct db *d, enum secret_id id,
		const uint8_t key[KEYSTORE_KEY], struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};

	return is_ready(p, e) &&
	       ((db_begin(d, &tx, e) && put(p, d, id, key, e) && db_commit(&tx, e)) ||
		err_prefix(e, "secret"));
}

static bool wrap_anew(const struct periods *p, struct db *d, int64_t id, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e, "SELECT wrapped FROM secret WHERE id = ?", "i", id);
	uint8_t key[KEYSTORE_KEY] = {0};
	bool row, found, done;

	if (!st || !db_step(d, st, &row, e) || !row || !open_row(p, st, id, key, &found, e))
		return false;
	db_done(&st);
	done = found ? put(p, d, id, key, e)
		     : db_run(d, NULL, e, "DELETE FROM secret WHERE id = ?", "i", id);
	explicit_bzero(key, sizeof key);
	return done;
}

bool secrets_wrap_anew(const struct periods *p, struct db *d, struct err *e)
{
	int64_t id = INT64_MIN;

	while (id != INT64_MAX)
		if (!db_int(d, &id, INT64_MAX, e, "SELECT min(id) FROM secret WHERE id > ?", "i",
			    id) ||
		    (id != INT64_MAX && !wrap_anew(p, d, id, e)))
			return err_prefix(e, "secret");
	return true;
}
