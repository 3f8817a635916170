/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/control/peer.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG	   16
#define GROUPS_MAX 64

bool peer_rule_make(const struct control_conf *conf, struct peer_rule *out, struct err *e)
{
	memset(out, 0, sizeof *out);
	out->own = geteuid();
	if (conf->user[0]) {
		const struct passwd *p = getpwnam(conf->user);

		if (!p)
			return err_set(e, ERR_CONFIG, "[control] user: there is no user %.64s",
				       conf->user);
		out->user = p->pw_uid;
		out->has_user = true;
	}
	if (conf->group[0]) {
		const struct group *g = getgrnam(conf->group);

		if (!g)
			return err_set(e, ERR_CONFIG, "[control] group: there is no group %.64s",
				       conf->group);
		out->group = g->gr_gid;
		out->has_group = true;
	}
	return true;
}

static bool has_group(const struct peer_rule *rule, int fd, gid_t primary)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof groups;

	if (!rule->has_group)
		return false;
	if (primary == rule->group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (size_t i = 0; i < len / sizeof groups[0]; i++)
		if (groups[i] == rule->group)
			return true;
	return false;
}

bool peer_may_ask(const struct peer_rule *rule, int fd)
{
	struct ucred c = {0};
	socklen_t len = sizeof c;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) != 0 || len != sizeof c)
		return false;
	return c.uid == 0 || c.uid == rule->own || (rule->has_user && c.uid == rule->user) ||
	       has_group(rule, fd, c.gid);
}

static bool clear_path(const struct sockaddr_un *at, struct err *e)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(at->sun_path, &st) != 0)
		return errno == ENOENT ? true
				       : err_errno(e, errno, "[control] socket: %s", at->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFIG, "[control] socket: %s is there and no socket",
			       at->sun_path);
	/* A full queue (EAGAIN) is an answer too: somebody listens. */
	if (fd >= 0 &&
	    (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN))
		return err_set(e, ERR_CONFIG, "[control] socket: another alprd answers at %s",
			       at->sun_path);
	if (unlink(at->sun_path) != 0)
		return err_errno(e, errno, "[control] socket: %s", at->sun_path);
	return true;
}

bool peer_listen(const struct control_conf *conf, int *fd, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	/* Who else may ask must be able to connect; who may not is told apart by the kernel's word
	 * on the peer. */
	mode_t mode = conf->user[0] || conf->group[0] ? 0666 : 0600;
	size_t len = strlen(conf->socket);
	AUTO_CLOSE int s = -1;

	if (len >= sizeof at.sun_path)
		return err_set(e, ERR_CONFIG, "[control] socket: too long");
	memcpy(at.sun_path, conf->socket, len);
	if (!clear_path(&at, e))
		return false;
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0 || bind(s, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    chmod(at.sun_path, mode) != 0 || listen(s, BACKLOG) != 0)
		return err_errno(e, errno, "[control] socket: %s", at.sun_path);
	*fd = steal_fd(&s);
	return true;
}
