/* SPDX-License-Identifier: Apache-2.0 */
/* The control role: a local socket that answers what the parent last said of every role, to those
 * who may ask. */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/control/answer.h"
#include "firmware/control/conf.h"
#include "firmware/control/peer.h"
#include "firmware/role.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CLIENTS	    8
#define REQUEST_MAX 64u
#define CLIENT_NS   (5 * NS_PER_S) /* for a request to come and its answer to be taken */

struct control;

struct client {
	struct control *control;
	int fd; /* -1: free */
	int64_t since_ns;
	size_t got;
	char request[REQUEST_MAX];
	char *reply;
	size_t reply_len, sent;
};

struct control {
	struct role *role;
	struct loop *loop;
	struct control_conf conf;
	struct peer_rule rule;
	struct known known;
	int listen_fd;
	struct client clients[CLIENTS];
	int64_t served, refused, cut_off;
};

/* --- clients
 * -------------------------------------------------------------------------------------- */

static void hang_up(struct client *c)
{
	if (c->fd < 0)
		return;
	loop_forget(c->control->loop, c->fd);
	(void)close(c->fd);
	free(c->reply);
	c->reply = NULL;
	c->fd = -1;
}

static void on_client(void *arg, int fd, uint32_t events);

/* Send what is left of the reply; wait for room when there is none. */
static void send_more(struct client *c)
{
	struct err e = {0};

	while (c->sent < c->reply_len) {
		ssize_t n = send(c->fd, c->reply + c->sent, c->reply_len - c->sent, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!loop_watch(c->control->loop, c->fd, EPOLLOUT, on_client, c, &e))
				hang_up(c);
			return;
		}
		if (n < 0) {
			hang_up(c);
			return;
		}
		c->sent += (size_t)n;
	}
	c->control->served++;
	hang_up(c);
}

static void reply(struct client *c)
{
	c->reply = answer(&c->control->known, c->request, clock_mono_ns());
	if (!c->reply) {
		hang_up(c);
		return;
	}
	c->reply_len = strlen(c->reply);
	c->sent = 0;
	send_more(c);
}

static void read_request(struct client *c)
{
	ssize_t n = recv(c->fd, c->request + c->got, sizeof c->request - 1 - c->got, 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = '\0';
	end = memchr(c->request, '\n', c->got);
	if (end)
		*end = '\0';
	else if (c->got == sizeof c->request - 1)
		c->request[0] = '\0'; /* too long to be any request we know: answered as such */
	else
		return;
	reply(c);
}

static void on_client(void *arg, int fd, uint32_t events)
{
	struct client *c = arg;

	(void)fd;
	if (c->reply)
		send_more(c);
	else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_request(c);
}

static struct client *free_client(struct control *k)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (k->clients[i].fd < 0)
			return &k->clients[i];
	return NULL;
}

static void on_listen(void *arg, int fd, uint32_t events)
{
	struct control *k = arg;
	AUTO_CLOSE int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = free_client(k);
	struct err e = {0};

	(void)events;
	if (peer < 0)
		return;
	if (!c || !peer_may_ask(&k->rule, peer)) {
		k->refused++;
		return;
	}
	if (!loop_watch(k->loop, peer, EPOLLIN, on_client, c, &e))
		return;
	c->fd = steal_fd(&peer);
	c->got = 0;
	c->reply = NULL;
	c->since_ns = clock_mono_ns();
}

static void sweep(void *arg)
{
	struct control *k = arg;
	int64_t now = clock_mono_ns();

	for (size_t i = 0; i < CLIENTS; i++)
		if (k->clients[i].fd >= 0 && now - k->clients[i].since_ns > CLIENT_NS) {
			k->cut_off++;
			hang_up(&k->clients[i]);
		}
}

/* --- the ritual
 * ----------------------------------------------------------------------------------- */

static bool control_open(void *state, const struct role_env *env, struct sandbox *box,
			 struct err *e)
{
	struct control *k = state;

	k->role = env->role;
	k->loop = env->loop;
	k->listen_fd = -1;
	for (size_t i = 0; i < CLIENTS; i++) {
		k->clients[i].control = k;
		k->clients[i].fd = -1;
	}
	if (!control_conf_load(env->conf_text, env->conf_len, env->conf_folder, &k->conf, e) ||
	    !peer_rule_make(&k->conf, &k->rule, e) || !peer_listen(&k->conf, &k->listen_fd, e))
		return false;
	control_sandbox(box);
	return true;
}

static bool control_begin(void *state, struct err *e)
{
	struct control *k = state;

	if (!loop_watch(k->loop, k->listen_fd, EPOLLIN, on_listen, k, e))
		return false;
	if (loop_timer(k->loop, NS_PER_S, NS_PER_S, sweep, k) < 0)
		return err_set(e, ERR_LIMIT, "no timer left");
	return true;
}

static bool control_message(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
			    size_t n_fds, struct err *e)
{
	struct control *k = state;

	(void)fds; /* no message to control brings one (firmware/wire.c) */
	(void)n_fds;
	if (peer == WIRE_PARENT && m->type == WIRE_STATUS)
		return known_take(&k->known, (const struct wire_status *)(const void *)m,
				  clock_mono_ns(), e);
	return err_set(e, ERR_PEER, "message of type %u is not expected here", m->type);
}

static void control_status(void *state, struct wire_status *s)
{
	struct control *k = state;

	role_count(s, "served", k->served);
	role_count(s, "refused", k->refused);
	role_count(s, "cut_off", k->cut_off);
}

static void control_close(void *state)
{
	struct control *k = state;

	for (size_t i = 0; i < CLIENTS; i++)
		if (k->clients[i].control)
			hang_up(&k->clients[i]);
	if (k->listen_fd > 0)
		(void)close(k->listen_fd);
}

static const struct role_ops ops = {
    .role = WIRE_CONTROL,
    .state_size = sizeof(struct control),
    .open = control_open,
    .begin = control_begin,
    .message = control_message,
    .status = control_status,
    .close = control_close,
};

int main(int argc, char **argv)
{
	return role_main(argc, argv, &ops);
}
