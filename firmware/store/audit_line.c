/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/audit_line.h"

#include "firmware/base/clock.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

const char *const AUDIT_FIELD_NAMES[AUDIT_FIELDS] = {"who",	    "what",    "purpose",
						     "case_number", "outcome", "detail"};

const char *audit_hex(const uint8_t hash[CRYPT_SHA256_SIZE], char out[AUDIT_HEX_SIZE])
{
	for (size_t i = 0; i < CRYPT_SHA256_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return out;
}

static bool add_number(cJSON *o, const char *name, int64_t n, const char *quote)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%s%" PRId64 "%s", quote, n, quote);
	return cJSON_AddRawToObject(o, name, text) != NULL;
}

static bool add_hash(cJSON *o, const char *name, const uint8_t hash[CRYPT_SHA256_SIZE])
{
	char hex[AUDIT_HEX_SIZE];

	return cJSON_AddStringToObject(o, name, audit_hex(hash, hex)) != NULL;
}

static bool fill_head(cJSON *o, const struct audit_head *head)
{
	return cJSON_AddStringToObject(o, "format", AUDIT_FORMAT) &&
	       add_number(o, "seq", head->seq, "") && add_hash(o, "hash", head->hash);
}

static bool fill(cJSON *o, const struct audit_row *r)
{
	char time[CLOCK_RFC3339_SIZE];

	if (!add_number(o, "seq", r->seq, "") || !add_number(o, "at_ns", r->at_ns, "\"") ||
	    !cJSON_AddStringToObject(o, "time", clock_rfc3339(r->at_ns, time)))
		return false;
	for (size_t i = 0; i < AUDIT_FIELDS; i++)
		if (!cJSON_AddStringToObject(o, AUDIT_FIELD_NAMES[i], r->text[i]))
			return false;
	return add_hash(o, "prev", r->prev) && add_hash(o, "hash", r->hash);
}

/* cJSON's memory is malloc's: it is given no hooks. */
static char *printed(cJSON *o, bool filled)
{
	char *text = o && filled ? cJSON_PrintUnformatted(o) : NULL;

	cJSON_Delete(o);
	return text;
}

char *audit_line_of_head(const struct audit_head *head)
{
	cJSON *o = cJSON_CreateObject();

	return printed(o, o && fill_head(o, head));
}

char *audit_line(const struct audit_row *r)
{
	cJSON *o = cJSON_CreateObject();

	return printed(o, o && fill(o, r));
}
