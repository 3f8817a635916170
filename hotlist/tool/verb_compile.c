/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/layout.h"
#include "firmware/base/file.h"
#include "hotlist/tool/report.h"
#include "hotlist/tool/verbs.h"
#include "hotlist/tool/when.h"

#include <stdio.h>
#include <sys/stat.h>

static const char HELP[] =
    "usage: alpr-hotlist compile [FEED] --in FILE [[FEED] --in FILE ...]\n"
    "                            --out FILE --version N --max-age SECONDS\n"
    "                            [--strict] [--report FILE] [--allow-lookalike] [--allow-missing]\n"
    "                            [--allow-empty] [--issued TIME]\n"
    "\n"
    "Makes an unsigned list from the feeds of agencies. Nothing loads it before it is signed.\n"
    "\n"
    "  --in FILE          a feed; once for each. What belongs to it (FEED) stands before it:\n"
    "    --layout LAYOUT      how it is laid out: a name that alpr-hotlist layout lists, or a "
    "file\n"
    "                         of your own (a path with a slash or a point); csv if not given\n"
    "    --agency ORI         who sends it: completes rows without an ORI\n"
    "    --reference TEXT     completes rows without a case number: TEXT-LINE; 2 to 11 capitals\n"
    "                         and digits\n"
    "    --entry-age SECONDS  completes rows without an expiry: so long after the issue time;\n"
    "                         at most 31 days\n"
    "                     They hold for that one feed; the report counts the rows completed so.\n"
    "  --out FILE         the unsigned list; replaced whole or not at all\n"
    "  --version N        counts up from list to list; a box never goes back to a lower one\n"
    "  --max-age SECONDS  after that a box that got no newer list stops alerting; at most 31 days\n"
    "  --strict           one row of a forbidden or unknown category, and no list is made\n"
    "  --report FILE      rejected rows, counts and the list as JSON lines, instead of rejected\n"
    "                     rows on stderr\n"
    "  --allow-lookalike  plates that a reader easily confuses (0/O/D/Q 1/I 2/Z 5/S 6/G 8/B, and\n"
    "                     the reader's own second thoughts) alert too, graded LOOKALIKE; off by\n"
    "                     default\n"
    "  --allow-missing    category M may be on the list; needs a build with\n"
    "                     CONFIG_CATEGORY_MISSING\n"
    "  --allow-empty      a feed without a single entry is meant; otherwise it is an error\n"
    "  --issued TIME      issue time, YYYY-MM-DDTHH:MM:SSZ, instead of now\n"
    "\n"
    "Columns of the layout csv (RFC 4180, UTF-8; the first row names them, in any order and "
    "case):\n"
    "  lic          plate, as printed; compared without case, spaces and hyphens, letter O as\n"
    "               digit 0; needed\n"
    "  category     F felony vehicle, V stolen vehicle, P stolen plate, M missing person; needed\n"
    "  case_number  NIC or OCA number; needed, or --reference\n"
    "  ori          originating agency, 9 characters; needed, or --agency\n"
    "  expires      YYYY-MM-DD or YYYYMMDD (until that day ends, UTC), or YYYY-MM-DDTHH:MM:SSZ;\n"
    "               needed, or --entry-age\n"
    "  entered      when the agency entered it, same forms\n"
    "  lis, lit     issuing state (2 letters) and licence type (2 characters)\n"
    "  vyr vma vmo vst vco  vehicle year (4 digits), make, model, style, colour codes\n"
    "An unknown column is an error, and so is one that would hold names, birth dates or "
    "addresses.\n"
    "\n"
    "Rejected rows are written with line and reason, never with the plate: other categories, junk\n"
    "plates, calibration rows, no case number, ORI or expiry, expired, bad dates, texts too long.\n"
    "Duplicates are kept. The report for people goes to stdout.\n"
    "\n"
    "  alpr-hotlist compile --layout ncic-lpr --entry-age 172800 --in VEHEXTRT.TXT \\\n"
    "                       --layout il-leads --agency IL0840000 --entry-age 172800 \\\n"
    "                       --in ISPLITH.TXT --in own.csv \\\n"
    "                       --out list.raw --version 42 --max-age 86400 --report list.jsonl\n"
    "\n"
    "Exit status: 0 a list was written (rows may have been rejected), 1 none was, 2 the call was "
    "wrong.\n";

