/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/columns.h"

#include <string.h>
#include <strings.h>

struct known {
	const char *name;
	bool needed, as_it_is, in_row; /* in_row: offset is in struct columns_row */
	size_t offset, size;
};

#define TO_ENTRY(f) offsetof(struct entry, f), sizeof((struct entry *)NULL)->f
#define TO_ROW(f)   offsetof(struct columns_row, f), sizeof((struct columns_row *)NULL)->f

/* The category is a single char in the entry: it is taken apart from the texts. */
static const struct known KNOWN[] = {
    {"category", true, false, false, 0, 0},
    {"lic", true, true, false, TO_ENTRY(printed)},
    {"case_number", true, false, false, TO_ENTRY(case_number)},
    {"ori", true, false, false, TO_ENTRY(ori)},
    {"expires", true, false, true, TO_ROW(expires)},
    {"entered", false, false, true, TO_ROW(entered)},
    {"lis", false, false, false, TO_ENTRY(lis)},
    {"lit", false, false, false, TO_ENTRY(lit)},
    {"vyr", false, false, false, TO_ENTRY(vyr)},
    {"vma", false, false, false, TO_ENTRY(vma)},
    {"vmo", false, false, false, TO_ENTRY(vmo)},
    {"vst", false, false, false, TO_ENTRY(vst)},
    {"vco", false, false, false, TO_ENTRY(vco)},
};

#define N_KNOWN (sizeof KNOWN / sizeof *KNOWN)

/* Cut spaces off both ends. */
static size_t trim(const char **text)
{
	size_t len;

	*text += strspn(*text, " ");
	len = strlen(*text);
	while (len > 0 && (*text)[len - 1] == ' ')
		len--;
	return len;
}

static bool is_personal(const char *name)
{
	static const char *const SIGNS[] = {"name",   "dob",	"birth",  "addr",    "street",
					    "ssn",    "social", "oln",	  "phone",   "owner",
					    "person", "sex",	"race",	  "email",   "zip",
					    "height", "weight", "driver", "suspect", "subject"};

	for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
		if (strcasestr(name, SIGNS[i]))
			return true;
	return false;
}

static bool find(const struct csv_row *header, size_t column, uint8_t *which, struct err *e)
{
	const char *name = header->fields[column];
	size_t len = trim(&name);

	for (size_t k = 0; k < N_KNOWN; k++) {
		if (strlen(KNOWN[k].name) == len && strncasecmp(KNOWN[k].name, name, len) == 0) {
			*which = (uint8_t)k;
			return true;
		}
	}
	/* By number, not by name: a file without a header row has a plate in its first row. */
	if (is_personal(name))
		return err_set(e, ERR_POLICY,
			       "header: column %zu: personal data has no place in a hotlist",
			       column + 1);
	return err_set(e, ERR_FORMAT,
		       "header: column %zu: unknown name (alpr-hotlist compile --help lists them)",
		       column + 1);
}

bool columns_read(const struct csv_row *header, struct columns *c, struct err *e)
{
	bool seen[N_KNOWN] = {false};

	if (header->fault)
		return err_set(e, ERR_FORMAT, "header: %s", header->fault);
	c->n = header->n;
	for (size_t i = 0; i < header->n; i++) {
		if (!find(header, i, &c->which[i], e))
			return false;
		if (seen[c->which[i]])
			return err_set(e, ERR_FORMAT, "header: column %s: given twice",
				       KNOWN[c->which[i]].name);
		seen[c->which[i]] = true;
	}
	for (size_t k = 0; k < N_KNOWN; k++)
		if (KNOWN[k].needed && !seen[k])
			return err_set(e, ERR_FORMAT, "header: column %s: missing", KNOWN[k].name);
	return true;
}

static char upper(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	return c;
}

static bool put_text(const struct known *k, const char *text, size_t len, char *to, struct err *e)
{
	if (len >= k->size)
		return err_set(e, ERR_FORMAT, "%s: too long", k->name);
	memcpy(to, text, len);
	for (size_t i = 0; i < len && !k->as_it_is; i++)
		to[i] = upper(to[i]);
	to[len] = '\0';
	return true;
}

bool columns_fill(const struct columns *c, const struct csv_row *row, struct entry *x,
		  struct columns_row *in, struct err *e)
{
	memset(in, 0, sizeof *in);
	if (row->n != c->n)
		return err_set(e, ERR_FORMAT, "row: another number of fields than the header");
	for (size_t i = 0; i < row->n; i++) {
		const struct known *k = &KNOWN[c->which[i]];
		const char *text = row->fields[i];
		size_t len = trim(&text);

		if (k->size == 0) {
			if (len == 1) /* otherwise it stays NUL, which is none */
				x->category = upper(*text);
		} else if (!put_text(k, text, len,
				     (char *)(k->in_row ? (void *)in : (void *)x) + k->offset, e)) {
			return false;
		}
	}
	return true;
}
