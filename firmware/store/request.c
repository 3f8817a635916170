/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/request.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/json.h"
#include "hotlist/entry.h"

#include <string.h>

enum member {
	FORMAT,
	CAMERA,
	PLATE,
	FROM,
	TO,
	CASE_NUMBER,
	PURPOSE,
	REQUESTER,
	ISSUED,
	EXPIRES,
	NONCE,
	MEMBERS
};

static const struct json_member members[MEMBERS] = {
    [FORMAT] = {"format", true, NULL},	 [CAMERA] = {"camera", true, NULL},
    [PLATE] = {"plate", false, NULL},	 [FROM] = {"from", false, NULL},
    [TO] = {"to", false, NULL},		 [CASE_NUMBER] = {"case_number", true, NULL},
    [PURPOSE] = {"purpose", true, NULL}, [REQUESTER] = {"requester", true, NULL},
    [ISSUED] = {"issued", true, NULL},	 [EXPIRES] = {"expires", true, NULL},
    [NONCE] = {"nonce", true, NULL},
};

static const char ALNUM[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void json_cleanup(cJSON **o)
{
	cJSON_Delete(*o);
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* `out` holds most + 1 bytes. */
static bool take_text(const struct json_member *m, char *out, size_t most, struct err *e)
{
	const char *text = json_text(m, most, e);

	if (!text)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool take_time(const struct json_member *m, int64_t *out, struct err *e)
{
	const char *text = json_text(m, CLOCK_RFC3339_SIZE, e);

	return text && (clock_parse_rfc3339(text, out) ||
			err_set(e, ERR_FORMAT, "%s: not a time as RFC 3339 writes UTC", m->name));
}

/* What matching folds away may stand in a plate, and nothing else may. */
bool request_fold_plate(const char *text, char out[11], struct err *e)
{
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		if (strchr(ALNUM, *p))
			n++;
		else if (!strchr(" -./&", *p))
			return err_set(e, ERR_FORMAT,
				       "plate: a character that no plate has; one exact plate is "
				       "asked for, without wildcards");
	}
	if (n == 0 || n > 10)
		return err_set(e, ERR_FORMAT, "plate: not of 1 to 10 letters and digits");
	(void)entry_fold(text, out);
	return true;
}

static bool take_plate(const struct json_member *m, char out[11], struct err *e)
{
	const char *text = json_text(m, 20, e);

	return text && request_fold_plate(text, out, e);
}

static bool take_window(const struct json_member *m, struct request *out, struct err *e)
{
	if (!m[FROM].value != !m[TO].value)
		return err_set(e, ERR_FORMAT, "a window needs from and to");
	out->has_window = m[FROM].value != NULL;
	if (!out->has_window)
		return m[PLATE].value || err_set(e, ERR_FORMAT, "neither a plate nor a window");
	if (!take_time(&m[FROM], &out->from_ns, e) || !take_time(&m[TO], &out->to_ns, e))
		return false;
	return out->from_ns < out->to_ns ||
	       err_set(e, ERR_POLICY, "a window that ends before it begins");
}

static bool take_validity(const struct json_member *m, struct request *out, struct err *e)
{
	if (!take_time(&m[ISSUED], &out->issued_ns, e) ||
	    !take_time(&m[EXPIRES], &out->expires_ns, e))
		return false;
	if (out->expires_ns <= out->issued_ns)
		return err_set(e, ERR_POLICY, "it expires before it was issued");
	return out->expires_ns - out->issued_ns <= REQUEST_VALID_MAX_S * NS_PER_S ||
	       err_set(e, ERR_POLICY, "it would be good for more than a day");
}

static bool take_nonce(const struct json_member *m, char out[REQUEST_NONCE_MAX + 1], struct err *e)
{
	size_t n;

	if (!take_text(m, out, REQUEST_NONCE_MAX, e))
		return false;
	n = strspn(out, ALNUM);
	while (out[n] == '-' || out[n] == '_')
		n += 1 + strspn(out + n + 1, ALNUM);
	return (out[n] == '\0' && n >= REQUEST_NONCE_MIN) ||
	       err_set(e, ERR_FORMAT, "nonce: not %u to %u characters of base64url",
		       REQUEST_NONCE_MIN, REQUEST_NONCE_MAX);
}

/* Folded as entry_fold does, however long. */
static void fold(const char *text, char out[REQUEST_TEXT_MAX + 1])
{
	char one[2] = "", folded[11];

	for (; *text; text++) {
		one[0] = *text;
		if (*entry_fold(one, folded))
			*out++ = folded[0];
	}
	*out = '\0';
}

/* What stands in the record of the pull must not name the plate, which is in none. A short plate,
 * and one of digits alone, may be a part of a number by chance. */
static bool names_no_plate(struct request *r, const struct json_member *m, char *text,
			   struct err *e)
{
	char folded[REQUEST_TEXT_MAX + 1];
	bool by_chance = strlen(r->plate) < 4 || r->plate[strspn(r->plate, "0123456789")] == '\0';

	fold(text, folded);
	if (!r->plate[0] || (by_chance ? strcmp(folded, r->plate) != 0 : !strstr(folded, r->plate)))
		return true;
	explicit_bzero(text, strlen(text));
	return err_set(e, ERR_POLICY,
		       "%s: names the plate, and goes into a record that may hold none", m->name);
}

static bool take_why(const struct json_member *m, struct request *out, struct err *e)
{
	return take_text(&m[CASE_NUMBER], out->case_number, REQUEST_TEXT_MAX, e) &&
	       names_no_plate(out, &m[CASE_NUMBER], out->case_number, e) &&
	       take_text(&m[PURPOSE], out->purpose, REQUEST_TEXT_MAX, e) &&
	       names_no_plate(out, &m[PURPOSE], out->purpose, e);
}

static bool take(const cJSON *o, struct request *out, struct err *e)
{
	struct json_member m[MEMBERS];
	const char *format;

	memcpy(m, members, sizeof m);
	if (!json_members(o, m, MEMBERS, e))
		return false;
	format = json_text(&m[FORMAT], REQUEST_TEXT_MAX, e);
	if (!format)
		return false;
	if (strcmp(format, REQUEST_FORMAT) != 0)
		return err_set(e, ERR_FORMAT, "format: not " REQUEST_FORMAT);
	return take_text(&m[CAMERA], out->camera, sizeof out->camera - 1, e) &&
	       (!m[PLATE].value || take_plate(&m[PLATE], out->plate, e)) &&
	       take_window(m, out, e) && take_why(m, out, e) &&
	       take_text(&m[REQUESTER], out->requester, REQUEST_NAME_MAX, e) &&
	       take_validity(m, out, e) && take_nonce(&m[NONCE], out->nonce, e);
}

bool request_parse(const void *json, size_t len, struct request *out, struct err *e)
{
	CLEANUP(json_cleanup) cJSON *o = NULL;

	memset(out, 0, sizeof *out);
	return json_parse(json, len, &o, e) && take(o, out, e);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static bool add_time(cJSON *o, enum member at, int64_t ns)
{
	char text[CLOCK_RFC3339_SIZE];

	return cJSON_AddStringToObject(o, members[at].name, clock_rfc3339(ns, text)) != NULL;
}

static bool add_text(cJSON *o, enum member at, const char *text)
{
	return cJSON_AddStringToObject(o, members[at].name, text) != NULL;
}

bool request_write(const struct request *r, char **out, struct err *e)
{
	CLEANUP(json_cleanup) cJSON *o = cJSON_CreateObject();

	*out = NULL;
	if (o && add_text(o, FORMAT, REQUEST_FORMAT) && add_text(o, CAMERA, r->camera) &&
	    (!r->plate[0] || add_text(o, PLATE, r->plate)) &&
	    (!r->has_window || (add_time(o, FROM, r->from_ns) && add_time(o, TO, r->to_ns))) &&
	    add_text(o, CASE_NUMBER, r->case_number) && add_text(o, PURPOSE, r->purpose) &&
	    add_text(o, REQUESTER, r->requester) && add_time(o, ISSUED, r->issued_ns) &&
	    add_time(o, EXPIRES, r->expires_ns) && add_text(o, NONCE, r->nonce))
		*out = cJSON_PrintUnformatted(o);
	return *out || err_set(e, ERR_NO_MEMORY, "request");
}

/* --- who signed it -----------------------------------------------------------------------------
 */

static void jws_cleanup(struct jws *j)
{
	jws_free(j);
}

static void key_cleanup(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static void identity_cleanup(struct identity **who)
{
	identity_free(*who);
}

bool request_prove(const struct jws *j, const struct identity_authorities *ca, int64_t now_ns,
		   struct identity **who, struct err *e)
{
	CLEANUP(identity_cleanup) struct identity *signer = NULL;
	CLEANUP(key_cleanup) struct crypt_key *k = NULL;

	if (!identity_of_chain(j->chain, j->n_chain, ca, now_ns, &signer, e) ||
	    !identity_key(signer, &k, e) || !jws_verify(j, k, e))
		return false;
	*who = steal_ptr(&signer);
	return true;
}

static bool judge(const struct jws *j, const struct identity *who, struct request *out,
		  struct err *e)
{
	const enum identity_role role = identity_role(who);

	if (role != IDENTITY_EVIDENCE)
		return err_set(e, ERR_POLICY, "role %s, and only EVIDENCE may ask for evidence",
			       identity_role_name(role));
	if (!request_parse(j->payload, j->payload_len, out, e))
		return false;
	return strcmp(out->requester, identity_common_name(who)) == 0 ||
	       err_set(e, ERR_POLICY, "requester: not the CN of the certificate");
}

bool request_open(const char *text, size_t len, const struct identity_authorities *ca,
		  int64_t now_ns, struct identity **who, struct request *out, struct err *e)
{
	CLEANUP(jws_cleanup) struct jws j = {0};

	*who = NULL;
	memset(out, 0, sizeof *out);
	return jws_parse(text, len, REQUEST_TYP, &j, e) && request_prove(&j, ca, now_ns, who, e) &&
	       judge(&j, *who, out, e);
}
