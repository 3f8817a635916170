/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/rows.h"

#include <string.h>
#include <strings.h>

static struct row_text trimmed(const char *at, size_t len)
{
	while (len > 0 && *at == ' ') {
		at++;
		len--;
	}
	while (len > 0 && at[len - 1] == ' ')
		len--;
	return (struct row_text){at, len};
}

static bool is_called(const struct row_text *t, const char *name)
{
	return strlen(name) == t->len && strncasecmp(t->at, name, t->len) == 0;
}

static bool bind_column(struct rows *r, size_t i, struct err *e)
{
	const struct feed_layout *l = r->layout;
	struct row_text t = trimmed(r->row.fields[i], strlen(r->row.fields[i]));

	r->which[i] = FEED_FIELDS;
	for (int f = 0; f < FEED_FIELDS; f++)
		if (l->names[f][0] && is_called(&t, l->names[f])) {
			r->which[i] = (unsigned char)f;
			return true;
		}
	for (size_t d = 0; d < l->n_dropped; d++)
		if (is_called(&t, l->dropped[d]))
			return true;
	/* By number, not by name: a file without a header row has a plate in its first row. */
	if (feed_is_personal(r->row.fields[i]))
		return err_set(e, ERR_POLICY,
			       "header: column %zu: personal data has no place in a hotlist",
			       i + 1);
	return err_set(e, ERR_FORMAT,
		       "header: column %zu: unknown name (alpr-hotlist compile --help lists them)",
		       i + 1);
}

static bool read_header(struct rows *r, const bool needed[FEED_FIELDS], struct err *e)
{
	bool more, seen[FEED_FIELDS + 1] = {false};

	if (!csv_next(&r->csv, &r->row, &more, e))
		return false;
	if (!more)
		return err_set(e, ERR_FORMAT, "no header row");
	if (r->row.fault)
		return err_set(e, ERR_FORMAT, "header: %s", r->row.fault);
	r->n = r->row.n;
	for (size_t i = 0; i < r->n; i++) {
		if (!bind_column(r, i, e))
			return false;
		if (r->which[i] != FEED_FIELDS && seen[r->which[i]])
			return err_set(e, ERR_FORMAT, "header: column %s: given twice",
				       feed_field_name(r->which[i]));
		seen[r->which[i]] = true;
	}
	for (int f = 0; f < FEED_FIELDS; f++)
		if (needed[f] && !seen[f])
			return err_set(e, ERR_FORMAT, "header: column %s: missing",
				       feed_field_name((enum feed_field)f));
	return true;
}

bool rows_open(struct rows *r, const struct feed_layout *layout, struct feed *feed,
	       const bool needed[FEED_FIELDS], struct err *e)
{
	r->layout = layout;
	r->feed = feed;
	r->n = layout->columns;
	csv_open(&r->csv, feed, layout->separator);
	if (layout->header == FEED_HEADER_NAMES)
		return read_header(r, needed, e);
	memset(r->which, FEED_FIELDS, sizeof r->which);
	for (int f = 0; f < FEED_FIELDS; f++)
		if (layout->column[f])
			r->which[layout->column[f] - 1] = (unsigned char)f;
	return true;
}

/* Some states keep a row in the feed to test readers with; one of its fields says so, not always
 * one that we keep. */
static bool is_calibration(const char *text, size_t len)
{
	static const char SIGN[] = "calibrat";
	const size_t n = sizeof SIGN - 1;

	for (size_t i = 0; i + n <= len; i++)
		if ((text[i] | 0x20) == 'c' && (text[i + 1] | 0x20) == 'a' &&
		    strncasecmp(text + i, SIGN, n) == 0)
			return true;
	return false;
}

static bool delimited(struct rows *r, struct row *out, bool *more, struct err *e)
{
	const struct csv_row *in = &r->row;

	if (!csv_next(&r->csv, &r->row, more, e))
		return false;
	if (!*more)
		return true;
	out->line = in->line;
	out->fault = in->fault;
	out->torn = in->fault;
	if (in->fault)
		return true;
	if (is_calibration(in->text, in->used))
		out->fault = "row: a calibration record";
	else if (in->n != r->n)
		out->fault = r->layout->header == FEED_HEADER_NAMES
				 ? "row: another number of fields than the header"
				 : "row: another number of fields than the layout";
	for (size_t i = 0; i < in->n && i < r->n; i++)
		if (r->which[i] != FEED_FIELDS)
			out->fields[r->which[i]] = trimmed(in->fields[i], strlen(in->fields[i]));
	return true;
}

