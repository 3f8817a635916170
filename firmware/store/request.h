/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An evidence request (EVIDENCE.md, "The request"): what it says, and who signed it. Only what can
 * be judged from the request itself is judged here; what this box may answer, the store decides.
 */
#ifndef FIRMWARE_STORE_REQUEST_H
#define FIRMWARE_STORE_REQUEST_H

#include "firmware/base/conf.h"
#include "firmware/base/jws.h"

#define REQUEST_TYP    "alpr-evidence-request"
#define REQUEST_FORMAT "alpr-evidence-request-1"

#define REQUEST_TEXT_MAX    64u	 /* bytes of a case number or a purpose */
#define REQUEST_NAME_MAX    256u /* bytes of a requester: 64 characters of UTF-8 */
#define REQUEST_NONCE_MIN   16u	 /* characters: 96 bits */
#define REQUEST_NONCE_MAX   64u
#define REQUEST_VALID_MAX_S 86400 /* from issued to expires */

struct request {
	char camera[CONF_STRING_MAX]; /* the [site] name of the box that is asked */
	char plate[11];		      /* folded as entry_fold does; "": any, within the window */
	bool has_window;
	int64_t from_ns, to_ns; /* the window: from <= t < to, UTC */
	char case_number[REQUEST_TEXT_MAX + 1], purpose[REQUEST_TEXT_MAX + 1];
	char requester[REQUEST_NAME_MAX + 1]; /* the CN of the certificate */
	int64_t issued_ns, expires_ns;
	char nonce[REQUEST_NONCE_MAX + 1];
};

/* Fold one exact plate as entry_fold does. ERR_FORMAT: a character that no plate has, or not 1 to
 * 10 letters and digits; it says so without the plate. */
bool request_fold_plate(const char *text, char out[11], struct err *e) MUST_CHECK;

/*
 * Read the payload. ERR_FORMAT with the member's name, never its value: not JSON, a member that is
 * unknown, missing, there twice or empty, a plate with a character that no plate has or of more
 * than 10 letters and digits, half a window, neither plate nor window. ERR_POLICY: a window that
 * ends before it begins, a request good for longer than a day or for no time at all, a case number
 * or purpose that names the plate. ERR_NO_MEMORY.
 */
bool request_parse(const void *json, size_t len, struct request *out, struct err *e) MUST_CHECK;

/* Write a payload that request_parse takes for the same (the plate as it is here, the requester's
 * name and all). *out: the caller frees with cJSON_free. ERR_NO_MEMORY. */
bool request_write(const struct request *r, char **out, struct err *e) MUST_CHECK;

/*
 * Read a whole request: the JWS, its certificates against the authorities at now_ns, the signature,
 * the role EVIDENCE, the payload, and that the requester is who signed. *who is set as soon as the
 * signature has proven somebody, and stays set when what follows is refused: what is refused then
 * has a name to be recorded under. Errors: jws_parse's, identity_of_chain's, jws_verify's,
 * request_parse's; ERR_POLICY: another role, a key that is not on P-256, a requester who is not
 * the certificate's CN. *who: identity_free, also after a failure.
 */
bool request_open(const char *text, size_t len, const struct identity_authorities *ca,
		  int64_t now_ns, struct identity **who, struct request *out,
		  struct err *e) MUST_CHECK;

/*
 * Who signed a JWS: its certificates against the authorities at now_ns, and its signature. *who:
 * identity_free. identity_of_chain's and jws_verify's errors; ERR_POLICY: a key that is not on
 * P-256.
 */
bool request_prove(const struct jws *j, const struct identity_authorities *ca, int64_t now_ns,
		   struct identity **who, struct err *e) MUST_CHECK;

#endif
