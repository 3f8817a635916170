/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/layout.h"
#include "hotlist/tool/compile.h"
#include "hotlist/tool/file.h"
#include "hotlist/tool/verbs.h"
#include "hotlist/tool/when.h"

#include <stdio.h>

static const char HELP[] =
    "usage: alpr-hotlist compile --in FILE --out FILE --version N --max-age SECONDS\n"
    "                            [--allow-lookalike] [--allow-missing] [--allow-empty] [--issued "
    "TIME]\n"
    "\n"
    "Makes an unsigned list from a CSV file (RFC 4180, UTF-8). Nothing loads it before it is "
    "signed.\n"
    "\n"
    "  --in FILE          the CSV; its first row names the columns, in any order and case\n"
    "  --out FILE         the unsigned list; replaced whole or not at all\n"
    "  --version N        counts up from list to list; a box never goes back to a lower one\n"
    "  --max-age SECONDS  after that a box that got no newer list stops alerting; at most 31 days\n"
    "  --allow-lookalike  plates that a reader easily confuses (0/O/D/Q 1/I 2/Z 5/S 6/G 8/B, and "
    "the reader's own\n"
    "                     second thoughts) alert too, graded LOOKALIKE; off by default\n"
    "  --allow-missing    category M may be on the list; needs a build with "
    "CONFIG_CATEGORY_MISSING\n"
    "  --allow-empty      a list without a single entry is meant; otherwise it is an error\n"
    "  --issued TIME      issue time, YYYY-MM-DDTHH:MM:SSZ, instead of now\n"
    "\n"
    "Columns (NCIC's terms):\n"
    "  lic          plate, as printed; compared without case, spaces and hyphens, letter O as "
    "digit 0      needed\n"
    "  category     F felony vehicle, V stolen vehicle, P stolen plate, M missing person           "
    "        needed\n"
    "  case_number  NIC or OCA number                                                              "
    "        needed\n"
    "  ori          originating agency, 9 characters                                               "
    "        needed\n"
    "  expires      YYYY-MM-DD or YYYYMMDD (until that day ends, UTC), or YYYY-MM-DDTHH:MM:SSZ     "
    "        needed\n"
    "  entered      when the agency entered it, same forms\n"
    "  lis, lit     issuing state (2 letters) and licence type (2 characters)\n"
    "  vyr vma vmo vst vco  vehicle year (4 digits), make, model, style, colour codes\n"
    "\n"
    "An unknown column is an error, and so is one that would hold names, birth dates or "
    "addresses.\n"
    "Rejected rows are written to stderr with line and reason: other categories, junk plates, "
    "calibration rows, no\n"
    "case number, ORI or expiry, expired, bad dates, texts too long. Duplicates are kept. The "
    "report goes to stdout.\n"
    "\n"
    "Exit status: 0 a list was written (rows may have been rejected), 1 none was, 2 the call was "
    "wrong.\n";

struct call {
	const char *in, *out;
	bool allow_empty;
	struct bundle_info policy;
};

static bool parse_time(const char *text, int64_t *ns)
{
	int64_t s;
	bool day;

	if (!when_parse(text, &s, &day, NULL) || day || s > ENTRY_TIME_MAX - 1)
		return false;
	*ns = s * NS_PER_S;
	return true;
}

