/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/manifest.h"

#include "firmware/base/clock.h"
#include "firmware/base/utf8.h"
#include "firmware/store/audit_line.h"
#include "firmware/store/text.h"
#include "firmware/version.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

const char *manifest_picture(unsigned kind)
{
	static const char *const names[WIRE_PICTURES] = {"crop_0", "crop_1", "scene_0", "scene_1"};

	return names[kind];
}

/* --- the head ------------------------------------------------------------------------------------
 */

static bool add_text(cJSON *o, const char *name, const char *text)
{
	char clean[CONF_STRING_MAX];

	(void)snprintf(clean, sizeof clean, "%s", text);
	utf8_clean(clean); /* a configured name may hold any byte */
	return cJSON_AddStringToObject(o, name, clean) != NULL;
}

static bool add_time(cJSON *o, const char *name, int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	return cJSON_AddStringToObject(o, name, clock_rfc3339(ns, text)) != NULL;
}

static bool add_number(cJSON *o, const char *name, uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRIu64, n);
	return cJSON_AddRawToObject(o, name, text) != NULL;
}

static bool fill_box(cJSON *o, const struct archive_about *a)
{
	const struct site *site = a->site;
	cJSON *cameras;

	if (!cJSON_AddStringToObject(o, "format", ARCHIVE_FORMAT) ||
	    !add_text(o, "site", site->name) ||
	    !cJSON_AddNumberToObject(o, "latitude", site->latitude) ||
	    !cJSON_AddNumberToObject(o, "longitude", site->longitude))
		return false;
	cameras = cJSON_AddObjectToObject(o, "cameras");
	return cameras && add_text(cameras, "0", site->camera_0) &&
	       add_text(cameras, "1", site->camera_1) && add_text(o, "board", a->board) &&
	       add_text(o, "firmware", FIRMWARE_VERSION);
}

static bool fill_request(cJSON *o, const struct archive_about *a)
{
	const struct request *r = a->request;
	char hex[AUDIT_HEX_SIZE];

	return cJSON_AddStringToObject(o, "request", audit_hex(a->digest, hex)) &&
	       add_text(o, "case_number", r->case_number) && add_text(o, "purpose", r->purpose) &&
	       add_text(o, "requester", a->subject) && add_text(o, "serial", a->serial) &&
	       (!r->plate[0] || add_text(o, "plate", r->plate)) &&
	       (!r->has_window || (add_time(o, "from", r->from_ns) && add_time(o, "to", r->to_ns)));
}

bool manifest_head(FILE *f, const struct archive_about *about)
{
	cJSON *o = cJSON_CreateObject();
	char *text = NULL;

	if (o && fill_box(o, about) && add_time(o, "answered", about->now_ns) &&
	    add_text(o, "clock", about->clock) && fill_request(o, about) &&
	    add_number(o, "list_version", about->list_version) &&
	    add_number(o, "retention_days", (uint64_t)about->retention_days) &&
	    cJSON_AddBoolToObject(o, "complete", true))
		text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	if (!text)
		return false;
	text[strlen(text) - 1] = '\0'; /* more follows */
	(void)fputs(text, f);
	explicit_bzero(text, strlen(text));
	cJSON_free(text);
	return true;
}

/* --- reads and files -----------------------------------------------------------------------------
 */

static void put_time(FILE *f, const char *name, int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	(void)fprintf(f, ",\"%s\":\"%s\"", name, clock_rfc3339(ns, text));
}

static void put_damaged(FILE *f, const struct retrieved *r, unsigned damaged)
{
	const char *between = "";

	if (r->read && !damaged)
		return;
	(void)fputs(",\"damaged\":[", f);
	if (!r->read) {
		(void)fputs("\"read\"", f);
		between = ",";
	}
	for (unsigned i = 0; i < WIRE_PICTURES; i++) {
		if (!(damaged & 1u << i))
			continue;
		(void)fprintf(f, "%s\"%s\"", between, manifest_picture(i));
		between = ",";
	}
	(void)fputc(']', f);
}

void manifest_read(FILE *f, const struct retrieved *r, int64_t offset_ns, unsigned damaged)
{
	int64_t elapsed, off = 0;
	char id[TEXT_ID_SIZE];

	(void)fprintf(f, "{\"passage\":\"%s\"", text_id(r->passage_id, id));
	put_time(f, "first", r->first_ns);
	put_time(f, "best", r->best_ns);
	put_time(f, "last", r->last_ns);
	/* Where the clock of the box was wrong, by how much, as far as elapsed time tells. */
	if (!__builtin_add_overflow(r->kept_ns, offset_ns, &elapsed) &&
	    !__builtin_sub_overflow(r->best_ns, elapsed, &off) &&
	    (off > ELAPSED_DRIFT_NS || off < -ELAPSED_DRIFT_NS))
		(void)fprintf(f, ",\"clock_off_s\":%" PRId64, off / NS_PER_S);
	(void)fprintf(f, ",\"pairs\":%" PRId64 ",\"degraded\":%s,\"low_quality\":%s,\"hit\":%d",
		      r->pairs, r->degraded ? "true" : "false", r->low_quality ? "true" : "false",
		      r->hit);
	put_damaged(f, r, damaged);
	/* What was sealed is an object: its members go on here, with the list's version if it was
	 * kept with the read. */
	if (r->read && r->read[1] != '}') {
		(void)fputc(',', f);
		(void)fwrite(r->read + 1, 1, strlen(r->read) - 2, f);
	}
	if (r->list_version != 0 && !(r->read && strstr(r->read, "\"list_version\":")))
		(void)fprintf(f, ",\"list_version\":%" PRId64, r->list_version);
	(void)fputc('}', f);
}

void manifest_file(FILE *f, const char *name, size_t size, const uint8_t digest[CRYPT_SHA256_SIZE])
{
	char hex[AUDIT_HEX_SIZE];

	(void)fprintf(f, "{\"name\":\"%s\",\"size\":%zu,\"sha256\":\"%s\"}", name, size,
		      audit_hex(digest, hex));
}
