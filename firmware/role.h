/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ritual every role follows, whatever it does: take the configuration from the parent, open
 * what it needs, close the sandbox, say READY, loop, and on STOP finish what is in hand and leave
 * with exit status 0. main() of a role is one call of role_main with its table.
 */
#ifndef FIRMWARE_ROLE_H
#define FIRMWARE_ROLE_H

#include "firmware/base/err.h"
#include "firmware/base/loop.h"
#include "firmware/base/sandbox.h"
#include "firmware/wire.h"

#include <stddef.h>

#define ROLE_PARENT_FD 3 /* the channel to the parent in a freshly executed role */

struct role; /* the ritual's own state */

/* What the ritual gives to a role's callbacks. */
struct role_env {
	struct role *role;
	struct loop *loop;
	const char *conf_text; /* the configuration file, whole; lives as long as the process */
	size_t conf_len;
	const char *conf_folder; /* relative paths are relative to it */
};

struct role_ops {
	enum wire_role role;
	size_t state_size; /* a zeroed state of this size is passed to every callback */
	/* Parse the role's section, open files, devices, models; say in *box what stays allowed. */
	bool (*open)(void *state, const struct role_env *env, struct sandbox *box, struct err *e);
	/* The sandbox is closed: arm timers, start cameras. May be NULL. */
	bool (*begin)(void *state, struct err *e);
	/* A channel to `peer` is there (fd owned by the ritual, watched by it). After a restart of
	 * the peer it comes again: what was under way with the old one is void. May be NULL. */
	void (*connected)(void *state, enum wire_role peer);
	/* A message of a peer (or RELOAD, STATUS of the parent): header already checked against
	 * version and size of its type. Descriptors are the callee's to close. A false return is
	 * logged and counted, never fatal. */
	bool (*message)(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
			size_t n_fds, struct err *e);
	/* STOP has come: finish; call role_exit when done (at once, or later). NULL: exit at once.
	 */
	void (*stop)(void *state);
	/* Fill state, detail and counters of *s; called once a second. */
	void (*status)(void *state, struct wire_status *s);
	/* Free what open made. May be NULL. */
	void (*close)(void *state);
};

/* Run the role; returns the exit status. Called from main() and never twice. */
int role_main(int argc, char **argv, const struct role_ops *ops);

/*
 * Send a message to a peer. ERR_AGAIN: its queue is full (try later); ERR_PEER: it is not there now
 * (after its restart `connected` is called).
 */
bool role_send(struct role *r, enum wire_role peer, const struct wire_header *m, const int *fds,
	       size_t n_fds, struct err *e) MUST_CHECK;

/* Leave the loop with exit status 0. */
void role_exit(struct role *r);

/* Add a counter to a status; silently dropped when WIRE_COUNTERS are there. */
void role_count(struct wire_status *s, const char *name, int64_t value);

#endif
