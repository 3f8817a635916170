/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: what comes to the store and to the custodian's desk of an evidence pull. The first
 * byte says what the rest is: J a whole request, H the header of one, C a chain of certificates
 * (each with its length in 16 bits, big-endian, in front), P a payload, E the header of a sealed
 * answer, A an archive.
 */
#include "firmware/base/base64url.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/jwe.h"
#include "firmware/ctl/evidence_archive.h"
#include "firmware/store/request.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (2 * JWS_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct identity_authorities *ca;
static struct crypt_key *key;
static int64_t now;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e = {0};

	(void)argc;
	(void)argv;
	now = clock_utc_ns();
	if (identity_authorities_load(FUZZ_CA, &ca, &e) && crypt_key_generate(&key, &e))
		return 0;
	(void)fprintf(stderr, "%s\n", e.text);
	abort();
}

static void want(bool holds)
{
	if (!holds)
		abort();
}

/* What is accepted lies within its bounds, and is written so that it is read the same. */
static void check(const struct request *r)
{
	struct request again;
	struct err e = {0};
	char *text = NULL;

	want(r->camera[0] && r->case_number[0] && r->purpose[0] && r->requester[0]);
	want(strlen(r->nonce) >= REQUEST_NONCE_MIN && strlen(r->plate) <= 10);
	want(strspn(r->plate, "0123456789ABCDEFGHIJKLMNPQRSTUVWXYZ") == strlen(r->plate));
	want(r->plate[0] || r->has_window);
	want(r->expires_ns > r->issued_ns &&
	     r->expires_ns - r->issued_ns <= REQUEST_VALID_MAX_S * NS_PER_S);
	want(!r->has_window || r->from_ns < r->to_ns);
	want(request_write(r, &text, &e) && request_parse(text, strlen(text), &again, &e));
	want(strcmp(again.plate, r->plate) == 0 && strcmp(again.camera, r->camera) == 0 &&
	     strcmp(again.nonce, r->nonce) == 0 && again.has_window == r->has_window);
	cJSON_free(text);
}

static void whole(const char *text, size_t len)
{
	struct identity *who = NULL;
	struct request r;
	struct err e = {0};

	if (request_open(text, len, ca, now, &who, &r, &e)) {
		want(who && identity_role(who) == IDENTITY_EVIDENCE);
		check(&r);
	} else {
		want(e.text[0] != '\0');
	}
	identity_free(who);
}

/* A text is written in one way: what was taken apart comes together again. */
static void header(const uint8_t *data, size_t len)
{
	AUTO_FREE char *text = malloc(TEXT_MAX);
	struct jws j;
	struct err e = {0};
	char again[16];
	size_t n;

	if (!text || base64url_length(len) > TEXT_MAX - 256)
		return;
	n = base64url_encode(data, len, text);
	text[n++] = '.';
	n += base64url_encode("{}", 2, text + n);
	text[n++] = '.';
	memset(text + n, 'A', 86);
	n += 86;
	if (jws_parse(text, n, "t", &j, &e)) {
		want(j.n_chain > 0 && j.n_chain <= IDENTITY_CHAIN_MAX && j.payload_len == 2);
		want(base64url_encode(j.payload, 2, again) == 3 && memcmp(again, "e30", 3) == 0);
		want(!jws_verify(&j, key, &e));
	}
	jws_free(&j);
}

static void chain(const uint8_t *data, size_t len)
{
	struct identity_der der[IDENTITY_CHAIN_MAX + 2];
	struct identity *who = NULL;
	struct err e = {0};
	size_t n = 0;

	while (len >= 2 && n < IDENTITY_CHAIN_MAX + 2) {
		size_t one = (size_t)data[0] << 8 | data[1];

		data += 2;
		len -= 2;
		if (one > len)
			one = len;
		der[n++] = (struct identity_der){data, one};
		data += one;
		len -= one;
	}
	if (identity_of_chain(der, n, ca, now, &who, &e))
		want(strlen(identity_common_name(who)) <= REQUEST_NAME_MAX);
	identity_free(who);
	if (n > 0 && identity_claimed(&der[0], &who, &e)) {
		want(identity_role(who) == IDENTITY_ROLES);
		identity_free(who);
	}
}

static void payload(const uint8_t *data, size_t len)
{
	struct request r;
	struct err e = {0};

	if (request_parse(data, len, &r, &e))
		check(&r);
}

static void sealed(const uint8_t *data, size_t len)
{
	static const char REST[] = "..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA";
	AUTO_FREE char *text = malloc(base64url_length(len) + sizeof REST);
	uint8_t *out = NULL;
	struct err e = {0};
	size_t n;

	if (!text)
		return;
	n = base64url_encode(data, len, text);
	memcpy(text + n, REST, sizeof REST - 1);
	want(!jwe_open(key, "alpr-evidence", text, n + sizeof REST - 1, &out, &n, &e) && !out);
	want(!jwe_open(key, "alpr-evidence", (const char *)data, len, &out, &n, &e) && !out);
}

static void archive(const uint8_t *data, size_t len)
{
	struct evidence_archive a = {0};
	struct err e = {0};

	if (evidence_archive_read(data, len, &a, &e)) {
		want(a.n >= EVIDENCE_PARTS);
		for (size_t i = 0; i < a.n; i++) {
			want(a.files[i].data >= data &&
			     a.files[i].len <= len - (size_t)(a.files[i].data - data));
			want(i < EVIDENCE_PARTS || evidence_is_picture(a.files[i].name));
			want(!strstr(a.files[i].name, ".."));
		}
	}
	evidence_archive_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (*data) {
	case 'J':
		whole((const char *)data + 1, size - 1);
		break;
	case 'H':
		header(data + 1, size - 1);
		break;
	case 'C':
		chain(data + 1, size - 1);
		break;
	case 'P':
		payload(data + 1, size - 1);
		break;
	case 'E':
		sealed(data + 1, size - 1);
		break;
	case 'A':
		archive(data + 1, size - 1);
		break;
	default:
		break;
	}
	return 0;
}
