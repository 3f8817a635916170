/* SPDX-License-Identifier: Apache-2.0 */
/* A report of what the database has. */
#include "firmware/ctl/report.h"

#include <inttypes.h>
#include <string.h>

static bool has_figure(const struct report *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (statement_figure(&r->rows[i].s, name) >= 0)
			return true;
	return false;
}

static bool has_name(const struct report *r, const char *name)
{
	for (unsigned i = 0; i < r->n_names; i++)
		if (strcmp(r->names[i], name) == 0)
			return true;
	return false;
}

/* Those that this firmware counts in its order, then those that another one did. */
static bool name_figures(struct report *r, struct err *e)
{
	for (size_t i = 0; counters_names[i]; i++)
		if (has_figure(r, counters_names[i]) && !report_name(r, counters_names[i], e))
			return false;
	for (size_t i = 0; i < r->n; i++)
		for (unsigned k = 0; k < r->rows[i].s.n_figures; k++) {
			const char *name = r->rows[i].s.figures[k].name;

			if (!has_name(r, name) && !report_name(r, name, e))
				return false;
		}
	return true;
}

static bool is_of(const struct statement *s, int year)
{
	return s->month != STATEMENT_BEFORE && s->month / 12 == year;
}

/* Leave the rows of a year, with whatever lies between its first and its last, and the one before.
 */
static bool cut(struct report *r, int year)
{
	size_t first = 1, last = r->n;

	while (first < r->n && !is_of(&r->rows[first].s, year))
		first++;
	while (last > first && !is_of(&r->rows[last - 1].s, year))
		last--;
	if (first >= last)
		return false;
	memmove(r->rows, r->rows + first - 1, (last - first + 1) * sizeof r->rows[0]);
	r->n = last - first + 1;
	return true;
}

bool report_load(struct report *r, struct db *d, int year, struct err *e)
{
	bool found = true;
	int64_t n = 0;

	while (found) {
		struct counters_row *row = report_row(r, e);

		if (!row || !counters_next(d, n, row, &found, e))
			return false;
		if (found && !row->signature_len)
			return err_set(e, ERR_SIGNATURE, "statement %" PRId64 " is not signed yet",
				       row->s.n);
		n = row->s.n;
		r->n += found;
	}
	if (r->n == 0)
		return err_set(e, ERR_NOT_FOUND, "nothing has been stated yet");
	if (year && !cut(r, year))
		return err_set(e, ERR_NOT_FOUND, "nothing was counted in %d", year);
	return name_figures(r, e);
}
