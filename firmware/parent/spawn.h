/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a role: fork, put the child where the network, the user and the capabilities are out of
 * its reach, execute it. */
#ifndef FIRMWARE_PARENT_SPAWN_H
#define FIRMWARE_PARENT_SPAWN_H

#include "firmware/base/err.h"
#include "firmware/wire.h"

#include <stddef.h>
#include <sys/types.h>

#define SPAWN_GROUPS_MAX 32

struct spawn {
	char libexec[4096]; /* folder of the role programs */
	char loader[256];   /* the dynamic loader that runs them */
	char folder[4096];  /* of the configuration */
	bool verbose;
	bool root; /* alprd runs as root: real namespaces, and a user or capabilities to drop */
	bool change_user; /* to uid, gid, groups */
	uid_t uid;
	gid_t gid;
	gid_t groups[SPAWN_GROUPS_MAX];
	int n_groups;
};

/*
 * Find the role programs beside this one (../libexec) and look up `user` ("": stay who we are).
 * ERR_CONFIG: no such user, or only root could become it; ERR_NOT_FOUND: no libexec folder; ERR_IO.
 */
bool spawn_prepare(struct spawn *s, const char *user, struct err *e) MUST_CHECK;

/* Give up what the parent itself never needs of root's capabilities. ERR_IO. */
bool spawn_limit_parent(const struct spawn *s, struct err *e) MUST_CHECK;

/*
 * Start a role: *pid and *chan (the parent's end of its channel; caller closes). A program that
 * cannot be executed is seen as a child that ends with status 127. ERR_IO.
 */
bool spawn_role(const struct spawn *s, enum wire_role role, pid_t *pid, int *chan,
		struct err *e) MUST_CHECK;

#endif
