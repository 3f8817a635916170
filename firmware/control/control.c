/* SPDX-License-Identifier: Apache-2.0 */
/* The control role: a local socket that answers what the parent last said of every role, and passes
 * evidence requests on to the store, for those who may ask. */
#include "firmware/control/control.h"

#include "firmware/base/chan.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CLIENT_NS (5 * NS_PER_S) /* for a request to come, and for its answer to be taken */

/* --- clients
 * -------------------------------------------------------------------------------------- */

static void close_given(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void hang_up(struct client *c)
{
	if (c->fd < 0)
		return;
	pull_forget(c->control, c);
	c->waits = false;
	loop_forget(c->control->loop, c->fd);
	close_given(&c->fd);
	close_given(&c->given);
	close_given(&c->gives);
	free(c->reply);
	c->reply = NULL;
}

static void on_client(void *arg, int fd, uint32_t events);

/* A descriptor goes with the first byte. */
static ssize_t send_piece(const struct client *c)
{
	struct iovec io = {.iov_base = c->reply + c->sent, .iov_len = c->reply_len - c->sent};
	struct msghdr h = {.msg_iov = &io, .msg_iovlen = 1};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};

	if (c->gives >= 0 && c->sent == 0) {
		struct cmsghdr *m;

		h.msg_control = control.bytes;
		h.msg_controllen = sizeof control.bytes;
		m = CMSG_FIRSTHDR(&h);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(sizeof c->gives);
		memcpy(CMSG_DATA(m), &c->gives, sizeof c->gives);
	}
	return sendmsg(c->fd, &h, MSG_NOSIGNAL);
}

/* Send what is left of the reply; wait for room when there is none. */
static void send_more(struct client *c)
{
	struct err e = {0};

	while (c->sent < c->reply_len) {
		ssize_t n = send_piece(c);

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

void client_reply(struct client *c, char *line, int fd)
{
	c->reply = line;
	c->gives = fd;
	c->since_ns = clock_mono_ns();
	if (!line) {
		hang_up(c);
		return;
	}
	c->reply_len = strlen(c->reply);
	c->sent = 0;
	send_more(c);
}

static void serve(struct client *c)
{
	struct control *k = c->control;

	if (strcmp(c->request, "evidence") == 0)
		pull_ask(k, c);
	else
		client_reply(c, answer(&k->known, c->request, clock_mono_ns()), -1);
}

/* A piece of the request, and what it brings. False: the client is not one to go on with. */
static bool take_piece(struct client *c, bool *later)
{
	int fds[CHAN_FDS_MAX];
	size_t n = 0, n_fds = 0;
	struct err e = {0};

	*later = false;
	if (!chan_recv(c->fd, c->request + c->got, sizeof c->request - 1 - c->got, &n, fds, 1,
		       &n_fds, &e)) {
		*later = e.code == ERR_AGAIN;
		return *later;
	}
	c->got += n;
	if (n_fds == 0)
		return true;
	if (c->given >= 0) {
		(void)close(fds[0]);
		return false;
	}
	c->given = fds[0];
	return true;
}

static void read_request(struct client *c)
{
	bool later;
	char *end;

	if (!take_piece(c, &later)) {
		hang_up(c);
		return;
	}
	if (later)
		return;
	c->request[c->got] = '\0';
	end = memchr(c->request, '\n', c->got);
	if (end)
		*end = '\0';
	else if (c->got == sizeof c->request - 1)
		c->request[0] = '\0'; /* too long to be any request we know: answered as such */
	else
		return;
	serve(c);
}

static void on_client(void *arg, int fd, uint32_t events)
{
	struct client *c = arg;

	(void)fd;
	if (c->reply)
		send_more(c);
	else if (c->waits)
		hang_up(c); /* who waits has nothing to say: it has gone */
	else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_request(c);
}

static struct client *free_client(struct control *k)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
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
	c->given = c->gives = -1;
	c->waits = false;
	c->since_ns = clock_mono_ns();
}

static void sweep(void *arg)
{
	struct control *k = arg;
	int64_t now = clock_mono_ns();

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (k->clients[i].fd >= 0 && !k->clients[i].waits &&
		    now - k->clients[i].since_ns > CLIENT_NS) {
			k->cut_off++;
			hang_up(&k->clients[i]);
		}
	pull_sweep(k, now);
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
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		k->clients[i].control = k;
		k->clients[i].fd = k->clients[i].given = k->clients[i].gives = -1;
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

	if (peer == WIRE_STORE && m->type == WIRE_REQUEST_DONE)
		return pull_done(k, (const struct wire_request_done *)(const void *)m,
				 n_fds > 0 ? fds[0] : -1, e);
	for (size_t i = 0; i < n_fds; i++)
		(void)close(fds[i]);
	if (peer == WIRE_PARENT && m->type == WIRE_STATUS)
		return known_take(&k->known, (const struct wire_status *)(const void *)m,
				  clock_mono_ns(), e);
	return err_set(e, ERR_PEER, "message of type %u is not expected here", m->type);
}

static void control_connected(void *state, enum wire_role peer)
{
	if (peer == WIRE_STORE)
		pull_store_is_back(state);
}

static void control_status(void *state, struct wire_status *s)
{
	struct control *k = state;

	role_count(s, "served", k->served);
	role_count(s, "refused", k->refused);
	role_count(s, "cut_off", k->cut_off);
	role_count(s, "evidence_requests", k->evidence_requests);
	role_count(s, "evidence_answers", k->evidence_answers);
}

static void control_close(void *state)
{
	struct control *k = state;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
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
    .connected = control_connected,
    .message = control_message,
    .status = control_status,
    .close = control_close,
};

int main(int argc, char **argv)
{
	return role_main(argc, argv, &ops);
}
