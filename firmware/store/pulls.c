/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/pulls.h"

#include "firmware/store/audit_line.h"
#include "firmware/store/audit_sign.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_NS (60 * NS_PER_S)

static bool refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_POLICY, "%s", why);
}

/* --- whether -------------------------------------------------------------------------------------
 */

bool pulls_judge(const struct request *r, const struct store_conf *conf,
		 const struct pulls_now *now, struct err *e)
{
	const struct store_evidence_conf *c = &conf->evidence;

	if (strcmp(r->camera, conf->site.name) != 0)
		return refuse(e, "camera: the request is to another box");
	if (!store_purpose_listed(c->purposes, r->purpose))
		return refuse(e, "purpose: not one of those that this box answers for");
	if (!r->plate[0] && r->to_ns - r->from_ns > c->window_min * MINUTE_NS)
		return err_set(e, ERR_POLICY, "the window is longer than %" PRId64 " minutes",
			       c->window_min);
	if (r->issued_ns > now->wall_ns + PULLS_SKEW_NS)
		return refuse(e, "issued: later than now, by the clock of this box");
	return r->expires_ns > now->wall_ns || refuse(e, "expires: the request has expired");
}

/* How many were taken up within the hour; requester NULL: of all. */
static bool count(struct db *d, const uint8_t *requester, const struct pulls_now *now, int64_t *n,
		  struct err *e)
{
	return db_int(d, n, 0, e,
		      "SELECT count(*) FROM pull WHERE taken_ns > ?1"
		      " AND (?2 IS NULL OR requester = ?2)",
		      "ib", now->ring_ns - PULLS_HOUR_NS, requester, (size_t)CRYPT_SHA256_SIZE);
}

static bool is_new(struct db *d, const struct request *r, struct err *e)
{
	int64_t seen, floor_ns, after_ns;

	if (!db_int(d, &seen, 0, e, "SELECT 1 FROM pull WHERE nonce = ?", "t", r->nonce) ||
	    !db_state_get(d, "pull_floor", &floor_ns, e) ||
	    !db_state_get(d, "pull_signed_after", &after_ns, e))
		return false;
	if (seen)
		return refuse(e, "nonce: the request has been taken up before: sign a new one");
	if (after_ns != 0 && r->issued_ns - PULLS_SKEW_NS <= after_ns)
		return refuse(e, "issued: not since this box's database was damaged: sign a new "
				 "one in 5 minutes");
	return r->expires_ns > floor_ns ||
	       refuse(e, "expires: no later than a request that has been forgotten already");
}

/* Counts the window, if it is one without a plate; inside the transaction. Rounded up: many short
 * ones are not for nothing. */
static bool take_window(struct db *d, const struct request *r, const struct store_evidence_conf *c,
			const struct pulls_now *now, struct err *e)
{
	int64_t begun, had, minutes;

	if (r->plate[0])
		return true;
	if (!db_state_get(d, "windows_day", &begun, e) || !db_state_get(d, "windows_min", &had, e))
		return false;
	if (begun == 0 || now->ring_ns - begun >= PULLS_DAY_NS) {
		had = 0;
		begun = now->ring_ns;
	}
	minutes = (r->to_ns - r->from_ns + MINUTE_NS - 1) / MINUTE_NS;
	if (minutes > c->day_min - had)
		return err_set(e, ERR_POLICY,
			       "more than %" PRId64
			       " minutes in windows within a day: ask for less, "
			       "or for a plate",
			       c->day_min);
	return db_state_set(d, "windows_day", begun, e) &&
	       db_state_set(d, "windows_min", had + minutes, e);
}

bool pulls_take(struct db *d, const struct request *r, const uint8_t requester[CRYPT_SHA256_SIZE],
		const struct store_evidence_conf *c, const struct pulls_now *now, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t own, all;

	if (!db_begin(d, &tx, e) || !is_new(d, r, e) || !count(d, requester, now, &own, e) ||
	    !count(d, NULL, now, &all, e))
		return false;
	if (own >= c->per_hour)
		return refuse(e, "too many requests with this certificate within an hour");
	if (all >= 2 * c->per_hour)
		return refuse(e, "too many requests within an hour");
	return take_window(d, r, c, now, e) &&
	       db_run(d, NULL, e,
		      "INSERT INTO pull(nonce, requester, taken_ns, expires_ns)"
		      " VALUES(?, ?, ?, ?)",
		      "tbii", r->nonce, requester, (size_t)CRYPT_SHA256_SIZE, now->ring_ns,
		      r->expires_ns) &&
	       db_commit(&tx, e);
}

bool pulls_forget(struct db *d, const struct pulls_now *now, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t latest, floor_ns;

	if (!db_int(d, &latest, 0, e,
		    "SELECT max(expires_ns) FROM pull WHERE expires_ns <= ? AND taken_ns <= ?",
		    "ii", now->wall_ns, now->ring_ns - PULLS_HOUR_NS))
		return false;
	if (latest == 0)
		return true;
	return db_begin(d, &tx, e) && db_state_get(d, "pull_floor", &floor_ns, e) &&
	       (latest <= floor_ns || db_state_set(d, "pull_floor", latest, e)) &&
	       db_run(d, NULL, e, "DELETE FROM pull WHERE expires_ns <= ? AND taken_ns <= ?", "ii",
		      now->wall_ns, now->ring_ns - PULLS_HOUR_NS) &&
	       db_commit(&tx, e);
}

/* --- the record ----------------------------------------------------------------------------------
 */

