/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/status_json.h"

#include <inttypes.h>
#include <stdio.h>

static void plain(char *text, size_t size)
{
	wire_terminate(text, size);
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (p[0] == 0xc2 && p[1] == 0xb0) /* the degree sign */
			p++;
		else if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	}
}

bool status_take(struct wire_status *out, const struct wire_status *m, struct err *e)
{
	if (m->role >= WIRE_ROLES || m->n > WIRE_COUNTERS)
		return err_set(e, ERR_PEER, "status of role %u with %u counters", m->role, m->n);
	*out = *m;
	plain(out->state, sizeof out->state);
	plain(out->detail, sizeof out->detail);
	for (uint32_t i = 0; i < out->n; i++)
		plain(out->counters[i].name, sizeof out->counters[i].name);
	return true;
}

bool status_json_int(cJSON *o, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, n);
	return cJSON_AddRawToObject(o, name, text) != NULL;
}

bool status_json_counters(cJSON *o, const char *name, const struct wire_status *s)
{
	cJSON *c = cJSON_AddObjectToObject(o, name);

	for (uint32_t i = 0; c && i < s->n; i++)
		if (!status_json_int(c, s->counters[i].name, s->counters[i].value))
			return false;
	return c != NULL;
}

bool status_json_role(cJSON *o, const struct wire_status *s)
{
	return cJSON_AddStringToObject(o, "role", wire_role_name(s->role)) &&
	       cJSON_AddBoolToObject(o, "running", s->running == 1) &&
	       status_json_int(o, "restarts", s->restarts) &&
	       cJSON_AddStringToObject(o, "state", s->state) &&
	       cJSON_AddStringToObject(o, "detail", s->detail) &&
	       status_json_counters(o, "counters", s);
}
