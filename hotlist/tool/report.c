/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/report.h"

#include "firmware/base/clock.h"
#include "firmware/base/utf8.h"

#include <errno.h>
#include <string.h>

static const char *const COMPLETED[FILL_KINDS] = {
    [FILL_CASE_NUMBER] = "case_number", [FILL_ORI] = "ori", [FILL_EXPIRES] = "expires"};

bool report_open(struct report *r, const char *path, struct err *e)
{
	r->path = path;
	r->to = path ? fopen(path, "we") : NULL;
	return !path || r->to || err_errno(e, errno, "%s", path);
}

/* A path may hold anything; our own texts hold at most a quote. */
static void put_text(FILE *to, const char *text)
{
	char clean[512];

	(void)snprintf(clean, sizeof clean, "%s", text);
	utf8_clean(clean);
	(void)fputc('"', to);
	for (const char *c = clean; *c; c++) {
		if (*c == '"' || *c == '\\')
			(void)fputc('\\', to);
		(void)fputc(*c, to);
	}
	(void)fputc('"', to);
}

void report_row(const struct report *r, const char *file, uint64_t line, const char *why)
{
	if (!r->to)
		return;
	(void)fputs("{\"kind\":\"row\",\"file\":", r->to);
	put_text(r->to, file);
	(void)fprintf(r->to, ",\"line\":%llu,\"reason\":", (unsigned long long)line);
	put_text(r->to, why);
	(void)fputs("}\n", r->to);
}

void report_feed(const struct report *r, const char *file, const char *layout,
		 const struct compile_report *c)
{
	if (!r->to)
		return;
	(void)fputs("{\"kind\":\"feed\",\"file\":", r->to);
	put_text(r->to, file);
	(void)fputs(",\"layout\":", r->to);
	put_text(r->to, layout);
	(void)fprintf(r->to,
		      ",\"header\":%s,\"rows\":%llu,\"accepted\":%llu,\"rejected\":%llu,"
		      "\"forbidden\":%llu,\"categories\":{",
		      c->header ? "true" : "false", (unsigned long long)c->rows,
		      (unsigned long long)c->accepted, (unsigned long long)c->rejected,
		      (unsigned long long)c->forbidden);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		(void)fprintf(r->to, "%s\"%c\":%llu", i ? "," : "", ENTRY_CATEGORY_CODES[i],
			      (unsigned long long)c->per_category[i]);
	(void)fputs("},\"completed\":{", r->to);
	for (size_t i = 0; i < FILL_KINDS; i++)
		(void)fprintf(r->to, "%s\"%s\":%llu", i ? "," : "", COMPLETED[i],
			      (unsigned long long)c->completed[i]);
	(void)fputs("},\"reasons\":{", r->to);
	for (uint32_t i = 0; i < c->n_reasons; i++) {
		(void)fputs(i ? "," : "", r->to);
		put_text(r->to, c->reasons[i].text);
		(void)fprintf(r->to, ":%llu", (unsigned long long)c->reasons[i].rows);
	}
	(void)fputs("}}\n", r->to);
}

void report_list(const struct report *r, const struct bundle_info *info, size_t bytes)
{
	char issued[CLOCK_RFC3339_SIZE];

	if (!r->to)
		return;
	(void)fprintf(
	    r->to,
	    "{\"kind\":\"list\",\"version\":%llu,\"issued\":\"%s\",\"max_age_s\":%lld,"
	    "\"allow_missing\":%s,\"allow_lookalike\":%s,\"entries\":%lu,\"bytes\":%zu}\n",
	    (unsigned long long)info->version, clock_rfc3339(info->issued_ns, issued),
	    (long long)info->max_age_s, info->allow_missing ? "true" : "false",
	    info->allow_lookalike ? "true" : "false", (unsigned long)info->entries, bytes);
}

bool report_flush(const struct report *r, struct err *e)
{
	errno = 0;
	if (!r->to || (fflush(r->to) == 0 && !ferror(r->to)))
		return true;
	return err_errno(e, errno ? errno : EIO, "%s", r->path);
}

bool report_close(struct report *r, struct err *e)
{
	bool failed;
	int errnum;

	if (!r->to)
		return true;
	failed = ferror(r->to) != 0;
	errno = 0;
	failed = fclose(r->to) != 0 || failed;
	errnum = errno ? errno : EIO;
	r->to = NULL;
	return !failed || err_errno(e, errnum, "%s", r->path);
}

void report_print(const struct compile_report *c, const struct compile_terms *terms)
{
	const bool said[FILL_KINDS] = {[FILL_CASE_NUMBER] = terms->reference,
				       [FILL_ORI] = terms->agency,
				       [FILL_EXPIRES] = terms->entry_age_s != 0};

	if (c->header)
		(void)printf("header    the first line is none of the rows\n");
	(void)printf("rows      %llu\n", (unsigned long long)c->rows);
	(void)printf("accepted  %llu", (unsigned long long)c->accepted);
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		(void)printf("  %c %llu", ENTRY_CATEGORY_CODES[i],
			     (unsigned long long)c->per_category[i]);
	(void)printf("\n");
	for (size_t i = 0; i < FILL_KINDS; i++)
		if (said[i])
			(void)printf("completed %llu  %s\n", (unsigned long long)c->completed[i],
				     COMPLETED[i]);
	(void)printf("rejected  %llu\n", (unsigned long long)c->rejected);
	for (uint32_t i = 0; i < c->n_reasons; i++)
		(void)printf("  %8llu  %s\n", (unsigned long long)c->reasons[i].rows,
			     c->reasons[i].text);
}
