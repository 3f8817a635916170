/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the roles: started in order, wired to each other, watched, restarted with back-off
 * when they die or hang, reloaded on SIGHUP, stopped in order on SIGTERM.
 */
#ifndef FIRMWARE_PARENT_SUPERVISE_H
#define FIRMWARE_PARENT_SUPERVISE_H

#include "firmware/base/err.h"
#include "firmware/base/loop.h"
#include "firmware/parent/notify.h"
#include "firmware/parent/settings.h"
#include "firmware/parent/spawn.h"
#include "firmware/parent/watch.h"

struct supervisor;

/*
 * Make a supervisor, which takes *settings over. `loop`, `spawn`, `notify` and `watch` are borrowed
 * for its life; `own` is what the parent's sandbox loaded. supervisor_free. ERR_NO_MEMORY,
 * ERR_LIMIT, ERR_IO.
 */
bool supervisor_new(struct loop *loop, const struct spawn *spawn, const struct notify *notify,
		    struct watch *watch, struct settings *settings,
		    const struct sandbox_loaded *own, struct supervisor **out,
		    struct err *e) MUST_CHECK;

/* Start every role of this build. A role that cannot be started is tried again, like one that died.
 */
void supervisor_start(struct supervisor *s);

/* Read the configuration again: restart the roles that it concerns; when it is broken, say so and
 * change nothing. */
void supervisor_reload(struct supervisor *s);

/* Stop in order (capture, vision, store, uplink, device, control), each within its time; then end
 * the loop.
 */
void supervisor_stop(struct supervisor *s);

/* Collect children that have ended (on SIGCHLD). */
void supervisor_reap(struct supervisor *s);

/* Kills what still runs. */
void supervisor_free(struct supervisor *s);

#endif
