/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/compile.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/layout.h"
#include "hotlist/tool/pack.h"
#include "hotlist/tool/when.h"

#include <string.h>

struct compile {
	struct bundle_info policy;
	struct pack *pack;
};

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

bool compile_new(const struct bundle_info *policy, struct compile **out, struct err *e)
{
	struct compile *c;

	*out = NULL;
	if (!check_policy(policy, e))
		return false;
	c = calloc(1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NO_MEMORY, "no memory for a list");
	c->policy = *policy;
	if (!pack_new(&c->pack, e)) {
		compile_free(c);
		return false;
	}
	*out = c;
	return true;
}

void compile_free(struct compile *c)
{
	if (!c)
		return;
	pack_free(c->pack);
	free(c);
}

static bool check_terms(const struct compile_terms *t, struct err *e)
{
	static const char ALNUM[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len;

	if (t->agency && (strlen(t->agency) != 9 || t->agency[strspn(t->agency, ALNUM)]))
		return err_set(e, ERR_ARGUMENT, "agency: must be an ORI, nine capitals and digits");
	if (t->reference) {
		len = strlen(t->reference);
		if (len < 2 || len > FILL_REFERENCE_MAX || strspn(t->reference, ALNUM) != len)
			return err_set(e, ERR_ARGUMENT,
				       "reference: must be 2 to %u capitals and digits",
				       FILL_REFERENCE_MAX);
	}
	if (t->entry_age_s < 0 || t->entry_age_s > LAYOUT_MAX_AGE_S)
		return err_set(e, ERR_ARGUMENT, "entry age: must be 1 s to 31 days");
	return true;
}

/* What no row of this feed can have, and nobody said. Feeds that name their columns tell later. */
static bool check_complete(const struct feed_layout *l, const struct compile_terms *t,
			   bool needed[FEED_FIELDS], struct err *e)
{
	memset(needed, 0, FEED_FIELDS * sizeof *needed);
	needed[FIELD_LIC] = true;
	needed[FIELD_CATEGORY] = !l->category_from_nic;
	needed[FIELD_CASE_NUMBER] = !t->reference;
	needed[FIELD_ORI] = !t->agency;
	needed[FIELD_EXPIRES] = t->entry_age_s == 0;
	if (needed[FIELD_CASE_NUMBER] && !feed_layout_has(l, FIELD_CASE_NUMBER))
		return err_set(e, ERR_POLICY,
			       "case_number: the layout has none: name the feed (--reference)");
	if (needed[FIELD_ORI] && !feed_layout_has(l, FIELD_ORI))
		return err_set(e, ERR_POLICY,
			       "ori: the layout has none: name the sending agency (--agency)");
	if (needed[FIELD_EXPIRES] && !feed_layout_has(l, FIELD_EXPIRES))
		return err_set(e, ERR_POLICY,
			       "expires: the layout has none: say how long a row holds "
			       "(--entry-age)");
	return true;
}

static void count_reason(struct compile_report *r, const struct err *why)
{
	uint32_t i = 0;

	while (i < r->n_reasons && strcmp(r->reasons[i].text, why->text) != 0)
		i++;
	if (i == COMPILE_REASONS) { /* more kinds of fault than there are: the last collects them */
		i--;
		memcpy(r->reasons[i].text, "other: reasons", sizeof "other: reasons");
	} else if (i == r->n_reasons) {
		memcpy(r->reasons[r->n_reasons++].text, why->text, sizeof why->text);
	}
	r->reasons[i].rows++;
}

static void count_entry(struct compile_report *r, const struct entry *x, unsigned completed)
{
	r->accepted++;
	r->per_category[entry_category_index(x->category)]++;
	for (unsigned i = 0; i < FILL_KINDS; i++)
		r->completed[i] += completed >> i & 1u;
}

/* Whether the first row of the feed is no row. One of a known list code never is, however bad. */
static bool is_header(const struct feed_layout *l, const struct row *row,
		      const struct compile_report *r)
{
	return l->header == FEED_HEADER_MAYBE && r->rows == 0 && !r->header && !row->torn &&
	       !fill_knows_code(l, row);
}

static bool add_rows(struct compile *c, const struct fill *fill, struct rows *rows,
		     compile_reject_fn reject, void *arg, struct compile_report *r, struct err *e)
{
	unsigned completed;
	struct err why = {0};
	bool more, forbidden;
	struct entry x;
	struct row row;

	for (;;) {
		if (!rows_next(rows, &row, &more, e))
			return false;
		if (!more)
			return true;
		if (is_header(fill->layout, &row, r)) {
			r->header = true;
			continue;
		}
		r->rows++;
		if (fill_entry(fill, &row, &x, &completed, &forbidden, &why)) {
			if (!pack_add(c->pack, &x, e))
				return false;
			count_entry(r, &x, completed);
			continue;
		}
		r->rejected++;
		r->forbidden += forbidden;
		count_reason(r, &why);
		reject(arg, row.line, why.text);
	}
}

bool compile_feed(struct compile *c, const struct feed_layout *layout,
		  const struct compile_terms *terms, struct feed *feed, compile_reject_fn reject,
		  void *arg, struct compile_report *report, struct err *e)
{
	struct rows *rows AUTO_FREE = malloc(sizeof *rows);
	struct fill fill = {
	    .layout = layout,
	    .policy = &c->policy,
	    .agency = terms->agency,
	    .reference = terms->reference,
	    .entry_age_s = terms->entry_age_s,
	    .this_year = when_year(c->policy.issued_ns / NS_PER_S + 86400),
	};
	bool needed[FEED_FIELDS];

	memset(report, 0, sizeof *report);
	if (!rows)
		return err_set(e, ERR_NO_MEMORY, "no memory for a row");
	return check_terms(terms, e) && check_complete(layout, terms, needed, e) &&
	       rows_open(rows, layout, feed, needed, e) &&
	       add_rows(c, &fill, rows, reject, arg, report, e);
}

bool compile_finish(struct compile *c, struct bundle_info *info, uint8_t **file, size_t *size,
		    struct err *e)
{
	*info = c->policy;
	return pack_write(c->pack, info, file, size, e);
}
