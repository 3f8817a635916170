/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/uplink.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <inttypes.h>
#include <string.h>

#define ANSWER_WAIT_NS                                                                             \
	(120 * NS_PER_S) /* for the store to verify a bundle; then it may be offered anew */
#define REFUSED_MAX                                                                                \
	6u /* doublings of the interval for a bundle that the store does not want: an hour at 60 s \
	    */
#define APART_NS NS_PER_S /* between questions that are kept, whatever the RTCC does */

static int64_t interval_ns(const struct uplink *u)
{
	double s = u->conf.hotlist_poll_s < 0.1 ? 0.1 : u->conf.hotlist_poll_s;

	return (int64_t)(s * (double)NS_PER_S);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t list_due(const struct uplink *u)
{
	const struct uplink_list *l = &u->list;

	if (u->conf.hotlist_poll_s <= 0 || u->stopping || !l->store_knows)
		return INT64_MAX;
	if (l->offering)
		return later(l->next_poll_ns, l->offered_ns + ANSWER_WAIT_NS);
	return later(l->next_poll_ns, l->retry_ns);
}

void list_open(struct uplink *u)
{
	int64_t most = interval_ns(u);

	u->list.part = DOWNLOAD_NONE;
	u->list.backoff = u->backoff;
	/* A withdrawal waits no longer than this for a link that is back. */
	if (u->list.backoff.max_ns > most)
		u->list.backoff.max_ns = later(most, u->list.backoff.min_ns);
}

/* --- asking
 * --------------------------------------------------------------------------------------------- */

/* How long the RTCC may keep the question: until the next heartbeat or question for evidence, at
 * most, since there is one connection. Not at all before it is known that there is an RTCC, or
 * while something else than news is wanted. */
static unsigned may_wait_s(const struct uplink *u, int64_t now)
{
	int64_t wait = u->conf.hotlist_wait_s, left;

	left = (earlier(beat_due(u), evidence_due(u)) - now) / NS_PER_S;

	if (!u->list.answered || u->list.last.failure != FAILURE_NONE || u->list.part.fd >= 0)
		return 0;
	return (unsigned)(left < wait ? later(left, wait > 0) : wait);
}

static bool offer(struct uplink *u, const struct ending *end, struct err *e)
{
	struct wire_bundle m = {.size = u->list.part.len};
	bool delta = u->list.part.delta;
	const char *etag = end->etag[0] ? end->etag : u->list.part.etag;

	wire_start(&m.h, WIRE_BUNDLE, sizeof m);
	(void)snprintf(m.etag, sizeof m.etag, "%s", etag);
	AUTO_CLOSE int fd = download_take(&u->list.part);
	if (!gift_seal(fd, e) || !role_send(u->role, WIRE_STORE, &m.h, &fd, 1, e))
		return false;
	u->list.offering = true;
	u->list.offered_ns = clock_mono_ns();
	u->list.offered_delta = delta;
	memcpy(u->list.offered, m.etag, sizeof u->list.offered);
	u->n.hotlist_offered++;
	u->n.hotlist_deltas += delta;
	return true;
}

/* A list has come, whole. */
static void hand_over(struct uplink *u, const struct ending *end)
{
	struct uplink_list *l = &u->list;
	struct err e = {0};

	/* An RTCC that heeds one ETag alone sends again what it was told is not wanted. */
	if (end->etag[0] && l->refused[0] && strcmp(end->etag, l->refused) == 0) {
		download_drop(&l->part);
		l->next_poll_ns = later(l->next_poll_ns, l->refused_until_ns);
		return;
	}
	l->missed = !offer(u, end, &e);
	if (l->missed)
		log_line(LOG_WARNING, "hotlist: %s", e.text);
}

/* When to ask again. One that was answered at once, because it said so, is followed by one that the
 * RTCC may keep; if it does not, it is asked now and then. */
static int64_t next_question(const struct uplink *u, const struct ending *end, int64_t now)
{
	bool keeps = end->waited || (u->list.question.wait_s == 0 && u->conf.hotlist_wait_s > 0);

	return keeps ? later(now, u->list.asked_ns + APART_NS) : now + interval_ns(u);
}

static void account(struct uplink *u, const struct ending *end, const struct answer *a)
{
	struct uplink_list *l = &u->list;

	uplink_count(u, end, a, &u->n.bytes_sent_hotlist);
	l->last = *a;
	l->answered = true;
	l->retry_ns = 0;
	if (a->failure == FAILURE_NONE) {
		backoff_clear(&l->backoff);
	} else {
		l->retry_ns = clock_mono_ns() + uplink_back_off(&l->backoff, end->retry_after_s);
		l->next_poll_ns = l->retry_ns;
	}
	uplink_say(u, a);
}

static void on_done(void *arg, const struct ending *end)
{
	struct uplink *u = arg;
	struct uplink_list *l = &u->list;
	int64_t now = clock_mono_ns();
	struct answer a;

	answer_to_list(end, &a);
	l->asking = false;
	l->next_poll_ns = next_question(u, end, now);
	l->whole = l->whole || end->odd;
	if (end->status == 304 || end->status == 404)
		download_drop(&l->part); /* it is no longer what the RTCC has */
	if (a.outcome == WIRE_ACKNOWLEDGED && l->part.fd >= 0)
		hand_over(u, end);
	account(u, end, &a);
	uplink_next(u);
}

void list_poll(struct uplink *u)
{
	struct uplink_list *l = &u->list;
	struct list_question *q = &l->question;
	int64_t now = clock_mono_ns();
	struct err e = {0};

	l->offering = false;
	if (l->refused_until_ns <= now)
		l->refused[0] = '\0';
	memcpy(q->have, l->etag, sizeof q->have);
	memcpy(q->refused, l->refused, sizeof q->refused);
	q->delta = !l->whole;
	q->wait_s = may_wait_s(u, now);
	l->asked_ns = now;
	l->asking = true;
	u->n.hotlist_polls++;
	u->n.hotlist_resumed += l->part.fd >= 0;
	if (!transfer_list(u->transfer, q, &l->part, on_done, u, &e)) {
		const struct ending end = {.code = CURLE_OUT_OF_MEMORY};

		log_line(LOG_ERROR, "hotlist: %s", e.text);
		on_done(u, &end);
	}
}

/* --- making room
 * ---------------------------------------------------------------------------------------- */

int64_t list_yields(const struct uplink *u)
{
	bool flows, waits;

	if (!u->list.asking)
		return INT64_MAX;
	flows = transfer_flows(u->transfer);
	waits = !flows && u->list.question.wait_s > 0;
	if (hits_waiting(u) > 0 && (waits || (flows && u->list.part.resumes)))
		return u->not_before_ns;
	return waits ? earlier(beat_due(u), evidence_answer_due(u)) : INT64_MAX;
}

void list_abort(struct uplink *u)
{
	if (!u->list.asking)
		return;
	uplink_abort(u, &u->n.bytes_sent_hotlist);
	u->list.asking = false;
	u->list.next_poll_ns = clock_mono_ns();
}

/* --- what the store says
 * -------------------------------------------------------------------------------- */

static void accepted(struct uplink *u, uint64_t version)
{
	struct uplink_list *l = &u->list;

	memcpy(l->etag, l->offered, sizeof l->etag);
	l->refusals = 0;
	l->refused[0] = '\0';
	l->whole = false;
	/* The next may be there already; but an RTCC that calls the same list by ever new names is
	 * not asked all the time. */
	if (version > l->version)
		l->next_poll_ns = clock_mono_ns();
	l->version = version;
	u->n.hotlist_accepted++;
	log_line(LOG_NOTICE, "hotlist version %" PRIu64 " is in force", version);
}

static void refused(struct uplink *u, uint64_t version)
{
	struct uplink_list *l = &u->list;
	int64_t now = clock_mono_ns();

	l->version = version;
	if (l->offered_delta) {
		log_line(LOG_WARNING, "hotlist: the store refuses a delta: asking for the whole");
		l->whole = true;
		l->next_poll_ns = now;
		return;
	}
	l->refusals += l->refusals < REFUSED_MAX;
	l->whole = false;
	l->refused_until_ns = now + (interval_ns(u) << l->refusals);
	memcpy(l->refused, l->offered, sizeof l->refused);
	/* One that has a name is not sent again, and the next is there at once. */
	l->next_poll_ns = l->refused[0] ? now : l->refused_until_ns;
	log_line(LOG_WARNING,
		 "hotlist: the store refuses what the RTCC offers; version %" PRIu64
		 " stays in force",
		 version);
}

void list_answered(struct uplink *u, const struct wire_bundle_done *m)
{
	if (!u->list.offering || strncmp(m->etag, u->list.offered, sizeof m->etag) != 0)
		return;
	u->list.offering = false;
	if (m->accepted)
		accepted(u, m->version);
	else
		refused(u, m->version);
}

void list_in_force(struct uplink *u, const struct wire_list *m)
{
	struct uplink_list *l = &u->list;
	bool other = strncmp(m->etag, l->etag, sizeof m->etag) != 0;

	if (other || l->missed || !l->store_knows)
		l->next_poll_ns = clock_mono_ns();
	if (other && l->etag[0])
		log_line(LOG_WARNING, "hotlist: the store has another list than was accepted");
	l->store_knows = true;
	l->missed = false;
	l->version = m->version;
	(void)snprintf(l->etag, sizeof l->etag, "%.*s", (int)sizeof m->etag - 1, m->etag);
	if (other)
		list_abort(u); /* it asks for what comes after another list */
}

void list_store_is_back(struct uplink *u)
{
	u->list.store_knows = u->list.offering = false;
}