/* 0: go on; otherwise the exit status. */
static int take_option(struct call *c, int o)
{
	uint64_t v = 0;

	switch (o) {
	case 'i':
		c->in = optarg;
		return 0;
	case 'o':
		c->out = optarg;
		return 0;
	case 'v':
		if (!verb_number(optarg, 1, LAYOUT_MAX_VERSION, &c->policy.version))
			return verb_misuse(&VERB_COMPILE, "--version: a number from 1 to 2^53 - 1");
		return 0;
	case 'a':
		if (!verb_number(optarg, 1, (uint64_t)LAYOUT_MAX_AGE_S, &v))
			return verb_misuse(&VERB_COMPILE,
					   "--max-age: seconds, from 1 to 2678400 (31 days)");
		c->policy.max_age_s = (int64_t)v;
		return 0;
	case 't':
		if (!parse_time(optarg, &c->policy.issued_ns))
			return verb_misuse(&VERB_COMPILE,
					   "--issued: a time as YYYY-MM-DDTHH:MM:SSZ");
		return 0;
	case 'l':
		c->policy.allow_lookalike = true;
		return 0;
	case 'm':
		c->policy.allow_missing = true;
		return 0;
	case 'e':
		c->allow_empty = true;
		return 0;
	default:
		return 2;
	}
}

static int take_call(struct call *c, int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"in", required_argument, NULL, 'i'},
						{"out", required_argument, NULL, 'o'},
						{"version", required_argument, NULL, 'v'},
						{"max-age", required_argument, NULL, 'a'},
						{"issued", required_argument, NULL, 't'},
						{"allow-lookalike", no_argument, NULL, 'l'},
						{"allow-missing", no_argument, NULL, 'm'},
						{"allow-empty", no_argument, NULL, 'e'},
						{NULL, 0, NULL, 0}};
	int o, status;

	c->policy.issued_ns = clock_utc_ns();
	while ((o = verb_option(&VERB_COMPILE, argc, argv, OPTIONS)) != -1)
		if ((status = take_option(c, o)) != 0)
			return status;
	if (!c->in || !c->out || c->policy.version == 0 || c->policy.max_age_s == 0)
		return verb_misuse(&VERB_COMPILE,
				   "--in, --out, --version and --max-age are all needed");
	if (optind != argc)
		return verb_misuse(&VERB_COMPILE, "more arguments than options");
	return 0;
}

static void report_row(void *arg, uint64_t line, const char *why)
{
	const struct call *c = arg;

	(void)fprintf(stderr, "alpr-hotlist: %s:%llu: %s\n", c->in, (unsigned long long)line, why);
}

static void report(const struct compile_report *r)
{
	(void)printf("rows      %llu\n", (unsigned long long)r->rows);
	(void)printf("accepted  %lu", (unsigned long)r->info.entries);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		(void)printf("  %c %lu", ENTRY_CATEGORY_CODES[i],
			     (unsigned long)r->info.per_category[i]);
	(void)printf("\nrejected  %llu\n", (unsigned long long)r->rejected);
	for (uint32_t i = 0; i < r->n_reasons; i++)
		(void)printf("  %8llu  %s\n", (unsigned long long)r->reasons[i].rows,
			     r->reasons[i].text);
}

static int run(int argc, char **argv)
{
	uint8_t *text AUTO_FREE = NULL, *file AUTO_FREE = NULL;
	struct compile_report *r AUTO_FREE = calloc(1, sizeof *r);
	struct call c = {0};
	struct err e = {0};
	size_t len, size;
	int status = take_call(&c, argc, argv);

	if (status != 0)
		return status;
	if (!r)
		return 1;
	if (!file_read(c.in, BUNDLE_MAX_SIZE, &text, &len, &e))
		return verb_fail(&e);
	if (!compile_csv((const char *)text, len, &c.policy, report_row, &c, &file, &size, r, &e)) {
		(void)err_prefix(&e, "%s", c.in);
		return verb_fail(&e);
	}
	report(r);
	if (r->info.entries == 0 && !c.allow_empty) {
		(void)err_set(&e, ERR_FORMAT,
			      "%s: no entry is left (--allow-empty if that is meant)", c.in);
		return verb_fail(&e);
	}
	if (!file_write(c.out, file, size, &e))
		return verb_fail(&e);
	(void)printf("bytes     %zu, unsigned: %s\n", size, c.out);
	return 0;
}

const struct verb VERB_COMPILE = {"compile", "a CSV file of wanted plates to an unsigned list",
				  HELP, run};
