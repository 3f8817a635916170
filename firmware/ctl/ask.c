/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/ctl/ctl.h"
#include "firmware/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define ANSWER_MAX 262144u
#define WAIT_S	   5u

static bool dial(const char *path, unsigned wait_s, int *fd, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = (time_t)wait_s};
	size_t len = strlen(path);
	AUTO_CLOSE int s = -1;

	if (len >= sizeof at.sun_path)
		return err_set(e, ERR_ARGUMENT, "%.120s: too long for a socket", path);
	memcpy(at.sun_path, path, len);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
	    setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
	    connect(s, (const struct sockaddr *)&at, sizeof at) != 0) {
		if (errno == EACCES)
			return err_errno(e, errno, "you may not ask at %s ([control] user, group)",
					 path);
		return err_errno(e, errno, "no daemon answers at %s", path);
	}
	*fd = steal_fd(&s);
	return true;
}

/* A daemon that does not want us hangs up: before, while or after we ask. */
static bool not_answered(int errnum, unsigned wait_s, struct err *e)
{
	if (errnum == EAGAIN)
		return err_set(e, ERR_PEER, "no answer within %u s", wait_s);
	if (errnum == EPIPE || errnum == ECONNRESET || errnum == 0)
		return err_set(
		    e, ERR_PEER,
		    "refused: only root, the daemon's user and whom [control] names may ask");
	return err_errno(e, errnum, "daemon");
}

union control { /* of a message: room for a descriptor, and for one too many */
	char bytes[CMSG_SPACE(2 * sizeof(int))];
	struct cmsghdr align;
};

static bool say(int fd, const char *request, int give, unsigned wait_s, struct err *e)
{
	char line[64];
	int n = snprintf(line, sizeof line, "%s\n", request);
	struct iovec io = {.iov_base = line, .iov_len = (size_t)n};
	struct msghdr h = {.msg_iov = &io, .msg_iovlen = 1};
	union control c = {0};

	if (give >= 0) {
		struct cmsghdr *m;

		h.msg_control = c.bytes;
		h.msg_controllen = CMSG_SPACE(sizeof give);
		m = CMSG_FIRSTHDR(&h);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(sizeof give);
		memcpy(CMSG_DATA(m), &give, sizeof give);
	}
	return sendmsg(fd, &h, MSG_NOSIGNAL) == n || not_answered(errno, wait_s, e);
}

/* The first descriptor that comes goes to *got, all others nowhere. */
static void take_fd(struct msghdr *h, int *got)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m; m = CMSG_NXTHDR(h, m)) {
		size_t n = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(m) + i * sizeof fd, sizeof fd);
			if (*got < 0)
				*got = fd;
			else
				(void)close(fd);
		}
	}
}

static bool read_all(int fd, char *text, unsigned wait_s, size_t *len, int *got, struct err *e)
{
	*len = 0;
	for (;;) {
		struct iovec io = {.iov_base = text + *len, .iov_len = ANSWER_MAX - *len};
		union control c;
		struct msghdr h = {.msg_iov = &io,
				   .msg_iovlen = 1,
				   .msg_control = c.bytes,
				   .msg_controllen = sizeof c.bytes};
		ssize_t n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return not_answered(errno, wait_s, e);
		take_fd(&h, got);
		if (n == 0)
			return true;
		*len += (size_t)n;
		if (*len == ANSWER_MAX)
			return err_set(e, ERR_LIMIT, "answer of more than %u bytes", ANSWER_MAX);
	}
}

bool ctl_exchange(const struct ctl *ctl, const char *request, int give, unsigned wait_s,
		  cJSON **out, int *got, struct err *e)
{
	AUTO_FREE char *text = malloc(ANSWER_MAX);
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int came = -1;
	size_t len;

	if (!text)
		return err_set(e, ERR_NO_MEMORY, "answer");
	if (!dial(ctl->socket, wait_s, &fd, e) || !say(fd, request, give, wait_s, e) ||
	    !read_all(fd, text, wait_s, &len, &came, e))
		return false;
	if (len == 0)
		return not_answered(0, wait_s, e);
	*out = cJSON_ParseWithLength(text, len);
	if (!cJSON_IsObject(*out)) {
		cJSON_Delete(*out);
		*out = NULL;
		return err_set(e, ERR_PEER, "the answer is no JSON object");
	}
	*got = steal_fd(&came);
	return true;
}

bool ctl_ask(const struct ctl *ctl, const char *request, cJSON **out, struct err *e)
{
	AUTO_CLOSE int got = -1;

	return ctl_exchange(ctl, request, -1, WAIT_S, out, &got, e);
}

const char *ctl_text(const cJSON *o, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

	return text ? text : "";
}

double ctl_number(const cJSON *o, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

bool ctl_true(const cJSON *o, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, name));
}

const cJSON *ctl_role(const cJSON *status, const char *role)
{
	const cJSON *r;

	cJSON_ArrayForEach(
	    r, cJSON_GetObjectItemCaseSensitive(status, "roles")) if (strcmp(ctl_text(r, "role"),
									     role) == 0) return r;
	return NULL;
}
