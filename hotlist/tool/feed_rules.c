/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/feed_rules.h"

#include <string.h>
#include <strings.h>

#define WIDTH(f) (unsigned)sizeof((struct entry *)NULL)->f - 1u

static const struct {
	const char *name;
	unsigned width; /* 0: as its date's form */
	bool letters;
} FIELDS[FEED_FIELDS] = {
    [FIELD_CATEGORY] = {"category", FEED_TEXT_MAX - 1, false},
    [FIELD_LIC] = {"lic", WIDTH(printed), false},
    [FIELD_LIS] = {"lis", WIDTH(lis), true},
    [FIELD_LIT] = {"lit", WIDTH(lit), true},
    [FIELD_CASE_NUMBER] = {"case_number", WIDTH(case_number), false},
    [FIELD_ORI] = {"ori", WIDTH(ori), true},
    [FIELD_ENTERED] = {"entered", 0, false},
    [FIELD_EXPIRES] = {"expires", 0, false},
    [FIELD_VYR] = {"vyr", 0, false},
    [FIELD_VMA] = {"vma", WIDTH(vma), true},
    [FIELD_VMO] = {"vmo", WIDTH(vmo), false},
    [FIELD_VST] = {"vst", WIDTH(vst), false},
    [FIELD_VCO] = {"vco", WIDTH(vco), true},
};

const char *feed_field_name(enum feed_field field)
{
	return FIELDS[field].name;
}

bool feed_may_have_letter_o(enum feed_field field)
{
	return FIELDS[field].letters;
}

unsigned feed_field_width(enum feed_field field, const char *form)
{
	if (FIELDS[field].width)
		return FIELDS[field].width;
	return strcmp(form, "iso") == 0 ? 20 : (unsigned)strlen(form);
}

bool feed_layout_has(const struct feed_layout *l, enum feed_field field)
{
	return l->fixed[field].first || l->words[field].text[0] || l->column[field] ||
	       l->names[field][0] || (field == FIELD_CATEGORY && l->category_from_nic);
}

bool feed_is_personal(const char *name)
{
	static const char *const SIGNS[] = {"name",   "dob",	"birth",  "addr",    "street",
					    "ssn",    "social", "oln",	  "phone",   "owner",
					    "person", "sex",	"race",	  "email",   "zip",
					    "height", "weight", "driver", "suspect", "subject"};
	/* NCIC's own words for them, which are too short to be looked for within others. */
	static const char *const WORDS[] = {"nam", "rac", "hgt", "wgt", "soc", "adr",
					    "fbi", "sid", "pob", "mnu", "ali"};
	size_t len = strcspn(name, " \t/:=");

	for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
		if (strcasestr(name, SIGNS[i]))
			return true;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (strlen(WORDS[i]) == len && strncasecmp(name, WORDS[i], len) == 0)
			return true;
	return false;
}

static bool refuse(struct err *e, const char *section, enum feed_field field, const char *why)
{
	return err_set(e, ERR_CONFIG, "[%s] %s: %s", section, feed_field_name(field), why);
}

static bool personal(struct err *e, const char *section, enum feed_field field)
{
	return err_set(e, ERR_POLICY, "[%s] %s: personal data has no place in a hotlist", section,
		       feed_field_name(field));
}

static bool overlap(const struct feed_range *a, const struct feed_range *b)
{
	return a->first && b->first && a->first <= b->last && b->first <= a->last;
}

static bool check_range(const struct feed_layout *l, enum feed_field f,
			const struct feed_range *dropped, size_t n_dropped, struct err *e)
{
	const struct feed_range *r = &l->fixed[f];
	unsigned width = r->last - r->first + 1, most = feed_field_width(f, l->dates[f]);

	if (!r->first)
		return true;
	if (r->last > l->longest)
		return refuse(e, "fixed", f, "beyond the longest row");
	if (width > most)
		return err_set(e, ERR_CONFIG, "[fixed] %s: %u columns wide, %u at most",
			       feed_field_name(f), width, most);
	for (int i = 0; i < (int)f; i++)
		if (overlap(r, &l->fixed[i]))
			return err_set(e, ERR_CONFIG, "[fixed] %s: overlaps %s", feed_field_name(f),
				       feed_field_name((enum feed_field)i));
	for (size_t i = 0; i < n_dropped; i++)
		if (overlap(r, &dropped[i]))
			return refuse(e, "fixed", f, "overlaps columns that are dropped");
	return true;
}

