/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/verdict.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/json.h"
#include "firmware/base/jws.h"
#include "firmware/store/audit.h"
#include "firmware/store/request.h"
#include "firmware/store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[VERDICT_KINDS] = {[VERDICT_CONFIRMED] = "confirmed",
						 [VERDICT_MISREAD] = "misread",
						 [VERDICT_WRONG_STATE] = "wrong-state",
						 [VERDICT_STALE] = "stale",
						 [VERDICT_OTHER] = "other"};

const char *verdict_name(enum verdict_kind kind)
{
	return kind > 0 && kind < VERDICT_KINDS ? names[kind] : "none";
}

/* --- reading -----------------------------------------------------------------------------------
 */

enum member { FORMAT, CAMERA, PASSAGE, VERDICT, WHEN, MEMBERS };

static const struct json_member members[MEMBERS] = {[FORMAT] = {"format", true, NULL},
						    [CAMERA] = {"camera", true, NULL},
						    [PASSAGE] = {"passage", true, NULL},
						    [VERDICT] = {"verdict", true, NULL},
						    [WHEN] = {"when", true, NULL}};

static void json_cleanup(cJSON **o)
{
	cJSON_Delete(*o);
}

static void jws_cleanup(struct jws *j)
{
	jws_free(j);
}

static bool take_passage(const char *text, uint8_t out[WIRE_ID_SIZE])
{
	if (strlen(text) != 2 * (size_t)WIRE_ID_SIZE ||
	    strspn(text, "0123456789abcdef") != 2 * (size_t)WIRE_ID_SIZE)
		return false;
	for (size_t i = 0; i < WIRE_ID_SIZE; i++) {
		const char two[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

static bool take_kind(const char *text, enum verdict_kind *out)
{
	for (enum verdict_kind k = VERDICT_CONFIRMED; k < VERDICT_KINDS; k++)
		if (strcmp(text, names[k]) == 0) {
			*out = k;
			return true;
		}
	return false;
}

static bool take(const cJSON *o, struct verdict *out, struct err *e)
{
	struct json_member m[MEMBERS];
	const char *text[MEMBERS];

	memcpy(m, members, sizeof m);
	if (!json_members(o, m, MEMBERS, e))
		return false;
	for (size_t i = 0; i < MEMBERS; i++) {
		text[i] = json_text(&m[i], CONF_STRING_MAX - 1, e);
		if (!text[i])
			return false;
	}
	if (strcmp(text[FORMAT], VERDICT_FORMAT) != 0)
		return err_set(e, ERR_FORMAT, "format: not " VERDICT_FORMAT);
	(void)snprintf(out->camera, sizeof out->camera, "%s", text[CAMERA]);
	if (!take_passage(text[PASSAGE], out->passage))
		return err_set(e, ERR_FORMAT, "passage: not the id of an event");
	if (!take_kind(text[VERDICT], &out->kind))
		return err_set(e, ERR_FORMAT, "verdict: none of those that there are");
	return clock_parse_rfc3339(text[WHEN], &out->when_ns) ||
	       err_set(e, ERR_FORMAT, "when: not a time as RFC 3339 writes UTC");
}

bool verdict_is(const char *text, size_t len)
{
	CLEANUP(jws_cleanup) struct jws j = {0};

	return jws_parse(text, len, VERDICT_TYP, &j, NULL);
}

bool verdict_open(const char *text, size_t len, const struct identity_authorities *ca,
		  int64_t now_ns, struct identity **who, struct verdict *out, struct err *e)
{
	CLEANUP(jws_cleanup) struct jws j = {0};
	CLEANUP(json_cleanup) cJSON *o = NULL;

	*who = NULL;
	memset(out, 0, sizeof *out);
	if (!jws_parse(text, len, VERDICT_TYP, &j, e) || !request_prove(&j, ca, now_ns, who, e))
		return false;
	if (identity_role(*who) != IDENTITY_RTCC)
		return err_set(e, ERR_POLICY, "role %s, and only RTCC may give verdicts",
			       identity_role_name(identity_role(*who)));
	return json_parse(j.payload, j.payload_len, &o, e) && take(o, out, e);
}

/* --- keeping -----------------------------------------------------------------------------------
 */

static bool record(struct db *d, const struct identity *who, const char *outcome,
		   const char *detail, int64_t now_ns, struct err *e)
{
	char name[AUDIT_FIELD_MAX + 1];

	(void)snprintf(name, sizeof name, "%s, serial %s", identity_subject(who),
		       identity_serial(who));
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = name, .what = "verdict", .outcome = outcome, .detail = detail},
	    now_ns, e);
}

static bool count(struct db *d, enum verdict_kind kind, const char *end, struct err *e)
{
	char counter[48];

	(void)snprintf(counter, sizeof counter, "verdicts_%s%s", names[kind], end);
	for (char *p = counter; *p; p++)
		if (*p == '-')
			*p = '_';
	return db_state_add(d, counter, 1, e);
}

/* What is known of the hit: its time, and the verdict that it has. */
struct known {
	int64_t best_ns, kind, when_ns;
};

static bool find(struct db *d, const struct verdict *v, struct known *out, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e,
		     "SELECT best_ns, ifnull(verdict, 0), ifnull(verdict_ns, 0) FROM outbox"
		     " WHERE passage_id = ?",
		     "b", v->passage, sizeof v->passage);
	bool row;

	if (!st || !db_step(d, st, &row, e))
		return false;
	if (!row)
		return err_set(e, ERR_POLICY, "this box has no such hit, or not any more");
	out->best_ns = sqlite3_column_int64(st, 0);
	out->kind = sqlite3_column_int64(st, 1);
	out->when_ns = sqlite3_column_int64(st, 2);
	return true;
}

