/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/ctl/ctl.h"

#include <string.h>

/* The sandbox in a few letters a person can compare down a column. */
static void print_sandbox(const cJSON *b)
{
	if (!ctl_true(b, "seccomp")) {
		(void)printf("  sandbox: not loaded\n");
		return;
	}
	(void)printf("  sandbox: seccomp, ");
	if (ctl_number(b, "landlock_abi") > 0)
		(void)printf("Landlock ABI %.0f, ", ctl_number(b, "landlock_abi"));
	(void)printf("%s\n", ctl_true(b, "empty_netns") ? "empty network namespace"
							: "network namespace of the host");
}

static void print_role(const cJSON *r)
{
	const char *detail = ctl_text(r, "detail");
	const cJSON *c;
	unsigned n = 0;

	(void)printf("%-8s %-9s pid %-7.0f restarts %.0f", ctl_text(r, "role"),
		     ctl_text(r, "state"), ctl_number(r, "pid"), ctl_number(r, "restarts"));
	(void)printf("%s%s\n", detail[0] ? "  " : "", detail);
	print_sandbox(cJSON_GetObjectItemCaseSensitive(r, "sandbox"));
	cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(
				  r, "counters")) if (c->string && cJSON_IsNumber(c))(void)
	    printf("%s%s %.0f", n++ == 0 ? "  " : ", ", c->string, c->valuedouble);
	if (n > 0)
		(void)printf("\n");
}

static int print_json(cJSON *o)
{
	AUTO_FREE char *text = cJSON_Print(o);

	if (!text)
		return CTL_FAILED;
	(void)printf("%s\n", text);
	return CTL_DONE;
}

int ctl_status(const struct ctl *ctl, int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	cJSON *o = NULL;
	const cJSON *r;
	struct err e = {0};
	int rc = CTL_DONE;

	if (argc > 1 && !json)
		return ctl_usage("alprctl status [--json]");
	if (!ctl_ask(ctl, "status", &o, &e))
		return ctl_failed("status", &e);
	if (json) {
		rc = print_json(o);
	} else {
		(void)printf("board %s (%s), firmware %s, at %s\n", ctl_text(o, "board"),
			     ctl_text(o, "about"), ctl_text(o, "firmware"), ctl_text(o, "time"));
		cJSON_ArrayForEach(r, cJSON_GetObjectItemCaseSensitive(o, "roles")) print_role(r);
	}
	cJSON_Delete(o);
	return rc;
}
