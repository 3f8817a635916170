/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/parent/watch.h"

#include "board/board.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <stdio.h>
#include <string.h>

static void trouble(struct watch *w, const struct err *e)
{
	if (!w->trouble[0])
		log_line(LOG_ERROR, "%s", e->text);
	(void)snprintf(w->trouble, sizeof w->trouble, "%.95s", e->text);
}

void watch_open(struct watch *w, const struct parent_conf *conf)
{
	struct watchdog_conf c = {.timeout_s = conf->watchdog_s};
	const char *source = conf->watchdog[0] ? conf->watchdog : board.watchdog;
	struct err e = {0};

	memset(w, 0, sizeof *w);
	if (!source || strcmp(source, "none") == 0)
		return;
	w->ops = watchdog_find(conf->watchdog_driver);
	if (!w->ops) { /* never: the configuration was checked against the same list */
		(void)err_set(&e, ERR_CONFIG, "watchdog: no driver %.40s", conf->watchdog_driver);
		trouble(w, &e);
		return;
	}
	(void)snprintf(c.driver, sizeof c.driver, "%s", conf->watchdog_driver);
	(void)snprintf(c.source, sizeof c.source, "%s", source);
	if (!w->ops->open(&c, &w->dog, &e)) {
		w->dog = NULL;
		trouble(w, &e);
		return;
	}
	w->ops->about(w->dog, &w->about);
	w->fed_ns = clock_mono_ns();
	log_line(w->about.was_reset ? LOG_WARNING : LOG_NOTICE,
		 "watchdog: %s starts the box anew after %lld s without us%s%s", w->about.identity,
		 (long long)w->about.timeout_s, w->about.stops ? "" : ", and cannot be stopped",
		 w->about.was_reset ? "; it has just done so" : "");
}

void watch_feed(struct watch *w, int64_t now)
{
	struct err e = {0};

	if (!w->dog || now - w->fed_ns < w->about.timeout_s * NS_PER_S / 4)
		return;
	if (w->ops->feed(w->dog, &e)) {
		w->fed_ns = now;
		w->trouble[0] = '\0';
	} else {
		trouble(w, &e);
	}
}

void watch_close(struct watch *w, bool orderly)
{
	if (w->dog)
		w->ops->close(w->dog, orderly);
	w->dog = NULL;
}
