/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box's side of an evidence pull, for tests that play the other with another implementation.
 *
 *   jose request CA < request      reads a request as the store does; its payload, written again
 *   jose seal CERTIFICATE < data   seals to the key of a certificate
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/jwe.h"
#include "firmware/store/request.h"

#include <cjson/cJSON.h>
#include <string.h>

#define MOST 1000000u

static int failed(const struct err *e)
{
	(void)fprintf(stderr, "%s\n", e->text);
	return 1;
}

static int read_request(const char *ca_path, const char *text, size_t len)
{
	struct identity_authorities *ca = NULL;
	struct identity *who = NULL;
	struct request r;
	struct err e = {0};
	char *json = NULL;
	bool done;

	done = identity_authorities_load(ca_path, &ca, &e) &&
	       request_open(text, len, ca, clock_utc_ns(), &who, &r, &e) &&
	       request_write(&r, &json, &e);
	if (who)
		(void)fprintf(stderr, "%s\n", identity_subject(who));
	if (done)
		(void)printf("%s\n", json);
	cJSON_free(json);
	identity_free(who);
	identity_authorities_free(ca);
	return done ? 0 : failed(&e);
}

static bool put(void *arg, const void *text, size_t len, struct err *e)
{
	(void)arg;
	return fwrite(text, 1, len, stdout) == len || err_set(e, ERR_IO, "standard output");
}

static int seal(const char *certificate, const void *data, size_t len)
{
	struct crypt_key *k = NULL;
	struct jwe_seal *s = NULL;
	struct err e = {0};
	const struct jwe_sink sink = {put, NULL};
	bool done = crypt_key_load_public(certificate, &k, &e) &&
		    jwe_seal_begin(k, "alpr-evidence", sink, &s, &e) &&
		    jwe_seal_append(s, data, len, &e) && jwe_seal_end(s, &e);

	jwe_seal_free(s);
	crypt_key_free(k);
	return done ? 0 : failed(&e);
}

int main(int argc, char **argv)
{
	AUTO_FREE char *text = malloc(MOST);
	size_t len = text ? fread(text, 1, MOST, stdin) : 0;

	if (argc == 3 && strcmp(argv[1], "request") == 0)
		return read_request(argv[2], text, len);
	if (argc == 3 && strcmp(argv[1], "seal") == 0)
		return seal(argv[2], text, len);
	return 2;
}
