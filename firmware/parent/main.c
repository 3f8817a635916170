/* SPDX-License-Identifier: Apache-2.0 */
/* alprd: starts the roles and looks after them. It sees no frame, no plate and no network. */
#include "firmware/base/cleanup.h"
#include "firmware/base/log.h"
#include "firmware/base/loop.h"
#include "firmware/base/sandbox.h"
#include "firmware/parent/notify.h"
#include "firmware/parent/settings.h"
#include "firmware/parent/spawn.h"
#include "firmware/parent/supervise.h"
#include "firmware/parent/watch.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define DONE   0
#define FAILED 1
#define WRONG  2 /* the call, or the configuration it names */

struct call {
	const char *config;
	bool check, verbose, help;
};

static const char usage[] =
    "usage: alprd -c FILE [--check] [-v]\n"
    "  -c FILE   the configuration; firmware/parent/alpr.conf.example has every key\n"
    "  --check   say whether FILE is right, and start nothing\n"
    "  -v        log more\n"
    "Exit status: 0 done, 1 the system refused something, 2 the call or FILE is wrong.\n";

struct daemon {
	struct call call;
	struct settings *settings;
	struct spawn spawn;
	struct notify notify;
	struct watch watch;
	struct sandbox_loaded sandbox;
	struct loop *loop;
	struct supervisor *supervisor;
};

static bool read_call(int argc, char **argv, struct call *call)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, 'C'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
		if (opt == 'c')
			call->config = optarg;
		else if (opt == 'C')
			call->check = true;
		else if (opt == 'v')
			call->verbose = true;
		else if (opt == 'h')
			return call->help = true;
		else
			return false;
	}
	return call->config && optind == argc;
}

static void on_signal(void *arg, int signum)
{
	struct daemon *d = arg;

	if (signum == SIGCHLD)
		supervisor_reap(d->supervisor);
	else if (signum == SIGHUP)
		supervisor_reload(d->supervisor);
	else
		supervisor_stop(d->supervisor);
}

static bool catch_signals(struct daemon *d, struct err *e)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
		if (!loop_signal(d->loop, caught[i], on_signal, d, e))
			return false;
	return true;
}

static bool close_sandbox(struct daemon *d, struct err *e)
{
	const char *const programs[] = {d->spawn.libexec,
					d->spawn.loader[0] ? d->spawn.loader : NULL, NULL};

	return spawn_limit_parent(&d->spawn, e) &&
	       (sandbox_close_parent(programs, &d->sandbox, e) || err_prefix(e, "sandbox"));
}

/* Started without standard descriptors, what is opened first would take their numbers, and the log
 * would be written into it. */
static bool standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
	return fd > STDERR_FILENO && close(fd) == 0;
}

static void settle(const struct daemon *d)
{
	log_open("parent", d->call.verbose ? LOG_DEBUG : LOG_INFO);
	(void)umask(077);
	if (d->spawn.root && !d->spawn.change_user)
		log_line(LOG_NOTICE,
			 "[daemon] user is not set: the roles run as root, without any capability");
}

/* The boot order. */
static bool boot_and_serve(struct daemon *d, struct err *e)
{
	if (!spawn_prepare(&d->spawn, d->settings->daemon.user, e))
		return false;
	(void)snprintf(d->spawn.folder, sizeof d->spawn.folder, "%s", d->settings->folder);
	d->spawn.verbose = d->call.verbose;
	settle(d);
	notify_open(&d->notify);
	watch_open(&d->watch, &d->settings->daemon);
	if (!close_sandbox(d, e) || !loop_new(&d->loop, e))
		return false;
	if (!supervisor_new(d->loop, &d->spawn, &d->notify, &d->watch, d->settings, &d->sandbox,
			    &d->supervisor, e))
		return false;
	d->settings = NULL; /* the supervisor's now */
	if (!catch_signals(d, e))
		return false;
	supervisor_start(d->supervisor);
	return loop_run(d->loop, e);
}

static int serve(struct daemon *d)
{
	struct err e = {0};
	bool done = boot_and_serve(d, &e);

	if (!done)
		(void)fprintf(stderr, "alprd: %s\n", e.text);
	supervisor_free(d->supervisor);
	loop_free(d->loop);
	notify_close(&d->notify);
	/* Anything but a stop that was asked for leaves it running: then the box starts anew. */
	watch_close(&d->watch, done);
	settings_free(d->settings);
	return sandbox_leave(done ? DONE : e.code == ERR_CONFIG ? WRONG : FAILED);
}

int main(int argc, char **argv)
{
	struct daemon d = {.notify.fd = -1};
	struct err e = {0};

	if (!standard_descriptors())
		return FAILED;
	if (!read_call(argc, argv, &d.call)) {
		(void)fputs(usage, stderr);
		return WRONG;
	}
	if (d.call.help)
		return fputs(usage, stdout) < 0 ? FAILED : DONE;
	if (!settings_load(d.call.config, &d.settings, &e)) {
		(void)fprintf(stderr, "alprd: %s\n", e.text);
		return e.code == ERR_NO_MEMORY ? FAILED : WRONG;
	}
	if (d.call.check) {
		(void)printf("alprd: %s: ok\n", d.call.config);
		settings_free(d.settings);
		return DONE;
	}
	return serve(&d);
}
