/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this box does with a request for evidence that is proven to be somebody's: whether it may be
 * answered, what is remembered of it, and its record in the audit chain. Every function takes the
 * time; nothing here asks a clock.
 *
 * A request is taken up once: its nonce is remembered until it has expired, through restarts, and
 * whoever sets the clock back finds that requests which expire no later than one that has been
 * forgotten are refused, too. After a database was damaged, only requests that were signed since
 * are taken up: the table of nonces may have been what was lost.
 */
#ifndef FIRMWARE_STORE_PULLS_H
#define FIRMWARE_STORE_PULLS_H

#include "firmware/base/clock.h"
#include "firmware/store/archive.h"
#include "firmware/store/conf.h"

#define PULLS_HOUR_NS  (3600 * NS_PER_S)
#define PULLS_DAY_NS   (24 * PULLS_HOUR_NS)
#define PULLS_SKEW_NS  (300 * NS_PER_S) /* that a custodian's clock may be ahead */
/* Refusals that are recorded one by one within an hour. More of them, and whatever proves nobody,
 * is summed up in one record an hour: nobody shall be able to fill the chain. */
#define PULLS_REFUSALS 60

struct pulls_now {
	int64_t wall_ns; /* elapsed_wall */
	int64_t ring_ns;
};

/*
 * May it be answered, going by what it says: camera (this site's name), purpose, window, validity?
 * ERR_POLICY, in words that hold nothing of the request.
 */
bool pulls_judge(const struct request *r, const struct store_conf *conf,
		 const struct pulls_now *now, struct err *e) MUST_CHECK;

/*
 * Take it up, for good and committed: from now on its nonce has been seen, and it counts.
 * `requester`: SHA-256 that names the certificate. ERR_POLICY: the nonce had been seen, or may have
 * been; or per_hour are taken up, of this certificate, or twice as many of all together; or, for a
 * window without a plate, day_min would be exceeded: many windows are no way to list everything.
 * db_fail's codes.
 */
bool pulls_take(struct db *d, const struct request *r, const uint8_t requester[CRYPT_SHA256_SIZE],
		const struct store_evidence_conf *c, const struct pulls_now *now,
		struct err *e) MUST_CHECK;

/* Forget requests that have expired and whose hour is over. db_fail's codes. */
bool pulls_forget(struct db *d, const struct pulls_now *now, struct err *e) MUST_CHECK;

/* --- the record ---------------------------------------------------------------------------------
 */

struct pulls_note {		      /* borrowed; what is NULL or 0 is not known */
	const char *subject, *serial; /* of the certificate that proved who asks */
	const struct request *request;
	const uint8_t *digest;	      /* SHA-256 of the request */
	const char *way;	      /* who brought it: "uplink", "control" */
	const char *outcome;	      /* "sealed", "refused", "failed" */
	const char *why;	      /* unless sealed */
	struct archive_counts counts; /* if sealed */
};

/* Record it, committed, and count it ("pulls", "pulls_refused"). *row (may be NULL): the record as
 * it is in the chain. ERR_NO_MEMORY; db_fail's codes. */
bool pulls_record(struct db *d, const struct pulls_note *n, int64_t wall_ns, struct audit_row *row,
		  struct err *e) MUST_CHECK;

/* What is not recorded one by one. In memory, because a flood must not become one of writes. */
struct pulls_noise {
	int64_t n; /* refused, and not recorded yet */
};

/* A refusal: recorded like any, if somebody is proven to have asked and there are not too many of
 * them; else it is noise. ERR_NO_MEMORY; db_fail's codes. */
bool pulls_refuse(struct db *d, struct pulls_noise *noise, const struct pulls_note *n,
		  const struct pulls_now *now, struct err *e) MUST_CHECK;

/* Record the noise, if there is any and none was within the hour, or at once (`last`: the process
 * ends). db_fail's codes. */
bool pulls_tend(struct db *d, struct pulls_noise *noise, const struct pulls_now *now, bool last,
		struct err *e) MUST_CHECK;

#endif
