/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the hotlist is asked for, and what comes of it: a conditional request (RFC 9110, 13.1.2) that
 * the RTCC may keep until there is news (RFC 7240, 4.3), may answer with a delta to the list that
 * is in force (RFC 3229), and that goes on where a cut left off (RFC 9110, 14.2).
 */
#ifndef FIRMWARE_UPLINK_DOWNLOAD_H
#define FIRMWARE_UPLINK_DOWNLOAD_H

#include "firmware/base/err.h"
#include "firmware/uplink/answer.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct list_question {
	char have[ANSWER_ETAG_SIZE];	/* ETag of the list in force; "": ask for any */
	char refused[ANSWER_ETAG_SIZE]; /* of one that is not wanted; "": none */
	bool delta;			/* a delta to `have` will do */
	unsigned wait_s;		/* the RTCC may wait so long for news; 0: not at all */
};

/* What has come so far, over one transfer or several. */
struct download {
	int fd;			     /* an unsealed gift; -1: nothing */
	uint64_t len;		     /* bytes in it */
	uint64_t whole;		     /* bytes it will have; 0: not known */
	bool delta;		     /* a delta, not a list */
	bool resumes;		     /* the RTCC can go on with it after a cut */
	char etag[ANSWER_ETAG_SIZE]; /* of the list that it gives; "": none that can be sent back */
};

#define DOWNLOAD_NONE ((struct download){.fd = -1})

/*
 * Append the request's header lines to *list: If-None-Match, Prefer, A-IM; or, when `d` can be gone
 * on with, Range and If-Range. False: no memory; *list stays the caller's.
 */
bool download_ask(const struct list_question *q, const struct download *d,
		  struct curl_slist **list) MUST_CHECK;

/*
 * The first byte of a body of status 200, 206 or 226 has come on `easy`: begin anew, or go on.
 * ERR_PEER: a part that does not follow what is there, or a delta to another list than was named;
 * ERR_IO, ERR_NO_MEMORY. After an error `d` is empty.
 */
bool download_body(struct download *d, const struct list_question *q, CURL *easy, long status,
		   struct err *e) MUST_CHECK;

/* ERR_LIMIT: more than `most` bytes; ERR_IO, ERR_NO_MEMORY, ERR_NO_SPACE. After an error `d` is
 * empty. */
bool download_append(struct download *d, const void *data, size_t len, uint64_t most,
		     struct err *e) MUST_CHECK;

/* Has all come that is to come, as far as can be known? */
bool download_complete(const struct download *d);

/* Throw away what can not be gone on with: it was cut, and the RTCC would begin anew. */
void download_cut(struct download *d);

/* Hand over the gift (caller closes); `d` is empty then. -1: there is none. */
int download_take(struct download *d);

void download_drop(struct download *d);

/* Copy the ETag of the answer on `easy` to `out`; "" when there is none, or none that can be sent
 * back as it came. */
void download_etag(CURL *easy, char out[ANSWER_ETAG_SIZE]);

/* Does the answer on `easy` say that the RTCC waited for news (RFC 7240, 3)? */
bool download_waited(CURL *easy);

#endif
