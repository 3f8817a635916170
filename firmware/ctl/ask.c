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
#define WAIT_S	   5

static bool dial(const char *path, int *fd, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = WAIT_S};
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
static bool not_answered(int errnum, struct err *e)
{
	if (errnum == EAGAIN)
		return err_set(e, ERR_PEER, "no answer within %d s", WAIT_S);
	if (errnum == EPIPE || errnum == ECONNRESET || errnum == 0)
		return err_set(
		    e, ERR_PEER,
		    "refused: only root, the daemon's user and whom [control] names may ask");
	return err_errno(e, errnum, "daemon");
}

static bool read_all(int fd, char *text, size_t size, size_t *len, struct err *e)
{
	*len = 0;
	for (;;) {
		ssize_t n = recv(fd, text + *len, size - *len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return not_answered(errno, e);
		if (n == 0)
			return true;
		*len += (size_t)n;
		if (*len == size)
			return err_set(e, ERR_LIMIT, "answer of more than %zu bytes", size);
	}
}

bool ctl_ask(const struct ctl *ctl, const char *request, cJSON **out, struct err *e)
{
	AUTO_FREE char *text = malloc(ANSWER_MAX);
	AUTO_CLOSE int fd = -1;
	char line[64];
	size_t len;
	int n = snprintf(line, sizeof line, "%s\n", request);

	if (!text)
		return err_set(e, ERR_NO_MEMORY, "answer");
	if (!dial(ctl->socket, &fd, e))
		return false;
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return not_answered(errno, e);
	if (!read_all(fd, text, ANSWER_MAX, &len, e))
		return false;
	if (len == 0)
		return not_answered(0, e);
	*out = cJSON_ParseWithLength(text, len);
	if (!cJSON_IsObject(*out)) {
		cJSON_Delete(*out);
		*out = NULL;
		return err_set(e, ERR_PEER, "the answer is no JSON object");
	}
	return true;
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
