/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/report.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 24u

/* --- writing -----------------------------------------------------------------------------------
 */

/* In full: a double would round, and be written by the library's own lights. -1: null. */
static bool add_number(cJSON *o, const char *name, int64_t n)
{
	char text[DIGITS] = "null";

	if (n >= 0)
		(void)snprintf(text, sizeof text, "%" PRId64, n);
	return cJSON_AddRawToObject(o, name, text) != NULL;
}

static bool add_hex(cJSON *o, const char *name, const uint8_t *bytes, size_t n)
{
	char text[2 * CRYPT_SPKI_MAX + 1];

	_Static_assert(CRYPT_SPKI_MAX >= CRYPT_SIGNATURE_MAX, "room for all of them");
	return cJSON_AddStringToObject(o, name, report_hex(bytes, n, text)) != NULL;
}

enum figures { OF_ROW, SUM, TOTAL };

static bool add_figures(cJSON *o, const char *name, const struct report *r, enum figures which,
			size_t row)
{
	cJSON *f = cJSON_AddObjectToObject(o, name);

	for (unsigned i = 0; f && i < r->n_names; i++) {
		int64_t n = which == OF_ROW ? report_figure(r, row, i)
			    : which == SUM  ? report_sum(r, i)
					    : report_total(r, i);

		if ((n >= 0 || which != OF_ROW) && !add_number(f, r->names[i], n))
			return false;
	}
	return f != NULL;
}

static bool fill_row(cJSON *o, const struct report *r, size_t i)
{
	const struct counters_row *row = &r->rows[i];
	const struct statement *s = &row->s;
	bool before = s->month == STATEMENT_BEFORE;

	return add_number(o, "statement", s->n) && cJSON_AddStringToObject(o, "site", s->site) &&
	       add_number(o, "year", before ? -1 : s->month / 12) &&
	       add_number(o, "month", before ? -1 : s->month % 12 + 1) &&
	       cJSON_AddStringToObject(o, "state", s->open ? "open" : "complete") &&
	       cJSON_AddStringToObject(o, "from", s->from) &&
	       cJSON_AddStringToObject(o, "until", s->until) &&
	       cJSON_AddStringToObject(o, "notes", s->notes) &&
	       add_figures(o, "figures", r, OF_ROW, i) &&
	       add_hex(o, "previous", s->previous, sizeof s->previous) &&
	       add_hex(o, "key", row->key, row->key_len) &&
	       add_hex(o, "signature", row->signature, row->signature_len);
}

static bool fill(cJSON *o, const struct report *r)
{
	cJSON *before, *months;

	if (!cJSON_AddStringToObject(o, "format", STATEMENT_FORMAT))
		return false;
	before = cJSON_AddObjectToObject(o, "before");
	months = cJSON_AddArrayToObject(o, "months");
	if (!before || !months || !fill_row(before, r, 0))
		return false;
	for (size_t i = 1; i < r->n; i++) {
		cJSON *month = cJSON_CreateObject();

		if (!month || !cJSON_AddItemToArray(months, month) || !fill_row(month, r, i))
			return false;
	}
	return add_figures(o, "sum", r, SUM, 0) && add_figures(o, "total", r, TOTAL, 0);
}

bool report_json(const struct report *r, char **out, struct err *e)
{
	cJSON *o = cJSON_CreateObject();
	char *text = o && fill(o, r) ? cJSON_PrintUnformatted(o) : NULL;

	cJSON_Delete(o);
	*out = text ? malloc(strlen(text) + 2) : NULL;
	if (*out)
		(void)sprintf(*out, "%s\n", text);
	cJSON_free(text);
	return *out || err_set(e, ERR_NO_MEMORY, "report: no memory");
}

/* --- reading -----------------------------------------------------------------------------------
 */

static const char *text_of(const cJSON *o, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

	return text ? text : "";
}

/* "" for what is no number. */
static const char *number_of(const cJSON *o, const char *name, char out[DIGITS])
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

	out[0] = '\0';
	if (cJSON_IsNumber(n) && n->valuedouble >= 0 &&
	    n->valuedouble <= (double)STATEMENT_FIGURE_MOST)
		(void)snprintf(out, DIGITS, "%.0f", n->valuedouble);
	return out;
}

static bool take_row(struct report *r, const cJSON *o, struct err *e)
{
	const cJSON *figures = cJSON_GetObjectItemCaseSensitive(o, "figures");
	char statement[DIGITS], year[DIGITS], month[DIGITS], of[STATEMENT_FIGURES][DIGITS];
	struct report_cells cells = {.statement = number_of(o, "statement", statement),
				     .site = text_of(o, "site"),
				     .year = number_of(o, "year", year),
				     .month = number_of(o, "month", month),
				     .state = text_of(o, "state"),
				     .from = text_of(o, "from"),
				     .until = text_of(o, "until"),
				     .notes = text_of(o, "notes"),
				     .previous = text_of(o, "previous"),
				     .key = text_of(o, "key"),
				     .signature = text_of(o, "signature")};

	for (unsigned i = 0; i < r->n_names; i++)
		cells.figures[i] = number_of(figures, r->names[i], of[i]);
	return report_add(r, &cells, e);
}

static bool take_all(struct report *r, const cJSON *o, struct err *e)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, "total"))
	{
		if (!report_name(r, item->string ? item->string : "", e))
			return false;
	}
	if (!take_row(r, cJSON_GetObjectItemCaseSensitive(o, "before"), e))
		return false;
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, "months"))
	{
		if (!take_row(r, item, e))
			return false;
	}
	return true;
}

bool report_parse_json(const char *text, struct report *out, struct err *e)
{
	cJSON *o = cJSON_Parse(text);
	bool done = o ? take_all(out, o, e) : err_set(e, ERR_FORMAT, "report: it is not JSON");

	cJSON_Delete(o);
	return done;
}
