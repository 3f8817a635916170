/* SPDX-License-Identifier: Apache-2.0 */
/* The months of the annual report. What was stated stays, each statement names the one before, and
 * none says more than was counted. */
#include "tests/crash/life.h"

#include "firmware/base/clock.h"
#include "firmware/store/counters.h"
#include "tests/crash/posix.h"
#include "tests/unit/lists.h"

#include <inttypes.h>
#include <string.h>

#define FASTER 60 /* a life lasts days: a month of its report lasts half a day */

static bool is_whole(struct life *l, const struct counters_row *row, const struct statement *prior)
{
	uint8_t digest[CRYPT_SHA256_SIZE];

	if (row->s.n == 1)
		return true;
	if (row->s.n != prior->n + 1 || prior->open || !statement_digest(prior, digest, NULL) ||
	    memcmp(digest, row->s.previous, sizeof digest) != 0)
		return life_fault(l, FAULT_COUNTERS, "statement %" PRId64 " follows another",
				  row->s.n);
	for (unsigned i = 0; i < prior->n_figures; i++)
		if (statement_figure(&row->s, prior->figures[i].name) < prior->figures[i].value)
			return life_fault(l, FAULT_COUNTERS, "statement %" PRId64 ": %s went back",
					  row->s.n, prior->figures[i].name);
	return true;
}

static bool is_noted(struct life *l, const struct statement *s)
{
	uint8_t digest[CRYPT_SHA256_SIZE];

	return s->n != l->stated ||
	       (statement_digest(s, digest, NULL) &&
		memcmp(digest, l->stated_digest, sizeof digest) == 0) ||
	       life_fault(l, FAULT_COUNTERS, "statement %" PRId64 " is another one", s->n);
}

/* Walk all of them; what is stated for good is remembered. */
static bool walk(struct life *l)
{
	struct counters_row row = {0};
	struct statement prior = {0};
	int64_t counted = book_ask(l, "SELECT value FROM state WHERE name = 'passages'");
	bool found = true;

	while (found) {
		int64_t n = row.s.n;

		prior = row.s;
		if (!counters_next(l->db, n, &row, &found, NULL))
			return l->book.damaged || disk_is_off(l->disk) ||
			       disk_count(l->disk).faults > 0 ||
			       life_fault(l, FAULT_COUNTERS, "no statement after %" PRId64, n);
		if (found && (!is_whole(l, &row, &prior) || !is_noted(l, &row.s)))
			return false;
		if (found && !row.s.open && row.s.n > l->stated) {
			l->stated = row.s.n;
			if (!statement_digest(&row.s, l->stated_digest, NULL))
				return false;
		}
	}
	if (prior.n < l->stated)
		return life_fault(l, FAULT_COUNTERS, "statement %" PRId64 " is gone", l->stated);
	return statement_figure(&prior, "passages") <= (counted > 0 ? counted : 0) ||
	       life_fault(l, FAULT_COUNTERS, "more is stated than was counted");
}

bool months_count(struct life *l, bool last, struct err *e)
{
	const int64_t begin = LISTS_ISSUED_S * NS_PER_S;
	struct elapsed clock = l->clock;
	struct counters_now now = {
	    .clock = &clock, .mono_ns = l->mono, .site = "crash", .last = last};

	clock.k.wall_ns = begin + (clock.k.wall_ns - begin) * FASTER;
	l->book.may_grow += 2;
	return counters_tick(&l->months, l->db, &now, e);
}

bool months_verify(struct life *l)
{
	bool was = posix_pause(true);
	bool good = !l->db || disk_is_off(l->disk) || l->book.damaged || walk(l);

	(void)posix_pause(was);
	return good;
}
