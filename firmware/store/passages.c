/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/store.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/store/text.h"

#include <string.h>

static bool say(struct store *s, const struct store_reply *r, struct err *e)
{
	struct wire_passage_done m = {.accepted = r->accepted};

	wire_start(&m.h, WIRE_PASSAGE_DONE, sizeof m);
	memcpy(m.id, r->id, sizeof m.id);
	return role_send(s->env.role, WIRE_VISION, &m.h, NULL, 0, e);
}

void store_flush_replies(struct store *s)
{
	unsigned done = 0;
	struct err e = {0};

	while (done < s->n_replies && say(s, &s->replies[done], &e))
		done++;
	if (done < s->n_replies && e.code != ERR_AGAIN)
		done = s->n_replies; /* vision is gone: it asks again when it is back */
	s->n_replies -= done;
	memmove(s->replies, s->replies + done, s->n_replies * sizeof s->replies[0]);
}

static void reply(struct store *s, const uint8_t id[WIRE_ID_SIZE], bool accepted)
{
	struct store_reply *r;

	if (s->n_replies == STORE_REPLIES)
		return; /* vision reads nothing: it will send the passage again, and that is
			   harmless */
	r = &s->replies[s->n_replies++];
	memcpy(r->id, id, sizeof r->id);
	r->accepted = accepted;
	store_flush_replies(s);
}

static void note(struct store *s, const struct keep_result *r, int64_t mono_ns)
{
	s->repeats += r->outcome == KEEP_REPEAT;
	s->reads_dropped += r->outcome == KEEP_DROPPED;
	s->crops_dropped += r->without_crops;
	if (r->made_room || r->outcome == KEEP_WAITS)
		s->full_mono_ns = mono_ns;
}

/* True: the passage is dealt with and answered. False: nothing could be written, it must wait. */
static bool settle(struct store *s, const struct intake *in)
{
	int64_t wall = store_now(s);
	struct keep k = {s->db, &s->conf, s->list.b, list_coming(&s->list), &s->space, &s->keys};
	struct keep_when when = {s->clock.k.ring_ns, wall, elapsed_wall(&s->clock, wall)};
	struct keep_result r;
	struct err e = {0};

	if (!s->db)
		return false;
	if (!keep_passage(&k, in, &when, &r, &e)) {
		store_trouble(s, &e);
		return false;
	}
	note(s, &r, clock_mono_ns());
	if (r.outcome == KEEP_WAITS)
		return false;
	reply(s, in->p.id, r.outcome != KEEP_DROPPED);
	if (r.hit)
		store_pump(s);
	return true;
}

static bool waits(const struct store *s, const uint8_t id[WIRE_ID_SIZE])
{
	for (unsigned i = 0; i < s->n_waiting; i++)
		if (memcmp(s->waiting[i].p.id, id, WIRE_ID_SIZE) == 0)
			return true;
	return false;
}

bool store_passage(struct store *s, const struct wire_passage *m, int fd, struct err *e)
{
	AUTO_INTAKE struct intake in = {0};
	char id[TEXT_ID_SIZE];

	if (!intake_take(m, fd, &in, e)) {
		s->passages_refused++;
		reply(s, m->id, false);
		return err_prefix(e, "%s", text_id(m->id, id));
	}
	if (waits(s, m->id) || settle(s, &in))
		return true;
	/* Not answered: vision keeps it too, and sends it again should this process end. */
	if (s->n_waiting < STORE_WAITING) {
		s->waiting[s->n_waiting++] = in;
		in = (struct intake){0};
	} else {
		s->unanswered++;
	}
	return true;
}

void store_retry(struct store *s)
{
	unsigned left = 0;

	for (unsigned i = 0; i < s->n_waiting; i++) {
		if (settle(s, &s->waiting[i]))
			intake_free(&s->waiting[i]);
		else
			s->waiting[left++] = s->waiting[i];
	}
	s->n_waiting = left;
}
