/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/retrieve.h"

#include "firmware/store/ring.h"
#include "firmware/store/seal.h"
#include "firmware/store/text.h"

#include <string.h>

void retrieved_free(struct retrieved *r)
{
	if (r->read)
		explicit_bzero(r->read, strlen(r->read));
	free(r->read);
	explicit_bzero(r, sizeof *r);
}

/* *plain NULL: it does not open. */
static bool unseal(const struct retrieved *r, unsigned kind, const void *sealed, size_t len,
		   uint8_t **plain, struct err *e)
{
	AUTO_FREE uint8_t *out = malloc(len + 1);
	struct err why = {0};

	*plain = NULL;
	if (!out)
		return err_set(e, ERR_NO_MEMORY, "retrieve: no memory");
	if (seal_get(&r->key, kind, r->passage_id, sealed, len, out, &why)) {
		out[len - SEAL_EXTRA] = '\0';
		*plain = steal_ptr(&out);
		return true;
	}
	return why.code != ERR_NO_MEMORY || err_set(e, ERR_NO_MEMORY, "retrieve: no memory");
}

/* What goes into an answer as it is: an object of ours, whole. */
static bool is_object(const char *text, size_t len)
{
	return len >= 2 && len < TEXT_READ_SIZE && strlen(text) == len && text[0] == '{' &&
	       text[len - 1] == '}';
}

static bool take_row(sqlite3_stmt *st, struct retrieved *out)
{
	if (sqlite3_column_bytes(st, 0) != WIRE_ID_SIZE)
		return false;
	memcpy(out->passage_id, sqlite3_column_blob(st, 0), WIRE_ID_SIZE);
	out->period = sqlite3_column_int64(st, 1);
	out->kept_ns = sqlite3_column_int64(st, 2);
	out->first_ns = sqlite3_column_int64(st, 3);
	out->last_ns = sqlite3_column_int64(st, 4);
	out->best_ns = sqlite3_column_int64(st, 5);
	out->pairs = sqlite3_column_int64(st, 6);
	out->degraded = sqlite3_column_int64(st, 7) != 0;
	out->low_quality = sqlite3_column_int64(st, 8) != 0;
	out->hit = sqlite3_column_int(st, 9);
	return true;
}

static bool open_read(struct retrieved *out, sqlite3_stmt *st, struct err *e)
{
	size_t len = (size_t)sqlite3_column_bytes(st, 10);
	uint8_t *plain;

	if (!unseal(out, SEAL_READ, sqlite3_column_blob(st, 10), len, &plain, e))
		return false;
	if (plain && !is_object((const char *)plain, len - SEAL_EXTRA)) {
		free(plain);
		plain = NULL;
	}
	out->read = (char *)plain;
	return true;
}

bool retrieve(struct db *d, const struct periods *keys, int64_t row, struct retrieved *out,
	      bool *there, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e,
		     "SELECT passage_id, period, kept_ns, first_ns, last_ns, best_ns, pairs,"
		     " degraded, low_quality, hit, sealed FROM reads WHERE id = ?",
		     "i", row);

	*out = (struct retrieved){.row = row};
	if (!st || !db_step(d, st, there, e))
		return err_prefix(e, "retrieve");
	*there = *there && take_row(st, out) && periods_live(keys, out->period);
	if (!*there)
		return true;
	if (!periods_get(keys, out->period, &out->key, e))
		return err_prefix(e, "retrieve");
	if (!open_read(out, st, e) ||
	    (out->hit != 0 && !db_int(d, &out->list_version, 0, e,
				      "SELECT list_version FROM outbox WHERE passage_id = ?", "b",
				      out->passage_id, (size_t)WIRE_ID_SIZE))) {
		retrieved_free(out);
		return err_prefix(e, "retrieve");
	}
	return true;
}

bool retrieve_picture(struct db *d, const struct retrieved *r, unsigned kind,
		      enum retrieved_picture *what, uint8_t **jpeg, size_t *len, struct err *e)
{
	AUTO_FREE uint8_t *sealed = NULL;

	*what = RETRIEVED_NONE;
	*jpeg = NULL;
	*len = 0;
	if (!ring_sealed_picture(d, r->row, kind, &sealed, len, e))
		return err_prefix(e, "retrieve");
	if (!sealed)
		return true;
	if (!unseal(r, SEAL_PICTURE + kind, sealed, *len, jpeg, e))
		return false;
	*what = *jpeg ? RETRIEVED_GOOD : RETRIEVED_DAMAGED;
	*len = *jpeg ? *len - SEAL_EXTRA : 0;
	return true;
}
