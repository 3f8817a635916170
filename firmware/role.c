/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/role.h"

#include "firmware/base/chan.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/conf.h"
#include "firmware/base/gift.h"
#include "firmware/base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define START_WAIT_MS  10000	/* the parent sends START at once; a parent that does not is gone */
#define BURST	       16	/* messages of one peer before the others get their turn, */
#define LONGEST_NS     NS_PER_S /* or as much time as that: a status is due once a second */
#define REFUSED_LOGGED 8u	/* refused messages that are logged one by one; then only counted */

struct role {
	const struct role_ops *ops;
	void *state;
	struct role_env env;
	char *conf_text;
	int peers[WIRE_ROLES]; /* channels; -1: not there */
	struct sandbox_loaded sandbox;
	int64_t refused;
	int exit_status;
	union {
		struct wire_header h;
		uint64_t align;
		uint8_t bytes[CHAN_MESSAGE_MAX];
	} in;
};

_Static_assert(sizeof(struct wire_passage) <= CHAN_MESSAGE_MAX, "a passage fits into a message");
_Static_assert(sizeof(struct wire_status) <= CHAN_MESSAGE_MAX, "a status fits into a message");

/* --- before anything else
 * ------------------------------------------------------------------------- */

static void harden(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	const struct rlimit none = {0, 0};

	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* A Ctrl-C reaches the whole process group: the order to stop is the parent's to give. */
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
}

static bool has_parent(void)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof domain;

	if (getsockopt(ROLE_PARENT_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 ||
	    domain != AF_UNIX)
		return false;
	len = sizeof type;
	return getsockopt(ROLE_PARENT_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_SEQPACKET;
}

/* -d FOLDER: what relative paths are relative to; -v: log more. */
static bool arguments(int argc, char **argv, struct role_env *env, enum log_level *most)
{
	int opt;

	env->conf_folder = ".";
	*most = LOG_INFO;
	while ((opt = getopt(argc, argv, "d:v")) != -1) {
		if (opt == 'd')
			env->conf_folder = optarg;
		else if (opt == 'v')
			*most = LOG_DEBUG;
		else
			return false;
	}
	return optind == argc;
}

/* --- messages
 * ------------------------------------------------------------------------------------- */

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
}

static void drop_peer(struct role *r, enum wire_role peer)
{
	if (r->peers[peer] < 0)
		return;
	loop_forget(r->env.loop, r->peers[peer]);
	(void)close(r->peers[peer]);
	r->peers[peer] = -1;
}

static void refused(struct role *r, enum wire_role peer, const struct err *e)
{
	r->refused++;
	if (r->refused <= REFUSED_LOGGED)
		log_line(LOG_WARNING, "message from %s refused: %s%s", wire_role_name(peer),
			 e->text,
			 r->refused == REFUSED_LOGGED ? " (further ones are only counted)" : "");
}

static void parent_gone(struct role *r)
{
	log_line(LOG_ERROR, "the parent is gone");
	r->exit_status = 1;
	loop_stop(r->env.loop);
}

static void on_peer(void *arg, int fd, uint32_t events);

static bool new_peer(struct role *r, const struct wire_peer *m, int fd, struct err *e)
{
	if (m->role == WIRE_PARENT || m->role >= WIRE_ROLES || m->role == (uint32_t)r->ops->role) {
		(void)close(fd);
		return err_set(e, ERR_PEER, "channel to role %u", m->role);
	}
	drop_peer(r, (enum wire_role)m->role);
	if (!loop_watch(r->env.loop, fd, EPOLLIN, on_peer, r, e)) {
		(void)close(fd);
		return false;
	}
	r->peers[m->role] = fd;
	if (r->ops->connected)
		r->ops->connected(r->state, (enum wire_role)m->role);
	return true;
}

static bool from_parent(struct role *r, int *fds, size_t n_fds, struct err *e)
{
	switch (r->in.h.type) {
	case WIRE_PEER:
		return new_peer(r, (const struct wire_peer *)(const void *)r->in.bytes, fds[0], e);
	case WIRE_STOP:
		log_line(LOG_DEBUG, "stopping");
		if (r->ops->stop)
			r->ops->stop(r->state);
		else
			role_exit(r);
		return true;
	case WIRE_RELOAD:
	case WIRE_STATUS:
		if (r->ops->message)
			return r->ops->message(r->state, WIRE_PARENT, &r->in.h, fds, n_fds, e);
		return true;
	default:
		close_all(fds, n_fds);
		return err_set(e, ERR_PEER, "message of type %u twice", r->in.h.type);
	}
}

