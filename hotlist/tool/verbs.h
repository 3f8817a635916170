/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of alpr-hotlist, one file each, and what they share. */
#ifndef HOTLIST_TOOL_VERBS_H
#define HOTLIST_TOOL_VERBS_H

#include "firmware/base/err.h"

#include <getopt.h>
#include <stdint.h>

struct verb {
	const char *name;
	const char *summary;		   /* one line */
	const char *help;		   /* the whole page */
	int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
};

extern const struct verb VERB_COMPILE, VERB_SIGN, VERB_VERIFY, VERB_SHOW, VERB_LOOKUP, VERB_LAYOUT,
    VERB_DELTA, VERB_APPLY;

/* Write "alpr-hotlist: text" to stderr. Returns the exit status: 2 when the call was wrong, else 1.
 */
int verb_fail(const struct err *e);

/* An option that is none, one without its value, a value out of range: write "alpr-hotlist: verb:
 * why (see --help)". Returns 2. `why` never quotes the command line: a plate may stand there. */
int verb_misuse(const struct verb *v, const char *why);

/* As getopt_long with quiet errors: -1 at the end; '?' has been reported (return 2 then). */
int verb_option(const struct verb *v, int argc, char **argv, const struct option *options);

/* The whole of a verb that takes two files and --out ('o' of `options`, its only one): work(first,
 * second, out), whose exit status it returns. 2: something is missing or too much; `needed` says
 * what there must be. */
int verb_two_files(const struct verb *v, int argc, char **argv, const struct option *options,
		   const char *needed,
		   int (*work)(const char *first, const char *second, const char *out));

/* A whole decimal number within [low, high]. False: it is none. */
bool verb_number(const char *text, uint64_t low, uint64_t high, uint64_t *out);

#define VERB_PATH_MAX 4096u

/* The folder of the layouts that have a name: ../layouts beside the folder of this program. ERR_IO,
 * ERR_LIMIT. */
bool verb_layouts(char out[VERB_PATH_MAX], struct err *e) MUST_CHECK;

#endif
