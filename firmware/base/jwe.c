/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/jwe.h"

#include "firmware/base/base64url.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/json.h"
#include "firmware/base/jwa.h"

#include <stdio.h>
#include <string.h>

#define HEADER_MAX	1024u
#define PIECE		12288u /* bytes, a multiple of 3 */
#define COORDINATE_TEXT 43u    /* characters of 32 bytes */
#define KID_SIZE	(2 * CRYPT_SHA256_SIZE + 1)

struct jwe_seal {
	struct jwe_sink sink;
	struct jwa_gcm *gcm;
	uint8_t sealed[PIECE];
	size_t held; /* bytes of it that wait for more: only the last piece is not full */
	char text[PIECE / 3 * 4];
};

static bool kid_of(const struct crypt_key *k, char out[KID_SIZE], struct err *e)
{
	uint8_t id[CRYPT_SHA256_SIZE];

	if (!crypt_key_id(k, id, e))
		return false;
	for (size_t i = 0; i < sizeof id; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", id[i]);
	return true;
}

/* --- sealing -----------------------------------------------------------------------------------
 */

static const char *coordinate(const uint8_t bytes[JWA_COORDINATE_SIZE],
			      char out[COORDINATE_TEXT + 1])
{
	out[base64url_encode(bytes, JWA_COORDINATE_SIZE, out)] = '\0';
	return out;
}

/* The length of the header is that of every header with this typ. */
static size_t format_header(const char *typ, const char *kid, const struct jwa_point *epk,
			    char out[HEADER_MAX])
{
	char x[COORDINATE_TEXT + 1], y[COORDINATE_TEXT + 1];

	return (size_t)snprintf(
	    out, HEADER_MAX,
	    "{\"alg\":\"ECDH-ES\",\"enc\":\"A256GCM\",\"typ\":\"%s\",\"kid\":\"%s\","
	    "\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}}",
	    typ, kid, coordinate(epk->x, x), coordinate(epk->y, y));
}

static bool put(struct jwe_seal *s, const void *text, size_t len, struct err *e)
{
	return s->sink.put(s->sink.arg, text, len, e);
}

static bool begin(struct jwe_seal *s, const struct crypt_key *to, const char *typ,
		  uint8_t key[CRYPT_AES_KEY_SIZE], struct err *e)
{
	struct jwa_point epk;
	char kid[KID_SIZE], header[HEADER_MAX], nonce_text[2 * CRYPT_NONCE_SIZE];
	uint8_t nonce[CRYPT_NONCE_SIZE];
	size_t n;

	if (!kid_of(to, kid, e) || !jwa_agree_afresh(to, &epk, key, e) ||
	    !crypt_random(nonce, sizeof nonce, e))
		return false;
	n = format_header(typ, kid, &epk, header);
	if (n >= sizeof header)
		return err_set(e, ERR_ARGUMENT, "typ: too long");
	n = base64url_encode(header, n, s->text);
	/* What is authenticated beside the content is the header as it is written. */
	if (!jwa_gcm_begin(key, nonce, s->text, n, &s->gcm, e) || !put(s, s->text, n, e))
		return false;
	n = base64url_encode(nonce, sizeof nonce, nonce_text);
	return put(s, "..", 2, e) /* no encrypted key between these */ &&
	       put(s, nonce_text, n, e) && put(s, ".", 1, e);
}

bool jwe_seal_begin(const struct crypt_key *to, const char *typ, struct jwe_sink sink,
		    struct jwe_seal **out, struct err *e)
{
	struct jwe_seal *s = calloc(1, sizeof *s);
	uint8_t key[CRYPT_AES_KEY_SIZE];
	bool done;

	*out = NULL;
	if (!s)
		return err_set(e, ERR_NO_MEMORY, "JWE");
	s->sink = sink;
	done = begin(s, to, typ, key, e);
	explicit_bzero(key, sizeof key);
	if (done)
		*out = s;
	else
		jwe_seal_free(s);
	return done;
}

static bool flush(struct jwe_seal *s, struct err *e)
{
	const size_t n = base64url_encode(s->sealed, s->held, s->text);

	s->held = 0;
	return n == 0 || put(s, s->text, n, e);
}

bool jwe_seal_append(struct jwe_seal *s, const void *data, size_t len, struct err *e)
{
	const uint8_t *p = data;

	while (len > 0) {
		const size_t room = sizeof s->sealed - s->held;
		const size_t n = len < room ? len : room;

		if (!jwa_gcm_append(s->gcm, p, n, s->sealed + s->held, e))
			return false;
		s->held += n;
		p += n;
		len -= n;
		if (s->held == sizeof s->sealed && !flush(s, e))
			return false;
	}
	return true;
}

bool jwe_seal_end(struct jwe_seal *s, struct err *e)
{
	uint8_t tag[CRYPT_TAG_SIZE];
	char text[2 * CRYPT_TAG_SIZE];

	return flush(s, e) && jwa_gcm_end(s->gcm, tag, e) && put(s, ".", 1, e) &&
	       put(s, text, base64url_encode(tag, sizeof tag, text), e);
}

void jwe_seal_free(struct jwe_seal *s)
{
	if (!s)
		return;
	jwa_gcm_free(s->gcm);
	explicit_bzero(s, sizeof *s);
	free(s);
}

size_t jwe_length(size_t len, const char *typ)
{
	static const struct jwa_point nowhere;
	char kid[KID_SIZE], header[HEADER_MAX];

	memset(kid, '0', sizeof kid - 1);
	kid[sizeof kid - 1] = '\0';
	return base64url_length(format_header(typ, kid, &nowhere, header)) + 4 +
	       base64url_length(CRYPT_NONCE_SIZE) + base64url_length(len) +
	       base64url_length(CRYPT_TAG_SIZE);
}

/* --- opening -----------------------------------------------------------------------------------
 */

static void json_cleanup(cJSON **o)
{
	cJSON_Delete(*o);
}

/* A member whose text is known beforehand. */
static bool says(const struct json_member *m, const char *what, struct err *e)
{
	const char *text = json_text(m, HEADER_MAX, e);

	return text &&
	       (strcmp(text, what) == 0 || err_set(e, ERR_FORMAT, "%s: not %.60s", m->name, what));
}

static bool take_coordinate(const struct json_member *m, uint8_t out[JWA_COORDINATE_SIZE],
			    struct err *e)
{
	const char *text = json_text(m, COORDINATE_TEXT, e);
	size_t n = 0;

	if (!text)
		return false;
	return (base64url_decode(text, strlen(text), out, JWA_COORDINATE_SIZE, &n, e) &&
		n == JWA_COORDINATE_SIZE) ||
	       err_set(e, ERR_FORMAT, "epk: not a point");
}

static bool take_point(const cJSON *epk, struct jwa_point *out, struct err *e)
{
	struct json_member m[] = {
	    {"kty", true, NULL}, {"crv", true, NULL}, {"x", true, NULL}, {"y", true, NULL}};

	if (!cJSON_IsObject(epk))
		return err_set(e, ERR_FORMAT, "epk: not a key");
	return json_members(epk, m, 4, e) && says(&m[0], "EC", e) && says(&m[1], "P-256", e) &&
	       take_coordinate(&m[2], out->x, e) && take_coordinate(&m[3], out->y, e);
}

static bool take_header(const char *text, size_t len, const char *typ, const char *kid,
			struct jwa_point *epk, struct err *e)
{
	CLEANUP(json_cleanup) cJSON *o = NULL;
	struct json_member m[] = {{"alg", true, NULL},
				  {"enc", true, NULL},
				  {"typ", true, NULL},
				  {"kid", true, NULL},
				  {"epk", true, NULL}};
	uint8_t json[HEADER_MAX];
	size_t n = 0;
	const char *to;

	if (!base64url_decode(text, len, json, sizeof json, &n, e) || !json_parse(json, n, &o, e) ||
	    !json_members(o, m, sizeof m / sizeof *m, e) || !says(&m[0], "ECDH-ES", e) ||
	    !says(&m[1], "A256GCM", e) || !says(&m[2], typ, e))
		return false;
	to = json_text(&m[3], HEADER_MAX, e);
	if (!to)
		return false;
	if (strcmp(to, kid) != 0)
		return err_set(e, ERR_NOT_FOUND, "sealed to another key");
	return take_point(m[4].value, epk, e);
}

#define PARTS 5u

struct part {
	const char *text;
	size_t len;
};

static bool split(const char *text, size_t len, struct part parts[PARTS], struct err *e)
{
	const char *end = text + len;

	for (unsigned i = 0; i < PARTS; i++) {
		const char *dot = text ? memchr(text, '.', (size_t)(end - text)) : NULL;

		if (!text || (!dot) != (i == PARTS - 1))
			return err_set(e, ERR_FORMAT, "not a JWE in compact serialization");
		parts[i] = (struct part){text, (size_t)((dot ? dot : end) - text)};
		text = dot ? dot + 1 : NULL;
	}
	return parts[1].len == 0 ||
	       err_set(e, ERR_FORMAT, "an encrypted key, which ECDH-ES has not");
}

static bool take_exactly(const struct part *p, void *out, size_t size, const char *what,
			 struct err *e)
{
	size_t n = 0;

	return (base64url_decode(p->text, p->len, out, size, &n, e) && n == size) ||
	       err_set(e, ERR_FORMAT, "%s: not of %zu bytes", what, size);
}

static bool unseal(const uint8_t key[CRYPT_AES_KEY_SIZE], const struct part parts[PARTS],
		   uint8_t **out, size_t *out_len, struct err *e)
{
	uint8_t nonce[CRYPT_NONCE_SIZE], tag[CRYPT_TAG_SIZE];
	const size_t most = base64url_bytes(parts[3].len);
	AUTO_FREE uint8_t *data = malloc(most + 1);

	if (!data)
		return err_set(e, ERR_NO_MEMORY, "JWE of %zu bytes", parts[3].len);
	if (!take_exactly(&parts[2], nonce, sizeof nonce, "nonce", e) ||
	    !take_exactly(&parts[4], tag, sizeof tag, "tag", e) ||
	    !base64url_decode(parts[3].text, parts[3].len, data, most, out_len, e) ||
	    !crypt_unseal(key, nonce, parts[0].text, parts[0].len, data, *out_len, tag, data, e))
		return false;
	*out = steal_ptr(&data);
	return true;
}

bool jwe_open(const struct crypt_key *k, const char *typ, const char *text, size_t len,
	      uint8_t **out, size_t *out_len, struct err *e)
{
	struct part parts[PARTS];
	struct jwa_point epk;
	uint8_t key[CRYPT_AES_KEY_SIZE];
	char kid[KID_SIZE];
	bool done;

	*out = NULL;
	if (!split(text, len, parts, e) || !kid_of(k, kid, e))
		return false;
	if (!take_header(parts[0].text, parts[0].len, typ, kid, &epk, e))
		return err_prefix(e, "header");
	done = jwa_agree(k, &epk, key, e) && unseal(key, parts, out, out_len, e);
	explicit_bzero(key, sizeof key);
	return done;
}
