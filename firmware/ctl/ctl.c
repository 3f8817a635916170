/* SPDX-License-Identifier: Apache-2.0 */
/* alprctl: asks the daemon, and reads its audit chain. It changes nothing. */
#include "firmware/ctl/ctl.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/conf.h"
#include "firmware/control/conf.h"

#include <getopt.h>
#include <libgen.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(const struct ctl *ctl, int argc, char **argv);
	const char *help;
} verbs[] = {
    {"status", ctl_status, "every role, its sandbox and what it counts; --json: for programs"},
    {"counters", ctl_counters,
     "the counters alone, one a line; --json: for programs; --export csv|json: signed\n"
     "             months for the annual report; verify FILE: whether such a report holds"},
    {"selftest", ctl_selftest, "whether the box does its work: PASS or FAIL a line"},
    {"audit", ctl_audit, "export: the audit chain of this box; verify [FILE]: whether it holds"},
    {"evidence", ctl_evidence,
     "request, pull, open: evidence for a case, asked for, answered sealed, and opened"},
};

int ctl_failed(const char *verb, const struct err *e)
{
	(void)fprintf(stderr, "alprctl: %s: %s\n", verb, e->text);
	return CTL_FAILED;
}

int ctl_usage(const char *usage)
{
	(void)fprintf(stderr, "usage: %s\n", usage);
	return CTL_WRONG;
}

static void print_usage(FILE *f)
{
	(void)fprintf(f, "usage: alprctl [-c FILE | --socket PATH] VERB\n");
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		(void)fprintf(f, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	(void)fprintf(f, "Exit status: 0 done, 1 the work failed, 2 the call was wrong.\n");
}

static int usage(void)
{
	print_usage(stderr);
	return CTL_WRONG;
}

/* The socket of a configuration; of an empty one: the default. */
static bool find_socket(const char *config, struct control_conf *conf, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *name = config ? strdup(config) : NULL;
	size_t len = 0;

	if (!config)
		return control_conf_load("", 0, "/", conf, e);
	if (!name)
		return err_set(e, ERR_NO_MEMORY, "configuration");
	if (!conf_read(config, &text, &len, e))
		return false;
	return control_conf_load(text, len, dirname(name), conf, e) ||
	       err_prefix(e, "%.200s", config);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"socket", required_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const char *config = NULL, *socket_path = NULL;
	struct control_conf conf;
	struct ctl ctl;
	struct err e = {0};
	int opt;

	/* "+": what comes after the verb is the verb's. */
	while ((opt = getopt_long(argc, argv, "+c:s:h", options, NULL)) != -1) {
		if (opt == 'c')
			config = optarg;
		else if (opt == 's')
			socket_path = optarg;
		else if (opt == 'h')
			return print_usage(stdout), CTL_DONE;
		else
			return usage();
	}
	if (optind >= argc || (config && socket_path))
		return usage();
	if (!find_socket(config, &conf, &e)) {
		(void)fprintf(stderr, "alprctl: %s\n", e.text);
		return CTL_WRONG;
	}
	ctl.config = config;
	ctl.socket = socket_path ? socket_path : conf.socket;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(argv[optind], verbs[i].name) == 0)
			return verbs[i].run(&ctl, argc - optind, argv + optind);
	(void)fprintf(stderr, "alprctl: %.40s: no such verb\n", argv[optind]);
	return usage();
}
