/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/feed_layout.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/conf.h"
#include "hotlist/tool/feed_rules.h"

#include <string.h>
#include <strings.h>

/* A section as text: one value for each field, and those that are the section's own. */
struct section {
	char field[FEED_FIELDS][CONF_STRING_MAX];
	char own[6][CONF_STRING_MAX];
	int64_t number[2];
};

#define OWN(name, i, fallback)                                                                     \
	{                                                                                          \
		name, CONF_STRING, offsetof(struct section, own[i]), fallback, 0, 0, NULL, NULL    \
	}
#define CHOICE(name, i, fallback, choices)                                                         \
	{                                                                                          \
		name, CONF_CHOICE, offsetof(struct section, own[i]), fallback, 0, 0, choices, NULL \
	}
#define NUMBER(name, i, fallback, most)                                                            \
	{                                                                                          \
		name, CONF_INT, offsetof(struct section, number[i]), fallback, 1, most, NULL, NULL \
	}

enum own_layout { TITLE, READER, HEADER, SEPARATOR, LETTER_O, JUNK };

static bool fill(const char *text, size_t len, const char *name, const struct conf_key *own,
		 size_t n_own, struct section *out, struct err *e)
{
	struct conf_key keys[FEED_FIELDS + 6];
	size_t n = 0;

	for (; n < FEED_FIELDS; n++)
		keys[n] = (struct conf_key){.name = feed_field_name((enum feed_field)n),
					    .type = CONF_STRING,
					    .offset = offsetof(struct section, field[n]),
					    .fallback = ""};
	for (size_t i = 0; i < n_own; i++)
		keys[n++] = own[i];
	return conf_fill(text, len, "", name, keys, n, out, e);
}

/* The next word of a list; NULL: none. */
static char *next_word(char **list)
{
	char *word;

	while ((word = strsep(list, " ,\t")) && !*word)
		;
	return word;
}

static bool copy(char out[FEED_TEXT_MAX], const char *text)
{
	if (strlen(text) >= FEED_TEXT_MAX)
		return false;
	(void)snprintf(out, FEED_TEXT_MAX, "%s", text);
	return true;
}

static bool field_of(const char *name, enum feed_field *out)
{
	for (int i = 0; i < FEED_FIELDS; i++) {
		*out = (enum feed_field)i;
		if (strcmp(feed_field_name(*out), name) == 0)
			return true;
	}
	return false;
}

static char separator_of(const char *word)
{
	switch (word[0]) {
	case 's':
		return ';';
	case 't':
		return '\t';
	case 'b':
		return '|';
	default:
		return ',';
	}
}

static bool read_layout(const char *text, size_t len, struct feed_layout *l, struct section *s,
			struct err *e)
{
	static const struct conf_key OWN_KEYS[] = {
	    OWN("title", TITLE, NULL),
	    CHOICE("reader", READER, NULL, "fixed|delimited"),
	    CHOICE("header", HEADER, "no", "no|maybe|names"),
	    CHOICE("separator", SEPARATOR, "comma", "comma|semicolon|tab|bar"),
	    OWN("letter_o", LETTER_O, ""),
	    OWN("junk", JUNK, ""),
	};
	enum feed_field f;
	char *list, *word;

	if (!conf_fill(text, len, "", "layout", OWN_KEYS, sizeof OWN_KEYS / sizeof *OWN_KEYS, s, e))
		return false;
	if (strlen(s->own[TITLE]) >= sizeof l->title)
		return err_set(e, ERR_LIMIT, "[layout] title: too long");
	(void)snprintf(l->title, sizeof l->title, "%.*s", (int)sizeof l->title - 1, s->own[TITLE]);
	l->reader = strcmp(s->own[READER], "fixed") == 0 ? FEED_FIXED : FEED_DELIMITED;
	l->header = strcmp(s->own[HEADER], "names") == 0   ? FEED_HEADER_NAMES
		    : strcmp(s->own[HEADER], "maybe") == 0 ? FEED_HEADER_MAYBE
							   : FEED_HEADER_NO;
	l->separator = separator_of(s->own[SEPARATOR]);
	for (list = s->own[LETTER_O]; (word = next_word(&list));) {
		if (!field_of(word, &f) || !feed_may_have_letter_o(f))
			return err_set(e, ERR_CONFIG,
				       "[layout] letter_o: only ori, lis, lit, vma "
				       "and vco are made of letters");
		l->letter_o[f] = true;
	}
	for (list = s->own[JUNK]; (word = next_word(&list)); l->n_junk++) {
		if (l->n_junk == FEED_LIST_MAX || strlen(word) > 10)
			return err_set(e, ERR_LIMIT, "[layout] junk: too long");
		(void)entry_fold(word, l->junk[l->n_junk]);
	}
	return true;
}

static bool read_number(const char *text, unsigned most, unsigned *out)
{
	unsigned v = 0;

	*out = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || v > most)
			return false;
		v = v * 10 + (unsigned)(*text - '0');
	}
	*out = v;
	return v >= 1 && v <= most;
}

