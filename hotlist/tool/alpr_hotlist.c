/* SPDX-License-Identifier: Apache-2.0 */
/* alpr-hotlist: the RTCC's tool for making, signing and looking into hotlists. */
#include "hotlist/tool/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_VERBS = 8 };

static const struct verb *const VERBS[N_VERBS] = {&VERB_COMPILE, &VERB_SIGN,   &VERB_VERIFY,
						  &VERB_SHOW,	 &VERB_LOOKUP, &VERB_LAYOUT,
						  &VERB_DELTA,	 &VERB_APPLY};

int verb_fail(const struct err *e)
{
	(void)fprintf(stderr, "alpr-hotlist: %s\n", e->text);
	return e->code == ERR_ARGUMENT ? 2 : 1;
}

int verb_misuse(const struct verb *v, const char *why)
{
	(void)fprintf(stderr, "alpr-hotlist: %s: %s (see alpr-hotlist %s --help)\n", v->name, why,
		      v->name);
	return 2;
}

int verb_option(const struct verb *v, int argc, char **argv, const struct option *options)
{
	int o;

	opterr = 0; /* its messages quote the command line */
	o = getopt_long(argc, argv, ":", options, NULL);
	if (o == ':')
		(void)verb_misuse(v, "an option without its value");
	else if (o == '?')
		(void)verb_misuse(v, "an option that this verb does not have");
	return o == ':' ? '?' : o;
}

int verb_two_files(const struct verb *v, int argc, char **argv, const struct option *options,
		   const char *needed, int (*work)(const char *, const char *, const char *))
{
	const char *out = NULL;
	int o;

	while ((o = verb_option(v, argc, argv, options)) != -1) {
		if (o != 'o')
			return 2;
		out = optarg;
	}
	if (!out || optind != argc - 2)
		return verb_misuse(v, needed);
	return work(argv[optind], argv[optind + 1], out);
}

bool verb_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*text - '0');
	}
	*out = v;
	return v >= low && v <= high;
}

bool verb_layouts(char out[VERB_PATH_MAX], struct err *e)
{
	static const char BESIDE[] = "/../layouts";
	ssize_t n = readlink("/proc/self/exe", out, VERB_PATH_MAX - sizeof BESIDE);
	char *slash;

	if (n < 0)
		return err_errno(e, errno, "/proc/self/exe");
	if (n == (ssize_t)(VERB_PATH_MAX - sizeof BESIDE))
		return err_set(e, ERR_LIMIT, "/proc/self/exe: path too long");
	out[n] = '\0';
	slash = strrchr(out, '/');
	memcpy(slash ? slash : out, BESIDE, sizeof BESIDE);
	return true;
}

static void help(FILE *to)
{
	(void)fputs("usage: alpr-hotlist VERB ...\n\n"
		    "Makes the signed lists of wanted plates that the cameras' boxes load, and "
		    "looks into them.\n\n"
		    "verbs:\n",
		    to);
	for (size_t i = 0; i < N_VERBS; i++)
		(void)fprintf(to, "  %-9s%s\n", VERBS[i]->name, VERBS[i]->summary);
	(void)fputs("\nalpr-hotlist VERB --help tells all about one of them.\n\n"
		    "A first list:\n"
		    "  openssl ecparam -name prime256v1 -genkey -noout -out hotlist.key\n"
		    "  openssl pkey -in hotlist.key -pubout -out hotlist.pub\n"
		    "  alpr-hotlist compile --in wanted.csv --out wanted.unsigned --version 1 "
		    "--max-age 86400\n"
		    "  alpr-hotlist sign --key hotlist.key --in wanted.unsigned --out wanted.alpb\n"
		    "  alpr-hotlist verify --key hotlist.pub wanted.alpb\n"
		    "Keeping boxes current with it: hotlist/PUBLISHING.md.\n\n"
		    "Exit status: 0 done, 1 the work failed, 2 the call was wrong.\n"
		    "Errors and rejected rows go to stderr; they never hold a plate.\n",
		    to);
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(VERBS[i]->name, name) == 0)
			return VERBS[i];
	return NULL;
}

/* What was asked for may be lost on the way out, to a full disk for instance: that is a failure
 * too. */
static int flushed(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fputs("alpr-hotlist: output: cannot be written\n", stderr);
		return status ? status : 1;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct verb *v = argc > 1 ? find(argv[1]) : NULL;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		v = argc > 2 ? find(argv[2]) : NULL;
		if (v)
			(void)fputs(v->help, stdout);
		else
			help(stdout);
		return flushed(0);
	}
	if (!v) {
		(void)fputs(argc > 1 ? "alpr-hotlist: no such verb (see alpr-hotlist --help)\n"
				     : "alpr-hotlist: which verb? (see alpr-hotlist --help)\n",
			    stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			(void)fputs(v->help, stdout);
			return flushed(0);
		}
	}
	return flushed(v->run(argc - 1, argv + 1));
}