/* One message of `peer`. False: nothing more to take from it now. */
static bool take(struct role *r, enum wire_role peer)
{
	struct err e = {0};
	int fds[CHAN_FDS_MAX];
	size_t len = 0, n_fds = 0;
	bool done;

	if (!chan_recv(r->peers[peer], r->in.bytes, sizeof r->in.bytes, &len, fds, CHAN_FDS_MAX,
		       &n_fds, &e)) {
		if (e.code == ERR_AGAIN)
			return false;
		if (e.code == ERR_LIMIT) {
			refused(r, peer, &e);
			return true;
		}
		drop_peer(r, peer);
		if (peer == WIRE_PARENT)
			parent_gone(r);
		else
			log_line(LOG_DEBUG, "%s is gone: %s", wire_role_name(peer), e.text);
		return false;
	}
	if (!wire_check(r->in.bytes, len, n_fds, peer, r->ops->role, &e)) {
		close_all(fds, n_fds);
		refused(r, peer, &e);
		return true;
	}
	if (peer == WIRE_PARENT) {
		done = from_parent(r, fds, n_fds, &e);
	} else if (r->ops->message) {
		done = r->ops->message(r->state, peer, &r->in.h, fds, n_fds, &e);
	} else {
		close_all(fds, n_fds);
		done =
		    err_set(&e, ERR_PEER, "message of type %u is not expected here", r->in.h.type);
	}
	if (!done)
		refused(r, peer, &e);
	return true;
}

static void on_peer(void *arg, int fd, uint32_t events)
{
	struct role *r = arg;
	int64_t from = clock_mono_ns();
	unsigned peer;

	(void)events;
	for (peer = 0; peer < WIRE_ROLES; peer++)
		if (r->peers[peer] == fd)
			break;
	/* A callback may have replaced or dropped the channel: look again before every message. */
	for (int i = 0; peer < WIRE_ROLES && i < BURST && r->peers[peer] == fd; i++)
		if (!take(r, (enum wire_role)peer) || clock_mono_ns() - from > LONGEST_NS)
			return;
}

bool role_send(struct role *r, enum wire_role peer, const struct wire_header *m, const int *fds,
	       size_t n_fds, struct err *e)
{
	struct err why = {0};

	if (peer >= WIRE_ROLES || r->peers[peer] < 0)
		return err_set(e, ERR_PEER, "%s is not there", wire_role_name(peer));
	if (chan_send(r->peers[peer], m, m->size, fds, n_fds, &why))
		return true;
	/* The loop sees the hang-up and drops the channel: what the peer said last is still to be
	 * read. */
	if (e)
		*e = why;
	return err_prefix(e, "to %s", wire_role_name(peer));
}

/* --- status
 * --------------------------------------------------------------------------------------- */

void role_count(struct wire_status *s, const char *name, int64_t value)
{
	struct wire_counter *c;

	if (s->n >= WIRE_COUNTERS)
		return;
	c = &s->counters[s->n++];
	(void)snprintf(c->name, sizeof c->name, "%s", name);
	c->value = value;
}

static void report(void *arg)
{
	struct role *r = arg;
	struct wire_status s = {0};
	struct err e = {0};

	wire_start(&s.h, WIRE_STATUS, sizeof s);
	s.role = (uint32_t)r->ops->role;
	(void)snprintf(s.state, sizeof s.state, "ok");
	if (r->ops->status)
		r->ops->status(r->state, &s);
	if (r->refused > 0)
		role_count(&s, "messages_refused", r->refused);
	/* A parent that is slow to read gets the next one; one that is gone is noticed by the loop.
	 */
	if (!role_send(r, WIRE_PARENT, &s.h, NULL, 0, &e))
		log_line(LOG_DEBUG, "status: %s", e.text);
}

/* The last words of a role that cannot go on: who asks alprctl sees no log. */
static void say_why(struct role *r, const struct err *why)
{
	struct wire_status s = {0};
	struct err e = {0};

	wire_start(&s.h, WIRE_STATUS, sizeof s);
	s.role = (uint32_t)r->ops->role;
	(void)snprintf(s.state, sizeof s.state, "down");
	(void)snprintf(s.detail, sizeof s.detail, "%.*s", (int)sizeof s.detail - 1, why->text);
	if (!chan_send(ROLE_PARENT_FD, &s, sizeof s, NULL, 0, &e))
		log_line(LOG_DEBUG, "status: %s", e.text);
}

