/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for evidence from the RTCC to the store, and what comes of them back: sealed answers, or
 * a reason (RFC 9457). Bytes only: nothing here looks into a request or can open an answer.
 *
 * One request is in hand at a time. The RTCC is asked for one every evidence_poll_s; an answer is
 * kept in memory until the RTCC has taken it or will not. A large one goes in parts of 256 KiB
 * (Content-Range, RFC 9110, 14.4), so that hits, heartbeats and the hotlist go in between; an RTCC
 * that does not say 202 to a part gets it whole. Hits cut what is under way.
 */
#ifndef FIRMWARE_UPLINK_EVIDENCE_H
#define FIRMWARE_UPLINK_EVIDENCE_H

#include "firmware/base/gift.h"
#include "firmware/uplink/answer.h"
#include "firmware/uplink/backoff.h"
#include "firmware/uplink/transfer.h"

#define EVIDENCE_DIGEST_SIZE 65u /* SHA-256 in hexadecimal digits */
#define EVIDENCE_KNOWN	     16u /* requests that are not given to the store twice */
#define WHY_SIZE	     160u

enum evidence_have {
	EVIDENCE_NOTHING,
	EVIDENCE_REQUEST,  /* for the store, which has not got it yet */
	EVIDENCE_AT_STORE, /* which has it */
	EVIDENCE_ANSWERED  /* for the RTCC, which has not got all of it yet */
};

struct uplink_evidence {
	/* what is in hand */
	enum evidence_have have;
	unsigned given;		      /* how often the request was given to a store */
	struct transfer_body request; /* as it came */
	struct gift answer;	      /* sealed; empty when there is a problem instead */
	char *problem;		      /* a document; NULL: there is an answer */
	size_t sent;		      /* of the answer or the problem, taken by the RTCC */
	/* the store */
	uint64_t number;  /* of the request */
	int64_t give_ns;  /* monotonic: when it is tried again to give it */
	int64_t given_ns; /* monotonic: when it was given */
	/* the RTCC */
	int64_t ready_ns;     /* monotonic: since when the rest of an answer could go out */
	int64_t begun_ns;     /* monotonic: when the transfer under way was begun */
	int64_t next_poll_ns; /* monotonic */
	int64_t retry_ns;     /* monotonic; 0: no back-off */
	struct backoff backoff;
	size_t n_known;
	struct answer last;		   /* how the last transfer ended */
	char digest[EVIDENCE_DIGEST_SIZE]; /* of the request: where its answer goes */
	char known[EVIDENCE_KNOWN][EVIDENCE_DIGEST_SIZE]; /* of requests that were dealt with */
	bool store_there;
	bool whole;	      /* this RTCC does not know of parts */
	bool asking, sending; /* the transfer under way */
	bool contacted;	      /* one has ended */
};

#endif
