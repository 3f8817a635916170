/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/chan.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(CHAN_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

bool chan_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return err_errno(e, errno, "channel: socketpair");
	return true;
}

static bool send_failed(int errnum, struct err *e)
{
	switch (errnum) {
	case EAGAIN:
	case ENOBUFS:
	case ETOOMANYREFS: /* the peer has not taken the descriptors of earlier messages */
		return err_set(e, ERR_AGAIN, "channel: queue full");
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return err_set(e, ERR_PEER, "channel: peer gone");
	case EMSGSIZE:
		return err_set(e, ERR_LIMIT, "channel: message too large for the socket");
	default:
		return err_errno(e, errnum, "channel: send");
	}
}

bool chan_send(int fd, const void *message, size_t len, const int *fds, size_t n_fds, struct err *e)
{
	struct iovec io = {.iov_base = (void *)(uintptr_t)message, .iov_len = len};
	struct msghdr h = {.msg_iov = &io, .msg_iovlen = 1};
	union control c;
	ssize_t sent;

	/* A message of no bytes would look like the end of the channel. */
	if (len == 0 || len > CHAN_MESSAGE_MAX || n_fds > CHAN_FDS_MAX)
		return err_set(e, ERR_LIMIT, "channel: %zu bytes with %zu descriptors", len, n_fds);
	if (n_fds > 0) {
		struct cmsghdr *m;

		memset(&c, 0, sizeof c);
		h.msg_control = c.bytes;
		h.msg_controllen = CMSG_SPACE(n_fds * sizeof *fds);
		m = CMSG_FIRSTHDR(&h);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(n_fds * sizeof *fds);
		memcpy(CMSG_DATA(m), fds, n_fds * sizeof *fds);
	}
	do
		sent = sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return send_failed(errno, e);
	return true; /* SOCK_SEQPACKET sends all or nothing */
}

/* Take all descriptors of a message; the kernel has put at most CHAN_FDS_MAX into our buffer. */
static size_t take_fds(struct msghdr *h, int taken[CHAN_FDS_MAX])
{
	size_t n = 0;

	for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m; m = CMSG_NXTHDR(h, m)) {
		size_t here;

		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		here = (m->cmsg_len - CMSG_LEN(0)) / sizeof *taken;
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(m) + i * sizeof fd, sizeof fd);
			if (n < CHAN_FDS_MAX)
				taken[n++] = fd;
			else
				(void)close(fd);
		}
	}
	return n;
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
}

bool chan_recv(int fd, void *message, size_t size, size_t *len, int *fds, size_t max_fds,
	       size_t *n_fds, struct err *e)
{
	struct iovec io = {.iov_base = message, .iov_len = size};
	union control c;
	struct msghdr h = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = c.bytes,
			   .msg_controllen = sizeof c.bytes};
	int taken[CHAN_FDS_MAX];
	size_t n;
	ssize_t got;

	*len = 0;
	*n_fds = 0;
	do
		got = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return err_set(e, ERR_AGAIN, "channel: nothing there");
	if (got < 0 && (errno == ECONNRESET || errno == ENOTCONN))
		return err_set(e, ERR_PEER, "channel: peer gone");
	if (got < 0)
		return err_errno(e, errno, "channel: receive");
	n = take_fds(&h, taken);
	if (got == 0 && !(h.msg_flags & MSG_TRUNC)) {
		close_all(taken, n);
		return err_set(e, ERR_PEER, "channel: peer closed");
	}
	if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || n > max_fds) {
		close_all(taken, n);
		return err_set(e, ERR_LIMIT,
			       "channel: message larger or with more descriptors than expected");
	}
	if (n > 0)
		memcpy(fds, taken, n * sizeof *fds);
	*len = (size_t)got;
	*n_fds = n;
	return true;
}
