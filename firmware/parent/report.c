/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/chan.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/parent/children.h"

#include <stdio.h>
#include <string.h>

#define READY_ANYWAY_NS                                                                            \
	(30 * NS_PER_S) /* a role that cannot start must not keep the box from serving with the    \
			   others */

bool report_is_alive(const struct supervisor *s, const struct child *c, int64_t now)
{
	return c->state == CHILD_RUNNING &&
	       now - c->heard_ns <= s->settings->daemon.silence_s * NS_PER_S;
}

/* The roles of this build that are not alive, by name, into text; returns how many. */
static unsigned missing(const struct supervisor *s, int64_t now, char *text, size_t size)
{
	unsigned n = 0;

	text[0] = '\0';
	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++) {
		const struct child *c = &s->children[r];
		size_t used = strlen(text);

		if (c->state == CHILD_ABSENT || report_is_alive(s, c, now))
			continue;
		(void)snprintf(text + used, size - used, "%s%s", n > 0 ? ", " : "",
			       wire_role_name(r));
		n++;
	}
	return n;
}

static void count(struct wire_status *w, const char *name, int64_t value)
{
	struct wire_counter *k = &w->counters[w->n++];

	(void)snprintf(k->name, sizeof k->name, "%s", name);
	k->value = value;
}

/* Another thing that is not as it should be, after those before it; cut where there is no room. */
static void add_detail(struct wire_status *w, const char *before, const char *what)
{
	size_t used = strlen(w->detail);

	if (what[0])
		(void)snprintf(w->detail + used, sizeof w->detail - used, "%s%s%s",
			       used > 0 ? "; " : "", before, what);
}

static void fill_own(struct supervisor *s, int64_t now)
{
	struct wire_status *w = &s->children[WIRE_PARENT].status;
	char names[96];
	int64_t restarts = 0, refused = 0;
	unsigned n = missing(s, now, names, sizeof names);

	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++) {
		restarts += s->children[r].restarts;
		refused += s->children[r].refused;
	}
	(void)snprintf(w->state, sizeof w->state, "%s",
		       n > 0 || s->refusal[0] || s->watch->trouble[0] ? "degraded" : "ok");
	w->detail[0] = '\0';
	add_detail(w, n > 0 ? "not running: " : "", names);
	add_detail(w, "", s->watch->trouble);
	add_detail(w, "", s->refusal);
	w->running = 1;
	w->n = 0;
	count(w, "restarts", restarts);
	count(w, "reloads", s->reloads);
	count(w, "reloads_refused", s->reloads_refused);
	count(w, "messages_refused", refused);
	count(w, "watchdog_s", s->watch->dog ? s->watch->about.timeout_s : 0);
	count(w, "watchdog_reset", s->watch->about.was_reset);
	count(w, "uptime_s", (now - s->began_ns) / NS_PER_S);
}

/* What the parent adds to what a role has said of itself. */
static void complete(const struct supervisor *s, struct child *c, int64_t now)
{
	c->status.restarts = c->restarts;
	c->status.running = report_is_alive(s, c, now);
	c->status.pid = (int32_t)c->pid;
	if (!c->status.running)
		(void)snprintf(c->status.state, sizeof c->status.state, "%s",
			       c->state == CHILD_STARTING ? "starting" : "down");
}

static bool send_one(const struct child *to, const struct child *about)
{
	struct err e = {0};

	if (chan_send(to->chan, &about->status, sizeof about->status, NULL, 0, &e))
		return true;
	log_line(LOG_DEBUG, "status to %s: %s", wire_role_name(to->role), e.text);
	return false;
}

/* The store writes down when the door was opened, which device alone knows. */
static void send_door(const struct supervisor *s)
{
	const struct child *to = &s->children[WIRE_STORE], *device = &s->children[WIRE_DEVICE];

	if (to->state == CHILD_RUNNING && to->chan >= 0 && device->status.running && device->spoke)
		(void)send_one(to, device);
}

/* Every role's status to one that tells others: control or uplink. */
static void send_to(const struct supervisor *s, enum wire_role role)
{
	const struct child *to = &s->children[role];

	if (to->state != CHILD_RUNNING || to->chan < 0)
		return;
	for (unsigned r = 0; r < WIRE_ROLES; r++) {
		const struct child *c = &s->children[r];

		if (c->state == CHILD_ABSENT && r != WIRE_PARENT)
			continue;
		if (!send_one(to, c))
			return;
	}
}

static void tell_ready(struct supervisor *s, int64_t now)
{
	bool all = true;

	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++)
		all = all && (s->children[r].state == CHILD_ABSENT || s->children[r].was_ready);
	if (s->told_ready || (!all && now - s->began_ns < READY_ANYWAY_NS))
		return;
	s->told_ready = true;
	notify_send(s->notify, "READY=1");
	log_line(LOG_NOTICE,
		 all ? "every role is ready" : "not every role is ready: serving with the others");
}

/* A box that cannot see, read or keep may as well start anew; one that cannot send still has reads
 * and hits to keep, and starting anew would not help it. */
static bool does_its_work(const struct supervisor *s, int64_t now)
{
	for (unsigned r = WIRE_CAPTURE; r <= WIRE_STORE; r++)
		if (s->children[r].state != CHILD_ABSENT &&
		    !report_is_alive(s, &s->children[r], now))
			return false;
	return true;
}

void report_all(struct supervisor *s)
{
	const struct wire_status *own = &s->children[WIRE_PARENT].status;
	int64_t now = clock_mono_ns();

	fill_own(s, now);
	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++)
		complete(s, &s->children[r], now);
	send_to(s, WIRE_CONTROL);
	send_to(s, WIRE_UPLINK);
	send_door(s);
	/* Starting and stopping have bounds of their own, which a role cannot stretch. */
	if (s->stopping || !s->told_ready)
		watch_feed(s->watch, now);
	if (s->stopping)
		return;
	tell_ready(s, now);
	notify_send(s->notify, "STATUS=%s", own->detail[0] ? own->detail : "every role runs");
	if (!does_its_work(s, now))
		return;
	watch_feed(s->watch, now);
	if (s->notify->watchdog_ns == 0 || now - s->fed_ns < s->notify->watchdog_ns / 4)
		return;
	s->fed_ns = now;
	notify_send(s->notify, "WATCHDOG=1");
}
