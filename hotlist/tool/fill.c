/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/fill.h"

#include "firmware/base/clock.h"
#include "hotlist/tool/when.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TO(f) offsetof(struct entry, f), sizeof((struct entry *)NULL)->f

/* The texts of an entry, by field; category and times are taken apart. */
static const struct {
	size_t offset, size;
} TEXTS[FEED_FIELDS] = {
    [FIELD_LIC] = {TO(printed)}, [FIELD_LIS] = {TO(lis)},
    [FIELD_LIT] = {TO(lit)},	 [FIELD_CASE_NUMBER] = {TO(case_number)},
    [FIELD_ORI] = {TO(ori)},	 [FIELD_VYR] = {TO(vyr)},
    [FIELD_VMA] = {TO(vma)},	 [FIELD_VMO] = {TO(vmo)},
    [FIELD_VST] = {TO(vst)},	 [FIELD_VCO] = {TO(vco)},
};

static struct row_text list_code(const struct feed_layout *l, const struct row *row)
{
	struct row_text t = row->fields[l->category_from_nic ? FIELD_CASE_NUMBER : FIELD_CATEGORY];

	if (l->category_from_nic && t.len > 1)
		t.len = 1;
	return t;
}

static const struct feed_code *code_of(const struct feed_layout *l, const struct row *row)
{
	struct row_text t = list_code(l, row);

	for (size_t i = 0; i < l->n_codes; i++)
		if (strlen(l->codes[i].text) == t.len &&
		    strncasecmp(l->codes[i].text, t.at, t.len) == 0)
			return &l->codes[i];
	return NULL;
}

static bool is_nic(const char *text, size_t len)
{
	bool digits = len == 10 && text[0] >= 'A' && text[0] <= 'Z';

	for (size_t i = 1; i < len; i++)
		digits = digits && text[i] >= '0' && text[i] <= '9';
	return digits;
}

bool fill_knows_code(const struct feed_layout *l, const struct row *row)
{
	const struct row_text *t = &row->fields[FIELD_CASE_NUMBER];

	/* "HEADER" begins with a list code too. */
	if (l->category_from_nic && t->len != 1 && !is_nic(t->at, t->len))
		return false;
	return code_of(l, row);
}

static bool set_category(const struct fill *f, const struct row *row, struct entry *x,
			 struct err *e)
{
	static const char WHY[] = "category: not one that this list may hold";
	const struct feed_code *c = code_of(f->layout, row);

	if (!c && row->fault) /* then the fault is the reason */
		return true;
	if (!c) /* what stands there may be anything, also a plate: it is not told */
		return err_set(e, ERR_POLICY, "%s", WHY);
	if (!entry_category_allowed(c->category, f->policy->allow_missing))
		return err_set(e, ERR_POLICY, "%s (list code %s)", WHY, c->text);
	x->category = c->category;
	return true;
}

