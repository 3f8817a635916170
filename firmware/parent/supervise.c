/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/supervise.h"

#include "firmware/base/chan.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/parent/children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define BURST	       16
#define REFUSED_LOGGED 8u
#define RELOAD_NS                                                                                  \
	(8 * NS_PER_S) /* for a role to end before it is started with another configuration */

/* The order to stop: the source first; the store while uplink can still tell it of answers; whoever
 * answers questions last. */
static const struct {
	enum wire_role role;
	int64_t within_ns;
} stop_order[] = {
    {WIRE_CAPTURE, 4 * NS_PER_S}, {WIRE_VISION, 8 * NS_PER_S}, {WIRE_STORE, 8 * NS_PER_S},
    {WIRE_UPLINK, 5 * NS_PER_S},  {WIRE_DEVICE, 2 * NS_PER_S}, {WIRE_CONTROL, 2 * NS_PER_S},
};

#define STOP_STEPS (sizeof stop_order / sizeof stop_order[0])

static void start(struct child *c);
static void stop_next(struct supervisor *s);

/* --- channel
 * -------------------------------------------------------------------------------------- */

static void drop_channel(struct child *c)
{
	if (c->chan < 0)
		return;
	loop_forget(c->supervisor->loop, c->chan);
	(void)close(c->chan);
	c->chan = -1;
}

static void kill_child(struct child *c, const char *why)
{
	if (c->pid <= 0)
		return;
	log_line(LOG_WARNING, "%s (pid %d): %s: killed", wire_role_name(c->role), (int)c->pid, why);
	(void)kill(c->pid, SIGKILL);
}

static void on_ready(struct child *c, const struct wire_ready *m)
{
	/* Said once, before it has seen a byte from outside; what it says of its sandbox later is
	 * not news. */
	if (c->state != CHILD_STARTING)
		return;
	c->state = CHILD_RUNNING;
	c->was_ready = true;
	c->spoke = false;
	c->heard_ns = clock_mono_ns();
	c->status.sandbox = m->sandbox;
	(void)snprintf(c->status.state, sizeof c->status.state, "ok");
	log_line(LOG_INFO,
		 "%s is ready (pid %d; seccomp %u, Landlock ABI %u, empty network namespace %u)",
		 wire_role_name(c->role), (int)c->pid, m->sandbox.seccomp, m->sandbox.landlock_abi,
		 m->sandbox.empty_netns);
}

static void on_status(struct child *c, struct wire_status *m)
{
	struct sandbox_loaded loaded = c->status.sandbox;

	m->role = (uint32_t)c->role;
	m->sandbox = loaded;
	m->n = m->n < WIRE_COUNTERS ? m->n : WIRE_COUNTERS;
	wire_terminate(m->state, sizeof m->state);
	wire_terminate(m->detail, sizeof m->detail);
	for (uint32_t i = 0; i < m->n; i++)
		wire_terminate(m->counters[i].name, sizeof m->counters[i].name);
	c->status = *m;
	c->spoke = true;
	c->heard_ns = clock_mono_ns();
}

static void refuse_message(struct child *c, const struct err *e)
{
	if (++c->refused <= REFUSED_LOGGED)
		log_line(LOG_WARNING, "message from %s refused: %s", wire_role_name(c->role),
			 e->text);
}

static bool take(struct child *c)
{
	union {
		struct wire_header h;
		struct wire_ready ready;
		struct wire_status status;
		uint8_t bytes[CHAN_MESSAGE_MAX];
	} in;
	struct err e = {0};
	size_t len = 0, n_fds = 0;
	int fds[1];

	/* No message to the parent brings a descriptor: chan_recv closes what comes nevertheless.
	 */
	if (!chan_recv(c->chan, &in, sizeof in, &len, fds, 0, &n_fds, &e)) {
		if (e.code == ERR_AGAIN)
			return false;
		if (e.code == ERR_LIMIT) {
			refuse_message(c, &e);
			return true;
		}
		drop_channel(c); /* its end is seen by SIGCHLD; one that lives on without a channel
				    is silent and so killed */
		return false;
	}
	if (!wire_check(&in, len, n_fds, c->role, WIRE_PARENT, &e))
		refuse_message(c, &e);
	else if (in.h.type == WIRE_READY)
		on_ready(c, &in.ready);
	else if (in.h.type == WIRE_STATUS)
		on_status(c, &in.status);
	return true;
}

static void on_channel(void *arg, int fd, uint32_t events)
{
	struct child *c = arg;

	(void)events;
	for (int i = 0; i < BURST && c->chan == fd; i++)
		if (!take(c))
			return;
}

/* --- start and restart
 * ---------------------------------------------------------------------------- */

