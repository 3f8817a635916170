/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/hit.h"

#include "firmware/base/clock.h"
#include "firmware/base/utf8.h"
#include "hotlist/base64.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define ANGLES 2u

/* What a human has to check before anyone acts: part of every hit, so that no screen can leave it
 * out unknowingly. */
static const char *const VERIFY[] = {
    "plate text against both images",
    "jurisdiction against the images",
    "vehicle year, make, model and colour against the entry and the images",
    "entry is still active: confirm with NCIC and the entering agency",
};

static const char NOTICE[] =
    "Investigative lead only, not an identification. A match alone is no ground for a stop.";

/*
 * The document under construction. cJSON reports a failed allocation by NULL, and adding NULL is
 * refused: `ok` collects that, so that the builders below need no branch a line.
 */
struct doc {
	bool ok;
};

static void adopt(struct doc *d, cJSON *to, const char *name, cJSON *item)
{
	bool done =
	    item && to &&
	    (name ? cJSON_AddItemToObjectCS(to, name, item) : cJSON_AddItemToArray(to, item));

	if (!done) {
		cJSON_Delete(item);
		d->ok = false;
	}
}

static cJSON *add_object(struct doc *d, cJSON *to, const char *name)
{
	cJSON *o = cJSON_CreateObject();

	adopt(d, to, name, o);
	return d->ok ? o : NULL;
}

static cJSON *add_array(struct doc *d, cJSON *to, const char *name)
{
	cJSON *a = cJSON_CreateArray();

	adopt(d, to, name, a);
	return d->ok ? a : NULL;
}

static cJSON *text_item(const char *text)
{
	char *copy = strdup(text ? text : "");
	cJSON *item = NULL;

	if (copy) {
		utf8_clean(copy);
		item = cJSON_CreateString(copy);
	}
	free(copy);
	return item;
}

static void add_text(struct doc *d, cJSON *to, const char *name, const char *text)
{
	adopt(d, to, name, text_item(text));
}

/* A name that nobody configured must not cost a hit: the receiver refuses an empty one. */
static void add_name(struct doc *d, cJSON *to, const char *name, const char *text)
{
	add_text(d, to, name, text && text[0] ? text : "unnamed");
}

/* Text that is null when it is not known. */
static void add_known(struct doc *d, cJSON *to, const char *name, const char *text)
{
	adopt(d, to, name, text[0] ? text_item(text) : cJSON_CreateNull());
}

static void add_number(struct doc *d, cJSON *to, const char *name, double v)
{
	adopt(d, to, name, cJSON_CreateNumber(v));
}

static void add_bool(struct doc *d, cJSON *to, const char *name, bool v)
{
	adopt(d, to, name, cJSON_CreateBool(v));
}

static void add_time(struct doc *d, cJSON *to, const char *name, int64_t utc_ns)
{
	char text[CLOCK_RFC3339_SIZE];

	add_text(d, to, name, clock_rfc3339(utc_ns, text));
}

/* Confidences come from another process: NaN and the like become 0. Three decimals are what they
 * are good for. */
static double probability(float p)
{
	if (!(p > 0.0f))
		return 0.0;
	return p >= 1.0f ? 1.0 : (double)(int)((double)p * 1000.0 + 0.5) / 1000.0;
}

static double pixel(float p)
{
	if (!(p > -100000.0f && p < 100000.0f))
		return 0.0;
	return (double)(int)((double)p * 10.0) / 10.0;
}

/* A plate text of the wire: terminated whatever was sent. */
static void add_plate(struct doc *d, cJSON *to, const char *name, const char text[PLATE_TEXT_SIZE])
{
	char copy[PLATE_TEXT_SIZE];

	memcpy(copy, text, sizeof copy);
	copy[PLATE_TEXT_MAX] = '\0';
	add_text(d, to, name, copy);
}

static void add_read(struct doc *d, cJSON *data, const struct plate_read *read)
{
	cJSON *o = add_object(d, data, "read"), *list;
	size_t len = strnlen(read->text, PLATE_TEXT_MAX);
	char lis[3] = "";

	memcpy(lis, read->jurisdiction, read->jurisdiction[0] ? 2 : 0);
	add_plate(d, o, "text", read->text);
	add_number(d, o, "confidence", probability(read->confidence));
	list = add_array(d, o, "chars");
	for (size_t i = 0; i < len; i++)
		adopt(d, list, NULL, cJSON_CreateNumber(probability(read->chars[i])));
	add_known(d, o, "jurisdiction", lis);
	list = add_array(d, o, "alternatives");
	for (size_t i = 0; i < read->n_alternatives && i < PLATE_ALTERNATIVES; i++) {
		cJSON *a = add_object(d, list, NULL);

		add_plate(d, a, "text", read->alternatives[i].text);
		add_number(d, a, "confidence", probability(read->alternatives[i].confidence));
	}
}

