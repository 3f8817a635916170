/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4180: a header, lines that end with CR LF, and quotes around the one text that may need them.
 * Signatures are columns at the right, where a spreadsheet leaves them alone. */
#include "firmware/ctl/report.h"

#include "firmware/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const left[] = {"row",   "statement", "site",  "year", "month",
				   "state", "from",	 "until", "notes"};
static const char *const right[] = {"previous", "key", "signature"};

#define LEFT  (sizeof left / sizeof left[0])
#define RIGHT (sizeof right / sizeof right[0])
#define CELLS (LEFT + STATEMENT_FIGURES + RIGHT)

/* --- writing -----------------------------------------------------------------------------------
 */

static void put_header(const struct report *r, FILE *f)
{
	for (size_t i = 0; i < LEFT; i++)
		(void)fprintf(f, "%s,", left[i]);
	for (unsigned i = 0; i < r->n_names; i++)
		(void)fprintf(f, "%s,", r->names[i]);
	(void)fprintf(f, "%s,%s,%s\r\n", right[0], right[1], right[2]);
}

static void put_text(FILE *f, const char *text)
{
	(void)fputc('"', f);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', f);
		(void)fputc(*text, f);
	}
	(void)fputc('"', f);
}

static void put_figure(FILE *f, int64_t n)
{
	if (n >= 0)
		(void)fprintf(f, "%" PRId64, n);
	(void)fputc(',', f);
}

static void put_row(const struct report *r, size_t i, FILE *f)
{
	const struct counters_row *row = &r->rows[i];
	const struct statement *s = &row->s;
	char previous[2 * CRYPT_SHA256_SIZE + 1], key[2 * CRYPT_SPKI_MAX + 1],
	    signature[2 * CRYPT_SIGNATURE_MAX + 1];

	(void)fprintf(f, "%s,%" PRId64 ",", i == 0 ? "before" : "month", s->n);
	put_text(f, s->site);
	if (s->month == STATEMENT_BEFORE)
		(void)fprintf(f, ",,,");
	else
		(void)fprintf(f, ",%d,%d,", s->month / 12, s->month % 12 + 1);
	(void)fprintf(f, "%s,%s,%s,%s,", s->open ? "open" : "complete", s->from, s->until,
		      s->notes);
	for (unsigned k = 0; k < r->n_names; k++)
		put_figure(f, report_figure(r, i, k));
	(void)fprintf(f, "%s,%s,%s\r\n", report_hex(s->previous, sizeof s->previous, previous),
		      report_hex(row->key, row->key_len, key),
		      report_hex(row->signature, row->signature_len, signature));
}

/* Sums need no signature: whoever verifies adds up. */
static void put_sums(const struct report *r, FILE *f)
{
	(void)fprintf(f, "sum,,,,,,,,,");
	for (unsigned k = 0; k < r->n_names; k++)
		put_figure(f, report_sum(r, k));
	(void)fprintf(f, ",,\r\ntotal,,,,,,,,,");
	for (unsigned k = 0; k < r->n_names; k++)
		put_figure(f, report_total(r, k));
	(void)fprintf(f, ",,\r\n");
}

bool report_csv(const struct report *r, char **out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return err_errno(e, errno, "report");
	put_header(r, f);
	for (size_t i = 0; i < r->n; i++)
		put_row(r, i, f);
	put_sums(r, f);
	if (fclose(f) != 0)
		return err_errno(e, errno, "report");
	*out = steal_ptr(&text);
	return true;
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* The next cell of a line, in place; *line NULL: it was the last. NULL: no proper cell. */
static char *next_cell(char **line)
{
	char *at = *line, *to = at, *begin = at;
	bool quoted = *at == '"';

	for (at += quoted; *at; at++) {
		if (quoted && *at == '"' && *++at != '"')
			quoted = false;
		if (!quoted && (*at == ',' || *at == '\0'))
			break;
		*to++ = *at;
	}
	if (quoted)
		return NULL;
	*line = *at ? at + 1 : NULL;
	*to = '\0';
	return begin;
}

/* The next line's cells; 0: there are none. */
static size_t next_line(char **text, const char *cells[CELLS])
{
	char *line = *text, *end = strstr(line, "\r\n");
	size_t n = 0;

	if (!end)
		return 0;
	*end = '\0';
	*text = end + 2;
	while (line && n < CELLS) {
		cells[n] = next_cell(&line);
		if (!cells[n++])
			return 0;
	}
	return line ? 0 : n;
}

static bool take_header(struct report *r, const char *const *cells, size_t n, struct err *e)
{
	if (n < LEFT + RIGHT)
		return err_set(e, ERR_FORMAT, "report: line 1 is no header");
	for (size_t i = LEFT; i < n - RIGHT; i++)
		if (!report_name(r, cells[i], e))
			return false;
	return true;
}

static bool take_row(struct report *r, const char *const *c, struct err *e)
{
	const char *const *last = c + LEFT + r->n_names;
	struct report_cells cells = {.statement = c[1],
				     .site = c[2],
				     .year = c[3],
				     .month = c[4],
				     .state = c[5],
				     .from = c[6],
				     .until = c[7],
				     .notes = c[8],
				     .previous = last[0],
				     .key = last[1],
				     .signature = last[2]};

	for (unsigned i = 0; i < r->n_names; i++)
		cells.figures[i] = c[LEFT + i];
	return report_add(r, &cells, e);
}

bool report_parse_csv(char *text, struct report *out, struct err *e)
{
	const char *cells[CELLS];
	size_t width = next_line(&text, cells);

	if (!take_header(out, cells, width, e))
		return false;
	while (next_line(&text, cells) == width &&
	       (strcmp(cells[0], "before") == 0 || strcmp(cells[0], "month") == 0))
		if (!take_row(out, cells, e))
			return false;
	/* The sums that must follow are told by writing all of it again. */
	return out->n > 0 || err_set(e, ERR_FORMAT, "report: no statement is in it");
}
