/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/chan.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/gift.h"
#include "firmware/base/log.h"
#include "firmware/parent/children.h"

/* Who speaks to whom: one direction of data, and no other channel exists. */
static const enum wire_role links[][2] = {
    {WIRE_CAPTURE, WIRE_VISION},
    {WIRE_VISION, WIRE_STORE},
    {WIRE_STORE, WIRE_UPLINK},
    {WIRE_STORE, WIRE_CONTROL},
};

bool wiring_say(struct child *c, enum wire_type type)
{
	struct wire_plain m;
	struct err e = {0};

	wire_start(&m.h, type, sizeof m);
	if (c->chan < 0)
		return false;
	if (!chan_send(c->chan, &m, sizeof m, NULL, 0, &e)) {
		log_line(LOG_WARNING, "%s: %s", wire_role_name(c->role), e.text);
		return false;
	}
	return true;
}

static bool give_configuration(struct child *c, struct err *e)
{
	const struct settings *s = c->supervisor->settings;
	const struct iovec text = {.iov_base = s->text, .iov_len = s->len};
	struct wire_plain m;
	AUTO_CLOSE int fd = -1;

	wire_start(&m.h, WIRE_START, sizeof m);
	return gift_make("configuration", &text, 1, &fd, e) &&
	       chan_send(c->chan, &m, sizeof m, &fd, 1, e);
}

static bool give_peer(const struct child *c, enum wire_role peer, int fd, struct err *e)
{
	struct wire_peer m = {.role = (uint32_t)peer};

	wire_start(&m.h, WIRE_PEER, sizeof m);
	return chan_send(c->chan, &m, sizeof m, &fd, 1, e) ||
	       err_prefix(e, "channel from %s to %s", wire_role_name(c->role),
			  wire_role_name(peer));
}

/* One that stops may need its neighbour to finish: vision leaves when the store has everything. */
static bool wired_to(const struct child *c)
{
	return c->pid > 0 && c->chan >= 0 &&
	       (c->state == CHILD_STARTING || c->state == CHILD_RUNNING ||
		c->state == CHILD_STOPPING);
}

static bool join(const struct child *c, const struct child *neighbour, struct err *e)
{
	struct err why = {0};
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	int ends[2];

	if (!wired_to(neighbour))
		return true; /* it is joined when it starts */
	if (!chan_pair(ends, e))
		return false;
	ours = ends[0];
	theirs = ends[1];
	/* A neighbour that takes nothing hangs, and is dealt with as such: no reason to fail this
	 * one. */
	if (!give_peer(neighbour, c->role, theirs, &why))
		log_line(LOG_WARNING, "%s", why.text);
	return give_peer(c, neighbour->role, ours, e);
}

bool wiring_begin(struct child *c, struct err *e)
{
	const struct child *all = c->supervisor->children;

	if (!give_configuration(c, e))
		return false;
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		for (size_t end = 0; end < 2; end++)
			if (links[i][end] == c->role && !join(c, &all[links[i][1 - end]], e))
				return false;
	return true;
}