static bool judge(const struct verdict *v, const struct known *had, int64_t now_ns, struct err *e)
{
	if (v->when_ns > now_ns + VERDICT_SKEW_NS)
		return err_set(e, ERR_POLICY, "a verdict from the future");
	if (v->when_ns < had->best_ns - VERDICT_SKEW_NS)
		return err_set(e, ERR_POLICY, "a verdict from before the hit");
	return had->kind == 0 || v->when_ns > had->when_ns ||
	       err_set(e, ERR_POLICY, "a verdict that is not older is there");
}

static bool keep(struct db *d, const struct verdict *v, const struct known *had, struct err *e)
{
	bool replaces = had->kind > 0 && had->kind < VERDICT_KINDS;

	return db_run(d, NULL, e,
		      "UPDATE outbox SET verdict = ?, verdict_ns = ? WHERE passage_id = ?", "iib",
		      (int64_t)v->kind, v->when_ns, v->passage, sizeof v->passage) &&
	       (!replaces || count(d, (enum verdict_kind)had->kind, "_withdrawn", e)) &&
	       count(d, v->kind, "", e);
}

/* One more of this hour; inside a transaction. */
static bool has_room(struct db *d, int64_t ring_ns, bool *room, struct err *e)
{
	int64_t begun, n;

	if (!db_state_get(d, "verdicts_hour", &begun, e) ||
	    !db_state_get(d, "verdicts_in_hour", &n, e))
		return false;
	if (begun == 0 || ring_ns - begun >= 3600 * NS_PER_S) {
		n = 0;
		if (!db_state_set(d, "verdicts_hour", ring_ns, e))
			return false;
	}
	*room = n < VERDICT_HOURLY;
	return !*room || db_state_set(d, "verdicts_in_hour", n + 1, e);
}

bool verdict_take(struct db *d, const struct verdict *v, const char *site,
		  const struct identity *who, const struct verdict_now *now, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char id[TEXT_ID_SIZE], detail[120];
	struct known had = {0};
	bool room;

	if (strcmp(v->camera, site) != 0)
		return err_set(e, ERR_POLICY, "a verdict for another box");
	if (!db_begin(d, &tx, e) || !find(d, v, &had, e))
		return false;
	if (had.kind == (int64_t)v->kind && had.when_ns == v->when_ns)
		return true;
	if (!judge(v, &had, now->wall_ns, e) || !has_room(d, now->ring_ns, &room, e))
		return false;
	if (!room)
		return err_set(e, ERR_POLICY, "too many verdicts within an hour");
	(void)snprintf(detail, sizeof detail, "{\"passage\":\"%s\",\"verdict\":\"%s\"}",
		       text_id(v->passage, id), verdict_name(v->kind));
	return keep(d, v, &had, e) && record(d, who, "taken", detail, now->wall_ns, e) &&
	       db_commit(&tx, e);
}

bool verdict_refuse(struct db *d, int64_t *noise, const struct identity *who, const char *why,
		    const struct verdict_now *now, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[200];
	bool room;

	if (!who) {
		(*noise)++;
		return true;
	}
	if (!db_begin(d, &tx, e) || !has_room(d, now->ring_ns, &room, e))
		return false;
	if (!room) {
		(*noise)++;
		return true;
	}
	(void)snprintf(detail, sizeof detail, "{\"why\":\"%.160s\"}", why);
	for (char *p = detail + 8; *p && p[2]; p++) /* it is JSON, whatever the words */
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
			*p = '?';
	return record(d, who, "refused", detail, now->wall_ns, e) &&
	       db_state_add(d, "verdicts_refused", 1, e) && db_commit(&tx, e);
}

bool verdict_count_noise(struct db *d, int64_t *noise, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};

	if (*noise == 0)
		return true;
	if (!db_begin(d, &tx, e) || !db_state_add(d, "verdicts_refused", *noise, e) ||
	    !db_commit(&tx, e))
		return false;
	*noise = 0;
	return true;
}
