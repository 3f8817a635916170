/* SPDX-License-Identifier: Apache-2.0 */
/* alpr-read: plates of picture files, one JSON object a line. */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/err.h"
#include "hal/image_file.h"
#include "ocr/engines.h"
#include "ocr/plates.h"
#include "ocr/read_json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: alpr-read [--pair] [--threads N] FILE...\n"
    "Reads the licence plates of pictures (JPEG, PNG, BMP, PNM, WebP) and prints a JSON object a "
    "line.\n"
    "\n"
    "  --pair       files two by two: two angles of one instant, read together\n"
    "  --threads N  of the networks, 1 to 8 (default 1)\n"
    "  --help       this text\n"
    "\n"
    "A plate's quad is clockwise from its top left, in pixels of the (first) picture; null when "
    "only the second of a\n"
    "pair shows it. A file that cannot be read gives {\"file\":...,\"error\":...} and exit status "
    "1 at the end; a wrong\n"
    "call gives exit status 2.\n";

struct tool {
	bool pair;
	int threads;
	struct engines *engines;
	struct plates plates;
	int errors, nowhere; /* stderr, and what is put in its place while decoders talk; or -1 */
};

static void tool_close(struct tool *t)
{
	if (t->errors >= 0)
		(void)close(t->errors);
	if (t->nowhere >= 0)
		(void)close(t->nowhere);
	engines_free(t->engines);
}

static int wrong_call(const char *why, const char *what)
{
	(void)fprintf(stderr, "alpr-read: %s%s%s\n%s", why, what ? ": " : "", what ? what : "",
		      usage);
	return 2;
}

/* 0: go on; -1: help was given; 2: the call was wrong. */
static int parse(int argc, char **argv, struct tool *t)
{
	static const struct option options[] = {
	    {"pair", no_argument, NULL, 'p'},
	    {"threads", required_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		char *end = NULL;
		long n = c == 't' ? strtol(optarg, &end, 10) : 0;

		if (c == 'p') {
			t->pair = true;
		} else if (c == 't') {
			if (end == optarg || *end || n < 1 || n > 8)
				return wrong_call("--threads takes 1 to 8", NULL);
			t->threads = (int)n;
		} else if (c == 'h') {
			return fputs(usage, stdout) < 0 ? 1 : -1;
		} else {
			return wrong_call("unknown option or missing value", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return wrong_call("no file given", NULL);
	if (t->pair && (argc - optind) % 2)
		return wrong_call("--pair takes an even number of files", NULL);
	return 0;
}

/* The models lie beside the program: <bin>/../models. */
static bool open_models(struct tool *t, struct err *e)
{
	static const char beside[] = "/../models";
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof beside);

	if (n < 0)
		return err_errno(e, errno, "/proc/self/exe");
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return err_set(e, ERR_NOT_FOUND, "models: not found");
	memcpy(slash, beside, sizeof beside);
	return engines_open(path, t->threads, &t->engines, e);
}

/* Decoders write to stderr what they think of a file, without its name; what matters is in the
 * error. */
static bool read_quietly(const struct tool *t, const char *path, struct image_file *out,
			 struct err *e)
{
	bool hushed = t->errors >= 0 && t->nowhere >= 0 && dup2(t->nowhere, STDERR_FILENO) >= 0;
	bool ok = image_file_read(AT_FDCWD, path, out, e);

	if (hushed)
		(void)dup2(t->errors, STDERR_FILENO);
	return ok;
}

/* One line for the file, or the pair. False: it could not be read; that too is a line. */
static bool one(struct tool *t, char *const *files)
{
	CLEANUP(image_file_free) struct image_file first = {0}, second = {0};
	struct image_file *pictures[2] = {&first, &second};
	struct image views[2];
	size_t n = t->pair ? 2 : 1;
	struct err e = {0};
	int64_t begin = clock_mono_ns();

	for (size_t i = 0; i < n; i++) {
		if (!read_quietly(t, files[i], pictures[i], &e)) {
			(void)read_json_error(stdout, files, n, files[i], e.text);
			return false;
		}
		views[i] = image_file_view(pictures[i]);
	}
	if (!plates_find(t->engines, views, n, &t->plates, &e)) {
		(void)read_json_error(stdout, files, n, files[0], e.text);
		return false;
	}
	double ms = (double)(clock_mono_ns() - begin) / (double)NS_PER_MS;
	return read_json_plates(stdout, files, n, ms, &t->plates);
}

int main(int argc, char **argv)
{
	CLEANUP(tool_close) struct tool t = {.threads = 1, .errors = -1, .nowhere = -1};
	struct err e = {0};
	int status = parse(argc, argv, &t);

	if (status)
		return status < 0 ? 0 : status;
	if (!open_models(&t, &e)) {
		(void)fprintf(stderr, "alpr-read: %s\n", e.text);
		return 1;
	}
	t.errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	t.nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	for (int i = optind; i < argc; i += t.pair ? 2 : 1)
		if (!one(&t, argv + i))
			status = 1;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "alpr-read: output: %s\n", strerror(errno));
		return 1;
	}
	return status;
}
