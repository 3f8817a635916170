/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTPS transfer at a time over one connection kept alive: libcurl's multi interface in our
 * event loop. The server must show a certificate of the configured authority for the URL's host,
 * over TLS 1.2 or later; there is no way to ask for less.
 */
#ifndef FIRMWARE_UPLINK_TRANSFER_H
#define FIRMWARE_UPLINK_TRANSFER_H

#include "firmware/base/loop.h"
#include "firmware/uplink/answer.h"
#include "firmware/uplink/conf.h"
#include "firmware/uplink/credentials.h"
#include "firmware/uplink/download.h"

#include <stddef.h>

#define TRANSFER_ANSWER_MAX 65536u /* bytes of an answer to a hit that are read */

struct transfer;

/* Called once when a transfer has ended, in whatever way; a new one may be started from here. */
typedef void (*transfer_done_fn)(void *arg, const struct ending *end);

/* All borrowed for as long as the transfer lives. Call before the sandbox closes: libraries are
 * loaded here. ERR_IO, ERR_NO_MEMORY. */
bool transfer_new(struct loop *loop, const struct uplink_conf *conf, const struct credentials *own,
		  struct transfer **out, struct err *e) MUST_CHECK;
void transfer_free(struct transfer *t);

/* Whether a transfer runs: then no other can be started. */
bool transfer_busy(const struct transfer *t);

/* POST a CloudEvent to {url}/v1/hits; body stays the caller's and must live until done. ERR_AGAIN:
 * busy; ERR_NO_MEMORY. */
bool transfer_hit(struct transfer *t, const void *body, size_t len, transfer_done_fn done,
		  void *arg, struct err *e) MUST_CHECK;

/* POST a heartbeat, JSON, to {url}/v1/heartbeat; the rest as transfer_hit. Given up after 10 s. */
bool transfer_heartbeat(struct transfer *t, const void *body, size_t len, transfer_done_fn done,
			void *arg, struct err *e) MUST_CHECK;

/*
 * GET {url}/v1/hotlist as `q` says, going on with what is in `d` when it can be gone on with. What
 * comes goes to `d`: all of it when `done` is told a status of 200, 206 or 226 and CURLE_OK; a
 * beginning when it can be gone on with; else nothing. Both must live until done. ERR_AGAIN: busy;
 * ERR_NO_MEMORY.
 */
bool transfer_list(struct transfer *t, const struct list_question *q, struct download *d,
		   transfer_done_fn done, void *arg, struct err *e) MUST_CHECK;

/* A small body that is kept. */
struct transfer_body {
	size_t len;
	uint8_t data[WIRE_REQUEST_MAX];
};

/*
 * GET {url}/v1/evidence/requests. The body of a 200 goes to `into`, which must live until done; one
 * that has no room there ends the transfer. Given up after 10 s. ERR_AGAIN: busy; ERR_NO_MEMORY.
 */
bool transfer_request(struct transfer *t, struct transfer_body *into, transfer_done_fn done,
		      void *arg, struct err *e) MUST_CHECK;

struct transfer_part {
	const char *digest; /* of the request, in hexadecimal digits */
	const char *type;   /* application/jose, application/problem+json */
	const void *data;   /* the caller's; must live until done */
	size_t len;
	size_t first, whole; /* where the part begins, in how many bytes */
	double timeout_s;
};

/* POST a part of an answer, or all of it, to {url}/v1/evidence/answers/{digest}. The rest as
 * transfer_hit. */
bool transfer_answer(struct transfer *t, const struct transfer_part *p, transfer_done_fn done,
		     void *arg, struct err *e) MUST_CHECK;

/* Has the body of the hotlist under way begun to come? */
bool transfer_flows(const struct transfer *t);

/* End a running transfer without calling done; *end (may be NULL) tells what it was until then.
 * Harmless when none runs. */
void transfer_abort(struct transfer *t, struct ending *end);

#endif