static void start_again(void *arg)
{
	struct child *c = arg;

	c->timer = -1;
	start(c);
}

static void start_later(struct child *c, int64_t ran_ms)
{
	struct supervisor *s = c->supervisor;
	int64_t delay = backoff_delay(&c->backoff, ran_ms, s->settings->daemon.restart_most_ms);

	/* The others' time to stop runs, and they may need it to finish. */
	if (s->stopping)
		delay = BACKOFF_FIRST_MS;
	c->state = CHILD_WAITING;
	c->restarts++;
	log_line(LOG_NOTICE, "%s: started again in %lld ms (restart %u)", wire_role_name(c->role),
		 (long long)delay, c->restarts);
	c->timer = loop_timer(s->loop, delay * NS_PER_MS, 0, start_again, c);
}

static void start(struct child *c)
{
	struct supervisor *s = c->supervisor;
	struct err e = {0};

	c->started_ns = c->heard_ns = clock_mono_ns();
	c->planned = false;
	if (!spawn_role(s->spawn, c->role, &c->pid, &c->chan, &e)) {
		log_line(LOG_ERROR, "%s", e.text);
		start_later(c, 0);
		return;
	}
	c->state = CHILD_STARTING;
	if (!loop_watch(s->loop, c->chan, EPOLLIN, on_channel, c, &e) || !wiring_begin(c, &e)) {
		log_line(LOG_ERROR, "%s: %s", wire_role_name(c->role), e.text);
		kill_child(c, "cannot be wired");
	}
}

/* Whether it is this role's turn to stop, or was. One whose turn is yet to come is restarted still:
 * others may need it to finish. */
static bool stop_has_come(const struct supervisor *s, enum wire_role role)
{
	for (size_t i = 0; i <= s->stop_step && i < STOP_STEPS; i++)
		if (stop_order[i].role == role)
			return true;
	return false;
}

static void log_end(const struct child *c, int status)
{
	const char *name = wire_role_name(c->role);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_line(LOG_ERROR, "%s (pid %d) tried a forbidden system call and was killed",
			 name, (int)c->pid);
	else if (WIFSIGNALED(status))
		log_line(LOG_ERROR, "%s (pid %d) was killed by signal %d", name, (int)c->pid,
			 WTERMSIG(status));
	else
		log_line(LOG_ERROR, "%s (pid %d) ended with status %d", name, (int)c->pid,
			 WEXITSTATUS(status));
}

static void ended(struct child *c, int status)
{
	struct supervisor *s = c->supervisor;
	bool wanted = c->state == CHILD_STOPPING;

	if (!wanted || status != 0)
		log_end(c, status);
	if (c->chan >= 0) /* what it said last is still in there */
		on_channel(c, c->chan, EPOLLIN);
	drop_channel(c);
	c->pid = 0;
	memset(&c->status.sandbox, 0, sizeof c->status.sandbox);
	if (s->stopping && stop_has_come(s, c->role)) {
		c->state = CHILD_ENDED;
		stop_next(s);
	} else if (wanted && c->planned) {
		start(c);
	} else {
		start_later(c, (clock_mono_ns() - c->started_ns) / NS_PER_MS);
	}
}

void supervisor_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++)
			if (s->children[r].pid == pid) {
				ended(&s->children[r], status);
				break;
			}
}

/* --- stop
 * ----------------------------------------------------------------------------------------- */

static void tell_stop(struct child *c, int64_t within_ns)
{
	c->state = CHILD_STOPPING;
	c->stop_by_ns = clock_mono_ns() + within_ns;
	if (!wiring_say(c, WIRE_STOP))
		kill_child(c, "cannot be told to stop");
}

static void stop_next(struct supervisor *s)
{
	while (s->stop_step < STOP_STEPS) {
		struct child *c = &s->children[stop_order[s->stop_step].role];

		if (c->pid > 0) {
			if (c->state != CHILD_STOPPING)
				tell_stop(c, stop_order[s->stop_step].within_ns);
			return;
		}
		loop_cancel(s->loop, c->timer);
		c->timer = -1;
		c->state = c->state == CHILD_ABSENT ? CHILD_ABSENT : CHILD_ENDED;
		s->stop_step++;
	}
	log_line(LOG_NOTICE, "stopped");
	loop_stop(s->loop);
}

/* What vision has it hands over to the store, which must not sit out a back-off meanwhile. */
static void hurry(struct child *c)
{
	if (c->state != CHILD_WAITING)
		return;
	loop_cancel(c->supervisor->loop, c->timer);
	c->timer = -1;
	start(c);
}

void supervisor_stop(struct supervisor *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	notify_send(s->notify, "STOPPING=1");
	log_line(LOG_NOTICE, "stopping");
	hurry(&s->children[WIRE_STORE]);
	stop_next(s);
}

