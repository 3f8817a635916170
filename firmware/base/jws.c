/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/jws.h"

#include "firmware/base/base64url.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/json.h"

#include <mbedtls/base64.h>
#include <string.h>

static void json_cleanup(cJSON **o)
{
	cJSON_Delete(*o);
}

/* --- taking apart ------------------------------------------------------------------------------
 */

/* The certificates of x5c, decoded one behind the other from `at` on. */
static bool take_chain(const cJSON *x5c, struct jws *out, uint8_t *at, const uint8_t *end,
		       struct err *e)
{
	const cJSON *x;

	if (!cJSON_IsArray(x5c) || !x5c->child)
		return err_set(e, ERR_FORMAT, "x5c: not a list of certificates");
	cJSON_ArrayForEach(x, x5c)
	{
		const char *text = cJSON_GetStringValue(x);
		size_t n = 0;

		if (out->n_chain == IDENTITY_CHAIN_MAX)
			return err_set(e, ERR_LIMIT, "x5c: more than %u certificates",
				       IDENTITY_CHAIN_MAX);
		if (!text || *text == '\0')
			return err_set(e, ERR_FORMAT, "x5c: not a list of certificates");
		if (!base64_decode(text, strlen(text), at, (size_t)(end - at), &n, e))
			return err_prefix(e, "x5c");
		out->chain[out->n_chain++] = (struct identity_der){at, n};
		at += n;
	}
	return true;
}

static bool take_header(const uint8_t *text, size_t len, const char *typ, struct jws *out,
			uint8_t *at, const uint8_t *end, struct err *e)
{
	CLEANUP(json_cleanup) cJSON *o = NULL;
	struct json_member m[] = {{"alg", true, NULL}, {"typ", true, NULL}, {"x5c", true, NULL}};
	const char *alg, *kind;

	if (!json_parse(text, len, &o, e) || !json_members(o, m, 3, e))
		return false;
	alg = json_text(&m[0], 16, e);
	kind = alg ? json_text(&m[1], 64, e) : NULL;
	if (!kind)
		return false;
	if (strcmp(alg, "ES256") != 0)
		return err_set(e, ERR_FORMAT, "alg: not ES256");
	if (strcmp(kind, typ) != 0)
		return err_set(e, ERR_FORMAT, "typ: not %s", typ);
	return take_chain(m[2].value, out, at, end, e);
}

struct parts {
	const char *header, *payload, *sig;
	size_t header_len, payload_len, sig_len;
};

static bool split(const char *text, size_t len, struct parts *p)
{
	const char *first = memchr(text, '.', len);
	const char *second =
	    first ? memchr(first + 1, '.', len - (size_t)(first + 1 - text)) : NULL;

	if (!second)
		return false;
	*p = (struct parts){.header = text,
			    .header_len = (size_t)(first - text),
			    .payload = first + 1,
			    .payload_len = (size_t)(second - first - 1),
			    .sig = second + 1,
			    .sig_len = len - (size_t)(second + 1 - text)};
	return true; /* a third '.' is no base64url */
}

/* One piece of memory for all: the payload, the header's text, and the certificates in it, each of
 * which takes no more bytes than the characters it stands in. */
static bool take(const struct parts *p, const char *typ, struct jws *out, struct err *e)
{
	const size_t most = p->payload_len + 2 * p->header_len;
	uint8_t *at = out->memory = malloc(most + 1);
	const uint8_t *end = at + most;
	size_t n = 0;

	if (!at)
		return err_set(e, ERR_NO_MEMORY, "JWS");
	if (!base64url_decode(p->sig, p->sig_len, out->sig, sizeof out->sig, &n, e) ||
	    n != sizeof out->sig)
		return err_set(e, ERR_FORMAT, "signature: not of 64 bytes in base64url");
	if (!base64url_decode(p->payload, p->payload_len, at, most, &out->payload_len, e))
		return err_prefix(e, "payload");
	out->payload = at;
	at += out->payload_len;
	if (!base64url_decode(p->header, p->header_len, at, p->header_len, &n, e))
		return err_prefix(e, "header");
	return take_header(at, n, typ, out, at + n, end, e) || err_prefix(e, "header");
}

