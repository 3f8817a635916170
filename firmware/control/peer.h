/* SPDX-License-Identifier: Apache-2.0 */
/* The local socket, and who may ask on it: the kernel says who the other end is (unix(7),
 * SO_PEERCRED). */
#ifndef FIRMWARE_CONTROL_PEER_H
#define FIRMWARE_CONTROL_PEER_H

#include "firmware/base/err.h"
#include "firmware/control/conf.h"

#include <sys/types.h>

struct peer_rule {
	uid_t own, user;
	gid_t group;
	bool has_user, has_group;
};

/* Look up user and group of the configuration. ERR_CONFIG: there is none of that name. */
bool peer_rule_make(const struct control_conf *conf, struct peer_rule *out,
		    struct err *e) MUST_CHECK;

/* Whether the process at the other end of `fd` is root's, the daemon's own user's, the user's, or
 * has the group. */
bool peer_may_ask(const struct peer_rule *rule, int fd);

/*
 * Listen on the configured path; a socket that a dead daemon has left there is replaced. *fd:
 * caller closes. ERR_CONFIG: another daemon answers there, or something that is no socket is in the
 * way; ERR_IO, ERR_NOT_FOUND (its folder).
 */
bool peer_listen(const struct control_conf *conf, int *fd, struct err *e) MUST_CHECK;

#endif
