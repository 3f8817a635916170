/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence requests: asked on the box; made and opened on the custodian's desk. */
#include "firmware/ctl/evidence.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
	const char *usage;
} verbs[] = {
    {"pull", evidence_pull, "alprctl evidence pull REQUEST -o FILE"},
    {"request", evidence_request, EVIDENCE_REQUEST_USAGE},
    {"open", evidence_open, EVIDENCE_OPEN_USAGE},
};

/* Keys and plates pass through here: no core file, and no debugger of this user's. */
static void keep_to_ourselves(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int ctl_evidence(const struct ctl *ctl, int argc, char **argv)
{
	keep_to_ourselves();
	if (argc > 1)
		for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
			if (strcmp(argv[1], verbs[i].name) == 0)
				return verbs[i].run(ctl, argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		(void)fprintf(stderr, "%s %s\n", i == 0 ? "usage:" : "      ", verbs[i].usage);
	return CTL_WRONG;
}
