/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/uplink.h"

#include "board/board.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/status_json.h"
#include "firmware/version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SOON_NS	 NS_PER_S	/* after a change: others that come with it go into the same one */
#define APART_NS (5 * NS_PER_S) /* a box whose state flickers sends no more often than that */
#define GRACE_NS                                                                                   \
	(200 * NS_PER_MS) /* for one under way when a hit waits: an RTCC that is well answers, and \
			   * the connection is kept */

static int64_t interval_ns(const struct uplink *u)
{
	return (int64_t)(u->conf.heartbeat_s * (double)NS_PER_S);
}

int64_t beat_due(const struct uplink *u)
{
	/* Before the parent has spoken there is nothing to say. */
	if (u->conf.heartbeat_s <= 0 || u->stopping || !u->beat.roles[WIRE_PARENT].h.type)
		return INT64_MAX;
	return u->beat.due_ns;
}

/* --- news
 * ------------------------------------------------------------------------------------------------
 */

static uint64_t mix(uint64_t hash, const char *text, bool numbers)
{
	for (; *text; text++)
		if (numbers || !(isdigit((unsigned char)*text) || strchr(" .-", *text)))
			hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

/* What a role says, but for the numbers in it: 78 °C after 77 °C is no news. */
static uint64_t gist(const struct wire_status *s)
{
	char start[32];
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	(void)snprintf(start, sizeof start, "%u %u", s->running, s->restarts);
	hash = mix(hash, start, true);
	hash = mix(hash, s->state, true);
	return mix(hash, s->detail, false);
}

bool beat_take(struct uplink *u, const struct wire_status *m, struct err *e)
{
	struct wire_status s;
	int64_t now = clock_mono_ns(), soon;
	bool news;

	if (!status_take(&s, m, e))
		return false;
	/* What uplink says of itself changes with every heartbeat. */
	news = s.role != WIRE_UPLINK && gist(&s) != gist(&u->beat.roles[s.role]);
	u->beat.roles[s.role] = s;
	soon = now + SOON_NS;
	if (soon < u->beat.sent_ns + APART_NS && u->beat.sent_ns > 0)
		soon = u->beat.sent_ns + APART_NS;
	if (news && soon < u->beat.due_ns)
		u->beat.due_ns = soon;
	return true;
}

bool beat_head(struct uplink *u, const struct wire_head *m, struct err *e)
{
	if (m->seq < 1)
		return err_set(e, ERR_PEER, "audit: a head without a record");
	u->beat.head = *m;
	return true;
}

/* --- the document
 * ---------------------------------------------------------------------------------------- */

static bool add_role(cJSON *list, const struct wire_status *s)
{
	cJSON *o = cJSON_CreateObject();

	if (!o || !cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return false;
	}
	return status_json_role(o, s);
}

static bool add_hash(cJSON *o, const char *name, const uint8_t hash[WIRE_HASH_SIZE])
{
	char hex[2 * WIRE_HASH_SIZE + 1];

	for (size_t i = 0; i < WIRE_HASH_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return cJSON_AddStringToObject(o, name, hex) != NULL;
}

static bool add_head(cJSON *o, const struct wire_head *head)
{
	cJSON *audit = cJSON_AddObjectToObject(o, "audit");

	return audit && status_json_int(audit, "seq", head->seq) &&
	       add_hash(audit, "hash", head->hash) &&
	       (head->has_key != 1 || add_hash(audit, "key", head->key));
}

static bool fill(cJSON *o, const struct uplink *u)
{
	char when[CLOCK_RFC3339_SIZE];
	cJSON *list;

	if (!cJSON_AddStringToObject(o, "site", u->conf.site) ||
	    !cJSON_AddStringToObject(o, "time", clock_rfc3339(clock_utc_ns(), when)) ||
	    !cJSON_AddStringToObject(o, "firmware", FIRMWARE_VERSION) ||
	    !cJSON_AddStringToObject(o, "board", board.name))
		return false;
	if (u->beat.head.seq > 0 && !add_head(o, &u->beat.head))
		return false;
	list = cJSON_AddArrayToObject(o, "roles");
	for (unsigned r = 0; list && r < WIRE_ROLES; r++)
		if (u->beat.roles[r].h.type && !add_role(list, &u->beat.roles[r]))
			return false;
	return list != NULL;
}

static char *document(const struct uplink *u)
{
	cJSON *o = cJSON_CreateObject();
	char *text = o && fill(o, u) ? cJSON_PrintUnformatted(o) : NULL;

	cJSON_Delete(o);
	return text;
}

/* --- sending
 * --------------------------------------------------------------------------------------------- */

static void forget_body(struct uplink *u)
{
	free(u->beat.body);
	u->beat.body = NULL;
	u->beat.sending = false;
}

static void on_done(void *arg, const struct ending *end)
{
	struct uplink *u = arg;
	struct answer a;

	answer_to_heartbeat(end, &a);
	forget_body(u);
	u->n.heartbeats_acknowledged += a.outcome == WIRE_ACKNOWLEDGED && end->status != 404;
	uplink_count(u, end, &a, &u->n.bytes_sent_heartbeats);
	if (a.failure != FAILURE_NONE && strcmp(a.words, u->beat.last.words) != 0)
		log_line(LOG_WARNING, "heartbeat: %s", a.words);
	u->beat.last = a;
	u->beat.answered = true;
	uplink_next(u);
}

void beat_send(struct uplink *u)
{
	struct err e = {0};

	u->beat.sent_ns = clock_mono_ns();
	/* One that fails is not sent again: the next has newer things to say. */
	u->beat.due_ns = u->beat.sent_ns + interval_ns(u);
	u->beat.body = document(u);
	u->beat.sending = u->beat.body != NULL;
	u->n.heartbeats++;
	if (!u->beat.body ||
	    !transfer_heartbeat(u->transfer, u->beat.body, strlen(u->beat.body), on_done, u, &e)) {
		const struct ending end = {.code = CURLE_OUT_OF_MEMORY};

		on_done(u, &end);
	}
}

int64_t beat_yields(const struct uplink *u)
{
	if (!u->beat.sending || hits_waiting(u) == 0)
		return INT64_MAX;
	return u->not_before_ns > u->beat.sent_ns + GRACE_NS ? u->not_before_ns
							     : u->beat.sent_ns + GRACE_NS;
}

void beat_abort(struct uplink *u)
{
	if (!u->beat.sending)
		return;
	uplink_abort(u, &u->n.bytes_sent_heartbeats);
	forget_body(u);
}