/* Where the word stands on its own in text[from, len), or len; twice: *again. */
static size_t find_word(const char *text, size_t from, size_t len, const char *word, bool *again)
{
	size_t n = strlen(word), found = len;

	for (size_t i = from; i + n <= len; i++) {
		if (text[i] != *word || (i > from && text[i - 1] != ' ') ||
		    memcmp(text + i, word, n) != 0)
			continue;
		*again = *again || found != len;
		if (found == len)
			found = i;
	}
	return found;
}

/*
 * The fields behind words. What stands before the first word is of no field (in the rows of
 * persons, it is the person); what stands behind a value and before the next word has no right to
 * be there.
 */
static const char *read_words(const struct feed_layout *l, const char *text, size_t from,
			      size_t len, struct row *out)
{
	size_t at[FEED_FIELDS];
	bool again = false;

	for (int f = 0; f < FEED_FIELDS; f++)
		at[f] = l->words[f].text[0] && from < len
			    ? find_word(text, from, len, l->words[f].text, &again)
			    : len;
	if (again)
		return "row: a word twice";
	for (int f = 0; f < FEED_FIELDS; f++) {
		size_t start = at[f] + strlen(l->words[f].text), stop = len, end;

		if (at[f] >= len)
			continue;
		for (int k = 0; k < FEED_FIELDS; k++)
			if (at[k] > at[f] && at[k] < stop)
				stop = at[k];
		end = start + l->words[f].width < stop ? start + l->words[f].width : stop;
		if (trimmed(text + end, stop - end).len != 0)
			return "row: text outside its fields";
		out->fields[f] = trimmed(text + start, end - start);
	}
	return NULL;
}

static const char *check_bytes(const char *text, size_t len, size_t fixed)
{
	bool control = false, other = false;

	for (size_t i = 0; i < len; i++) {
		control |= (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
		other |= i < fixed && (unsigned char)text[i] >= 0x80;
	}
	return control ? "row: control character"
	       : other ? "row: not ASCII, so that its columns may have moved"
		       : NULL;
}

static void cut_row(const struct feed_layout *l, const struct feed_line *line, struct row *out)
{
	size_t len = line->len, fixed = 0;
	const char *words;

	for (int f = 0; f < FEED_FIELDS; f++)
		if (l->fixed[f].last > fixed)
			fixed = l->fixed[f].last;
	out->fault = line->too_long ? "row: too long" : check_bytes(line->text, len, fixed);
	out->torn = out->fault;
	if (out->fault)
		return;
	for (int f = 0; f < FEED_FIELDS; f++) {
		const struct feed_range *c = &l->fixed[f];

		if (c->first && c->first <= len)
			out->fields[f] = trimmed(line->text + c->first - 1,
						 (c->last < len ? c->last : len) - c->first + 1);
	}
	words = read_words(l, line->text, fixed, len, out);
	if (is_calibration(line->text, len))
		out->fault = "row: a calibration record";
	else if (len < l->shortest)
		out->fault = "row: shorter than the layout's";
	else if (len > l->longest)
		out->fault = "row: longer than the layout's";
	else
		out->fault = words;
}

static bool fixed_columns(struct rows *r, struct row *out, bool *more, struct err *e)
{
	struct feed_line line;

	do {
		if (!feed_next(r->feed, &line, more, e))
			return false;
		if (*more && !line.too_long) /* systems pad with blanks, whole lines too */
			while (line.len > 0 && line.text[line.len - 1] == ' ' &&
			       line.len > r->layout->shortest)
				line.len--;
	} while (*more && !line.too_long && trimmed(line.text, line.len).len == 0);
	out->line = line.number;
	if (*more)
		cut_row(r->layout, &line, out);
	return true;
}

bool rows_next(struct rows *r, struct row *out, bool *more, struct err *e)
{
	memset(out, 0, sizeof *out);
	return r->layout->reader == FEED_FIXED ? fixed_columns(r, out, more, e)
					       : delimited(r, out, more, e);
}
