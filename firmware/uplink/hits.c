/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/uplink.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <inttypes.h>
#include <string.h>

static void remove_at(struct uplink *u, size_t i)
{
	gift_unmap(&u->queue[i].body);
	u->n_queue--;
	memmove(&u->queue[i], &u->queue[i + 1], (u->n_queue - i) * sizeof u->queue[0]);
}

static struct queued_hit *find(struct uplink *u, int64_t outbox_id)
{
	for (size_t i = 0; i < u->n_queue; i++)
		if (u->queue[i].outbox_id == outbox_id)
			return &u->queue[i];
	return NULL;
}

bool hits_take(struct uplink *u, const struct wire_hit *m, int fd, struct err *e)
{
	struct queued_hit *q = &u->queue[u->n_queue];

	if (u->n_queue == UPLINK_QUEUE)
		return err_set(e, ERR_LIMIT, "hit %" PRId64 ": more than %u under way",
			       m->outbox_id, UPLINK_QUEUE);
	if (m->outbox_id < 0 || find(u, m->outbox_id))
		return err_set(e, ERR_PEER, "hit %" PRId64 ": under way already", m->outbox_id);
	memset(q, 0, sizeof *q);
	if (!gift_map(fd, UPLINK_HIT_MAX, &q->body, e))
		return err_prefix(e, "hit %" PRId64, m->outbox_id);
	if (q->body.len == 0 || q->body.len != m->size) {
		(void)err_set(e, ERR_PEER, "hit %" PRId64 ": %zu bytes instead of %" PRIu64,
			      m->outbox_id, q->body.len, m->size);
		gift_unmap(&q->body);
		return false;
	}
	q->outbox_id = m->outbox_id;
	u->n_queue++;
	return true;
}

size_t hits_waiting(const struct uplink *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n_queue; i++)
		n += !u->queue[i].ended;
	return n;
}

bool hits_deliver(struct uplink *u)
{
	for (size_t i = 0; i < u->n_queue;) {
		struct err e = {0};

		if (!u->queue[i].ended) {
			i++;
			continue;
		}
		/* A store that is gone asks again when it is back, and the RTCC knows the event's
		 * id. */
		if (!role_send(u->role, WIRE_STORE, &u->queue[i].done.h, NULL, 0, &e) &&
		    e.code == ERR_AGAIN)
			return false;
		remove_at(u, i);
	}
	return true;
}

static void end_hit(struct uplink *u, const struct ending *end, const struct answer *a)
{
	struct queued_hit *q = find(u, u->sending);

	u->sending = -1;
	if (!q)
		return;
	wire_start(&q->done.h, WIRE_HIT_DONE, sizeof q->done);
	q->done.outbox_id = q->outbox_id;
	q->done.outcome = (uint32_t)a->outcome;
	q->done.http_status = (uint32_t)end->status;
	q->done.ended_ns = clock_utc_ns();
	q->ended = true;
	u->last_failed = a->outcome == WIRE_LATER ? q->outbox_id : -1;
	if (a->outcome == WIRE_REFUSED)
		log_line(LOG_WARNING, "hit %" PRId64 ": %s", q->outbox_id, a->words);
}

static void account(struct uplink *u, const struct ending *end, const struct answer *a)
{
	uplink_count(u, end, a, &u->n.bytes_sent_hits);
	u->last = *a;
	if (a->failure == FAILURE_NONE) {
		backoff_clear(&u->backoff);
		u->not_before_ns = 0;
	} else {
		u->not_before_ns =
		    clock_mono_ns() + uplink_back_off(&u->backoff, end->retry_after_s);
	}
	uplink_say(u, a);
}

static void on_done(void *arg, const struct ending *end)
{
	struct uplink *u = arg;
	struct answer a;

	answer_to_hit(end, &a);
	u->n.acknowledged += a.outcome == WIRE_ACKNOWLEDGED;
	u->n.refused += a.outcome == WIRE_REFUSED;
	u->n.retries += a.outcome == WIRE_LATER;
	end_hit(u, end, &a);
	account(u, end, &a);
	uplink_next(u);
}

/* The first that waits; one that has just failed goes last, so that it cannot stand in the way of
 * the others. */
static struct queued_hit *choose(struct uplink *u)
{
	struct queued_hit *chosen = NULL;

	for (size_t i = 0; i < u->n_queue; i++) {
		struct queued_hit *q = &u->queue[i];

		if (!q->ended && (!chosen || chosen->outbox_id == u->last_failed))
			chosen = q;
		if (chosen && chosen->outbox_id != u->last_failed)
			break;
	}
	return chosen;
}

bool hits_send(struct uplink *u)
{
	struct queued_hit *q = choose(u);
	struct err e = {0};

	if (!q)
		return false;
	u->sending = q->outbox_id;
	u->n.sent++;
	if (!transfer_hit(u->transfer, q->body.data, q->body.len, on_done, u, &e)) {
		const struct ending end = {.code = CURLE_OUT_OF_MEMORY};

		log_line(LOG_ERROR, "hit %" PRId64 ": %s", q->outbox_id, e.text);
		on_done(u, &end);
	}
	return true;
}

void hits_forget(struct uplink *u)
{
	while (u->n_queue > 0)
		remove_at(u, u->n_queue - 1);
	u->sending = -1;
}
