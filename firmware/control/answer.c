/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/control/answer.h"

#include "board/board.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/* JSON is UTF-8, and a person reads it in a terminal: plain ASCII is both. */
static void plain(char *text, size_t size)
{
	wire_terminate(text, size);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
}

bool known_take(struct known *k, const struct wire_status *m, int64_t now_ns, struct err *e)
{
	struct wire_status *s;

	if (m->role >= WIRE_ROLES || m->n > WIRE_COUNTERS)
		return err_set(e, ERR_PEER, "status of role %u with %u counters", m->role, m->n);
	s = &k->roles[m->role];
	*s = *m;
	plain(s->state, sizeof s->state);
	plain(s->detail, sizeof s->detail);
	for (uint32_t i = 0; i < s->n; i++)
		plain(s->counters[i].name, sizeof s->counters[i].name);
	k->present[m->role] = true;
	k->heard_ns[m->role] = now_ns;
	return true;
}

/* cJSON keeps numbers as double, which a counter need not fit. */
static bool add_int(cJSON *o, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, n);
	return cJSON_AddRawToObject(o, name, text) != NULL;
}

static bool add_counters(cJSON *o, const char *name, const struct wire_status *s)
{
	cJSON *c = cJSON_AddObjectToObject(o, name);

	for (uint32_t i = 0; c && i < s->n; i++)
		if (!add_int(c, s->counters[i].name, s->counters[i].value))
			return false;
	return c != NULL;
}

static bool add_sandbox(cJSON *o, const struct sandbox_loaded *l)
{
	cJSON *b = cJSON_AddObjectToObject(o, "sandbox");

	return b && cJSON_AddBoolToObject(b, "seccomp", l->seccomp == 1) &&
	       add_int(b, "landlock_abi", l->landlock_abi) &&
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
	return cJSON_AddStringToObject(o, "role", wire_role_name(s->role)) &&
	       cJSON_AddBoolToObject(o, "running", s->running == 1) && add_int(o, "pid", s->pid) &&
	       add_int(o, "restarts", s->restarts) &&
	       cJSON_AddStringToObject(o, "state", s->state) &&
	       cJSON_AddStringToObject(o, "detail", s->detail) &&
	       add_int(o, "age_ms", age_ns / NS_PER_MS) && add_sandbox(o, &s->sandbox) &&
	       add_counters(o, "counters", s);
}

static bool fill_status(cJSON *o, const struct known *k, int64_t now_ns)
{
	cJSON *list;

	if (!cJSON_AddStringToObject(o, "board", board.name) ||
	    !cJSON_AddStringToObject(o, "about", board.about))
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
		if (k->present[r] && !add_counters(c, wire_role_name(r), &k->roles[r]))
			return false;
	return c != NULL;
}

static bool fill_unknown(cJSON *o, const struct known *k, int64_t now_ns)
{
	(void)k;
	(void)now_ns;
	return cJSON_AddStringToObject(o, "error", "unknown request") != NULL;
}

static const struct {
	const char *request;
	bool (*fill)(cJSON *o, const struct known *k, int64_t now_ns);
} answers[] = {
    {"status", fill_status},
    {"counters", fill_counters},
};

char *answer(const struct known *k, const char *request, int64_t now_ns)
{
	bool (*fill)(cJSON *, const struct known *, int64_t) = fill_unknown;
	char when[CLOCK_RFC3339_SIZE], *line = NULL, *text = NULL;
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		if (strcmp(request, answers[i].request) == 0)
			fill = answers[i].fill;
	if (o && cJSON_AddStringToObject(o, "time", clock_rfc3339(clock_utc_ns(), when)) &&
	    fill(o, k, now_ns))
		text = cJSON_PrintUnformatted(o);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	cJSON_Delete(o);
	return line;
}
