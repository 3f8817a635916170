/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/control/answer.h"

#include "board/board.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/utf8.h"
#include "firmware/status_json.h"
#include "firmware/version.h"

#include <cjson/cJSON.h>
#include <string.h>

bool known_take(struct known *k, const struct wire_status *m, int64_t now_ns, struct err *e)
{
	struct wire_status s;

	if (!status_take(&s, m, e))
		return false;
	k->roles[s.role] = s;
	k->present[s.role] = true;
	k->heard_ns[s.role] = now_ns;
	return true;
}

static bool add_sandbox(cJSON *o, const struct sandbox_loaded *l)
{
	cJSON *b = cJSON_AddObjectToObject(o, "sandbox");

	return b && cJSON_AddBoolToObject(b, "seccomp", l->seccomp == 1) &&
	       status_json_int(b, "landlock_abi", l->landlock_abi) &&
	       cJSON_AddBoolToObject(b, "empty_netns", l->empty_netns == 1) &&
	       cJSON_AddBoolToObject(b, "no_new_privs", l->no_new_privs == 1);
}

static bool add_role(cJSON *list, const struct wire_status *s, int64_t age_ns)
{
	cJSON *o = cJSON_CreateObject();

	if (!o || !cJSON_AddItemToArray(list, o)) {
		cJSON_Delete(o);
		return false;
	}
	return status_json_role(o, s) && status_json_int(o, "pid", s->pid) &&
	       status_json_int(o, "age_ms", age_ns / NS_PER_MS) && add_sandbox(o, &s->sandbox);
}

static bool fill_status(cJSON *o, const struct known *k, int64_t now_ns)
{
	cJSON *list;

	if (!cJSON_AddStringToObject(o, "board", board.name) ||
	    !cJSON_AddStringToObject(o, "about", board.about) ||
	    !cJSON_AddStringToObject(o, "firmware", FIRMWARE_VERSION))
		return false;
	list = cJSON_AddArrayToObject(o, "roles");
	for (unsigned r = 0; list && r < WIRE_ROLES; r++)
		if (k->present[r] && !add_role(list, &k->roles[r], now_ns - k->heard_ns[r]))
			return false;
	return list != NULL;
}

static bool fill_counters(cJSON *o, const struct known *k, int64_t now_ns)
{
	cJSON *c = cJSON_AddObjectToObject(o, "counters");

	(void)now_ns;
	for (unsigned r = 0; c && r < WIRE_ROLES; r++)
		if (k->present[r] && !status_json_counters(c, wire_role_name(r), &k->roles[r]))
			return false;
	return c != NULL;
}

static const struct {
	const char *request;
	bool (*fill)(cJSON *o, const struct known *k, int64_t now_ns);
} answers[] = {
    {"status", fill_status},
    {"counters", fill_counters},
};

/* With the time it is said at; NULL without memory. */
static cJSON *begin(void)
{
	char when[CLOCK_RFC3339_SIZE];
	cJSON *o = cJSON_CreateObject();

	if (o && cJSON_AddStringToObject(o, "time", clock_rfc3339(clock_utc_ns(), when)))
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* `o` is gone then. */
static char *end(cJSON *o, bool whole)
{
	char *line = NULL, *text = o && whole ? cJSON_PrintUnformatted(o) : NULL;

	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	cJSON_Delete(o);
	return line;
}

static bool add_text(cJSON *o, const char *name, const char *text)
{
	AUTO_FREE char *clean = strdup(text);

	if (!clean)
		return false;
	utf8_clean(clean);
	return cJSON_AddStringToObject(o, name, clean) != NULL;
}

char *answer(const struct known *k, const char *request, int64_t now_ns)
{
	cJSON *o;

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (strcmp(request, answers[i].request) == 0) {
			o = begin();
			return end(o, o && answers[i].fill(o, k, now_ns));
		}
	return answer_error("unknown request");
}

char *answer_error(const char *why)
{
	cJSON *o = begin();

	return end(o, o && add_text(o, "error", why));
}

char *answer_evidence(bool sealed, size_t bytes, const char *why)
{
	cJSON *o = begin(), *evidence = o ? cJSON_AddObjectToObject(o, "evidence") : NULL;

	return end(o, evidence && cJSON_AddBoolToObject(evidence, "sealed", sealed) &&
			  (sealed ? status_json_int(evidence, "bytes", (int64_t)bytes)
				  : add_text(evidence, "why", why)));
}