bool jws_parse(const char *text, size_t len, const char *typ, struct jws *out, struct err *e)
{
	struct parts p;

	memset(out, 0, sizeof *out);
	if (len > JWS_MAX)
		return err_set(e, ERR_LIMIT, "larger than %u bytes", JWS_MAX);
	if (!split(text, len, &p))
		return err_set(e, ERR_FORMAT, "not a JWS in compact serialization");
	out->text = text;
	out->signed_len = p.header_len + 1 + p.payload_len;
	if (take(&p, typ, out, e))
		return true;
	jws_free(out);
	return false;
}

void jws_free(struct jws *j)
{
	free(j->memory);
	memset(j, 0, sizeof *j);
}

bool jws_verify(const struct jws *j, struct crypt_key *k, struct err *e)
{
	return jwa_verify(k, j->text, j->signed_len, j->sig, e);
}

/* --- making ------------------------------------------------------------------------------------
 */

static bool add_certificate(cJSON *x5c, const struct identity_der *der, struct err *e)
{
	unsigned char text[JWS_MAX + 1];
	size_t n = 0;

	if (mbedtls_base64_encode(text, sizeof text, &n, der->data, der->len) != 0)
		return err_set(e, ERR_LIMIT, "a certificate that is too large for a JWS");
	return cJSON_AddItemToArray(x5c, cJSON_CreateString((const char *)text)) ||
	       err_set(e, ERR_NO_MEMORY, "JWS");
}

/* *text: cJSON_free. */
static bool make_header(const char *typ, const struct identity_der *chain, size_t n_chain,
			char **text, struct err *e)
{
	CLEANUP(json_cleanup) cJSON *o = cJSON_CreateObject();
	cJSON *x5c = NULL;

	if (!cJSON_AddStringToObject(o, "alg", "ES256") ||
	    !cJSON_AddStringToObject(o, "typ", typ) || !(x5c = cJSON_AddArrayToObject(o, "x5c")))
		return err_set(e, ERR_NO_MEMORY, "JWS");
	for (size_t i = 0; i < n_chain; i++)
		if (!add_certificate(x5c, &chain[i], e))
			return false;
	*text = cJSON_PrintUnformatted(o);
	return *text || err_set(e, ERR_NO_MEMORY, "JWS");
}

static void text_cleanup(char **text)
{
	cJSON_free(*text);
}

bool jws_make(struct crypt_key *k, const char *typ, const struct identity_der *chain,
	      size_t n_chain, const void *payload, size_t len, char **out, size_t *out_len,
	      struct err *e)
{
	CLEANUP(text_cleanup) char *header = NULL;
	AUTO_FREE char *text = NULL;
	uint8_t sig[JWA_SIGNATURE_SIZE];
	size_t size, n;

	*out = NULL;
	if (!make_header(typ, chain, n_chain, &header, e))
		return false;
	size = base64url_length(strlen(header)) + 1 + base64url_length(len) + 1 +
	       base64url_length(sizeof sig);
	if (len > JWS_MAX || size > JWS_MAX)
		return err_set(e, ERR_LIMIT, "a JWS larger than %u bytes", JWS_MAX);
	text = malloc(size + 1);
	if (!text)
		return err_set(e, ERR_NO_MEMORY, "JWS");
	n = base64url_encode(header, strlen(header), text);
	text[n++] = '.';
	n += base64url_encode(payload, len, text + n);
	if (!jwa_sign(k, text, n, sig, e))
		return false;
	text[n++] = '.';
	n += base64url_encode(sig, sizeof sig, text + n);
	text[n] = '\0';
	if (out_len)
		*out_len = n;
	*out = steal_ptr(&text);
	return true;
}
