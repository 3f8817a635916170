/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict: what a human at the RTCC found of a hit, signed (JWS, typ "alpr-verdict") by an RTCC
 * certificate (COUNTERS.md, "Verdicts"). A hit has one; a later one takes its place. It holds no
 * plate.
 */
#ifndef FIRMWARE_STORE_VERDICT_H
#define FIRMWARE_STORE_VERDICT_H

#include "firmware/base/conf.h"
#include "firmware/base/identity.h"
#include "firmware/store/db.h"
#include "firmware/wire.h"

#define VERDICT_TYP	"alpr-verdict"
#define VERDICT_FORMAT	"alpr-verdict-1"
#define VERDICT_SKEW_NS (INT64_C(300) * 1000000000) /* that the RTCC's clock may be ahead */
#define VERDICT_HOURLY	600 /* taken or refused by name in an hour: nobody shall fill the chain */

enum verdict_kind {
	VERDICT_CONFIRMED = 1,
	VERDICT_MISREAD,
	VERDICT_WRONG_STATE,
	VERDICT_STALE,
	VERDICT_OTHER,
	VERDICT_KINDS
};

struct verdict {
	char camera[CONF_STRING_MAX];  /* the [site] name of the box that it is for */
	uint8_t passage[WIRE_ID_SIZE]; /* the event's id */
	enum verdict_kind kind;
	int64_t when_ns; /* when it was found, UTC */
};

struct verdict_now {
	int64_t wall_ns; /* elapsed_wall */
	int64_t ring_ns;
};

/* "confirmed", "misread", "wrong-state", "stale", "other". */
const char *verdict_name(enum verdict_kind kind);

/* Does the text say of itself that it is a verdict? It proves nothing. */
bool verdict_is(const char *text, size_t len);

/*
 * Read a whole one: the JWS, its certificates against the authorities at now_ns, the signature, the
 * role RTCC, the payload. *who is set as soon as the signature has proven somebody, and stays set
 * when what follows is refused. Errors: jws_parse's, identity_of_chain's, jws_verify's; ERR_POLICY:
 * another role; ERR_FORMAT with the member's name: the payload is none. *who: identity_free, also
 * after a failure.
 */
bool verdict_open(const char *text, size_t len, const struct identity_authorities *ca,
		  int64_t now_ns, struct identity **who, struct verdict *out,
		  struct err *e) MUST_CHECK;

/*
 * Keep it with its hit, count it and record it in the audit chain under `who`, in one
 * transaction. The same once more changes nothing. ERR_POLICY, in plain words: it is for another
 * box (`site`: this one's name), there is no such hit (any more), it is from before the hit or from
 * the future, one that is not older is there, or there were VERDICT_HOURLY. db_fail's codes.
 */
bool verdict_take(struct db *d, const struct verdict *v, const char *site,
		  const struct identity *who, const struct verdict_now *now,
		  struct err *e) MUST_CHECK;

/*
 * One was refused. If somebody is proven to have signed it (else NULL), and there were not too
 * many, it is recorded and counted; else *noise grows by one: anybody can send such, and shall not
 * have anything written for each. ERR_NO_MEMORY; db_fail's codes.
 */
bool verdict_refuse(struct db *d, int64_t *noise, const struct identity *who, const char *why,
		    const struct verdict_now *now, struct err *e) MUST_CHECK;

/* Count the noise as refused, in a transaction of its own, and forget it; 0 is no write. db_fail's
 * codes: it is kept. */
bool verdict_count_noise(struct db *d, int64_t *noise, struct err *e) MUST_CHECK;

#endif
