/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/lookup.h"

#include "firmware/store/ring.h"
#include "firmware/store/seal.h"

#include <string.h>

#define PERIODS_AT_ONCE 8
#define ROWS_AT_ONCE	64

/* Wall times come from outside, and may be anywhere. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

int64_t lookup_offset(const struct elapsed *c)
{
	return c->k.wall_ns - c->k.ring_ns;
}

void lookup_begin(struct lookup *l, const struct lookup_want *want)
{
	*l = (struct lookup){.want = *want, .period = INT64_MIN};
}

void lookup_end(struct lookup *l)
{
	free(l->rows);
	explicit_bzero(l, sizeof *l);
}

static bool within(const struct lookup_want *w, int64_t wall_ns)
{
	return wall_ns >= w->from_ns && wall_ns < w->to_ns;
}

static bool wanted(const struct lookup_want *w, int64_t kept_ns, int64_t best_ns)
{
	int64_t elapsed = add(kept_ns, w->offset_ns);

	if (kept_ns <= w->floor_ns)
		return false;
	if (!w->window || within(w, best_ns))
		return true;
	return within(w, elapsed) && (best_ns > add(elapsed, ELAPSED_DRIFT_NS) ||
				      best_ns < add(elapsed, -ELAPSED_DRIFT_NS));
}

static bool found(struct lookup *l, int64_t row, struct err *e)
{
	size_t room = l->room ? 2 * l->room : 256;
	int64_t *more;

	if (l->n == LOOKUP_MOST)
		return err_set(e, ERR_LIMIT, "lookup: more than %u passages", LOOKUP_MOST);
	if (l->n == l->room) {
		more = reallocarray(l->rows, room, sizeof *more);
		if (!more)
			return err_set(e, ERR_NO_MEMORY, "lookup: no memory");
		l->rows = more;
		l->room = room;
	}
	l->rows[l->n++] = row;
	return true;
}

/* --- where the rows of a period are --------------------------------------------------------------
 */

bool lookup_first_row(struct db *d, int64_t period, int64_t *row, struct err *e)
{
	int64_t low, high, middle, of;

	if (!db_int(d, &low, INT64_MAX, e, "SELECT id FROM reads ORDER BY id LIMIT 1", "") ||
	    !db_int(d, &high, 0, e, "SELECT id FROM reads ORDER BY id DESC LIMIT 1", ""))
		return false;
	*row = INT64_MAX;
	while (low <= high) {
		middle = low + (high - low) / 2;
		if (!db_int(d, &of, INT64_MAX, e,
			    "SELECT period, id FROM reads WHERE id >= ? ORDER BY id LIMIT 1", "i",
			    middle))
			return false;
		if (of >= period) {
			*row = middle;
			high = middle - 1;
		} else {
			low = middle + 1;
		}
	}
	return true;
}

/* Its rows begin at one, and end before the next period's. */
static bool rows_of(struct db *d, int64_t period, struct span *s, struct err *e)
{
	int64_t next;

	if (!lookup_first_row(d, period, &s->first_row, e) ||
	    !lookup_first_row(d, period + 1, &next, e))
		return false;
	s->last_row = next - 1;
	return next < INT64_MAX ||
	       db_int(d, &s->last_row, 0, e, "SELECT id FROM reads ORDER BY id DESC LIMIT 1", "");
}

static bool span_of(struct db *d, int64_t period, bool *known, struct span *s, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = db_query(
	    d, e, "SELECT first_row, last_row, first_ns, last_ns FROM span WHERE period = ?", "i",
	    period);

	if (!st || !db_step(d, st, known, e))
		return false;
	if (*known)
		*s = (struct span){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
				   sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3)};
	return true;
}

/* Some more of its rows. */
static bool measure(struct db *d, struct spans *w, struct err *e)
{
	int64_t to = w->span.last_row - w->row >= ROWS_AT_ONCE ? w->row + ROWS_AT_ONCE - 1
							       : w->span.last_row;
	AUTO_DONE sqlite3_stmt *st =
	    db_query(d, e, "SELECT min(best_ns), max(best_ns) FROM reads WHERE id BETWEEN ? AND ?",
		     "ii", w->row, to);
	bool row;

	if (!st || !db_step(d, st, &row, e))
		return false;
	if (row && sqlite3_column_type(st, 0) != SQLITE_NULL) {
		int64_t first = sqlite3_column_int64(st, 0), last = sqlite3_column_int64(st, 1);

		w->span.first_ns = first < w->span.first_ns ? first : w->span.first_ns;
		w->span.last_ns = last > w->span.last_ns ? last : w->span.last_ns;
	}
	w->row = to + 1;
	return true;
}

