/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/compile.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/layout.h"
#include "hotlist/tool/columns.h"
#include "hotlist/tool/csv.h"
#include "hotlist/tool/pack.h"
#include "hotlist/tool/when.h"

#include <string.h>
#include <strings.h>

static void cleanup_pack(struct pack **p)
{
	pack_free(*p);
}

/* What clerks and systems write where there is no plate (folded: O is 0). 190 and the zeros are in
 * real feeds. */
static bool is_junk_plate(const char *lic)
{
	static const char *const WORDS[] = {
	    "190",	 "NA",	    "NULL",    "N0NE",	    "UNK",	"UNKN",
	    "UNKN0WN",	 "N0PLATE", "N0PLT",   "N0TAG",	    "N0TAGS",	"N0LIC",
	    "N0LICENSE", "TEST",    "TESTTAG", "TESTPLATE", "CALIBRATE"};
	size_t len = strlen(lic);

	if (strspn(lic, "0") == len || (len > 1 && strspn(lic, "X") == len))
		return true;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (strcmp(lic, WORDS[i]) == 0)
			return true;
	return false;
}

/* Some states keep a row in the feed to test readers with; it says so in one of its fields. */
static bool is_calibration(const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (strcasestr(row->fields[i], "calibrat"))
			return true;
	return false;
}

static bool is_no_number(const char *text)
{
	static const char *const WORDS[] = {"NONE", "UNK", "UNKNOWN", "N/A", "NA", "NULL"};

	if (strspn(text, "0 -") == strlen(text))
		return true;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (strcmp(text, WORDS[i]) == 0)
			return true;
	return false;
}

/* A day stands for all of it: what expires on it is wanted until it ends, what was entered on it
 * was so from its start. */
static bool set_times(const struct columns_row *in, int64_t issued_s, struct entry *x,
		      struct err *e)
{
	bool day;

	if (!in->expires[0])
		return err_set(e, ERR_POLICY, "expires: missing");
	if (!when_parse(in->expires, &x->expires_s, &day, e))
		return err_prefix(e, "expires");
	if (day)
		x->expires_s += 86400;
	if (x->expires_s <= issued_s)
		return err_set(e, ERR_POLICY, "expires: has passed");
	if (!in->entered[0])
		return true;
	if (!when_parse(in->entered, &x->entered_s, &day, e))
		return err_prefix(e, "entered");
	/* A day of slack: feeds write local dates. */
	if (x->entered_s > issued_s + 86400)
		return err_set(e, ERR_FORMAT, "entered: lies ahead");
	return true;
}

static bool make_entry(const struct columns *c, const struct csv_row *row,
		       const struct bundle_info *policy, struct entry *x, struct err *e)
{
	struct columns_row in;

	memset(x, 0, sizeof *x);
	if (row->fault)
		return err_set(e, ERR_FORMAT, "%s", row->fault);
	if (is_calibration(row))
		return err_set(e, ERR_POLICY, "row: a calibration record");
	if (!columns_fill(c, row, x, &in, e))
		return false;
	if (!entry_category_allowed(x->category, policy->allow_missing))
		return err_set(e, ERR_POLICY, "category: not one that this list may hold");
	(void)entry_fold(x->printed, x->lic);
	if (x->lic[0] == '\0' || is_junk_plate(x->lic))
		return err_set(e, ERR_POLICY, "lic: not a plate (junk)");
	if (is_no_number(x->case_number))
		return err_set(e, ERR_POLICY, "case_number: missing");
	return set_times(&in, policy->issued_ns / NS_PER_S, x, e) &&
	       entry_check(x, policy->allow_missing, e);
}

static void count_reason(struct compile_report *r, const struct err *why)
{
	uint32_t i = 0;

	while (i < r->n_reasons && strcmp(r->reasons[i].text, why->text) != 0)
		i++;
	if (i == COMPILE_REASONS)
		i--; /* more kinds of fault than there are: the last one collects them */
	else if (i == r->n_reasons)
		memcpy(r->reasons[r->n_reasons++].text, why->text, sizeof why->text);
	r->reasons[i].rows++;
}

static bool read_rows(struct csv *csv, struct csv_row *row, const struct columns *columns,
		      const struct bundle_info *policy, compile_reject_fn reject, void *arg,
		      struct pack *out, struct compile_report *report, struct err *e)
{
	struct err why = {0};
	struct entry x;
	bool more;

	while (csv_next(csv, row, &more, e) && more) {
		report->rows++;
		if (make_entry(columns, row, policy, &x, &why)) {
			if (!pack_add(out, &x, e))
				return false;
			continue;
		}
		report->rejected++;
		count_reason(report, &why);
		reject(arg, row->line, why.text);
	}
	return !more;
}

static bool check_policy(const struct bundle_info *policy, struct err *e)
{
	if (policy->version == 0 || policy->version > LAYOUT_MAX_VERSION)
		return err_set(e, ERR_ARGUMENT, "version: must be 1 to 2^53 - 1");
	if (policy->max_age_s < 1 || policy->max_age_s > LAYOUT_MAX_AGE_S)
		return err_set(e, ERR_ARGUMENT, "maximum age: must be 1 s to 31 days");
	if (policy->issued_ns <= 0 || policy->issued_ns / NS_PER_S > ENTRY_TIME_MAX - 1)
		return err_set(e, ERR_ARGUMENT, "issue time: out of range");
	if (policy->allow_missing && !entry_category_allowed('M', true))
		return err_set(
		    e, ERR_POLICY,
		    "category M: this build has it switched off (CONFIG_CATEGORY_MISSING)");
	return true;
}

bool compile_csv(const char *text, size_t len, const struct bundle_info *policy,
		 compile_reject_fn reject, void *arg, uint8_t **file, size_t *size,
		 struct compile_report *report, struct err *e)
{
	struct pack *pack CLEANUP(cleanup_pack) = NULL;
	struct csv_row *row AUTO_FREE = malloc(sizeof *row);
	struct columns columns;
	struct csv csv;
	bool more;

	*file = NULL;
	memset(report, 0, sizeof *report);
	report->info = *policy;
	if (!check_policy(policy, e))
		return false;
	if (!row)
		return err_set(e, ERR_NO_MEMORY, "no memory for a row");
	csv_open(&csv, text, len);
	if (!csv_next(&csv, row, &more, e))
		return false;
	if (!more)
		return err_set(e, ERR_FORMAT, "no header row");
	return columns_read(row, &columns, e) && pack_new(&pack, e) &&
	       read_rows(&csv, row, &columns, policy, reject, arg, pack, report, e) &&
	       pack_write(pack, &report->info, file, size, e);
}