static bool say_ready(struct role *r, struct err *e)
{
	struct wire_ready m = {0};

	wire_start(&m.h, WIRE_READY, sizeof m);
	m.role = (uint32_t)r->ops->role;
	m.sandbox = r->sandbox;
	return role_send(r, WIRE_PARENT, &m.h, NULL, 0, e);
}

void role_exit(struct role *r)
{
	loop_stop(r->env.loop);
}

/* --- the ritual
 * ----------------------------------------------------------------------------------- */

/* Wait for START and keep the configuration it brings. */
static bool take_start(struct role *r, struct err *e)
{
	struct pollfd p = {.fd = ROLE_PARENT_FD, .events = POLLIN};
	CLEANUP(gift_unmap) struct gift g = {0};
	AUTO_CLOSE int fd = -1;
	int fds[CHAN_FDS_MAX];
	size_t len = 0, n_fds = 0;
	int n;

	do
		n = poll(&p, 1, START_WAIT_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return err_set(e, ERR_PEER, "the parent says nothing");
	if (!chan_recv(ROLE_PARENT_FD, r->in.bytes, sizeof r->in.bytes, &len, fds, CHAN_FDS_MAX,
		       &n_fds, e))
		return err_prefix(e, "parent");
	if (!wire_check(r->in.bytes, len, n_fds, WIRE_PARENT, r->ops->role, e) ||
	    r->in.h.type != WIRE_START) {
		close_all(fds, n_fds);
		return err_set(e, ERR_PEER, "the parent did not begin with START");
	}
	fd = fds[0];
	if (!gift_map(fd, CONF_TEXT_MAX, &g, e))
		return err_prefix(e, "configuration");
	r->conf_text = malloc(g.len + 1);
	if (!r->conf_text)
		return err_set(e, ERR_NO_MEMORY, "configuration of %zu bytes", g.len);
	if (g.len > 0)
		memcpy(r->conf_text, g.data, g.len);
	r->conf_text[g.len] = '\0';
	r->env.conf_text = r->conf_text;
	r->env.conf_len = g.len;
	return true;
}

static bool run(struct role *r, struct err *e)
{
	struct sandbox box = {0};

	if (!loop_new(&r->env.loop, e) || !take_start(r, e))
		return false;
	if (!r->ops->open(r->state, &r->env, &box, e))
		return false;
	if (!sandbox_close(&box, &r->sandbox, e))
		return err_prefix(e, "sandbox");
	if (r->ops->begin && !r->ops->begin(r->state, e))
		return false;
	r->peers[WIRE_PARENT] = ROLE_PARENT_FD;
	if (!loop_watch(r->env.loop, ROLE_PARENT_FD, EPOLLIN, on_peer, r, e) || !say_ready(r, e))
		return false;
	report(r);
	if (loop_timer(r->env.loop, NS_PER_S, NS_PER_S, report, r) < 0)
		return err_set(e, ERR_LIMIT, "no timer left for the status");
	return loop_run(r->env.loop, e);
}

static int run_and_close(struct role *r)
{
	struct err e = {0};
	bool done = run(r, &e);

	if (!done) {
		log_line(LOG_ERROR, "%s", e.text);
		say_why(r, &e);
	}
	if (r->ops->close)
		r->ops->close(r->state);
	for (unsigned p = 0; p < WIRE_ROLES; p++)
		if (r->peers[p] >= 0)
			drop_peer(r, (enum wire_role)p);
	if (r->env.loop)
		loop_free(r->env.loop);
	free(r->conf_text);
	return done ? r->exit_status : 1;
}

int role_main(int argc, char **argv, const struct role_ops *ops)
{
	AUTO_FREE struct role *r = calloc(1, sizeof *r);
	AUTO_FREE void *state = calloc(1, ops->state_size > 0 ? ops->state_size : 1);
	enum log_level most;

	if (!r || !state)
		return 1;
	harden();
	if (!arguments(argc, argv, &r->env, &most) || !has_parent()) {
		(void)fprintf(stderr,
			      "alprd-%s: a part of alprd, which starts it: no channel to it on "
			      "descriptor %d\n",
			      wire_role_name((unsigned)ops->role), ROLE_PARENT_FD);
		return 2;
	}
	log_open(wire_role_name((unsigned)ops->role), most);
	r->ops = ops;
	r->state = state;
	r->env.role = r;
	for (unsigned p = 0; p < WIRE_ROLES; p++)
		r->peers[p] = -1;
	return sandbox_leave(run_and_close(r));
}
