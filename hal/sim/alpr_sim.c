/* SPDX-License-Identifier: Apache-2.0 */
/* alpr-sim: pictures with known truth, for training, tests and the demo. Runs on the host only. */
#include "hal/sim/tool.h"

#include <stdio.h>
#include <string.h>

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
    {"plates", tool_plates, "single plates, flat, for the reader's training"},
    {"street", tool_street, "vehicles in front of two cameras, with their truth"},
};

static int usage(FILE *f, int status)
{
	(void)fprintf(f, "usage: alpr-sim VERB [OPTION]…\n");
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		(void)fprintf(f, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	(void)fprintf(f, "alpr-sim VERB --help says more.\n");
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr, 2);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return usage(stdout, 0);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	(void)fprintf(stderr, "alpr-sim: %s: no such verb\n", argv[1]);
	return usage(stderr, 2);
}