static bool settle(struct db *d, const struct periods *keys, struct spans *w, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	int64_t oldest = INT64_MIN;

	(void)periods_next(keys, INT64_MIN, &oldest);
	return db_begin(d, &tx, e) &&
	       db_run(d, NULL, e, "DELETE FROM span WHERE period < ?", "i", oldest) &&
	       db_run(d, NULL, e,
		      "INSERT INTO span(period, first_row, last_row, first_ns, last_ns)"
		      " VALUES(?, ?, ?, ?, ?)",
		      "iiiii", w->period, w->span.first_row, w->span.last_row, w->span.first_ns,
		      w->span.last_ns) &&
	       db_commit(&tx, e);
}

/* Settled oldest first, so the newest span tells how far that has come. */
bool spans_settle(struct spans *w, struct db *d, const struct periods *keys, bool *more,
		  struct err *e)
{
	int64_t last, period;

	*more = false;
	if (!db_int(d, &last, INT64_MIN, e, "SELECT max(period) FROM span", ""))
		return err_prefix(e, "lookup");
	if (!periods_next(keys, last, &period) || period == periods_newest(keys))
		return true;
	if (w->period != period) {
		*w = (struct spans){.span = {.first_ns = INT64_MAX, .last_ns = INT64_MIN}};
		if (!rows_of(d, period, &w->span, e))
			return err_prefix(e, "lookup");
		w->period = period;
		w->row = w->span.first_row;
	}
	*more = true;
	if (w->row <= w->span.last_row)
		return measure(d, w, e) || err_prefix(e, "lookup");
	return settle(d, keys, w, e) || err_prefix(e, "lookup");
}

/* --- looking -------------------------------------------------------------------------------------
 */

static bool take(struct lookup *l, struct db *d, sqlite3_stmt *st, struct err *e)
{
	bool row = st != NULL;

	while (row) {
		if (!db_step(d, st, &row, e))
			return false;
		if (!row)
			return true;
		if (wanted(&l->want, sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2)) &&
		    !found(l, sqlite3_column_int64(st, 0), e))
			return false;
	}
	return false;
}

static bool look_for_plate(struct lookup *l, struct db *d, const struct periods *keys,
			   struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	struct period_key k;
	uint8_t mac[SEAL_MAC];
	bool done;

	if (!periods_get(keys, l->period, &k, e))
		return false;
	done = seal_plate(&k, l->want.plate, mac, e);
	explicit_bzero(&k, sizeof k);
	if (!done)
		return false;
	st = ring_with_plate(d, l->period, mac, e);
	return take(l, d, st, e);
}

/* Whether the period may have something for the window; then its rows are looked at next. */
static bool enter(struct lookup *l, struct db *d, struct err *e)
{
	const struct lookup_want *w = &l->want;
	int64_t begin = add(l->period, w->offset_ns);
	bool known, by_ring = begin < w->to_ns && add(begin, PERIOD_NS) >= w->from_ns;
	struct span s;

	if (!span_of(d, l->period, &known, &s, e))
		return false;
	if (known && !by_ring && (s.first_ns >= w->to_ns || s.last_ns < w->from_ns))
		return true;
	if (!known && !rows_of(d, l->period, &s, e))
		return false;
	if (s.first_row <= s.last_row && s.first_row < INT64_MAX) {
		l->row = s.first_row;
		l->last_row = s.last_row;
	}
	return true;
}

static bool look_at_rows(struct lookup *l, struct db *d, struct err *e)
{
	AUTO_DONE sqlite3_stmt *st = NULL;
	int64_t to = l->last_row;

	if (to - l->row >= ROWS_AT_ONCE)
		to = l->row + ROWS_AT_ONCE - 1;
	/* The period as well: should its rows not be where they were, no others are taken. */
	st = db_query(d, e,
		      "SELECT id, kept_ns, best_ns FROM reads WHERE id BETWEEN ? AND ?"
		      " AND period = ? ORDER BY id",
		      "iii", l->row, to, l->period);
	if (!take(l, d, st, e))
		return false;
	l->row = to < l->last_row ? to + 1 : 0;
	return true;
}

bool lookup_step(struct lookup *l, struct db *d, const struct periods *keys, bool *done,
		 struct err *e)
{
	*done = false;
	if (l->row != 0)
		return look_at_rows(l, d, e) || err_prefix(e, "lookup");
	for (int i = 0; i < PERIODS_AT_ONCE && l->row == 0; i++) {
		if (!periods_next(keys, l->period, &l->period)) {
			*done = true;
			return true;
		}
		if (l->period <= l->want.floor_ns)
			continue;
		if (l->want.plate[0] ? !look_for_plate(l, d, keys, e) : !enter(l, d, e))
			return err_prefix(e, "lookup");
	}
	return true;
}
