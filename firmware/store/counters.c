/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/counters.h"

#include "firmware/store/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MARGIN_NS (600 * NS_PER_S) /* a month that is begun or ended this closely is whole */

enum { NOTE_CLOCK = 1, NOTE_AGAIN = 2, NOTE_DAMAGE = 4 };

#define GRADES(c) "hits_" c "_exact", "hits_" c "_jurisdiction_unknown", "hits_" c "_lookalike"
#define VERDICTS(end)                                                                              \
	"verdicts_confirmed" end, "verdicts_misread" end, "verdicts_wrong_state" end,              \
	    "verdicts_stale" end, "verdicts_other" end

/* clang-format off */
const char *const counters_names[] = {
	"passages", "reads", "low_quality",
	"hits", GRADES("f"), GRADES("v"), GRADES("p"),
#ifdef CONFIG_CATEGORY_MISSING
	GRADES("m"),
#endif
	"hits_acknowledged", "hits_refused", "hits_expired",
	"hits_suppressed_cooldown", "lookalikes_suppressed",
	VERDICTS(""), VERDICTS("_withdrawn"), "verdicts_refused",
	"pulls", "pulls_refused",
	"purged", "keys_destroyed",
	"passages_refused", "reads_dropped", "crops_dropped",
	"uptime_s",
	NULL
};
/* clang-format on */

const char *counters_hit(char category, const char *grade, char out[COUNTERS_NAME_SIZE])
{
	(void)snprintf(out, COUNTERS_NAME_SIZE, "hits_%c_%s", category, grade);
	for (char *p = out; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return out;
}

/* --- a statement of the database ---------------------------------------------------------------
 */

struct open_row { /* the statement that is not over */
	int64_t n, from_ns, notes;
	int32_t month;
};

/* A changed bit in the database must not stop the counting. */
static int32_t sane(int64_t month)
{
	return month >= 0 && month < INT64_C(12) * 10000 ? (int32_t)month : STATEMENT_BEFORE;
}

static bool load_row(struct db *d, struct open_row *r, bool *found, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e,
		     "SELECT n, month, from_ns, notes FROM counters WHERE open = 1 AND n > 0"
		     " ORDER BY n DESC LIMIT 1",
		     "");

	if (!st || !db_step(d, st, found, e))
		return false;
	if (!*found)
		return true;
	r->n = sqlite3_column_int64(st, 0);
	r->month = sane(sqlite3_column_int64(st, 1));
	r->from_ns = sqlite3_column_int64(st, 2);
	r->notes = sqlite3_column_int64(st, 3);
	return true;
}

static size_t take_blob(sqlite3_stmt *st, int column, uint8_t *out, size_t size)
{
	int n = sqlite3_column_bytes(st, column);

	if (n <= 0 || (size_t)n > size)
		return 0;
	memcpy(out, sqlite3_column_blob(st, column), (size_t)n);
	return (size_t)n;
}

bool counters_next(struct db *d, int64_t after, struct counters_row *out, bool *found,
		   struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = db_query(
	    d, e, "SELECT text, key, signature FROM counters WHERE n > ? ORDER BY n LIMIT 1", "i",
	    after);
	const char *text;

	if (!st || !db_step(d, st, found, e))
		return err_prefix(e, "counters");
	if (!*found)
		return true;
	text = (const char *)sqlite3_column_text(st, 0);
	out->key_len = take_blob(st, 1, out->key, sizeof out->key);
	out->signature_len = take_blob(st, 2, out->signature, sizeof out->signature);
	return statement_parse(text ? text : "", &out->s, e) ||
	       err_prefix(e, "statement after %" PRId64, after);
}

/* Its text as it is: one that was changed is the verifier's to find, and stops nothing here. *found
 * false: there is none. */
static bool text_of(struct db *d, int64_t n, char out[STATEMENT_TEXT_SIZE], bool *found,
		    struct err *e)
{
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e, "SELECT text FROM counters WHERE n = ?", "i", n);
	const char *text;

	if (!st || !db_step(d, st, found, e))
		return false;
	text = *found ? (const char *)sqlite3_column_text(st, 0) : NULL;
	(void)snprintf(out, STATEMENT_TEXT_SIZE, "%s", text ? text : "");
	return true;
}

/* What the counters stand at, and never below what was stated before. */
static bool fill_figures(struct db *d, struct statement *s, const struct statement *least,
			 struct err *e)
{
	for (size_t i = 0; counters_names[i]; i++) {
		int64_t value, floor_ = least ? statement_figure(least, counters_names[i]) : -1;

		if (!db_state_get(d, counters_names[i], &value, e))
			return false;
		value = value > floor_ ? value : floor_;
		value = value > STATEMENT_FIGURE_MOST ? STATEMENT_FIGURE_MOST : value;
		if (!statement_add(s, counters_names[i], value > 0 ? value : 0, e))
			return false;
	}
	return true;
}

