/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/csv.h"

#include <string.h>

void csv_open(struct csv *c, const char *text, size_t len)
{
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	c->at = text;
	c->end = text + len;
	c->line = 1;
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
		row->fault = "row: too many fields";
}

static bool at_line_end(const struct csv *c)
{
	return c->at == c->end || *c->at == '\n' ||
	       (*c->at == '\r' && (c->at + 1 == c->end || c->at[1] == '\n'));
}

static void put_checked(struct csv_row *row, char c)
{
	if ((unsigned char)c < 0x20 || c == 0x7f)
		row->fault = "row: control character";
	put(row, c);
}

/* The rest of a quoted field; c->at is behind its opening quote. False: the text ended first. */
static bool quoted(struct csv *c, struct csv_row *row)
{
	for (; c->at < c->end; c->at++) {
		if (*c->at == '"' && (c->at + 1 == c->end || c->at[1] != '"')) {
			c->at++;
			return true;
		}
		if (*c->at == '"')
			c->at++;
		else if (*c->at == '\n')
			c->line++;
		put_checked(row, *c->at);
	}
	return false;
}

static bool field(struct csv *c, struct csv_row *row, struct err *e)
{
	start_field(row);
	if (c->at < c->end && *c->at == '"') {
		c->at++;
		if (!quoted(c, row))
			return err_set(e, ERR_FORMAT, "line %llu: a quote that is never closed",
				       (unsigned long long)row->line);
		if (!at_line_end(c) && *c->at != ',')
			row->fault = "row: text behind a closing quote";
	}
	for (; !at_line_end(c) && *c->at != ','; c->at++) {
		if (*c->at == '"')
			row->fault = "row: a quote inside an unquoted field";
		put_checked(row, *c->at);
	}
	put(row, '\0');
	return true;
}

static void end_line(struct csv *c)
{
	if (c->at < c->end && *c->at == '\r')
		c->at++;
	if (c->at < c->end && *c->at == '\n') {
		c->at++;
		c->line++;
	}
}

bool csv_next(struct csv *c, struct csv_row *row, bool *more, struct err *e)
{
	while (c->at < c->end && at_line_end(c))
		end_line(c);
	*more = c->at < c->end;
	row->line = c->line;
	row->fault = NULL;
	row->n = row->used = 0;
	if (!*more)
		return true;
	for (;;) {
		if (!field(c, row, e))
			return false;
		if (at_line_end(c))
			break;
		c->at++; /* the comma */
	}
	end_line(c);
	return true;
}