static bool check_word(const struct feed_layout *l, enum feed_field f, struct err *e)
{
	const struct feed_word *w = &l->words[f];
	size_t letters = strspn(w->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	unsigned most = feed_field_width(f, l->dates[f]);

	if (!w->text[0])
		return true;
	if (l->fixed[f].first)
		return refuse(e, "keywords", f, "has columns already");
	if (f == FIELD_CATEGORY || f == FIELD_LIC)
		return refuse(e, "keywords", f, "must have columns");
	if (feed_is_personal(w->text))
		return personal(e, "keywords", f);
	if (letters < 2 || !strchr("/:=", w->text[letters]) || strlen(w->text) != letters + 1)
		return refuse(e, "keywords", f, "a word is capitals and one of / : =");
	if (w->width < 1 || w->width > most)
		return err_set(e, ERR_CONFIG, "[keywords] %s: %u characters wide, 1 to %u",
			       feed_field_name(f), w->width, most);
	for (int i = 0; i < (int)f; i++)
		if (strcmp(l->words[i].text, w->text) == 0)
			return refuse(e, "keywords", f, "a word that is taken");
	return true;
}

bool feed_check_fixed(const struct feed_layout *l, const struct feed_range *dropped,
		      size_t n_dropped, struct err *e)
{
	if (l->header == FEED_HEADER_NAMES)
		return err_set(e, ERR_CONFIG, "[layout] header: fixed columns have no names");
	if (l->shortest > l->longest || l->shortest < l->fixed[FIELD_LIC].last)
		return err_set(e, ERR_CONFIG,
			       "[fixed] shortest: must hold the plate, and be at most the longest");
	for (int i = 0; i < FEED_FIELDS; i++)
		if (!check_range(l, (enum feed_field)i, dropped, n_dropped, e) ||
		    !check_word(l, (enum feed_field)i, e))
			return false;
	return true;
}

bool feed_check_columns(const struct feed_layout *l, const bool *accounted, struct err *e)
{
	for (unsigned i = 1; i <= l->columns; i++)
		if (!accounted[i])
			return err_set(e, ERR_CONFIG,
				       "[columns] column %u: neither kept nor dropped", i);
	return true;
}

bool feed_check_names(const struct feed_layout *l, struct err *e)
{
	for (int i = 0; i < FEED_FIELDS; i++) {
		const char *name = l->names[i];

		if (!name[0])
			continue;
		if (feed_is_personal(name))
			return personal(e, "names", (enum feed_field)i);
		for (int k = 0; k < i; k++)
			if (strcasecmp(l->names[k], name) == 0)
				return refuse(e, "names", (enum feed_field)i,
					      "a name that is taken");
		for (size_t k = 0; k < l->n_dropped; k++)
			if (strcasecmp(l->dropped[k], name) == 0)
				return refuse(e, "names", (enum feed_field)i,
					      "a name that is dropped");
	}
	return true;
}

/* The extract's own letters for files that this product has no business with keep that meaning,
 * whatever a layout would like. */
static bool check_codes(const struct feed_layout *l, struct err *e)
{
	static const char NEVER[] = "ABCHKLNRTWX";
	bool any = false;
	char letter;

	for (size_t i = 0; i < l->n_codes; i++) {
		const struct feed_code *c = &l->codes[i];

		for (size_t k = 0; k < i; k++)
			if (strcasecmp(l->codes[k].text, c->text) == 0)
				return err_set(e, ERR_CONFIG, "[category] %s: given twice",
					       c->text);
		if (!c->category)
			continue;
		any = true;
		letter = (char)(c->text[0] >= 'a' && c->text[0] <= 'z' ? c->text[0] - 'a' + 'A'
								       : c->text[0]);
		if (c->text[1] == '\0' &&
		    (strchr(NEVER, letter) ||
		     (c->category != letter && strchr(ENTRY_CATEGORY_CODES, letter))))
			return err_set(e, ERR_POLICY,
				       "[category] %c: list code %s means something else",
				       c->category, c->text);
	}
	return any || err_set(e, ERR_CONFIG, "[category]: no list code");
}

bool feed_check(const struct feed_layout *l, struct err *e)
{
	bool own = l->fixed[FIELD_CATEGORY].first || l->column[FIELD_CATEGORY] ||
		   l->names[FIELD_CATEGORY][0];

	if (!feed_layout_has(l, FIELD_LIC))
		return err_set(e, ERR_CONFIG, "lic: no column for the plate");
	if (own == l->category_from_nic)
		return err_set(e, ERR_CONFIG,
			       own ? "category: has a column, and from"
				   : "category: no column for the list code");
	if (l->category_from_nic && !feed_layout_has(l, FIELD_CASE_NUMBER))
		return err_set(e, ERR_CONFIG, "[category] from: there is no case_number");
	return check_codes(l, e);
}
