/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the box does its work, as far as its roles can tell: from two statuses, a little apart. */
#include "firmware/ctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define APART_S 3 /* statuses come once a second, and a slow camera must have had its turn */

struct run {
	const cJSON *before, *after; /* two statuses */
	unsigned failed;
};

static void say(struct run *t, bool pass, const char *what, const char *why)
{
	(void)printf("%s %s%s%s\n", pass ? "PASS" : "FAIL", what, why[0] ? ": " : "", why);
	t->failed += !pass;
}

static const cJSON *counters(const cJSON *status, const char *role)
{
	return cJSON_GetObjectItemCaseSensitive(ctl_role(status, role), "counters");
}

static void each_role(struct run *t)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, cJSON_GetObjectItemCaseSensitive(t->after, "roles")) {
		const cJSON *b = cJSON_GetObjectItemCaseSensitive(r, "sandbox");
		const char *name = ctl_text(r, "role");
		char what[64];

		(void)snprintf(what, sizeof what, "%.16s runs", name);
		say(t, ctl_true(r, "running"), what, ctl_true(r, "running") ? "" : ctl_text(r, "state"));
		(void)snprintf(what, sizeof what, "%.16s sandbox loaded", name);
		say(t, ctl_true(b, "seccomp") && ctl_true(b, "no_new_privs"), what, "");
	}
}

static void cameras(struct run *t)
{
	const cJSON *now = counters(t->after, "capture");
	bool ended = ctl_number(now, "ended") > 0;
	bool more = ctl_number(now, "pairs") > ctl_number(counters(t->before, "capture"), "pairs");
	const char *state = ctl_text(ctl_role(t->after, "capture"), "state");

	say(t, ended || more, "cameras give pairs", ended ? "the source has ended" : more ? "" : "no new pair");
	say(t, strcmp(state, "degraded") != 0, "both angles are there",
	    ctl_text(ctl_role(t->after, "capture"), "detail"));
}

static void role_ok(struct run *t, const char *role, const char *what)
{
	const cJSON *r = ctl_role(t->after, role);
	const char *state = ctl_text(r, "state");
	bool ok = ctl_true(r, "running") && strcmp(state, "ok") == 0;

	if (r)
		say(t, ok, what, ok ? "" : ctl_text(r, "detail")[0] ? ctl_text(r, "detail") : state);
}

int ctl_selftest(const struct ctl *ctl, int argc, char **argv)
{
	cJSON *before = NULL, *after = NULL;
	struct err e = {0};
	struct run t = {0};

	(void)argv;
	if (argc > 1)
		return ctl_usage("alprctl selftest");
	if (!ctl_ask(ctl, "status", &before, &e))
		return ctl_failed("selftest", &e);
	(void)sleep(APART_S);
	if (!ctl_ask(ctl, "status", &after, &e)) {
		cJSON_Delete(before);
		return ctl_failed("selftest", &e);
	}
	t.before = before;
	t.after = after;
	each_role(&t);
	cameras(&t);
	role_ok(&t, "vision", "vision keeps up");
	role_ok(&t, "store", "store writes and its hotlist is in force");
	role_ok(&t, "uplink", "the RTCC is reached");
	(void)printf("%u failed\n", t.failed);
	cJSON_Delete(before);
	cJSON_Delete(after);
	return t.failed > 0 ? CTL_FAILED : CTL_DONE;
}
