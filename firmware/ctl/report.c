/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/report.h"

#include "firmware/base/cleanup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void report_free(struct report *r)
{
	free(r->rows);
	r->rows = NULL;
	r->n = 0;
}

char *report_hex(const uint8_t *bytes, size_t n, char *out)
{
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return out;
}

static bool unhex(const char *text, uint8_t *out, size_t size, size_t *len)
{
	*len = strlen(text) / 2;
	if (*len > size || strspn(text, "0123456789abcdef") != 2 * *len)
		return false;
	for (size_t i = 0; i < *len; i++) {
		const char two[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

const char *report_month(const struct statement *s, char out[REPORT_MONTH_SIZE])
{
	if (s->month == STATEMENT_BEFORE)
		(void)snprintf(out, REPORT_MONTH_SIZE, "before");
	else
		(void)snprintf(out, REPORT_MONTH_SIZE, "%04d-%02d", s->month / 12,
			       s->month % 12 + 1);
	return out;
}

/* --- rows --------------------------------------------------------------------------------------
 */

struct counters_row *report_row(struct report *r, struct err *e)
{
	struct counters_row *more;

	if (r->n >= REPORT_ROWS_MAX) {
		(void)err_set(e, ERR_LIMIT, "report: more than %u rows", REPORT_ROWS_MAX);
		return NULL;
	}
	more = realloc(r->rows, (r->n + 1) * sizeof *more);
	if (!more) {
		(void)err_set(e, ERR_NO_MEMORY, "report: no memory");
		return NULL;
	}
	r->rows = more;
	more[r->n] = (struct counters_row){0};
	return &more[r->n];
}

bool report_name(struct report *r, const char *name, struct err *e)
{
	struct statement check = {0};

	for (unsigned i = 0; i < r->n_names; i++)
		if (strcmp(r->names[i], name) == 0)
			return err_set(e, ERR_FORMAT, "report: a figure is there twice");
	if (r->n_names >= STATEMENT_FIGURES)
		return err_set(e, ERR_LIMIT, "report: more than %u figures", STATEMENT_FIGURES);
	if (!statement_add(&check, name, 0, NULL))
		return err_set(e, ERR_FORMAT, "report: a figure has no proper name");
	(void)snprintf(r->names[r->n_names++], STATEMENT_NAME_SIZE, "%s", name);
	return true;
}

/* What is no number comes out otherwise when it is written again. */
static int64_t number(const char *text, int64_t most)
{
	int64_t n = strtoll(text, NULL, 10);

	return n >= 0 && n <= most ? n : -1;
}

static bool add_figures(const struct report *r, struct statement *s, const struct report_cells *c)
{
	const struct statement *prior = r->n > 0 ? &r->rows[r->n - 1].s : NULL;

	for (unsigned i = 0; i < r->n_names; i++) {
		int64_t had = prior ? statement_figure(prior, r->names[i]) : -1;
		int64_t counted = number(c->figures[i], STATEMENT_FIGURE_MOST);

		if (c->figures[i][0] &&
		    (counted < 0 ||
		     !statement_add(s, r->names[i], counted + (had > 0 ? had : 0), NULL)))
			return false;
	}
	return true;
}

static bool copy(const char *from, char *to, size_t size)
{
	return (size_t)snprintf(to, size, "%s", from) < size;
}

bool report_add(struct report *r, const struct report_cells *c, struct err *e)
{
	struct counters_row *row = report_row(r, e);
	struct statement *s = row ? &row->s : NULL;
	int64_t year = number(c->year, 9999), month = number(c->month, 12);
	char text[STATEMENT_TEXT_SIZE];
	size_t previous;

	if (!row)
		return false;
	s->n = number(c->statement, STATEMENT_FIGURE_MOST);
	s->month = STATEMENT_BEFORE;
	if (year >= 0 && month > 0)
		s->month = (int32_t)(year * 12 + month - 1);
	s->open = strcmp(c->state, "open") == 0;
	if (!copy(c->site, s->site, sizeof s->site) || !copy(c->from, s->from, sizeof s->from) ||
	    !copy(c->until, s->until, sizeof s->until) ||
	    !copy(c->notes, s->notes, sizeof s->notes) ||
	    !unhex(c->previous, s->previous, sizeof s->previous, &previous) ||
	    previous != sizeof s->previous ||
	    !unhex(c->key, row->key, sizeof row->key, &row->key_len) ||
	    !unhex(c->signature, row->signature, sizeof row->signature, &row->signature_len) ||
	    !add_figures(r, s, c) || !statement_text(s, text, NULL))
		return err_set(e, ERR_FORMAT, "report: row %zu is no statement", r->n + 1);
	r->n++;
	return true;
}

/* --- figures -----------------------------------------------------------------------------------
 */

int64_t report_figure(const struct report *r, size_t i, unsigned name)
{
	int64_t now = statement_figure(&r->rows[i].s, r->names[name]);
	int64_t had = i > 0 ? statement_figure(&r->rows[i - 1].s, r->names[name]) : 0;

	return now < 0 ? -1 : now - (had > 0 ? had : 0);
}

int64_t report_sum(const struct report *r, unsigned name)
{
	int64_t sum = 0;

	for (size_t i = 1; i < r->n; i++) {
		int64_t n = report_figure(r, i, name);

		sum += n > 0 ? n : 0;
	}
	return sum;
}

int64_t report_total(const struct report *r, unsigned name)
{
	return r->n > 0 ? statement_figure(&r->rows[r->n - 1].s, r->names[name]) : -1;
}

/* --- the file ----------------------------------------------------------------------------------
 */

/* A column that is empty throughout was put there by somebody else. */
static bool has_figures(const struct report *r)
{
	for (unsigned k = 0; k < r->n_names; k++) {
		size_t i = 0;

		while (i < r->n && statement_figure(&r->rows[i].s, r->names[k]) < 0)
			i++;
		if (i == r->n)
			return false;
	}
	return true;
}

bool report_parse(const char *text, struct report *out, struct err *e)
{
	AUTO_FREE char *copy = strdup(text), *again = NULL;
	bool json = text[0] == '{';

	if (!copy)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (!(json ? report_parse_json(copy, out, e) : report_parse_csv(copy, out, e)) ||
	    !(json ? report_json : report_csv)(out, &again, e))
		return false;
	return (strcmp(text, again) == 0 && has_figures(out)) ||
	       err_set(e, ERR_FORMAT,
		       "it is not as `alprctl counters --export` writes it: a sum or a sign was "
		       "changed, or another program saved it");
}

/* --- verify ------------------------------------------------------------------------------------
 */

static void drop(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static bool is_signed(const struct counters_row *row, uint8_t id[CRYPT_SHA256_SIZE], struct err *e)
{
	CLEANUP(drop) struct crypt_key *k = NULL;
	char text[STATEMENT_TEXT_SIZE];

	return statement_text(&row->s, text, e) &&
	       crypt_key_parse_public(row->key, row->key_len, &k, e) && crypt_key_id(k, id, e) &&
	       crypt_verify(k, text, strlen(text), row->signature, row->signature_len, e);
}

static bool follows(const struct statement *s, const struct statement *prior, struct err *e)
{
	uint8_t digest[CRYPT_SHA256_SIZE];

	if (s->n != prior->n + 1)
		return err_set(e, ERR_SIGNATURE, "statement %" PRId64 " follows %" PRId64 ": %s",
			       s->n, prior->n, s->n > prior->n ? "some are missing" : "reordered");
	if (prior->open)
		return err_set(e, ERR_SIGNATURE,
			       "statement %" PRId64 " is open, and there is one after it",
			       prior->n);
	if (!statement_digest(prior, digest, e))
		return false;
	return memcmp(digest, s->previous, sizeof digest) == 0 ||
	       err_set(e, ERR_SIGNATURE,
		       "statement %" PRId64 " follows another one than statement %" PRId64, s->n,
		       prior->n);
}

static bool has_year(const struct report *r, int year, struct err *e)
{
	const struct statement *first = &r->rows[0].s, *last = &r->rows[r->n - 1].s;
	int32_t december = year * 12 + 11;

	if (first->month != STATEMENT_BEFORE && first->month / 12 >= year)
		return err_set(e, ERR_SIGNATURE, "%d does not begin here: it was cut", year);
	return last->month > december || (last->month == december && !last->open) ||
	       err_set(e, ERR_SIGNATURE,
		       "%d is not there to its end: it is not over, the box was off, or it was cut",
		       year);
}

bool report_verify(const struct report *r, const struct report_wanted *wanted,
		   struct report_found *found, struct err *e)
{
	uint8_t id[CRYPT_SHA256_SIZE];

	*found = (struct report_found){0};
	if (r->n == 0)
		return err_set(e, ERR_SIGNATURE, "no statement is in it");
	for (size_t i = 0; i < r->n; i++) {
		const struct counters_row *row = &r->rows[i];

		if (!is_signed(row, id, NULL))
			return err_set(e, ERR_SIGNATURE,
				       "statement %" PRId64 " is not what was signed", row->s.n);
		if (wanted->has_key && memcmp(id, wanted->key, sizeof id) != 0)
			return err_set(e, ERR_SIGNATURE,
				       "statement %" PRId64 " is signed by another key than the "
				       "one that was named: by another box, or after the key was "
				       "lost",
				       row->s.n);
		if (i > 0 && !follows(&row->s, &r->rows[i - 1].s, e))
			return false;
		found->keys += i == 0 || memcmp(id, found->key, sizeof id) != 0;
		memcpy(found->key, id, sizeof id);
	}
	return !wanted->year || has_year(r, wanted->year, e);
}