static void fill_notes(const struct open_row *r, int64_t until_ns, bool over, char *out)
{
	bool part = r->month != STATEMENT_BEFORE &&
		    (r->from_ns > statement_month_begin(r->month) + MARGIN_NS ||
		     (over && until_ns < statement_month_begin(r->month + 1) - MARGIN_NS));
	const struct {
		bool is;
		const char *word;
	} words[] = {{part, "part"},
		     {r->notes & NOTE_CLOCK, "clock"},
		     {r->notes & NOTE_AGAIN, "again"},
		     {r->notes & NOTE_DAMAGE, "damage"}};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (words[i].is)
			len += (size_t)snprintf(out + len, STATEMENT_NOTES_SIZE - len, "%s%s",
						len ? " " : "", words[i].word);
}

static bool sign(struct crypt_key *key, const char *text, struct counters_row *out, struct err *e)
{
	out->key_len = out->signature_len = 0;
	return !key ||
	       (crypt_key_public_der(key, out->key, &out->key_len, e) &&
		crypt_sign(key, text, strlen(text), out->signature, &out->signature_len, e));
}

/* Make the statement of `r` as of until_ns and put it in its row. */
static bool state(struct db *d, const struct counters_now *now, const struct open_row *r,
		  int64_t until_ns, bool over, struct err *e)
{
	struct counters_row row = {.s = {.n = r->n, .month = r->month, .open = !over}};
	struct statement *s = &row.s, last;
	char text[STATEMENT_TEXT_SIZE];
	int64_t open_now = !over;
	bool found;

	if (!text_of(d, r->n - 1, text, &found, e) ||
	    (found && !crypt_sha256(text, strlen(text), s->previous, e)))
		return false;
	found = found && statement_parse(text, &last, NULL);
	statement_name(now->site, s->site);
	(void)statement_time(r->from_ns, s->from);
	(void)statement_time(until_ns > r->from_ns ? until_ns : r->from_ns, s->until);
	fill_notes(r, until_ns, over, s->notes);
	return fill_figures(d, s, found ? &last : NULL, e) && statement_text(s, text, e) &&
	       sign(now->key, text, &row, e) &&
	       db_run(d, NULL, e,
		      "INSERT INTO counters(n, month, open, from_ns, notes, text, key, signature)"
		      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(n) DO UPDATE SET"
		      " open = ?3, notes = ?5, text = ?6, key = ?7, signature = ?8",
		      "iiiiitbb", r->n, (int64_t)r->month, open_now, r->from_ns, r->notes, text,
		      row.key_len ? row.key : NULL, row.key_len,
		      row.signature_len ? row.signature : NULL, row.signature_len);
}

static bool record(struct db *d, const struct open_row *r, int64_t wall_ns, struct err *e)
{
	uint8_t digest[CRYPT_SHA256_SIZE];
	char detail[160], hex[2 * CRYPT_SHA256_SIZE + 1], text[STATEMENT_TEXT_SIZE];
	bool found;

	if (!text_of(d, r->n, text, &found, e) || !crypt_sha256(text, strlen(text), digest, e))
		return false;
	for (size_t i = 0; i < sizeof digest; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	(void)snprintf(detail, sizeof detail,
		       "{\"statement\":%" PRId64 ",\"month\":\"%04d-%02d\",\"sha256\":\"%s\"}",
		       r->n, r->month / 12, r->month % 12 + 1, hex);
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = "store", .what = "counters", .outcome = "done", .detail = detail},
	    wall_ns, e);
}

/* Closed ones that there was no key for. */
static bool sign_rest(struct db *d, struct crypt_key *key, struct err *e)
{
	int64_t n = 0;

	while (key && n >= 0) {
		struct counters_row row;
		char text[STATEMENT_TEXT_SIZE];
		bool found;

		if (!db_int(d, &n, -1, e,
			    "SELECT min(n) FROM counters WHERE open = 0 AND signature IS NULL", ""))
			return false;
		if (n >= 0 &&
		    (!text_of(d, n, text, &found, e) || !sign(key, text, &row, e) ||
		     !db_run(d, NULL, e, "UPDATE counters SET key = ?, signature = ? WHERE n = ?",
			     "bbi", row.key, row.key_len, row.signature, row.signature_len, n)))
			return false;
	}
	return true;
}

/* --- as time passes ----------------------------------------------------------------------------
 */

static bool is_trusted(const struct elapsed *c)
{
	return !c->doubtful && c->k.wall_ns >= ELAPSED_UNSET_NS;
}

/* A damaged database may have given back less than was stated from it. */
static bool raise_figures(struct db *d, int64_t n, struct err *e)
{
	char text[STATEMENT_TEXT_SIZE];
	struct statement s;
	bool found;

	if (!text_of(d, n, text, &found, e))
		return false;
	found = found && statement_parse(text, &s, NULL);
	for (unsigned i = 0; found && i < s.n_figures; i++)
		if (s.figures[i].value > 0 &&
		    !db_run(d, NULL, e,
			    "INSERT INTO state(name, value) VALUES(?1, ?2) ON CONFLICT(name)"
			    " DO UPDATE SET value = ?2 WHERE value < ?2",
			    "ti", s.figures[i].name, s.figures[i].value))
			return false;
	return true;
}

