/* SPDX-License-Identifier: Apache-2.0 */
/* The hardware watchdog as the parent keeps it: opened before the sandbox, fed while the box does
 * its work, stopped when alprd is stopped in order and never else. */
#ifndef FIRMWARE_PARENT_WATCH_H
#define FIRMWARE_PARENT_WATCH_H

#include "firmware/parent/conf.h"
#include "hal/watchdog.h"

#include <stdint.h>

struct watch {
	const struct watchdog_ops *ops;
	struct watchdog *dog; /* NULL: none, or `trouble` */
	struct watchdog_about about;
	int64_t fed_ns;
	char trouble[96]; /* why there is none though one is wanted, or it cannot be fed; "" */
};

/*
 * Open the one that the configuration names, or else the board. Never fails: a box without its
 * watchdog still reads plates, and says in its status what is wrong.
 */
void watch_open(struct watch *w, const struct parent_conf *conf);

/* Feed it, when a quarter of its time has passed since the last time. */
void watch_feed(struct watch *w, int64_t now);

/* Give it back; `orderly`: the box is meant to go on without alprd, so it is stopped. */
void watch_close(struct watch *w, bool orderly);

#endif
