/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox: hits on their way to the RTCC. A row is made in the transaction that stores the read,
 * and stays until the RTCC has answered; then its body goes and the time it took stays. No row
 * outlives the retention cap.
 */
#ifndef FIRMWARE_STORE_OUTBOX_H
#define FIRMWARE_STORE_OUTBOX_H

#include "firmware/store/db.h"
#include "firmware/store/period.h"
#include "firmware/wire.h"

enum outbox_state { OUTBOX_PENDING = 0, OUTBOX_ACKNOWLEDGED, OUTBOX_REFUSED };

struct outbox_hit {		   /* all borrowed */
	const uint8_t *passage_id; /* WIRE_ID_SIZE bytes */
	int64_t kept_ns, best_ns;
	const char *grade;
	char category;
	uint64_t list_version;
	const char *json; /* the event, ready to send */
	size_t len;
	const struct period_key *key; /* that it is sealed under */
};

/* Put a hit in, sealed; inside the transaction of its read. */
bool outbox_put(struct db *d, const struct outbox_hit *h, struct err *e) MUST_CHECK;

struct outbox_due {
	int64_t id, best_ns;
	int64_t size;
};

/*
 * The newest pending hit that is not in skip[0..n): what has just happened is worth most, and a
 * backlog follows when nothing newer is there. Without a keystore only those that can be opened.
 * *found false: there is none.
 */
bool outbox_next(struct db *d, const struct periods *keys, const int64_t *skip, size_t n,
		 struct outbox_due *out, bool *found, struct err *e) MUST_CHECK;

/* A write-sealed memfd with the body of a pending hit, opened; caller closes. ERR_NOT_FOUND: not
 * pending; ERR_SIGNATURE: its key is not here, or it is damaged. */
bool outbox_gift(struct db *d, const struct periods *keys, int64_t id, int *fd,
		 struct err *e) MUST_CHECK;

/*
 * The RTCC's final answer, with its audit record, in one transaction: ACKNOWLEDGED drops the body,
 * REFUSED keeps it with the status. `ended_ns`: when the answer came, `now_ns`: wall time of the
 * record. *latency_ns from exposure to then (>= 0). ERR_NOT_FOUND: no such pending hit.
 */
bool outbox_end(struct db *d, int64_t id, enum outbox_state state, uint32_t http_status,
		int64_t ended_ns, int64_t now_ns, int64_t *latency_ns, struct err *e) MUST_CHECK;

/*
 * Delete rows whose retention is over (kept_ns <= until): at most `most`. *pending: unanswered ones
 * among them, which is recorded in the audit chain at wall time now_ns, in the same transaction.
 */
bool outbox_expire(struct db *d, int64_t until, int64_t most, int64_t now_ns, int64_t *pending,
		   struct err *e) MUST_CHECK;

/*
 * After the keys were loaded: seal the bodies that an older schema left open, under the key of
 * kept_ns (ring time now), and delete the hits whose keys are lost, which is recorded like an
 * expiry. Does nothing without a keystore. db_fail's codes, and those of sealing.
 */
bool outbox_settle(struct db *d, struct periods *keys, int64_t kept_ns, int64_t now_ns,
		   struct err *e) MUST_CHECK;

struct outbox_counts {
	int64_t pending;	       /* rows there now */
	int64_t acknowledged, refused; /* since the database was made */
};

/* Count for the status. db_fail's codes. */
bool outbox_count(struct db *d, struct outbox_counts *out, struct err *e) MUST_CHECK;

#define OUTBOX_LATENCIES 256u

/* Median latency in ms of the last OUTBOX_LATENCIES acknowledged hits; -1 when there is none. */
bool outbox_latency(struct db *d, int64_t *median_ms, struct err *e) MUST_CHECK;

#endif
