/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/sender.h"

#include "firmware/base/clock.h"
#include "firmware/store/outbox.h"

#include <inttypes.h>
#include <string.h>

#define WAIT_FIRST (INT64_C(500) * NS_PER_MS)
#define WAIT_MOST  (30 * NS_PER_S)

void sender_connected(struct sender *s)
{
	s->connected = true;
	memset(s->under_way, 0, sizeof s->under_way);
	/* A fresh uplink may reach what the old one could not. */
	memset(s->later, 0, sizeof s->later);
}

unsigned sender_under_way(const struct sender *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < SENDER_CREDITS; i++)
		n += s->under_way[i] != 0;
	return n;
}

static int64_t *place_of(struct sender *s, int64_t id)
{
	for (size_t i = 0; i < SENDER_CREDITS; i++)
		if (s->under_way[i] == id)
			return &s->under_way[i];
	return NULL;
}

static struct sender_later *later_of(struct sender *s, int64_t id)
{
	for (size_t i = 0; i < SENDER_LATER; i++)
		if (s->later[i].id == id)
			return &s->later[i];
	return NULL;
}

/* Ids that are not to be offered now. False: too many wait, none is offered. */
static bool skips(const struct sender *s, int64_t mono_ns,
		  int64_t out[SENDER_CREDITS + SENDER_LATER], size_t *n)
{
	bool room = false;

	*n = 0;
	for (size_t i = 0; i < SENDER_CREDITS; i++)
		if (s->under_way[i])
			out[(*n)++] = s->under_way[i];
	for (size_t i = 0; i < SENDER_LATER; i++) {
		if (s->later[i].id && s->later[i].mono_ns > mono_ns)
			out[(*n)++] = s->later[i].id;
		else
			room = true;
	}
	return room;
}

/* A hit that waits has its place until it is answered for good; without a free one the oldest wait
 * is forgotten. */
static void put_off(struct sender *s, int64_t id, int64_t mono_ns)
{
	struct sender_later *l = later_of(s, id);

	if (!l)
		l = later_of(s, 0);
	for (size_t i = 0; !l && i < SENDER_LATER; i++)
		if (s->later[i].mono_ns <= mono_ns)
			l = &s->later[i];
	if (!l)
		l = &s->later[0];
	l->wait_ns = l->id != id		  ? WAIT_FIRST
		     : l->wait_ns * 2 > WAIT_MOST ? WAIT_MOST
						  : l->wait_ns * 2;
	l->id = id;
	l->mono_ns = mono_ns + l->wait_ns;
}

static bool offer(struct db *d, const struct periods *keys, const struct outbox_due *due,
		  sender_fn send, void *arg, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct wire_hit m = {0};

	if (!outbox_gift(d, keys, due->id, &fd, e))
		return false;
	wire_start(&m.h, WIRE_HIT, sizeof m);
	m.outbox_id = due->id;
	m.size = (uint64_t)due->size;
	m.best_ns = due->best_ns;
	return send(arg, &m, fd, e);
}

bool sender_pump(struct sender *s, struct db *d, const struct periods *keys, int64_t mono_ns,
		 sender_fn send, void *arg, struct err *e)
{
	while (s->connected) {
		int64_t skip[SENDER_CREDITS + SENDER_LATER], *place = place_of(s, 0);
		struct outbox_due due;
		struct err why = {0};
		bool found;
		size_t n;

		if (!place || !skips(s, mono_ns, skip, &n))
			return true;
		if (!outbox_next(d, keys, skip, n, &due, &found, e))
			return false;
		if (!found)
			return true;
		if (!offer(d, keys, &due, send, arg, &why)) {
			if (why.code == ERR_SIGNATURE) {
				put_off(s, due.id, mono_ns);
				continue;
			}
			if (why.code == ERR_PEER)
				s->connected = false;
			if (why.code == ERR_PEER || why.code == ERR_AGAIN ||
			    why.code == ERR_NO_MEMORY)
				return true;
			if (e)
				*e = why;
			return false;
		}
		*place = due.id;
	}
	return true;
}

bool sender_answer(struct sender *s, struct db *d, const struct wire_hit_done *m, int64_t now_ns,
		   int64_t mono_ns, int64_t *latency_ns, struct err *e)
{
	int64_t *place = m->outbox_id > 0 ? place_of(s, m->outbox_id) : NULL;
	struct sender_later *l;
	int64_t ended = m->ended_ns;

	*latency_ns = -1;
	if (!place)
		return err_set(e, ERR_PEER, "hit %" PRId64 " is not under way", m->outbox_id);
	if (m->outcome < WIRE_ACKNOWLEDGED || m->outcome > WIRE_REFUSED)
		return err_set(e, ERR_PEER, "hit %" PRId64 ": outcome %" PRIu32, m->outbox_id,
			       m->outcome);
	*place = 0;
	if (m->outcome == WIRE_LATER || !d) {
		put_off(s, m->outbox_id, mono_ns);
		return true;
	}
	/* Uplink's clock is ours; anything else is not believed. */
	if (ended > now_ns || ended < now_ns - NS_PER_DAY)
		ended = now_ns;
	if (!outbox_end(d, m->outbox_id,
			m->outcome == WIRE_ACKNOWLEDGED ? OUTBOX_ACKNOWLEDGED : OUTBOX_REFUSED,
			m->http_status, ended, now_ns, latency_ns, e)) {
		/* Not recorded: it is offered again, and a repeat is harmless at the RTCC. */
		put_off(s, m->outbox_id, mono_ns);
		return false;
	}
	if (m->outcome == WIRE_REFUSED)
		*latency_ns = -1;
	l = later_of(s, m->outbox_id);
	if (l)
		*l = (struct sender_later){0};
	return true;
}
