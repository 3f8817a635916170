/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/entry.h"

#include <stddef.h>
#include <string.h>

/* Not <ctype.h>: the rules of a plate must not depend on a locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_upper(c);
}

static bool is_alnum_any_case(char c)
{
	return is_alnum(c) || (c >= 'a' && c <= 'z');
}

static bool is_printed(char c)
{
	return is_alnum_any_case(c) || (c != '\0' && strchr(" -./&", c) != NULL);
}

static bool is_case_number(char c)
{
	return is_alnum(c) || (c != '\0' && strchr(" -./_#", c) != NULL);
}

static bool is_colour(char c)
{
	return is_alnum(c) || c == '/';
}

char *entry_fold(const char *text, char out[11])
{
	size_t n = 0;

	for (; *text != '\0' && n < 10; text++) {
		char c = *text;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c == 'O')
			c = '0';
		if (is_alnum(c))
			out[n++] = c;
	}
	out[n] = '\0';
	return out;
}

int entry_category_index(char category)
{
	const char *at = category == '\0' ? NULL : strchr(ENTRY_CATEGORY_CODES, category);

	return at ? (int)(at - ENTRY_CATEGORY_CODES) : -1;
}

bool entry_category_allowed(char category, bool allow_missing)
{
#ifdef CONFIG_CATEGORY_MISSING
	if (category == 'M')
		return allow_missing;
#else
	(void)allow_missing;
#endif
	return category == 'F' || category == 'V' || category == 'P';
}

struct shape {
	const char *name;
	size_t offset, size; /* of the field, with its NUL */
	size_t least;	     /* shortest when not empty */
	bool needed;
	bool (*may)(char c);
};

#define FIELD(f) #f, offsetof(struct entry, f), sizeof((struct entry *)NULL)->f

static const struct shape SHAPES[] = {
    {FIELD(lic), 1, true, is_alnum},
    {FIELD(printed), 1, true, is_printed},
    {FIELD(lis), 2, false, is_upper},
    {FIELD(lit), 2, false, is_alnum},
    {FIELD(case_number), 1, true, is_case_number},
    {FIELD(ori), 9, true, is_alnum},
    {FIELD(vyr), 4, false, is_digit},
    {FIELD(vma), 1, false, is_alnum},
    {FIELD(vmo), 1, false, is_alnum},
    {FIELD(vst), 1, false, is_alnum},
    {FIELD(vco), 1, false, is_colour},
};

static bool check_shape(const struct entry *x, const struct shape *s, struct err *e)
{
	const char *text = (const char *)x + s->offset;
	size_t len = strnlen(text, s->size);

	if (len == s->size)
		return err_set(e, ERR_FORMAT, "%s: too long", s->name);
	if (len == 0 && s->needed)
		return err_set(e, ERR_POLICY, "%s: missing", s->name);
	if (len != 0 && len < s->least)
		return err_set(e, ERR_FORMAT, "%s: too short", s->name);
	for (size_t i = 0; i < len; i++)
		if (!s->may(text[i]))
			return err_set(e, ERR_FORMAT, "%s: a character that this field cannot have",
				       s->name);
	return true;
}

static bool check_plate(const struct entry *x, struct err *e)
{
	char folded[11];
	size_t n = 0;

	for (const char *p = x->printed; *p; p++)
		n += is_alnum_any_case(*p);
	if (n > 10)
		return err_set(e, ERR_FORMAT, "printed: too long for a plate");
	if (strcmp(entry_fold(x->printed, folded), x->lic) != 0)
		return err_set(e, ERR_FORMAT, "lic: is not the folded plate");
	return true;
}

bool entry_check(const struct entry *x, bool allow_missing, struct err *e)
{
	if (!entry_category_allowed(x->category, allow_missing))
		return err_set(e, ERR_POLICY, "category: not one that this list may hold");
	if (x->expires_s <= 0)
		return err_set(e, ERR_POLICY, "expires: missing");
	if (x->expires_s > ENTRY_TIME_MAX)
		return err_set(e, ERR_FORMAT, "expires: too far ahead");
	if (x->entered_s < 0 || x->entered_s > ENTRY_TIME_MAX)
		return err_set(e, ERR_FORMAT, "entered: out of range");
	for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++)
		if (!check_shape(x, &SHAPES[i], e))
			return false;
	if (x->vyr[0] == '0') /* the bundle holds it as a number */
		return err_set(e, ERR_FORMAT, "vyr: not a year");
	return check_plate(x, e);
}
