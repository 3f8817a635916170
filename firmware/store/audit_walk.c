/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over a chain, wherever it is kept: what does not hold is named. */
#include "firmware/store/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct audit_source *s;
	struct audit_row *row,
	    *other;		   /* the one looked at; another, to say what is wrong with it */
	struct audit_found *found; /* of what holds so far */
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
	int64_t due = w->found->last.seq + 1, seq = w->row->seq;
	bool more = true;

	if (seq < 1)
		return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was never written",
			       seq);
	if (seq < due)
		return err_set(e, ERR_SIGNATURE,
			       "audit: record %" PRId64 " comes again after record %" PRId64
			       ": it was replayed",
			       seq, w->found->last.seq);
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

	if (r->seq != w->found->last.seq + 1)
		return is_not_next(w, e);
	if (!audit_hash(&record, r->seq, r->at_ns, w->found->last.hash, hash, e))
		return err_prefix(e, "audit: record %" PRId64, r->seq);
	own = same(r->hash, hash);
	before = same(r->prev, w->found->last.hash);
	if (!own && !before)
		return follows_another(w, e);
	if (!own || !before)
		return err_set(e, ERR_SIGNATURE, "audit: record %" PRId64 " was changed", r->seq);
	w->found->last.seq = r->seq;
	memcpy(w->found->last.hash, hash, sizeof hash);
	return true;
}

/* --- signatures --------------------------------------------------------------------------------
 */

/* `name` and a value of hexadecimal digits at *text; *text is moved behind them. */
static bool take_hex(const char **text, const char *name, uint8_t *out, size_t size, size_t *len)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = *text;

	if (strncmp(p, name, strlen(name)) != 0)
		return false;
	p += strlen(name);
	for (*len = 0; *p != '"'; p += 2, ++*len) {
		const char *high = p[0] ? strchr(digits, p[0]) : NULL;
		const char *low = high && p[1] ? strchr(digits, p[1]) : NULL;

		if (!low || *len == size)
			return false;
		out[*len] = (uint8_t)((high - digits) * 16 + (low - digits));
	}
	*text = p;
	return true;
}

static void drop(struct crypt_key **k)
{
	crypt_key_free(*k);
}

/* The signature of a record's detail, over `before`. *id: of the key that is in it. */
static bool check_signature(const char *detail, const struct audit_head *before,
			    uint8_t id[CRYPT_SHA256_SIZE], struct err *e)
{
	CLEANUP(drop) struct crypt_key *k = NULL;
	uint8_t spki[CRYPT_SPKI_MAX], sig[CRYPT_SIGNATURE_MAX], said[AUDIT_SAID_SIZE];
	size_t spki_len, sig_len;

	if (!take_hex(&detail, "{\"key\":\"", spki, sizeof spki, &spki_len) ||
	    !take_hex(&detail, "\",\"signature\":\"", sig, sizeof sig, &sig_len) ||
	    strcmp(detail, "\"}") != 0)
		return err_set(e, ERR_SIGNATURE, "it is not written as one is");
	return crypt_key_parse_public(spki, spki_len, &k, e) &&
	       crypt_verify(k, audit_said(before, said), sizeof said, sig, sig_len, e) &&
	       crypt_key_id(k, id, e);
}

static bool is_signed_well(struct walk *w, const struct audit_head *before,
			   const struct audit_wanted *wanted, struct err *e)
{
	const struct audit_record r = audit_record_of(w->row);
	struct audit_found *f = w->found;
	uint8_t id[CRYPT_SHA256_SIZE];
	struct err why = {0};

	if (strcmp(r.what, "signed") != 0)
		return true;
	if (!check_signature(r.detail, before, id, &why))
		return err_set(e, why.code == ERR_NO_MEMORY ? why.code : ERR_SIGNATURE,
			       "audit: the signature in record %" PRId64 " is not good: %.120s",
			       w->row->seq, why.text);
	if (wanted->has_key && !same(id, wanted->key))
		return err_set(e, ERR_SIGNATURE,
			       "audit: the signature in record %" PRId64 " is by another key",
			       w->row->seq);
	if (f->keys == 0 || !same(id, f->key))
		f->keys++;
	memcpy(f->key, id, sizeof id);
	f->signed_seq = before->seq;
	return true;
}

static bool is_expected(const struct audit_head *head, const struct audit_head *expect,
			struct err *e)
{
	return head->seq != expect->seq || same(head->hash, expect->hash) ||
	       err_set(e, ERR_SIGNATURE,
		       "audit: record %" PRId64
		       " is another than the one that was noted elsewhere: the chain was made anew "
		       "from there or before",
		       expect->seq);
}

static bool walk_on(struct walk *w, const struct audit_wanted *wanted, struct err *e)
{
	const struct audit_head *last = &w->found->last, *expect = &wanted->head;
	bool more;

	for (;;) {
		struct audit_head before = *last;

		if (!w->s->next(w->s->arg, w->row, &more, e))
			return false;
		if (!more)
			break;
		if (!follow(w, e) || !is_expected(last, expect, e) ||
		    !is_signed_well(w, &before, wanted, e))
			return false;
	}
	if (expect->seq > last->seq)
		return err_set(e, ERR_SIGNATURE,
			       "audit: the chain ends with record %" PRId64 ", and record %" PRId64
			       " was noted elsewhere: it was cut",
			       last->seq, expect->seq);
	return !wanted->has_key || w->found->signed_seq > 0 ||
	       err_set(e, ERR_SIGNATURE, "audit: nothing of the chain is signed");
}

bool audit_walk(const struct audit_source *s, const struct audit_wanted *wanted,
		struct audit_found *found, struct err *e)
{
	AUTO_FREE struct audit_row *rows = calloc(2, sizeof *rows);
	struct walk w = {.s = s, .row = rows, .found = found};

	*found = (struct audit_found){0};
	if (!rows)
		return err_set(e, ERR_NO_MEMORY, "audit: no memory");
	w.other = rows + 1;
	return walk_on(&w, wanted, e);
}
