/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/csv.h"

#include <string.h>

void csv_open(struct csv *c, struct feed *feed, char separator)
{
	c->feed = feed;
	c->separator = separator;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void put(struct csv_row *row, char c)
{
	if (row->used < CSV_ROW_MAX)
		row->text[row->used++] = c;
	else
		row->fault = "row: too long";
}

static void start_field(struct csv_row *row)
{
	if (row->n < CSV_FIELDS_MAX && row->used < CSV_ROW_MAX)
		row->fields[row->n++] = row->text + row->used;
	else
		row->fault = row->n < CSV_FIELDS_MAX ? "row: too long" : "row: too many fields";
}

/* Most rows have no quote: then a field is what lies between two separators. */
static void split_plain(const struct csv *c, struct csv_row *row, const char *text, size_t len)
{
	start_field(row);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == c->separator) {
			put(row, '\0');
			start_field(row);
			continue;
		}
		if (is_control(text[i]))
			row->fault = "row: control character";
		put(row, text[i]);
	}
	put(row, '\0');
}

enum state { AT_START, UNQUOTED, QUOTED, BEHIND_QUOTES };

/* One character of a row that has quotes. Returns where that leaves us. */
static enum state take(const struct csv *c, struct csv_row *row, enum state s, char ch)
{
	if (s == QUOTED && ch == '"')
		return BEHIND_QUOTES; /* or within a doubled quote, which the next one tells */
	if (s == AT_START && ch == '"')
		return QUOTED;
	if (s == BEHIND_QUOTES && ch == '"') {
		put(row, ch);
		return QUOTED;
	}
	if (s != QUOTED && ch == c->separator) {
		put(row, '\0');
		start_field(row);
		return AT_START;
	}
	if (s == BEHIND_QUOTES)
		row->fault = "row: text behind a closing quote";
	else if (s != QUOTED && ch == '"')
		row->fault = "row: a quote inside an unquoted field";
	else if (is_control(ch))
		row->fault = "row: control character";
	put(row, ch);
	return s == QUOTED ? QUOTED : UNQUOTED;
}

/* Rows with quotes; one that goes on over the end of its line takes the next ones too. */
static bool split_quoted(struct csv *c, struct csv_row *row, struct feed_line line, struct err *e)
{
	enum state s = AT_START;
	bool more;

	start_field(row);
	for (;;) {
		for (size_t i = 0; i < line.len && !line.too_long; i++)
			s = take(c, row, s, line.text[i]);
		if (s != QUOTED)
			break;
		row->fault = "row: control character";
		if (!feed_next(c->feed, &line, &more, e))
			return false;
		if (!more)
			return err_set(e, ERR_FORMAT, "line %llu: a quote that is never closed",
				       (unsigned long long)row->line);
	}
	put(row, '\0');
	return true;
}

bool csv_next(struct csv *c, struct csv_row *row, bool *more, struct err *e)
{
	struct feed_line line;

	do {
		if (!feed_next(c->feed, &line, more, e))
			return false;
	} while (*more && line.len == 0 && !line.too_long);
	row->line = line.number;
	row->fault = NULL;
	row->n = row->used = 0;
	if (!*more)
		return true;
	if (line.too_long) {
		row->fault = "row: too long";
		return true;
	}
	if (memchr(line.text, '"', line.len))
		return split_quoted(c, row, line, e);
	split_plain(c, row, line.text, line.len);
	return true;
}