/* --- reload
 * --------------------------------------------------------------------------------------- */

static void refuse(struct supervisor *s, const struct err *e)
{
	s->reloads_refused++;
	log_line(LOG_ERROR, "configuration refused, the one in force stays: %s", e->text);
	(void)snprintf(s->refusal, sizeof s->refusal, "configuration refused: %.160s", e->text);
}

static void use(struct supervisor *s, struct settings *new)
{
	struct settings *old = s->settings;

	s->settings = new;
	if (strcmp(old->daemon.user, new->daemon.user) != 0 ||
	    strcmp(old->daemon.watchdog, new->daemon.watchdog) != 0 ||
	    strcmp(old->daemon.watchdog_driver, new->daemon.watchdog_driver) != 0 ||
	    old->daemon.watchdog_s != new->daemon.watchdog_s)
		log_line(LOG_WARNING,
			 "[daemon] user and watchdog: take effect when alprd is started again");
	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++) {
		struct child *c = &s->children[r];

		if (!settings_differ(old, new, c->role)) {
			if (r == WIRE_STORE && c->state == CHILD_RUNNING)
				(void)wiring_say(c, WIRE_RELOAD);
			continue;
		}
		log_line(LOG_NOTICE, "%s: its configuration has changed", wire_role_name(r));
		if (c->state == CHILD_RUNNING || c->state == CHILD_STARTING) {
			c->planned = true;
			tell_stop(c, RELOAD_NS);
		}
	}
	settings_free(old);
}

void supervisor_reload(struct supervisor *s)
{
	struct settings *new = NULL;
	struct err e = {0};

	if (s->stopping)
		return;
	notify_send(s->notify, "RELOADING=1\nMONOTONIC_USEC=%lld",
		    (long long)(clock_mono_ns() / 1000));
	if (settings_load(s->settings->path, &new, &e)) {
		s->reloads++;
		s->refusal[0] = '\0';
		log_line(LOG_NOTICE, "configuration read again");
		use(s, new);
	} else {
		refuse(s, &e);
	}
	notify_send(s->notify, "READY=1");
}

/* --- once a second
 * -------------------------------------------------------------------------------- */

static void look_after(const struct supervisor *s, struct child *c, int64_t now)
{
	if (c->state == CHILD_STARTING && now - c->started_ns > CHILD_START_NS)
		kill_child(c, "not ready in time");
	else if (c->state == CHILD_RUNNING && !report_is_alive(s, c, now))
		kill_child(c, "says nothing any more");
	else if (c->state == CHILD_STOPPING && now > c->stop_by_ns)
		kill_child(c, "does not stop");
}

static void tick(void *arg)
{
	struct supervisor *s = arg;
	int64_t now = clock_mono_ns();

	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++)
		look_after(s, &s->children[r], now);
	report_all(s);
}

/* --- life
 * ----------------------------------------------------------------------------------------- */

bool supervisor_new(struct loop *loop, const struct spawn *spawn, const struct notify *notify,
		    struct watch *watch, struct settings *settings,
		    const struct sandbox_loaded *own, struct supervisor **out, struct err *e)
{
	struct supervisor *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NO_MEMORY, "supervisor");
	s->loop = loop;
	s->spawn = spawn;
	s->notify = notify;
	s->watch = watch;
	s->began_ns = clock_mono_ns();
	for (unsigned r = 0; r < WIRE_ROLES; r++) {
		struct child *c = &s->children[r];

		c->supervisor = s;
		c->role = (enum wire_role)r;
		c->state = settings_has_role(c->role) ? CHILD_WAITING : CHILD_ABSENT;
		c->chan = c->timer = -1;
		wire_start(&c->status.h, WIRE_STATUS, sizeof c->status);
		c->status.role = r;
	}
	s->children[WIRE_PARENT].status.sandbox = *own;
	s->children[WIRE_PARENT].status.pid = (int32_t)getpid();
	if (loop_timer(loop, NS_PER_S, NS_PER_S, tick, s) < 0) {
		free(s);
		return err_set(e, ERR_LIMIT, "no timer left");
	}
	s->settings = settings;
	*out = s;
	return true;
}

void supervisor_start(struct supervisor *s)
{
	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++)
		if (s->children[r].state == CHILD_WAITING)
			start(&s->children[r]);
}

void supervisor_free(struct supervisor *s)
{
	if (!s)
		return;
	for (unsigned r = WIRE_PARENT + 1; r < WIRE_ROLES; r++) {
		if (s->children[r].pid > 0)
			(void)kill(s->children[r].pid, SIGKILL);
		drop_channel(&s->children[r]);
	}
	settings_free(s->settings);
	free(s);
}