static void add_entry(struct doc *d, cJSON *list, const struct entry *x, enum match_grade grade,
		      uint64_t version)
{
	cJSON *o = add_object(d, list, NULL), *v;
	char category[2] = {x->category, '\0'};

	add_text(d, o, "grade", match_grade_name(grade));
	add_text(d, o, "category", category);
	add_text(d, o, "lic", x->lic);
	add_text(d, o, "printed", x->printed);
	add_known(d, o, "lis", x->lis);
	add_known(d, o, "lit", x->lit);
	add_text(d, o, "case_number", x->case_number);
	add_text(d, o, "ori", x->ori);
	if (x->entered_s != 0)
		add_time(d, o, "entered", x->entered_s * NS_PER_S);
	else
		adopt(d, o, "entered", cJSON_CreateNull());
	add_time(d, o, "expires", x->expires_s * NS_PER_S);
	v = add_object(d, o, "vehicle");
	add_known(d, v, "year", x->vyr);
	add_known(d, v, "make", x->vma);
	add_known(d, v, "model", x->vmo);
	add_known(d, v, "style", x->vst);
	add_known(d, v, "colour", x->vco);
	add_number(d, o, "list_version", (double)version);
}

static void fill_match(struct doc *d, cJSON *o, const struct match *m, uint64_t version)
{
	cJSON *list;

	add_text(d, o, "grade", match_grade_name(m->grade));
	add_plate(d, o, "matched", m->matched);
	list = add_array(d, o, "entries");
	for (uint32_t i = 0; i < m->n && i < MATCH_ENTRIES_MAX; i++)
		add_entry(d, list, &m->entries[i], m->grades[i], version);
}

static void hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char DIGITS[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = DIGITS[bytes[i] >> 4];
		out[2 * i + 1] = DIGITS[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

static void add_list(struct doc *d, cJSON *data, const struct bundle_info *list, int64_t now_ns)
{
	cJSON *o = add_object(d, data, "list");
	char signer[2 * CRYPT_SHA256_SIZE + 1];
	int64_t age = now_ns > list->issued_ns ? (now_ns - list->issued_ns) / NS_PER_S : 0;

	hex(list->signer, sizeof list->signer, signer);
	add_number(d, o, "version", (double)list->version);
	add_time(d, o, "issued", list->issued_ns);
	add_number(d, o, "age_s", (double)age);
	add_number(d, o, "max_age_s", (double)list->max_age_s);
	add_text(d, o, "signer", signer);
}

static void add_quad(struct doc *d, cJSON *to, const struct plate_quad *quad)
{
	cJSON *a = add_array(d, to, "quad");

	for (size_t i = 0; i < 8; i++)
		adopt(d, a, NULL, cJSON_CreateNumber(pixel(quad->p[i])));
}

/* `text` (base64) must outlive the document: pictures are too large to copy once more. */
static void add_image(struct doc *d, cJSON *list, const struct hit *h, size_t i, const char *text)
{
	const struct hit_image *im = &h->images[i];
	cJSON *o = add_object(d, list, NULL);
	uint8_t digest[CRYPT_SHA256_SIZE];
	char digest_text[2 * CRYPT_SHA256_SIZE + 1];

	if (!crypt_sha256(im->jpeg, im->len, digest, NULL)) {
		d->ok = false;
		return;
	}
	hex(digest, sizeof digest, digest_text);
	add_text(d, o, "role", i < ANGLES ? "crop" : "scene");
	add_name(d, o, "camera", h->camera_names[i % ANGLES]);
	add_time(d, o, "captured", im->capture_ns);
	add_quad(d, o, &im->quad);
	add_text(d, o, "media_type", "image/jpeg");
	add_number(d, o, "bytes", (double)im->len);
	add_text(d, o, "sha256", digest_text);
	adopt(d, o, "data_base64", cJSON_CreateStringReference(text));
}

/* One element an angle, the missing one too: who looks at a degraded hit sees which camera was
 * silent. */
static void add_angles(struct doc *d, cJSON *data, const struct hit *h)
{
	cJSON *list = add_array(d, data, "angles");

	for (size_t i = 0; i < ANGLES; i++) {
		const struct hit_image *im = &h->images[i];
		cJSON *o = add_object(d, list, NULL);

		add_name(d, o, "camera", h->camera_names[i]);
		add_bool(d, o, "present", im->capture_ns != 0);
		if (im->capture_ns != 0) {
			add_number(d, o, "confidence", probability(im->confidence));
			add_time(d, o, "captured", im->capture_ns);
		}
	}
}

static void add_place_and_time(struct doc *d, cJSON *data, const struct hit *h)
{
	cJSON *o = add_object(d, data, "site");

	add_name(d, o, "name", h->site);
	add_number(d, o, "latitude", h->latitude);
	add_number(d, o, "longitude", h->longitude);
	o = add_object(d, data, "passage");
	add_time(d, o, "first", h->first_ns);
	add_time(d, o, "last", h->last_ns);
	add_time(d, o, "best", h->best_ns);
	add_time(d, data, "decided", h->now_ns);
	add_bool(d, data, "degraded", h->degraded);
}

static void add_verify(struct doc *d, cJSON *data)
{
	cJSON *list;

	add_text(d, data, "notice", NOTICE);
	add_bool(d, data, "verify_required", true);
	list = add_array(d, data, "verify");
	for (size_t i = 0; i < sizeof VERIFY / sizeof *VERIFY; i++)
		adopt(d, list, NULL, text_item(VERIFY[i]));
}

/* Percent-encode all but the unreserved characters of RFC 3986, section 2.3. `out` holds 3 *
 * strlen(text) + 1 bytes. */
static void percent_encode(const char *text, char *out)
{
	static const char DIGITS[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c)) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '%';
		*out++ = DIGITS[c >> 4];
		*out++ = DIGITS[c & 15];
	}
	*out = '\0';
}

