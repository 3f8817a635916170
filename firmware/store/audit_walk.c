/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over a chain, wherever it is kept: what does not hold is named. */
#include "firmware/store/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct audit_source *s;
	struct audit_row *row,
	    *other;		/* the one looked at; another, to say what is wrong with it */
	struct audit_head head; /* of what holds so far */
};

struct audit_record audit_record_of(const struct audit_row *r)
{
	return (struct audit_record){r->text[0], r->text[1], r->text[2],
				     r->text[3], r->text[4], r->text[5]};
}

static bool same(const uint8_t a[CRYPT_SHA256_SIZE], const uint8_t b[CRYPT_SHA256_SIZE])
{
	return memcmp(a, b, CRYPT_SHA256_SIZE) == 0;
}

/* --- what is wrong with a record that does not hold --------------------------------------------
 */

/* Where it has gone: records up to `head` were there, `row` is not the next. */
static bool is_not_next(struct walk *w, struct err *e)
{
	int64_t due = w->head.seq + 1, seq = w->row->seq;
	bool more = true;

	if (seq < 1)
		return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was never written",
			       seq);
	if (seq < due)
		return err_set(e, ERR_SIGNATURE,
			       "audit: record %" PRId64 " comes again after record %" PRId64
			       ": it was replayed",
			       seq, w->head.seq);
	while (w->s->next(w->s->arg, w->other, &more, NULL) && more)
		if (w->other->seq == due)
			return err_set(e, ERR_SIGNATURE,
				       "audit: record %" PRId64 " stands after record %" PRId64
				       ": they were reordered",
				       due, seq);
	if (seq - 1 > due)
		return err_set(e, ERR_SIGNATURE,
			       "audit: records %" PRId64 " to %" PRId64 " are missing", due,
			       seq - 1);
	return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " is missing", due);
}

/* Numbered as the next one, and of another predecessor: a record that was given a new number? */
static bool follows_another(struct walk *w, struct err *e)
{
	int64_t seq = w->row->seq, at = 0;
	bool more = true;

	if (!w->s->again(w->s->arg, e))
		return false;
	while (w->s->next(w->s->arg, w->other, &more, NULL) && more) {
		at++;
		if (at < seq && same(w->other->hash, w->row->hash))
			return err_set(e, ERR_SIGNATURE,
				       "audit: record %" PRId64 " is record %" PRId64
				       " once more: it was replayed",
				       seq, at);
		if (at > seq && same(w->other->hash, w->row->prev))
			return err_set(
			    e, ERR_SIGNATURE,
			    "audit: record %" PRId64
			    " stands before the one that it follows: they were reordered",
			    seq);
	}
	return err_set(e, ERR_SIGNATURE,
		       "audit: record %" PRId64 " does not follow record %" PRId64
		       ": one of them was changed, or what stood between them removed",
		       seq, seq - 1);
}

/* --- the walk ----------------------------------------------------------------------------------
 */

/* One record against its predecessor `head`, which it becomes. */
static bool follow(struct walk *w, struct err *e)
{
	const struct audit_row *r = w->row;
	const struct audit_record record = audit_record_of(r);
	uint8_t hash[CRYPT_SHA256_SIZE];
	bool own, before;

	if (r->seq != w->head.seq + 1)
		return is_not_next(w, e);
	if (!audit_hash(&record, r->seq, r->at_ns, w->head.hash, hash, e))
		return err_prefix(e, "audit: record %" PRId64, r->seq);
	own = same(r->hash, hash);
	before = same(r->prev, w->head.hash);
	if (!own && !before)
		return follows_another(w, e);
	if (!own || !before)
		return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was changed", r->seq);
	w->head.seq = r->seq;
	memcpy(w->head.hash, hash, sizeof hash);
	return true;
}

static bool is_expected(const struct audit_head *head, const struct audit_head *expect,
			struct err *e)
{
	return same(head->hash, expect->hash) ||
	       err_set(e, ERR_SIGNATURE,
		       "audit: record %" PRId64
		       " is another than the one that was noted elsewhere: the chain was made anew "
		       "from there or before",
		       expect->seq);
}

static bool walk_on(struct walk *w, const struct audit_head *expect, struct err *e)
{
	bool more;

	for (;;) {
		if (!w->s->next(w->s->arg, w->row, &more, e))
			return false;
		if (!more)
			break;
		if (!follow(w, e) ||
		    (expect && w->head.seq == expect->seq && !is_expected(&w->head, expect, e)))
			return false;
	}
	return !expect || expect->seq <= w->head.seq ||
	       err_set(e, ERR_SIGNATURE,
		       "audit: the chain ends with record %" PRId64 ", and record %" PRId64
		       " was noted elsewhere: it was cut",
		       w->head.seq, expect->seq);
}

bool audit_walk(const struct audit_source *s, const struct audit_head *expect,
		struct audit_head *last, struct err *e)
{
	AUTO_FREE struct audit_row *rows = calloc(2, sizeof *rows);
	struct walk w = {.s = s, .row = rows};
	bool holds;

	*last = w.head;
	if (!rows)
		return err_set(e, ERR_NO_MEMORY, "audit: no memory");
	w.other = rows + 1;
	holds = walk_on(&w, expect, e);
	*last = w.head;
	return holds;
}
