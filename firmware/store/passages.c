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

static struct keep keeper(struct store *s)
{
	return (struct keep){s->db,	&s->conf, s->list.b, list_coming(&s->list),
			     &s->space, &s->keys};
}

static struct keep_when when_now(struct store *s)
{
	int64_t wall = store_now(s);

	return (struct keep_when){s->clock.k.ring_ns, wall, elapsed_wall(&s->clock, wall)};
}

/* True: the passage is dealt with and answered. False: nothing could be written, it must wait. */
static bool settle(struct store *s, const struct intake *in)
{
	struct keep k = keeper(s);
	struct keep_when when = when_now(s);
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

/* All that came together, in one commit. False: nothing is committed, each must be settled alone.
 */
static bool settle_together(struct store *s)
{
	struct keep k = keeper(s);
	struct keep_when when = when_now(s);
	struct keep_result r[STORE_TOGETHER];
	bool hit = false;

	if (!s->db || s->n_together < 2 ||
	    !keep_together(&k, s->together, s->n_together, &when, r, NULL))
		return false;
	for (unsigned i = 0; i < s->n_together; i++) {
		note(s, &r[i], clock_mono_ns());
		reply(s, s->together[i].p.id, true);
		hit |= r[i].hit;
	}
	if (hit)
		store_pump(s);
	return true;
}

/* Not answered: vision keeps it too, and sends it again should this process end. *in is taken. */
static void wait_for_room(struct store *s, struct intake *in)
{
	if (s->n_waiting < STORE_WAITING) {
		s->waiting[s->n_waiting++] = *in;
		*in = (struct intake){0};
	} else {
		s->unanswered++;
	}
}

void store_settle(struct store *s)
{
	bool done = settle_together(s);

	for (unsigned i = 0; i < s->n_together; i++) {
		if (!done && !settle(s, &s->together[i]))
			wait_for_room(s, &s->together[i]);
		intake_free(&s->together[i]);
	}
	s->n_together = 0;
}

/* Everything that vision had sent by then has come. */
static void come_together(void *arg)
{
	struct store *s = arg;

	s->together_timed = false;
	store_settle(s);
}

static bool waits(const struct store *s, const uint8_t id[WIRE_ID_SIZE])
{
	for (unsigned i = 0; i < s->n_waiting; i++)
		if (memcmp(s->waiting[i].p.id, id, WIRE_ID_SIZE) == 0)
			return true;
	for (unsigned i = 0; i < s->n_together; i++)
		if (memcmp(s->together[i].p.id, id, WIRE_ID_SIZE) == 0)
			return true;
	return false;
}

bool store_passage(struct store *s, const struct wire_passage *m, int fd, struct err *e)
{
	AUTO_INTAKE struct intake in = {0};
	char id[TEXT_ID_SIZE];

	s->came = true;
	if (!intake_take(m, fd, &in, e)) {
		s->passages_refused++;
		reply(s, m->id, false);
		return err_prefix(e, "%s", text_id(m->id, id));
	}
	if (waits(s, m->id))
		return true;
	s->together[s->n_together++] = in;
	in = (struct intake){0};
	if (!s->together_timed)
		s->together_timed = loop_timer(s->env.loop, 0, 0, come_together, s) >= 0;
	if (s->n_together == STORE_TOGETHER || !s->together_timed)
		store_settle(s);
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
