/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/list_record.h"

#include "firmware/base/clock.h"
#include "firmware/store/audit.h"

#include <inttypes.h>
#include <stdio.h>

#define FLOOR	"list_version" /* never loads an older one */
#define CHECKED "list_checked" /* bundle_id of the one that was last checked whole */

/* The reason is an error text of ours, without quotes but perhaps with a path: keep JSON valid
 * whatever is in it. */
static void plain(const char *text, char out[160])
{
	size_t n = 0;

	for (; *text && n < 159; text++)
		out[n++] = *text;
	for (size_t i = 0; i < n; i++)
		if (out[i] == '"' || out[i] == '\\' || (unsigned char)out[i] < ' ')
			out[i] = '\'';
	out[n] = '\0';
}

bool list_record_refusal(struct db *d, const struct err *why, int64_t now_ns, struct err *e)
{
	char text[160], detail[200];

	plain(why->text, text);
	(void)snprintf(detail, sizeof detail, "{\"reason\":\"%s\"}", text);
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = "store", .what = "hotlist", .outcome = "refused", .detail = detail},
	    now_ns, e);
}

bool list_record_floor(struct db *d, int64_t *floor, struct err *e)
{
	return db_state_get(d, FLOOR, floor, e);
}

bool list_record_etag(struct db *d, const struct bundle *b, const char *etag, struct err *e)
{
	/* With its id, so that no other list is ever taken for what was offered so. */
	return db_run(d, NULL, e,
		      "INSERT OR REPLACE INTO list_offer(id, bundle_id, etag) VALUES(1, ?, ?)",
		      "it", bundle_id(b), etag);
}

static bool get_etag(struct db *d, const struct bundle *b, char etag[LIST_ETAG_SIZE], struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e, "SELECT etag FROM list_offer WHERE bundle_id = ?", "i", bundle_id(b));
	bool row;

	if (!st || !db_step(d, st, &row, e))
		return false;
	if (row)
		(void)snprintf(etag, LIST_ETAG_SIZE, "%s",
			       (const char *)sqlite3_column_text(st, 0));
	return true;
}

bool list_record_knows(struct db *d, const struct bundle *b, bool *checked,
		       char etag[LIST_ETAG_SIZE], struct err *e)
{
	int64_t last;

	etag[0] = '\0';
	if (!db_state_get(d, CHECKED, &last, e))
		return false;
	*checked = last == bundle_id(b);
	return !*checked || get_etag(d, b, etag, e);
}

bool list_record_load(struct db *d, const struct bundle *b, const char *etag, int64_t now_ns,
		      struct err *e)
{
	const struct bundle_info *i = bundle_info(b);
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[256], who[sizeof "signer:" + (size_t)2 * CRYPT_SHA256_SIZE],
	    issued[CLOCK_RFC3339_SIZE];
	size_t n = (size_t)snprintf(who, sizeof who, "signer:");

	for (size_t k = 0; k < CRYPT_SHA256_SIZE; k++)
		n += (size_t)snprintf(who + n, sizeof who - n, "%02x", i->signer[k]);
	(void)snprintf(detail, sizeof detail,
		       "{\"version\":%" PRIu64 ",\"entries\":%" PRIu32 ",\"issued\":\"%s\"}",
		       i->version, i->entries, clock_rfc3339(i->issued_ns, issued));
	return db_begin(d, &tx, e) && db_state_set(d, FLOOR, (int64_t)i->version, e) &&
	       db_state_set(d, CHECKED, bundle_id(b), e) && list_record_etag(d, b, etag, e) &&
	       audit_append(
		   d,
		   &(struct audit_record){
		       .who = who, .what = "hotlist", .outcome = "loaded", .detail = detail},
		   now_ns, e) &&
	       db_commit(&tx, e);
}