static bool write_live(struct counters *c, struct db *d, const struct counters_now *now,
		       struct err *e)
{
	const struct counters_live *l = &now->live, *w = &c->written;

	return db_state_add(d, "uptime_s", c->uptime_ns / NS_PER_S, e) &&
	       db_state_add(d, "passages_refused", l->passages_refused - w->passages_refused, e) &&
	       db_state_add(d, "reads_dropped", l->reads_dropped - w->reads_dropped, e) &&
	       db_state_add(d, "crops_dropped", l->crops_dropped - w->crops_dropped, e) &&
	       db_state_set(d, "counters_seen", now->clock->k.wall_ns, e);
}

/* The open statement; of a database that has none, one for what was counted before any month. If it
 * was lost with a damaged database, what was counted since the last one goes to its month. */
static bool find_row(struct db *d, int64_t wall_ns, struct open_row *r, struct err *e)
{
	int64_t n, month;
	bool found;

	if (!load_row(d, r, &found, e))
		return false;
	if (found)
		return raise_figures(d, r->n, e);
	*r = (struct open_row){.n = 1, .from_ns = wall_ns, .month = STATEMENT_BEFORE};
	if (!db_int(d, &n, 0, e, "SELECT max(n) FROM counters WHERE n > 0", "") ||
	    !db_int(d, &month, STATEMENT_BEFORE, e, "SELECT month FROM counters WHERE n = ?", "i",
		    n))
		return false;
	if (n == 0)
		return true;
	r->n = n + 1;
	r->month = sane(month);
	r->notes = NOTE_DAMAGE;
	return raise_figures(d, n, e);
}

static bool note(struct db *d, const struct counters_now *now, struct open_row *r, struct err *e)
{
	int64_t damaged;

	if (!db_state_get(d, "counters_damaged", &damaged, e))
		return false;
	if (!is_trusted(now->clock))
		r->notes |= NOTE_CLOCK;
	if (damaged)
		r->notes |= NOTE_DAMAGE;
	return !damaged || db_state_set(d, "counters_damaged", 0, e);
}

/* The month is over. Until when it counted: a process that has just started says nothing of the
 * time before it, nor does one that has just come to believe how long the box was off. */
static bool change_month(const struct counters *c, struct db *d, const struct counters_now *now,
			 int64_t seen_ns, struct open_row *r, struct err *e)
{
	int64_t wall = now->clock->k.wall_ns;
	struct open_row next = {.n = r->n + 1, .from_ns = wall, .month = statement_month(wall)};

	if (r->month != STATEMENT_BEFORE && next.month < r->month)
		next.notes = NOTE_AGAIN;
	if (!state(d, now, r, c->begun && wall - seen_ns <= NS_PER_DAY ? wall : seen_ns, true, e) ||
	    (r->month != STATEMENT_BEFORE && !record(d, r, wall, e)))
		return false;
	*r = next;
	return true;
}

static bool look(struct counters *c, struct db *d, const struct counters_now *now, bool due,
		 struct open_row *r, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t wall = now->clock->k.wall_ns, seen, had;

	if (!db_begin(d, &tx, e) || !find_row(d, wall, r, e) ||
	    !db_state_get(d, "counters_seen", &seen, e))
		return false;
	had = r->notes;
	if (!note(d, now, r, e) || !write_live(c, d, now, e))
		return false;
	if (is_trusted(now->clock) && statement_month(wall) != r->month) {
		if (!change_month(c, d, now, seen, r, e))
			return false;
		due = true;
	}
	return (!(due || had != r->notes) ||
		(sign_rest(d, now->key, e) && state(d, now, r, wall, false, e))) &&
	       db_commit(&tx, e);
}

/* Nothing has to be looked up to know that nothing is to be done. */
static bool is_due(const struct counters *c, const struct counters_now *now)
{
	bool trusted = is_trusted(now->clock);

	return !c->loaded || now->last || now->mono_ns >= c->next_mono_ns ||
	       (trusted && statement_month(now->clock->k.wall_ns) != c->month) ||
	       (!trusted && !c->doubted);
}

bool counters_tick(struct counters *c, struct db *d, const struct counters_now *now, struct err *e)
{
	bool due = !c->loaded || now->last || now->mono_ns - c->signed_mono_ns >= COUNTERS_SIGN_NS;
	struct open_row r;

	if (c->mono_ns)
		c->uptime_ns += now->mono_ns - c->mono_ns;
	c->mono_ns = now->mono_ns;
	if (!is_due(c, now) || (!now->last && !c->loaded && now->mono_ns < c->next_mono_ns))
		return true;
	c->next_mono_ns = now->mono_ns + COUNTERS_WRITE_NS;
	if (!look(c, d, now, due, &r, e)) {
		c->loaded = false;
		return err_prefix(e, "counters");
	}
	c->loaded = c->begun = true;
	if (due || r.month != c->month)
		c->signed_mono_ns = now->mono_ns;
	c->month = r.month;
	c->doubted = !is_trusted(now->clock);
	c->uptime_ns %= NS_PER_S;
	c->written = now->live;
	return true;
}
