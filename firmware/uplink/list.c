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

static int64_t interval_ns(const struct uplink *u)
{
	double s = u->conf.hotlist_poll_s < 0.1 ? 0.1 : u->conf.hotlist_poll_s;
	unsigned doublings = u->list.refusals < REFUSED_MAX ? u->list.refusals : REFUSED_MAX;

	return (int64_t)(s * (double)NS_PER_S) << doublings;
}

int64_t list_due(const struct uplink *u)
{
	if (u->conf.hotlist_poll_s <= 0 || u->stopping || !u->list.store_knows)
		return INT64_MAX;
	if (u->list.offering && u->list.offered_ns + ANSWER_WAIT_NS > u->list.next_poll_ns)
		return u->list.offered_ns + ANSWER_WAIT_NS;
	return u->list.next_poll_ns;
}

static bool offer(struct uplink *u, int fd, uint64_t len, const char *etag, struct err *e)
{
	struct wire_bundle m = {.size = len};

	wire_start(&m.h, WIRE_BUNDLE, sizeof m);
	(void)snprintf(m.etag, sizeof m.etag, "%s", etag);
	if (!gift_seal(fd, e) || !role_send(u->role, WIRE_STORE, &m.h, &fd, 1, e))
		return false;
	u->list.offering = true;
	u->list.offered_ns = clock_mono_ns();
	memcpy(u->list.offered, m.etag, sizeof u->list.offered);
	return true;
}

static void on_done(void *arg, const struct ending *end)
{
	struct uplink *u = arg;
	struct answer a;
	struct err e = {0};
	uint64_t len = 0;
	AUTO_CLOSE int fd = transfer_take_list(u->transfer, &len);

	answer_to_list(end, &a);
	u->list.next_poll_ns = clock_mono_ns() + interval_ns(u);
	if (a.outcome == WIRE_ACKNOWLEDGED && end->status == 200 && fd >= 0) {
		u->list.missed = !offer(u, fd, len, end->etag, &e);
		u->n.hotlist_offered += !u->list.missed;
		if (u->list.missed)
			log_line(LOG_WARNING, "hotlist of %" PRIu64 " bytes: %s", len, e.text);
	}
	uplink_account(u, end, &a, false);
	uplink_next(u);
}

void list_poll(struct uplink *u)
{
	struct err e = {0};

	u->list.offering = false;
	u->n.hotlist_polls++;
	if (!transfer_list(u->transfer, u->list.etag, on_done, u, &e)) {
		const struct ending end = {.code = CURLE_OUT_OF_MEMORY};

		log_line(LOG_ERROR, "hotlist: %s", e.text);
		on_done(u, &end);
	}
}

void list_answered(struct uplink *u, const struct wire_bundle_done *m)
{
	if (!u->list.offering || strncmp(m->etag, u->list.offered, sizeof m->etag) != 0)
		return;
	u->list.offering = false;
	if (m->accepted) {
		memcpy(u->list.etag, u->list.offered, sizeof u->list.etag);
		u->list.refusals = 0;
		u->n.hotlist_accepted++;
		log_line(LOG_NOTICE, "hotlist version %" PRIu64 " is in force", m->version);
	} else {
		u->list.refusals++;
		u->list.next_poll_ns = clock_mono_ns() + interval_ns(u);
		log_line(LOG_WARNING,
			 "hotlist: the store refuses what the RTCC offers; version %" PRIu64
			 " stays in force",
			 m->version);
	}
}

void list_in_force(struct uplink *u, const struct wire_list *m)
{
	bool other = strncmp(m->etag, u->list.etag, sizeof m->etag) != 0;

	if (other || u->list.missed || !u->list.store_knows)
		u->list.next_poll_ns = clock_mono_ns();
	if (other && u->list.etag[0])
		log_line(LOG_WARNING, "hotlist: the store has another list than was accepted");
	u->list.store_knows = true;
	u->list.missed = false;
	(void)snprintf(u->list.etag, sizeof u->list.etag, "%.*s", (int)sizeof m->etag - 1, m->etag);
}

void list_store_is_back(struct uplink *u)
{
	u->list.store_knows = u->list.offering = false;
}