static void add_source(struct doc *d, cJSON *root, const char *site)
{
	static const char PREFIX[] = "urn:alpr:site:";
	char *text = malloc(sizeof PREFIX + 3 * strlen(site));

	if (text) {
		memcpy(text, PREFIX, sizeof PREFIX);
		percent_encode(site, text + sizeof PREFIX - 1);
		add_text(d, root, "source", text);
	} else {
		d->ok = false;
	}
	free(text);
}

static void build(struct doc *d, cJSON *root, const struct hit *h, char *const pictures[HIT_IMAGES])
{
	cJSON *data, *list;

	add_text(d, root, "specversion", "1.0");
	add_text(d, root, "id", h->id);
	add_source(d, root, h->site && h->site[0] ? h->site : "unnamed");
	add_text(d, root, "type", "org.alpr.hit.v1");
	add_time(d, root, "time", h->best_ns);
	add_text(d, root, "datacontenttype", "application/json");
	add_text(d, root, "dataschema", "urn:alpr:schema:hit:v1");
	data = add_object(d, root, "data");
	add_verify(d, data);
	add_place_and_time(d, data, h);
	add_angles(d, data, h);
	add_read(d, data, h->read);
	fill_match(d, add_object(d, data, "match"), h->match, h->list->version);
	add_list(d, data, h->list, h->now_ns);
	list = add_array(d, data, "images");
	for (size_t i = 0; i < HIT_IMAGES; i++)
		if (h->images[i].jpeg)
			add_image(d, list, h, i, pictures[i]);
}

static bool encode_pictures(const struct hit *h, char *pictures[HIT_IMAGES], size_t *total)
{
	for (size_t i = 0; i < HIT_IMAGES; i++) {
		const struct hit_image *im = &h->images[i];

		if (!im->jpeg)
			continue;
		pictures[i] = malloc(base64_size(im->len));
		if (!pictures[i])
			return false;
		base64_encode(im->jpeg, im->len, pictures[i]);
		*total += base64_size(im->len);
	}
	return true;
}

bool hit_to_json(const struct hit *h, char **json, size_t *len, struct err *e)
{
	char *pictures[HIT_IMAGES] = {NULL};
	size_t total =
	    16384; /* everything but the pictures, generously: cJSON grows it if that is wrong */
	cJSON *root = cJSON_CreateObject();
	struct doc d = {.ok = root && encode_pictures(h, pictures, &total)};

	*json = NULL;
	*len = 0;
	if (d.ok)
		build(&d, root, h, pictures);
	if (d.ok && total < INT32_MAX)
		*json = cJSON_PrintBuffered(root, (int)total, false);
	cJSON_Delete(root);
	for (size_t i = 0; i < HIT_IMAGES; i++)
		free(pictures[i]);
	if (!*json)
		return err_set(e, ERR_NO_MEMORY, "hit: no memory for the event");
	*len = strlen(*json);
	return true;
}

bool match_to_json(const struct match *m, uint64_t version, char **json, struct err *e)
{
	cJSON *root = cJSON_CreateObject();
	struct doc d = {.ok = root != NULL};

	fill_match(&d, root, m, version);
	*json = d.ok ? cJSON_PrintUnformatted(root) : NULL;
	cJSON_Delete(root);
	return *json || err_set(e, ERR_NO_MEMORY, "match: no memory for the answer");
}
