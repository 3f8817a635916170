/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/ctl/counters_report.h"

#include <string.h>

static void print_lines(const cJSON *counters)
{
	const cJSON *role, *c;

	cJSON_ArrayForEach(role, counters)
	    cJSON_ArrayForEach(c, role) if (role->string && c->string && cJSON_IsNumber(c))(void)
		printf("%s.%s %.0f\n", role->string, c->string, c->valuedouble);
}

int ctl_counters(const struct ctl *ctl, int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct err e = {0};
	cJSON *o = NULL;

	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return counters_verify(argc - 1, argv + 1);
	if (argc > 1 && !json)
		return counters_export(ctl, argc, argv);
	if (!ctl_ask(ctl, "counters", &o, &e))
		return ctl_failed("counters", &e);
	if (json) {
		AUTO_FREE char *text = cJSON_Print(o);

		(void)printf("%s\n", text ? text : "{}");
	} else {
		print_lines(cJSON_GetObjectItemCaseSensitive(o, "counters"));
	}
	cJSON_Delete(o);
	return CTL_DONE;
}