static bool add_number(cJSON *o, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, n);
	return cJSON_AddRawToObject(o, name, text) != NULL;
}

static bool add_time(cJSON *o, const char *name, int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	return cJSON_AddStringToObject(o, name, clock_rfc3339(ns, text)) != NULL;
}

/* What was asked for, and never which plate. */
static bool add_scope(cJSON *o, const struct request *r)
{
	return cJSON_AddStringToObject(o, "asked", r->plate[0] ? "plate" : "window") &&
	       (!r->has_window || (add_time(o, "from", r->from_ns) && add_time(o, "to", r->to_ns)));
}

static bool add_counts(cJSON *o, const struct archive_counts *n)
{
	return add_number(o, "reads", n->reads) && add_number(o, "pictures", n->pictures) &&
	       add_number(o, "bytes", n->bytes) &&
	       (n->damaged == 0 || add_number(o, "damaged", n->damaged));
}

static char *detail_of(const struct pulls_note *n)
{
	cJSON *o = cJSON_CreateObject();
	char hex[AUDIT_HEX_SIZE], *text = NULL;

	if (o && (!n->digest || cJSON_AddStringToObject(o, "request", audit_hex(n->digest, hex))) &&
	    (!n->way || cJSON_AddStringToObject(o, "way", n->way)) &&
	    (!n->request || (!n->request->plate[0] && !n->request->has_window) ||
	     add_scope(o, n->request)) &&
	    (n->why ? cJSON_AddStringToObject(o, "why", n->why) != NULL
		    : add_counts(o, &n->counts)))
		text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

static bool newest(struct db *d, struct audit_row *row, struct err *e)
{
	struct audit_cursor c;
	const struct audit_source s = audit_cursor_start(&c, d);
	struct audit_head head;
	bool more;

	if (!audit_head(d, &head, e))
		return false;
	c.seq = head.seq - 1;
	return s.next(s.arg, row, &more, e) &&
	       ((more && row->seq == head.seq) || err_set(e, ERR_FORMAT, "audit: no record"));
}

/* Inside a transaction. */
static bool append(struct db *d, const struct pulls_note *n, int64_t wall_ns, struct err *e)
{
	AUTO_FREE char *detail = detail_of(n);
	char who[AUDIT_FIELD_MAX];
	bool sealed = strcmp(n->outcome, "sealed") == 0;

	if (!detail)
		return err_set(e, ERR_NO_MEMORY, "pull: no memory");
	(void)snprintf(who, sizeof who, "%s, serial %s", n->subject, n->serial);
	return audit_append(
		   d,
		   &(struct audit_record){.who = n->subject ? who : "unknown",
					  .what = "evidence",
					  .purpose = n->request ? n->request->purpose : "",
					  .case_number = n->request ? n->request->case_number : "",
					  .outcome = n->outcome,
					  .detail = detail},
		   wall_ns, e) &&
	       db_state_add(d, sealed ? "pulls" : "pulls_refused", 1, e) &&
	       /* What a court may ask for lies under a signature soon. */
	       (!sealed || audit_sign_soon(d, e));
}

bool pulls_record(struct db *d, const struct pulls_note *n, int64_t wall_ns, struct audit_row *row,
		  struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};

	return (db_begin(d, &tx, e) && append(d, n, wall_ns, e) && (!row || newest(d, row, e)) &&
		db_commit(&tx, e)) ||
	       err_prefix(e, "pull");
}

/* Whether one more refusal of this hour is recorded by itself; inside its transaction. */
static bool has_room(struct db *d, int64_t ring_ns, bool *room, struct err *e)
{
	int64_t begun, n;

	if (!db_state_get(d, "refusals_hour", &begun, e) || !db_state_get(d, "refusals", &n, e))
		return false;
	if (begun == 0 || ring_ns - begun >= PULLS_HOUR_NS) {
		n = 0;
		if (!db_state_set(d, "refusals_hour", ring_ns, e))
			return false;
	}
	*room = n < PULLS_REFUSALS;
	return !*room || db_state_set(d, "refusals", n + 1, e);
}

bool pulls_refuse(struct db *d, struct pulls_noise *noise, const struct pulls_note *n,
		  const struct pulls_now *now, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	bool room;

	if (!n->subject) {
		noise->n++;
		return true;
	}
	if (!db_begin(d, &tx, e) || !has_room(d, now->ring_ns, &room, e))
		return err_prefix(e, "pull");
	if (!room) {
		noise->n++;
		return true;
	}
	return (append(d, n, now->wall_ns, e) && db_commit(&tx, e)) || err_prefix(e, "pull");
}

bool pulls_tend(struct db *d, struct pulls_noise *noise, const struct pulls_now *now, bool last,
		struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[64];
	int64_t before;

	if (noise->n == 0)
		return true;
	if (!db_state_get(d, "noise_ns", &before, e))
		return false;
	if (!last && before != 0 && now->ring_ns - before < PULLS_HOUR_NS)
		return true;
	(void)snprintf(detail, sizeof detail, "{\"requests\":%" PRId64 "}", noise->n);
	if (!db_begin(d, &tx, e) || !db_state_set(d, "noise_ns", now->ring_ns, e) ||
	    !db_state_add(d, "pulls_refused", noise->n, e) ||
	    !audit_append(
		d,
		&(struct audit_record){
		    .who = "unknown", .what = "evidence", .outcome = "refused", .detail = detail},
		now->wall_ns, e) ||
	    !db_commit(&tx, e))
		return err_prefix(e, "pull");
	noise->n = 0;
	return true;
}
