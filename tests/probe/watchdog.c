/* SPDX-License-Identifier: Apache-2.0 */
/* Does to a watchdog what alprd does, and then what it must not do. For a guest: starve and leave
 * make the machine start anew. */
#include "hal/watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
	(void)fputs(
	    "usage: watchdog DRIVER SOURCE SECONDS FEEDS stop|leave|starve\n"
	    "Opens it with a time of SECONDS, feeds it FEEDS times, a second apart, and then:\n"
	    "  stop    gives it back in order: nothing happens\n"
	    "  leave   closes it without a word: the machine starts anew after SECONDS\n"
	    "  starve  keeps it open and feeds it no more: the same\n",
	    stderr);
	return 2;
}

static void tell(const struct watchdog_about *about)
{
	(void)printf("watchdog: \"%s\", %lld s, %s, %s\n", about->identity,
		     (long long)about->timeout_s, about->stops ? "can be stopped" : "runs for ever",
		     about->was_reset ? "reset this machine" : "did not reset this machine");
	(void)fflush(stdout);
}

static int end(const struct watchdog_ops *ops, struct watchdog *w, const char *how)
{
	(void)printf("watchdog: %s\n", how);
	(void)fflush(stdout);
	if (strcmp(how, "starve") == 0)
		for (;;)
			(void)pause();
	ops->close(w, strcmp(how, "stop") == 0);
	return 0;
}

int main(int argc, char **argv)
{
	const struct watchdog_ops *ops = argc == 6 ? watchdog_find(argv[1]) : NULL;
	struct watchdog_conf conf = {.timeout_s = argc == 6 ? strtoll(argv[3], NULL, 10) : 0};
	struct watchdog_about about;
	struct watchdog *w = NULL;
	struct err e = {0};

	if (!ops || (strcmp(argv[5], "stop") != 0 && strcmp(argv[5], "leave") != 0 &&
		     strcmp(argv[5], "starve") != 0))
		return usage();
	(void)snprintf(conf.driver, sizeof conf.driver, "%s", argv[1]);
	(void)snprintf(conf.source, sizeof conf.source, "%s", argv[2]);
	if (!ops->open(&conf, &w, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	ops->about(w, &about);
	tell(&about);
	for (long n = strtol(argv[4], NULL, 10); n > 0; n--) {
		(void)sleep(1);
		if (!ops->feed(w, &e)) {
			(void)fprintf(stderr, "%s\n", e.text);
			ops->close(w, false);
			return 1;
		}
		(void)printf("watchdog: fed\n");
		(void)fflush(stdout);
	}
	return end(ops, w, argv[5]);
}
