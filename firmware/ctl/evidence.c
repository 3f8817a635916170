/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence requests: asked on the box; made and opened on the custodian's desk. */
#include "firmware/ctl/evidence.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
	const char *usage;
} verbs[] = {
    {"pull", evidence_pull, "alprctl evidence pull REQUEST -o FILE"},
};

int ctl_evidence(const struct ctl *ctl, int argc, char **argv)
{
	if (argc > 1)
		for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
			if (strcmp(argv[1], verbs[i].name) == 0)
				return verbs[i].run(ctl, argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		(void)fprintf(stderr, "%s %s\n", i == 0 ? "usage:" : "      ", verbs[i].usage);
	return CTL_WRONG;
}
