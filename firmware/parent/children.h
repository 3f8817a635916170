/* SPDX-License-Identifier: Apache-2.0 */
/* What supervise.c, wiring.c and report.c share about the roles. Private to firmware/parent. */
#ifndef FIRMWARE_PARENT_CHILDREN_H
#define FIRMWARE_PARENT_CHILDREN_H

#include "firmware/parent/backoff.h"
#include "firmware/parent/supervise.h"

#include <sys/types.h>

enum child_state {
	CHILD_ABSENT,	/* not in this build */
	CHILD_WAITING,	/* its restart is due later */
	CHILD_STARTING, /* executed, not READY yet */
	CHILD_RUNNING,
	CHILD_STOPPING, /* was told to stop */
	CHILD_ENDED	/* stopped for good */
};

struct child {
	struct supervisor *supervisor;
	enum wire_role role;
	enum child_state state;
	pid_t pid;	    /* 0: none */
	int chan;	    /* -1: none */
	int timer;	    /* of the restart; -1: none */
	int64_t started_ns; /* monotonic */
	int64_t heard_ns;   /* last READY or STATUS, monotonic */
	int64_t stop_by_ns; /* CHILD_STOPPING: killed then */
	bool planned;	    /* its end is wanted (reload): started again at once and not counted */
	bool was_ready;	    /* once, ever */
	bool spoke;	    /* this very process has sent a status: the counters are its own */
	uint32_t restarts;
	uint32_t refused; /* messages of it that were none; a few are logged, the rest counted */
	struct backoff backoff;
	struct wire_status status;
};

struct supervisor {
	struct loop *loop;
	const struct spawn *spawn;
	const struct notify *notify;
	struct watch *watch;
	struct settings *settings;
	struct child children[WIRE_ROLES]; /* [WIRE_PARENT] holds the parent's own status */
	bool stopping;
	size_t stop_step;
	bool told_ready;
	int64_t began_ns, fed_ns;
	uint32_t reloads, reloads_refused;
	char refusal[192]; /* why the last reload was refused; "" when it was not */
};

/* wiring.c: the channels. */

/* Send a plain message (STOP, RELOAD) to a role. False: it could not be sent. */
bool wiring_say(struct child *c, enum wire_type type);

/* Give a role that has just been executed its configuration and channels to all its neighbours that
 * run. */
bool wiring_begin(struct child *c, struct err *e) MUST_CHECK;

/* report.c: what the parent knows, to control and to the service manager. */

/* Once a second: statuses to control and uplink, device's to the store, STATUS= and WATCHDOG=1 to
 * the service manager. */
void report_all(struct supervisor *s);

/* Whether the role runs and has spoken within [daemon] silence_s. */
bool report_is_alive(const struct supervisor *s, const struct child *c, int64_t now);

#define CHILD_START_NS                                                                             \
	(60 * NS_PER_S) /* models are loaded, the database is checked: then it must be READY */

#endif