static char upper(char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool set_texts(const struct fill *f, const struct row *row, struct entry *x, struct err *e)
{
	for (int i = 0; i < FEED_FIELDS; i++) {
		const struct row_text *t = &row->fields[i];
		char *to = (char *)x + TEXTS[i].offset;

		if (t->len == 0 || TEXTS[i].size == 0)
			continue;
		if (t->len >= TEXTS[i].size)
			return err_set(e, ERR_FORMAT, "%s: too long",
				       feed_field_name((enum feed_field)i));
		memcpy(to, t->at, t->len);
		to[t->len] = '\0';
		for (size_t k = 0; k < t->len && i != FIELD_LIC; k++) {
			to[k] = upper(to[k]);
			/* An ORI begins with its state; then come digits. */
			if (to[k] == '0' && f->layout->letter_o[i] && (i != FIELD_ORI || k < 2))
				to[k] = 'O';
		}
	}
	return true;
}

/* What clerks and systems write where there is no plate (folded: O is 0). 190 and the zeros are in
 * real feeds. */
static bool is_junk_plate(const struct feed_layout *l, const char *lic)
{
	static const char *const WORDS[] = {
	    "190",	 "NA",	    "NULL",    "N0NE",	    "UNK",	"UNKN",
	    "UNKN0WN",	 "N0PLATE", "N0PLT",   "N0TAG",	    "N0TAGS",	"N0LIC",
	    "N0LICENSE", "TEST",    "TESTTAG", "TESTPLATE", "CALIBRATE"};
	size_t len = strlen(lic);

	if (strspn(lic, "0") == len || (len > 1 && strspn(lic, "X") == len))
		return true;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (*lic == *WORDS[i] && strcmp(lic, WORDS[i]) == 0)
			return true;
	for (size_t i = 0; i < l->n_junk; i++)
		if (strcmp(lic, l->junk[i]) == 0)
			return true;
	return false;
}

static bool is_no_number(const char *text)
{
	static const char *const WORDS[] = {"NONE", "UNK", "UNKNOWN", "N/A", "NA", "NULL"};

	if (strspn(text, "0 -") == strlen(text))
		return true;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (*text == *WORDS[i] && strcmp(text, WORDS[i]) == 0)
			return true;
	return false;
}

static bool set_case_number(const struct fill *f, const struct row *row, struct entry *x,
			    unsigned *completed, struct err *e)
{
	/* A list code that stands alone where the NIC number should be. */
	if (f->layout->category_from_nic && x->case_number[0] && !x->case_number[1])
		x->case_number[0] = '\0';
	if (is_no_number(x->case_number)) {
		if (!f->reference)
			return err_set(e, ERR_POLICY, "case_number: missing");
		if (snprintf(x->case_number, sizeof x->case_number, "%s-%llu", f->reference,
			     (unsigned long long)row->line) >= (int)sizeof x->case_number)
			return err_set(e, ERR_LIMIT, "case_number: more rows than it can number");
		*completed |= 1u << FILL_CASE_NUMBER;
		return true;
	}
	if (f->layout->category_from_nic && !is_nic(x->case_number, strlen(x->case_number)))
		return err_set(e, ERR_FORMAT, "case_number: not a NIC number");
	return true;
}

/* Blank, or the zeros that fixed columns are filled up with. */
static bool is_no_date(const struct row_text *t)
{
	size_t zeros = 0;

	while (zeros < t->len && t->at[zeros] == '0')
		zeros++;
	return t->len == 0 || (zeros == t->len && t->len >= 4);
}

/* A day stands for all of it: what expires on it is wanted until it ends, what was entered on it
 * was so from its start. */
static bool read_time(const struct fill *f, const struct row *row, enum feed_field field,
		      int latest_year, int64_t *s, bool *day, struct err *e)
{
	const struct row_text *t = &row->fields[field];
	const char *form = f->layout->dates[field];
	char text[32];

	if (t->len >= sizeof text)
		return err_set(e, ERR_FORMAT, "%s: too long", feed_field_name(field));
	memcpy(text, t->at, t->len);
	text[t->len] = '\0';
	*day = true;
	return (strcmp(form, "iso") == 0 ? when_parse(text, s, day, e)
					 : when_day(text, form, latest_year, s, e)) ||
	       err_prefix(e, "%s", feed_field_name(field));
}

static bool set_times(const struct fill *f, const struct row *row, struct entry *x,
		      unsigned *completed, struct err *e)
{
	int64_t issued_s = f->policy->issued_ns / NS_PER_S;
	bool day = true;

	if (row->fields[FIELD_EXPIRES].len == 0) {
		if (f->entry_age_s == 0)
			return err_set(e, ERR_POLICY, "expires: missing");
		x->expires_s = issued_s + f->entry_age_s;
		*completed |= 1u << FILL_EXPIRES;
	} else {
		if (!read_time(f, row, FIELD_EXPIRES, f->this_year + 50, &x->expires_s, &day, e))
			return false;
		x->expires_s += day ? 86400 : 0;
	}
	if (x->expires_s <= issued_s)
		return err_set(e, ERR_POLICY, "expires: has passed");
	if (is_no_date(&row->fields[FIELD_ENTERED]))
		return true;
	if (!read_time(f, row, FIELD_ENTERED, f->this_year, &x->entered_s, &day, e))
		return false;
	/* A day of slack: feeds write local dates. */
	if (x->entered_s > issued_s + 86400)
		return err_set(e, ERR_FORMAT, "entered: lies ahead");
	return true;
}

static bool set_year(const struct fill *f, struct entry *x, struct err *e)
{
	const char *digits = "0123456789";
	int year;

	if (x->vyr[0] && strcmp(f->layout->dates[FIELD_VYR], "YY") == 0) {
		if (strlen(x->vyr) != 2 || strspn(x->vyr, digits) != 2)
			return err_set(e, ERR_FORMAT, "vyr: not a year (YY)");
		/* Next year's models are on the road this year. */
		year = when_century((x->vyr[0] - '0') * 10 + x->vyr[1] - '0', f->this_year + 1);
		for (size_t i = 4; i-- > 0; year /= 10)
			x->vyr[i] = (char)('0' + year % 10);
	}
	if (strcmp(x->vyr, "0000") == 0)
		x->vyr[0] = '\0';
	return true;
}

bool fill_entry(const struct fill *f, const struct row *row, struct entry *x, unsigned *completed,
		bool *forbidden, struct err *e)
{
	memset(x, 0, sizeof *x);
	*completed = 0;
	*forbidden = !row->torn && !set_category(f, row, x, e);
	if (*forbidden)
		return false;
	if (row->fault)
		return err_set(e, ERR_FORMAT, "%s", row->fault);
	if (!set_texts(f, row, x, e))
		return false;
	(void)entry_fold(x->printed, x->lic);
	if (x->lic[0] == '\0' || is_junk_plate(f->layout, x->lic))
		return err_set(e, ERR_POLICY, "lic: not a plate (junk)");
	if (x->ori[0] == '\0' && f->agency) {
		(void)snprintf(x->ori, sizeof x->ori, "%s", f->agency);
		*completed |= 1u << FILL_ORI;
	}
	return set_case_number(f, row, x, completed, e) && set_year(f, x, e) &&
	       set_times(f, row, x, completed, e) && entry_check(x, f->policy->allow_missing, e);
}
