/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/counters_report.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/file.h"
#include "firmware/ctl/audit_file.h"
#include "firmware/ctl/report.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define YEAR_LEAST 1970
#define YEAR_MOST  2262

static void close_db(struct db **d)
{
	db_close(*d);
}

static bool take_year(const char *text, int *out)
{
	*out =
	    strlen(text) == 4 && strspn(text, "0123456789") == 4 ? (int)strtol(text, NULL, 10) : 0;
	return *out >= YEAR_LEAST && *out <= YEAR_MOST;
}

/* --- export ------------------------------------------------------------------------------------
 */

struct export
{
	bool json;
	int year;
	const char *file;
};

static bool take_export(int argc, char **argv, struct export *x)
{
	static const struct option options[] = {{"export", required_argument, NULL, 'x'},
						{"year", required_argument, NULL, 'y'},
						{NULL, 0, NULL, 0}};
	bool good = true, format = false;
	int opt;

	optind = 0; /* begins afresh: main has had its own options */
	while (good && (opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (opt == 'x') {
			x->json = strcmp(optarg, "json") == 0;
			good = format = x->json || strcmp(optarg, "csv") == 0;
		} else if (opt == 'y') {
			good = take_year(optarg, &x->year);
		} else if (opt == 'o') {
			x->file = optarg;
		} else {
			good = false;
		}
	}
	return good && format && optind == argc;
}

static bool print(FILE *f, const char *name, const char *text, struct err *e)
{
	return (fputs(text, f) != EOF && fflush(f) == 0 && !ferror(f)) ||
	       err_errno(e, errno, "%.200s", name);
}

static bool put(const char *file, const char *text, struct err *e)
{
	AUTO_FCLOSE FILE *f = NULL;
	struct stat st;

	if (!file)
		return print(stdout, "export", text, e);
	if (stat(file, &st) != 0 || S_ISREG(st.st_mode))
		return file_write(file, (const uint8_t *)text, strlen(text), e);
	f = fopen(file, "we"); /* a device or a pipe is written to as it is */
	return f ? print(f, file, text, e) : err_errno(e, errno, "%.200s", file);
}

int counters_export(const struct ctl *ctl, int argc, char **argv)
{
	CLEANUP(close_db) struct db *d = NULL;
	AUTO_REPORT struct report r = {0};
	AUTO_FREE char *text = NULL;
	struct export x = {0};
	struct err e = {0};

	if (!take_export(argc, argv, &x))
		return ctl_usage(COUNTERS_USAGE);
	if (!ctl_open_store(ctl, &d, &e) || !report_load(&r, d, x.year, &e) ||
	    !(x.json ? report_json : report_csv)(&r, &text, &e) || !put(x.file, text, &e))
		return ctl_failed("counters", &e);
	return CTL_DONE;
}

/* --- verify ------------------------------------------------------------------------------------
 */

static bool read_file(const char *path, char **out, struct err *e)
{
	AUTO_FCLOSE FILE *f = fopen(path, "re");
	AUTO_FREE char *text = f ? malloc(REPORT_SIZE_MAX + 1) : NULL;
	size_t n;

	if (!f)
		return err_errno(e, errno, "open");
	if (!text)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	n = fread(text, 1, REPORT_SIZE_MAX + 1, f);
	if (ferror(f))
		return err_errno(e, errno, "read");
	if (n > REPORT_SIZE_MAX)
		return err_set(e, ERR_LIMIT, "larger than a report can be");
	text[n] = '\0';
	if (strlen(text) != n)
		return err_set(e, ERR_FORMAT, "it is not a report");
	*out = steal_ptr(&text);
	return true;
}

static void print_months(const struct report *r)
{
	char first[REPORT_MONTH_SIZE], last[REPORT_MONTH_SIZE];
	const struct statement *begin = &r->rows[r->n > 1].s, *end = &r->rows[r->n - 1].s;

	(void)printf("%s: statements %" PRId64 " to %" PRId64 " hold: %s to %s\n", end->site,
		     r->rows[0].s.n, end->n, report_month(begin, first), report_month(end, last));
	for (size_t i = 1; i < r->n; i++) {
		const struct statement *s = &r->rows[i].s;
		int32_t had = r->rows[i - 1].s.month;

		for (int32_t m = had + 1; had != STATEMENT_BEFORE && m < s->month; m++)
			if (m - had <= 12)
				(void)printf("%04d-%02d has no statement: nothing was counted\n",
					     m / 12, m % 12 + 1);
		if (s->notes[0])
			(void)printf("%s: %s\n", report_month(s, first), s->notes);
	}
	if (end->open)
		(void)printf("%s is not over: counted until %s\n", last, end->until);
}

static void print_found(const struct report *r, const struct report_wanted *wanted,
			const struct report_found *found)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	char hex[AUDIT_HEX_SIZE];
	size_t last = r->n;

	print_months(r);
	while (last > 0 && r->rows[last - 1].s.open)
		last--;
	if (last > 0 && statement_digest(&r->rows[last - 1].s, digest, NULL))
		(void)printf("statement %" PRId64 " is %s, as in the audit chain\n",
			     r->rows[last - 1].s.n, audit_hex(digest, hex));
	(void)printf("signed by key %s%s\n", audit_hex(found->key, hex),
		     wanted->has_key ? ""
				     : ": compare it with the one that heartbeats name, --key");
	if (found->keys > 1)
		(void)printf("the key changed %" PRId64 " times: each needs a reason\n",
			     found->keys - 1);
}

int counters_verify(int argc, char **argv)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'},
						{"year", required_argument, NULL, 'y'},
						{NULL, 0, NULL, 0}};
	AUTO_REPORT struct report r = {0};
	AUTO_FREE char *text = NULL;
	struct report_wanted wanted = {0};
	struct report_found found;
	struct err e = {0};
	int opt;

	optind = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'k')
			wanted.has_key = audit_unhex(optarg, wanted.key);
		if ((opt == 'k' && !wanted.has_key) ||
		    (opt == 'y' && !take_year(optarg, &wanted.year)) || opt == '?')
			return ctl_usage(COUNTERS_USAGE);
	}
	if (argc - optind != 1)
		return ctl_usage(COUNTERS_USAGE);
	if (!read_file(argv[optind], &text, &e) || !report_parse(text, &r, &e) ||
	    !report_verify(&r, &wanted, &found, &e)) {
		(void)err_prefix(&e, "%.150s", argv[optind]);
		return ctl_failed("counters", &e);
	}
	print_found(&r, &wanted, &found);
	return CTL_DONE;
}
