/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/statement.h"

#include "firmware/base/clock.h"
#include "firmware/base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define YEAR_MOST 9999

/* --- time --------------------------------------------------------------------------------------
 */

int32_t statement_month(int64_t utc_ns)
{
	time_t t = (time_t)(utc_ns / NS_PER_S);
	struct tm tm = {0};

	/* Any time of 64 bit nanoseconds is within the years 1677 to 2262. */
	(void)gmtime_r(&t, &tm);
	return (tm.tm_year + 1900) * 12 + tm.tm_mon;
}

int64_t statement_month_begin(int32_t month)
{
	struct tm tm = {.tm_year = month / 12 - 1900, .tm_mon = month % 12, .tm_mday = 1};

	return (int64_t)timegm(&tm) * NS_PER_S;
}

char *statement_time(int64_t utc_ns, char out[STATEMENT_TIME_SIZE])
{
	time_t t = (time_t)(utc_ns / NS_PER_S);
	struct tm tm = {0};

	(void)gmtime_r(&t, &tm);
	(void)strftime(out, STATEMENT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* --- members -----------------------------------------------------------------------------------
 */

void statement_name(const char *name, char out[CONF_STRING_MAX])
{
	(void)snprintf(out, CONF_STRING_MAX, "%s", name);
	utf8_clean(out);
	if (out[0] && strchr("=+-@", out[0]))
		out[0] = '?';
}

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < STATEMENT_NAME_SIZE &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool is_time(const char *t)
{
	static const char shape[] = "0000-00-00T00:00:00Z";

	if (strlen(t) != sizeof shape - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '0' ? t[i] < '0' || t[i] > '9' : t[i] != shape[i])
			return false;
	return true;
}

/* As statement_name leaves it. */
static bool is_site(const char *site)
{
	char clean[CONF_STRING_MAX];

	statement_name(site, clean);
	return strcmp(site, clean) == 0;
}

static bool is_whole(const struct statement *s)
{
	return s->n > 0 &&
	       (s->month == STATEMENT_BEFORE || (s->month >= 0 && s->month / 12 <= YEAR_MOST)) &&
	       is_site(s->site) && is_time(s->from) && is_time(s->until) &&
	       strspn(s->notes, "abcdefghijklmnopqrstuvwxyz ") == strlen(s->notes) &&
	       s->n_figures <= STATEMENT_FIGURES;
}

bool statement_add(struct statement *s, const char *name, int64_t value, struct err *e)
{
	unsigned at = 0;

	if (!is_name(name) || value < 0 || value > STATEMENT_FIGURE_MOST)
		return err_set(e, ERR_ARGUMENT, "counters: a figure is none");
	if (s->n_figures >= STATEMENT_FIGURES)
		return err_set(e, ERR_LIMIT, "counters: more than %u figures", STATEMENT_FIGURES);
	while (at < s->n_figures && strcmp(s->figures[at].name, name) < 0)
		at++;
	if (at < s->n_figures && strcmp(s->figures[at].name, name) == 0)
		return err_set(e, ERR_ARGUMENT, "counters: a figure is there twice");
	memmove(&s->figures[at + 1], &s->figures[at], (s->n_figures - at) * sizeof s->figures[0]);
	(void)snprintf(s->figures[at].name, sizeof s->figures[at].name, "%s", name);
	s->figures[at].value = value;
	s->n_figures++;
	return true;
}

int64_t statement_figure(const struct statement *s, const char *name)
{
	for (unsigned i = 0; i < s->n_figures; i++)
		if (strcmp(s->figures[i].name, name) == 0)
			return s->figures[i].value;
	return -1;
}

/* --- the text ----------------------------------------------------------------------------------
 */

bool statement_text(const struct statement *s, char out[STATEMENT_TEXT_SIZE], struct err *e)
{
	char month[16] = "before", previous[2 * CRYPT_SHA256_SIZE + 1];
	size_t len;

	if (!is_whole(s))
		return err_set(e, ERR_SIGNATURE, "counters: a statement is none");
	if (s->month != STATEMENT_BEFORE)
		(void)snprintf(month, sizeof month, "%04d-%02d", s->month / 12, s->month % 12 + 1);
	for (size_t i = 0; i < CRYPT_SHA256_SIZE; i++)
		(void)snprintf(previous + 2 * i, 3, "%02x", s->previous[i]);
	len = (size_t)snprintf(out, STATEMENT_TEXT_SIZE,
			       STATEMENT_FORMAT "\nstatement %" PRId64
						"\nprevious %s\nsite %s\nmonth %s\nstate %s\n"
						"from %s\nuntil %s\nnotes %s\n",
			       s->n, previous, s->site, month, s->open ? "open" : "complete",
			       s->from, s->until, s->notes);
	for (unsigned i = 0; i < s->n_figures && len < STATEMENT_TEXT_SIZE; i++)
		len += (size_t)snprintf(out + len, STATEMENT_TEXT_SIZE - len, "%s %" PRId64 "\n",
					s->figures[i].name, s->figures[i].value);
	return len < STATEMENT_TEXT_SIZE || err_set(e, ERR_LIMIT, "counters: too long");
}

/* The rest of the line that begins with `name`, cut out of the text; NULL: it does not. */
static char *member(char **text, const char *name)
{
	size_t n = strlen(name);
	char *at = *text, *end = at ? strchr(at, '\n') : NULL;

	if (!end || strncmp(at, name, n) != 0 || at[n] != ' ')
		return NULL;
	*end = '\0';
	*text = end + 1;
	return at + n + 1;
}

static bool take(char **text, const char *name, char *out, size_t size)
{
	const char *value = member(text, name);

	return value && (size_t)snprintf(out, size, "%s", value) < size;
}

static int32_t month_of(const char *text)
{
	long year, month;

	if (strlen(text) != 7 || text[4] != '-')
		return STATEMENT_BEFORE;
	year = strtol(text, NULL, 10);
	month = strtol(text + 5, NULL, 10);
	return year >= 0 && month > 0 && month <= 12 ? (int32_t)(year * 12 + month - 1)
						     : STATEMENT_BEFORE;
}

static bool take_figures(char *at, struct statement *s)
{
	while (*at) {
		char *end = strchr(at, '\n'), *space = strchr(at, ' ');

		if (!end || !space || space > end)
			return false;
		*space = *end = '\0';
		if (!statement_add(s, at, strtoll(space + 1, NULL, 10), NULL))
			return false;
		at = end + 1;
	}
	return true;
}

static bool take_all(char *at, struct statement *s)
{
	char n[32], previous[2 * CRYPT_SHA256_SIZE + 1] = {0}, month[16], state[16];

	if (strncmp(at, STATEMENT_FORMAT "\n", sizeof STATEMENT_FORMAT) != 0)
		return false;
	at += sizeof STATEMENT_FORMAT;
	if (!take(&at, "statement", n, sizeof n) ||
	    !take(&at, "previous", previous, sizeof previous) ||
	    !take(&at, "site", s->site, sizeof s->site) ||
	    !take(&at, "month", month, sizeof month) || !take(&at, "state", state, sizeof state) ||
	    !take(&at, "from", s->from, sizeof s->from) ||
	    !take(&at, "until", s->until, sizeof s->until) ||
	    !take(&at, "notes", s->notes, sizeof s->notes))
		return false;
	s->n = strtoll(n, NULL, 10);
	s->month = month_of(month);
	s->open = strcmp(state, "open") == 0;
	for (size_t i = 0; i < CRYPT_SHA256_SIZE; i++) {
		const char two[3] = {previous[2 * i], previous[2 * i + 1], '\0'};

		s->previous[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return take_figures(at, s);
}

bool statement_parse(const char *text, struct statement *out, struct err *e)
{
	char copy[STATEMENT_TEXT_SIZE] = {0}, again[STATEMENT_TEXT_SIZE];

	*out = (struct statement){0};
	/* Written again it must come out alike: whatever was taken for a number or a name was one.
	 */
	if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy ||
	    !take_all(copy, out) || !statement_text(out, again, NULL) || strcmp(text, again) != 0)
		return err_set(e, ERR_SIGNATURE, "counters: it is not a statement");
	return true;
}

bool statement_digest(const struct statement *s, uint8_t out[CRYPT_SHA256_SIZE], struct err *e)
{
	char text[STATEMENT_TEXT_SIZE];

	return statement_text(s, text, e) && crypt_sha256(text, strlen(text), out, e);
}