/* "28-37" or "1". */
static bool read_range(char *text, struct feed_range *out)
{
	char *last = text, *first = strsep(&last, "-");

	return read_number(first, FEED_COLUMNS_MAX, &out->first) &&
	       read_number(last ? last : first, FEED_COLUMNS_MAX, &out->last) &&
	       out->first <= out->last;
}

static bool read_fixed(const char *text, size_t len, struct feed_layout *l, struct section *s,
		       struct feed_range *dropped, size_t *n_dropped, struct err *e)
{
	static const struct conf_key OWN_KEYS[] = {
	    OWN("drop", 0, ""),
	    NUMBER("shortest", 0, "1", FEED_COLUMNS_MAX),
	    NUMBER("longest", 1, NULL, FEED_COLUMNS_MAX),
	};
	char *list = s->own[0], *word;

	if (!fill(text, len, "fixed", OWN_KEYS, 3, s, e))
		return false;
	for (int i = 0; i < FEED_FIELDS; i++)
		if (s->field[i][0] && !read_range(s->field[i], &l->fixed[i]))
			return err_set(e, ERR_CONFIG, "[fixed] %s: not a range of columns (28-37)",
				       feed_field_name((enum feed_field)i));
	for (*n_dropped = 0; (word = next_word(&list)); ++*n_dropped)
		if (*n_dropped == FEED_LIST_MAX || !read_range(word, &dropped[*n_dropped]))
			return err_set(e, ERR_CONFIG, "[fixed] drop: not ranges of columns");
	l->shortest = (unsigned)s->number[0];
	l->longest = (unsigned)s->number[1];
	return true;
}

/* "VYR/ 2" */
static bool read_words(const char *text, size_t len, struct feed_layout *l, struct section *s,
		       struct err *e)
{
	if (!fill(text, len, "keywords", NULL, 0, s, e))
		return false;
	for (int i = 0; i < FEED_FIELDS; i++) {
		char *list = s->field[i], *word = next_word(&list), *width = next_word(&list);

		if (!word)
			continue;
		if (!width || next_word(&list) || !copy(l->words[i].text, word) ||
		    !read_number(width, FEED_TEXT_MAX, &l->words[i].width))
			return err_set(e, ERR_CONFIG,
				       "[keywords] %s: not a word and a width (VYR/ 2)",
				       feed_field_name((enum feed_field)i));
	}
	return true;
}

static bool read_columns(const char *text, size_t len, struct feed_layout *l, struct section *s,
			 bool *accounted, struct err *e)
{
	static const struct conf_key OWN_KEYS[] = {
	    OWN("drop", 0, ""),
	    NUMBER("count", 0, NULL, FEED_DELIMITED_MAX),
	};
	char *list = s->own[0], *word;
	unsigned n;

	if (!fill(text, len, "columns", OWN_KEYS, 2, s, e))
		return false;
	l->columns = (unsigned)s->number[0];
	for (int i = 0; i < FEED_FIELDS; i++) {
		if (!s->field[i][0])
			continue;
		if (!read_number(s->field[i], l->columns, &l->column[i]))
			return err_set(e, ERR_CONFIG, "[columns] %s: not the number of a column",
				       feed_field_name((enum feed_field)i));
		if (accounted[l->column[i]])
			return err_set(e, ERR_CONFIG, "[columns] %s: column %u is taken",
				       feed_field_name((enum feed_field)i), l->column[i]);
		accounted[l->column[i]] = true;
	}
	while ((word = next_word(&list))) {
		if (!read_number(word, l->columns, &n) || accounted[n])
			return err_set(e, ERR_CONFIG,
				       "[columns] drop: no such column, or one that is taken");
		accounted[n] = true;
	}
	return true;
}

static bool read_names(const char *text, size_t len, struct feed_layout *l, struct section *s,
		       struct err *e)
{
	static const struct conf_key OWN_KEYS[] = {OWN("drop", 0, "")};
	char *list = s->own[0], *word;

	if (!fill(text, len, "names", OWN_KEYS, 1, s, e))
		return false;
	for (int i = 0; i < FEED_FIELDS; i++)
		if (!copy(l->names[i], s->field[i]))
			return err_set(e, ERR_LIMIT, "[names] %s: too long",
				       feed_field_name((enum feed_field)i));
	for (; (word = next_word(&list)); l->n_dropped++)
		if (l->n_dropped == FEED_LIST_MAX || !copy(l->dropped[l->n_dropped], word))
			return err_set(e, ERR_LIMIT, "[names] drop: too long");
	return true;
}

static bool add_codes(struct feed_layout *l, char *list, char category, struct err *e)
{
	const char *word;

	while ((word = next_word(&list))) {
		if (l->n_codes == FEED_CODES_MAX || !copy(l->codes[l->n_codes].text, word))
			return err_set(e, ERR_LIMIT, "[category]: too long");
		l->codes[l->n_codes++].category = category;
	}
	return true;
}

static bool read_codes(const char *text, size_t len, struct feed_layout *l, struct section *s,
		       struct err *e)
{
	static const struct conf_key OWN_KEYS[] = {
	    OWN("F", 0, ""), OWN("V", 1, ""),	      OWN("P", 2, ""),
	    OWN("M", 3, ""), OWN("forbidden", 4, ""), OWN("from", 5, ""),
	};