#define FEEDS_MAX 32u

struct input {
	const char *path, *layout; /* layout NULL: not said */
	struct compile_terms terms;
};

struct call {
	struct input in[FEEDS_MAX];
	size_t n;
	struct input next; /* what stands before the next --in */
	const char *out, *report;
	bool strict, allow_empty;
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

static bool parse_age(const char *text, int64_t *s)
{
	uint64_t v;

	if (!verb_number(text, 1, (uint64_t)LAYOUT_MAX_AGE_S, &v))
		return false;
	*s = (int64_t)v;
	return true;
}

/* What belongs to the next feed, given twice before it, was meant for another one. */
static int take_text(const char **to)
{
	if (*to)
		return verb_misuse(&VERB_COMPILE, "an option twice before one --in");
	*to = optarg;
	return 0;
}

static int take_feed_option(struct call *c, int o)
{
	switch (o) {
	case 'L':
		return take_text(&c->next.layout);
	case 'A':
		return take_text(&c->next.terms.agency);
	case 'R':
		return take_text(&c->next.terms.reference);
	case 'E':
		if (c->next.terms.entry_age_s != 0)
			return verb_misuse(&VERB_COMPILE, "an option twice before one --in");
		if (!parse_age(optarg, &c->next.terms.entry_age_s))
			return verb_misuse(&VERB_COMPILE,
					   "--entry-age: seconds, from 1 to 2678400 (31 days)");
		return 0;
	default:
		if (c->n == FEEDS_MAX)
			return verb_misuse(&VERB_COMPILE, "more than 32 feeds");
		c->next.path = optarg;
		c->in[c->n++] = c->next;
		c->next = (struct input){0};
		return 0;
	}
}

/* 0: go on; otherwise the exit status. */
static int take_option(struct call *c, int o)
{
	switch (o) {
	case 'o':
		c->out = optarg;
		return 0;
	case 'r':
		c->report = optarg;
		return 0;
	case 'v':
		if (!verb_number(optarg, 1, LAYOUT_MAX_VERSION, &c->policy.version))
			return verb_misuse(&VERB_COMPILE, "--version: a number from 1 to 2^53 - 1");
		return 0;
	case 'a':
		if (!parse_age(optarg, &c->policy.max_age_s))
			return verb_misuse(&VERB_COMPILE,
					   "--max-age: seconds, from 1 to 2678400 (31 days)");
		return 0;
	case 't':
		if (!parse_time(optarg, &c->policy.issued_ns))
			return verb_misuse(&VERB_COMPILE,
					   "--issued: a time as YYYY-MM-DDTHH:MM:SSZ");
		return 0;
	case 's':
		c->strict = true;
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
	case '?':
		return 2;
	default:
		return take_feed_option(c, o);
	}
}

static int take_call(struct call *c, int argc, char **argv)
{
	static const struct option OPTIONS[] = {{"in", required_argument, NULL, 'i'},
						{"layout", required_argument, NULL, 'L'},
						{"agency", required_argument, NULL, 'A'},
						{"reference", required_argument, NULL, 'R'},
						{"entry-age", required_argument, NULL, 'E'},
						{"out", required_argument, NULL, 'o'},
						{"version", required_argument, NULL, 'v'},
						{"max-age", required_argument, NULL, 'a'},
						{"strict", no_argument, NULL, 's'},
						{"report", required_argument, NULL, 'r'},
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
	if (c->n == 0 || !c->out || c->policy.version == 0 || c->policy.max_age_s == 0)
		return verb_misuse(&VERB_COMPILE,
				   "--in, --out, --version and --max-age are all needed");
	if (c->next.layout || c->next.terms.agency || c->next.terms.reference ||
	    c->next.terms.entry_age_s != 0)
		return verb_misuse(&VERB_COMPILE,
				   "--layout, --agency, --reference and --entry-age stand before "
				   "the --in they belong to");
	if (optind != argc)
		return verb_misuse(&VERB_COMPILE, "more arguments than options");
	return 0;
}

struct row_sink {
	const char *path;
	const struct report *report;
};

static void reject_row(void *arg, uint64_t line, const char *why)
{
	const struct row_sink *s = arg;

	if (s->report->to)
		report_row(s->report, s->path, line, why);
	else
		(void)fprintf(stderr, "alpr-hotlist: %s:%llu: %s\n", s->path,
			      (unsigned long long)line, why);
}

static bool check_feed(const struct call *c, const struct compile_report *r, struct err *e)
{
	if (c->strict && r->forbidden != 0)
		return err_set(e, ERR_POLICY,
			       "%llu rows of categories that this list may not hold (--strict)",
			       (unsigned long long)r->forbidden);
	if (r->accepted == 0 && !c->allow_empty)
		return err_set(e, ERR_FORMAT, "no entry is left (--allow-empty if that is meant)");
	return true;
}

static bool add_feed(const struct call *c, const struct input *in, struct compile *list,
		     const struct report *report, struct err *e)
{
	struct compile_report *r AUTO_FREE = calloc(1, sizeof *r);
	struct feed_layout *layout AUTO_FREE = malloc(sizeof *layout);
	struct feed feed CLEANUP(feed_close) = {.fd = -1};
	struct row_sink sink = {in->path, report};
	const char *name = in->layout ? in->layout : "csv";
	char folder[VERB_PATH_MAX];

	if (!r || !layout)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (!verb_layouts(folder, e) || !feed_layout_open(name, folder, layout, e) ||
	    !feed_open(&feed, in->path, e))
		return false;
	if (!compile_feed(list, layout, &in->terms, &feed, reject_row, &sink, r, e))
		return err_prefix(e, "%s", in->path);
	report_feed(report, in->path, name, r);
	if (c->n > 1)
		(void)printf("feed      %s, layout %s\n", in->path, name);
	report_print(r, &in->terms);
	return check_feed(c, r, e) || err_prefix(e, "%s", in->path);
}

static void cleanup_compile(struct compile **c)
{
	compile_free(*c);
}

static bool make_list(const struct call *c, const struct report *report, struct err *e)
{
	struct compile *list CLEANUP(cleanup_compile) = NULL;
	uint8_t *file AUTO_FREE = NULL;
	struct bundle_info info;
	size_t size;

	if (!compile_new(&c->policy, &list, e))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (!add_feed(c, &c->in[i], list, report, e))
			return false;
	/* A report that cannot be kept must not be found out behind the list. */
	if (!compile_finish(list, &info, &file, &size, e) || !report_flush(report, e) ||
	    !file_write(c->out, file, size, e))
		return false;
	if (c->n > 1)
		(void)printf("entries   %lu\n", (unsigned long)info.entries);
	(void)printf("bytes     %zu, unsigned: %s\n", size, c->out);
	report_list(report, &info, size);
	return true;
}

/* A feed that is written over is gone. */
static bool is_a_feed(const struct call *c, const char *path)
{
	struct stat out, feed;

	if (!path || stat(path, &out) != 0)
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (stat(c->in[i].path, &feed) == 0 && feed.st_dev == out.st_dev &&
		    feed.st_ino == out.st_ino)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	struct call *c AUTO_FREE = calloc(1, sizeof *c);
	struct report report = {0};
	struct err e = {0}, late = {0};
	bool made;
	int status;

	if (!c)
		return 1;
	status = take_call(c, argc, argv);
	if (status != 0)
		return status;
	if (is_a_feed(c, c->report) || is_a_feed(c, c->out))
		return verb_misuse(&VERB_COMPILE, "--report, --out: is one of the feeds");
	if (!report_open(&report, c->report, &e))
		return verb_fail(&e);
	made = make_list(c, &report, &e);
	if (!report_close(&report, &late))
		return verb_fail(made ? &late : &e);
	return made ? 0 : verb_fail(&e);
}

const struct verb VERB_COMPILE = {"compile", "feeds of wanted plates to an unsigned list", HELP,
				  run};
