/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the box does its work, as far as its roles can tell: from two statuses, a little apart.
 */
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

	cJSON_ArrayForEach(r, cJSON_GetObjectItemCaseSensitive(t->after, "roles"))
	{
		const cJSON *b = cJSON_GetObjectItemCaseSensitive(r, "sandbox");
		const char *name = ctl_text(r, "role"), *detail = ctl_text(r, "detail");
		char what[64];

		(void)snprintf(what, sizeof what, "%.16s runs", name);
		say(t, ctl_true(r, "running"), what,
		    ctl_true(r, "running") ? ""
		    : detail[0]		   ? detail
					   : ctl_text(r, "state"));
		(void)snprintf(what, sizeof what, "%.16s sandbox loaded", name);
		say(t, ctl_true(b, "seccomp") && ctl_true(b, "no_new_privs"), what, "");
	}
}

static bool state_is(const cJSON *role, const char *word)
{
	return strcmp(ctl_text(role, "state"), word) == 0;
}

static void cameras(struct run *t)
{
	const cJSON *role = ctl_role(t->after, "capture"), *now = counters(t->after, "capture");
	bool ended = ctl_number(now, "ended") > 0;
	bool more = ctl_number(now, "pairs") > ctl_number(counters(t->before, "capture"), "pairs");
	bool whole = ctl_true(role, "running") && !state_is(role, "degraded");

	say(t, ended || more, "cameras give pairs",
	    ended  ? "the source has ended"
	    : more ? ""
		   : "no new pair");
	say(t, whole, "both angles are there", whole ? "" : ctl_text(role, "detail"));
}

static void store(struct run *t)
{
	const cJSON *role = ctl_role(t->after, "store"), *now = counters(t->after, "store");
	bool runs = ctl_true(role, "running");
	bool writes = runs && !state_is(role, "fault") && !state_is(role, "disk-full");
	bool list = runs && ctl_number(now, "list_version") > 0 && !state_is(role, "stale");
	char why[96];

	say(t, writes, "the store can write", writes ? "" : ctl_text(role, "detail"));
	(void)snprintf(why, sizeof why, "version %.0f, %.0f entries, %.0f s old",
		       ctl_number(now, "list_version"), ctl_number(now, "list_entries"),
		       ctl_number(now, "list_age_s"));
	say(t, list, "a hotlist is in force", list ? why : ctl_text(role, "detail"));
	say(t, runs && !state_is(role, "clock"), "the clock can be trusted",
	    state_is(role, "clock") ? ctl_text(role, "detail") : "");
}

static void uplink(struct run *t)
{
	const cJSON *role = ctl_role(t->after, "uplink");
	bool ok = ctl_true(role, "running") && state_is(role, "ok");

	if (role) /* a build without it is an air-gapped box */
		say(t, ok, "the RTCC is reached", ok ? "" : ctl_text(role, "detail"));
}

static void device(struct run *t)
{
	const cJSON *role = ctl_role(t->after, "device");
	bool ok = ctl_true(role, "running") && state_is(role, "ok");

	if (role)
		say(t, ok, "the box is well", ok ? "" : ctl_text(role, "detail"));
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
	store(&t);
	uplink(&t);
	device(&t);
	(void)printf("%u failed\n", t.failed);
	cJSON_Delete(before);
	cJSON_Delete(after);
	return t.failed > 0 ? CTL_FAILED : CTL_DONE;
}