	if (!conf_fill(text, len, "", "category", OWN_KEYS, 6, s, e))
		return false;
	if (s->own[5][0] && strcmp(s->own[5], "case_number") != 0)
		return err_set(e, ERR_CONFIG, "[category] from: must be case_number");
	l->category_from_nic = s->own[5][0];
	for (size_t i = 0; i < ENTRY_CATEGORIES; i++)
		if (!add_codes(l, s->own[i], ENTRY_CATEGORY_CODES[i], e))
			return false;
	return add_codes(l, s->own[4], '\0', e);
}

static bool read_dates(const char *text, size_t len, struct feed_layout *l, struct section *s,
		       struct err *e)
{
#define DAYS "iso|YYYYMMDD|YYYY-MM-DD|MMDDYYYY|MM/DD/YYYY|MMDDYY|MM/DD/YY|YYMMDD"
	static const struct conf_key OWN_KEYS[] = {
	    CHOICE("entered", 0, "iso", DAYS),
	    CHOICE("expires", 1, "iso", DAYS),
	    CHOICE("vyr", 2, "YYYY", "YYYY|YY"),
	};

	return conf_fill(text, len, "", "dates", OWN_KEYS, 3, s, e) &&
	       copy(l->dates[FIELD_ENTERED], s->own[0]) &&
	       copy(l->dates[FIELD_EXPIRES], s->own[1]) && copy(l->dates[FIELD_VYR], s->own[2]);
}

/* Before anything else is looked at, so that the reason given is this one. */
static bool no_personal_key(const char *text, size_t len, struct err *e)
{
	char key[FEED_TEXT_MAX];
	int line = 1;

	for (size_t at = 0; at < len; line++) {
		size_t n = 0;

		while (at < len && (text[at] == ' ' || text[at] == '\t'))
			at++;
		for (; at < len && text[at] != '=' && text[at] != '\n' && n < sizeof key - 1; at++)
			key[n++] = text[at];
		key[n] = '\0';
		if (key[0] != ';' && key[0] != '#' && key[0] != '[' && feed_is_personal(key))
			return err_set(e, ERR_POLICY,
				       "line %d: personal data has no place in a hotlist", line);
		while (at < len && text[at++] != '\n')
			;
	}
	return true;
}

/* A section that its reader does not look at is a mistake of whoever wrote it. */
static bool check_sections(const char *text, size_t len, const struct feed_layout *l, struct err *e)
{
	static const char *const FIXED[] = {"layout",	"fixed", "keywords",
					    "category", "dates", NULL};
	static const char *const COLUMNS[] = {"layout", "columns", "category", "dates", NULL};
	static const char *const NAMES[] = {"layout", "names", "category", "dates", NULL};

	return conf_sections(text, len,
			     l->reader == FEED_FIXED	      ? FIXED
			     : l->header == FEED_HEADER_NAMES ? NAMES
							      : COLUMNS,
			     e);
}

bool feed_layout_read(const char *text, size_t len, struct feed_layout *l, struct err *e)
{
	struct section *s AUTO_FREE = calloc(1, sizeof *s);
	struct feed_range dropped[FEED_LIST_MAX];
	bool accounted[FEED_DELIMITED_MAX + 1] = {false};
	size_t n_dropped = 0;

	memset(l, 0, sizeof *l);
	if (!s)
		return err_set(e, ERR_NO_MEMORY, "no memory for a layout");
	if (!no_personal_key(text, len, e) || !read_layout(text, len, l, s, e) ||
	    !check_sections(text, len, l, e) || !read_codes(text, len, l, s, e) ||
	    !read_dates(text, len, l, s, e))
		return false;
	if (l->reader == FEED_FIXED)
		return read_fixed(text, len, l, s, dropped, &n_dropped, e) &&
		       read_words(text, len, l, s, e) &&
		       feed_check_fixed(l, dropped, n_dropped, e) && feed_check(l, e);
	if (l->header == FEED_HEADER_NAMES)
		return read_names(text, len, l, s, e) && feed_check_names(l, e) && feed_check(l, e);
	return read_columns(text, len, l, s, accounted, e) && feed_check_columns(l, accounted, e) &&
	       feed_check(l, e);
}

bool feed_layout_open(const char *name, const char *folder, struct feed_layout *l, struct err *e)
{
	char path[4096], *text AUTO_FREE = NULL;
	size_t len;
	bool is_path = strpbrk(name, "/.") != NULL;

	if (!is_path && (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")]))
		return err_set(e, ERR_ARGUMENT,
			       "layout: a name is made of small letters, digits and hyphens");
	if (snprintf(path, sizeof path, is_path ? "%s%s%s" : "%s/%s.layout",
		     is_path ? name : folder, is_path ? "" : name, "") >= (int)sizeof path)
		return err_set(e, ERR_LIMIT, "layout: path: too long");
	if (!conf_read(path, &text, &len, e))
		return err_prefix(e, "layout");
	return feed_layout_read(text, len, l, e) || err_prefix(e, "layout %s", path);
}
