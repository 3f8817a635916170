/* SPDX-License-Identifier: Apache-2.0 */
/* What the end of a transfer means, and how to say it to a person. */
#ifndef FIRMWARE_UPLINK_ANSWER_H
#define FIRMWARE_UPLINK_ANSWER_H

#include "firmware/wire.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#define ANSWER_ETAG_SIZE  64u
#define ANSWER_WORDS_SIZE 128u

/* How a transfer ended, as libcurl tells it. */
struct ending {
	CURLcode code;
	long status;		     /* HTTP; 0: none came */
	bool problem;		     /* the body is application/problem+json (RFC 9457) */
	bool jose;		     /* the body is application/jose (RFC 7515, 9.2.1) */
	bool tls;		     /* TLS stood */
	long os_error;		     /* errno of a failed connect; 0 */
	uint32_t verify;	     /* MBEDTLS_X509_BADCERT_… of the RTCC's chain; 0 */
	int64_t retry_after_s;	     /* Retry-After; 0 */
	uint64_t sent, received;     /* bytes of HTTP, headers included */
	bool odd;		     /* a body came that was not asked for */
	bool waited;		     /* the RTCC had waited for news before it answered */
	char etag[ANSWER_ETAG_SIZE]; /* "" when there is none that can be sent back */
};

enum failure {
	FAILURE_NONE,
	FAILURE_CONNECT,
	FAILURE_TLS,
	FAILURE_TIMEOUT,
	FAILURE_HTTP,
	FAILURE_TRANSFER
};

struct answer {
	enum wire_outcome outcome;
	enum failure failure;	       /* FAILURE_NONE unless the outcome is LATER */
	char words[ANSWER_WORDS_SIZE]; /* "connection refused", "HTTP 500": for status and log */
};

/*
 * ACKNOWLEDGED: 2xx, received whole. REFUSED: 400, 413 or 422 with a problem document: the receiver
 * itself says so, where nginx answers a wrong client certificate with a bare 400 page. Everything
 * else, 3xx included, is LATER.
 */
void answer_to_hit(const struct ending *end, struct answer *out);

/* The same for a question for the hotlist: ACKNOWLEDGED for 200, 206 (the rest of it), 226 (a
 * delta), 304 and 404 (no list published); LATER otherwise. */
void answer_to_list(const struct ending *end, struct answer *out);

/* The same for a heartbeat: ACKNOWLEDGED for 2xx, and for 404: this RTCC takes none. LATER
 * otherwise. */
void answer_to_heartbeat(const struct ending *end, struct answer *out);

/* The same for a question for a request for evidence: ACKNOWLEDGED for 200 with application/jose,
 * 204, and 404: this RTCC asks for none. LATER otherwise. */
void answer_to_request(const struct ending *end, struct answer *out);

/* The same for an answer to one. REFUSED as for a hit, and by 404, 409, 410, 413 and 415 however
 * said: an RTCC that has asked and has no place for the answer will have none later. */
void answer_to_evidence(const struct ending *end, struct answer *out);

/* A body came that is not what was asked for: LATER. */
void answer_odd(struct answer *out);

#endif
