/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/cooldown.h"

#include "firmware/base/clock.h"
#include "firmware/base/crypt.h"

#include <stdio.h>
#include <string.h>

/* One key an entry: a plate wanted under a second case number must ring for that one too. Keyed, so
 * that it tells nobody of the plate, and nobody at all once its period is destroyed. */
static bool key_of(const struct period_key *k, const struct plate_read *read,
		   const struct entry *entry, uint8_t key[CRYPT_SHA256_SIZE], struct err *e)
{
	char text[112];
	int n = snprintf(text, sizeof text, "cooldown/%s/%s/%c/%s/%s", read->text,
			 read->jurisdiction, entry->category, entry->case_number, entry->ori);
	bool done =
	    crypt_hmac(k->mac, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, key, e);

	explicit_bzero(text, sizeof text);
	return done;
}

static bool near_in_time(int64_t a, int64_t b, int64_t window_ns)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d) || d == INT64_MIN)
		return false;
	return (d < 0 ? -d : d) < window_ns;
}

struct look {
	struct db *d;
	const struct plate_read *read;
	const struct entry *entry;
	int64_t best_ns, window_ns;
};

/* Has it been seen within the window, as far as this period knows? */
static bool seen_in(const struct look *l, const struct period_key *k, bool *seen, struct err *e)
{
	uint8_t key[CRYPT_SHA256_SIZE];
	int64_t at;

	if (!key_of(k, l->read, l->entry, key, e) ||
	    !db_int(l->d, &at, INT64_MIN, e, "SELECT seen_ns FROM cooldown WHERE key = ?", "b", key,
		    sizeof key))
		return false;
	*seen |= at != INT64_MIN && near_in_time(l->best_ns, at, l->window_ns);
	return true;
}

/* The current period, and those before it that the window reaches into. */
static bool seen_lately(const struct look *l, const struct cooldown_keys *keys, int64_t kept_ns,
			bool *seen, struct err *e)
{
	int64_t floor_ns = period_begin(kept_ns - l->window_ns);

	*seen = false;
	if (!seen_in(l, keys->now, seen, e))
		return false;
	for (size_t i = keys->all->n; !*seen && i > 0; i--) {
		struct period_key before;
		int64_t id = keys->all->live[i - 1].id;
		bool done;

		if (id < floor_ns)
			break;
		if (id == keys->now->id)
			continue;
		done = periods_get(keys->all, id, &before, e) && seen_in(l, &before, seen, e);
		explicit_bzero(&before, sizeof before);
		if (!done)
			return false;
	}
	return true;
}

bool cooldown_check(struct db *d, const struct cooldown_keys *keys, const struct plate_read *read,
		    const struct match *m, int64_t best_ns, int64_t kept_ns, int64_t cooldown_s,
		    bool *rings, struct err *e)
{
	*rings = cooldown_s == 0;
	for (uint32_t i = 0; cooldown_s != 0 && i < m->n && i < MATCH_ENTRIES_MAX; i++) {
		struct look l = {d, read, &m->entries[i], best_ns, cooldown_s * NS_PER_S};
		uint8_t key[CRYPT_SHA256_SIZE];
		bool seen;

		if (!seen_lately(&l, keys, kept_ns, &seen, e) ||
		    !key_of(keys->now, read, l.entry, key, e))
			return err_prefix(e, "cooldown");
		*rings |= !seen;
		if (!db_run(d, NULL, e,
			    "INSERT INTO cooldown(key, seen_ns, kept_ns) VALUES(?1, ?2, ?3)"
			    " ON CONFLICT(key) DO UPDATE SET seen_ns = ?2, kept_ns = ?3",
			    "bii", key, sizeof key, best_ns, kept_ns))
			return err_prefix(e, "cooldown");
	}
	return true;
}

bool cooldown_forget(struct db *d, int64_t now_ns, int64_t cooldown_s, struct err *e)
{
	return db_run(d, NULL, e, "DELETE FROM cooldown WHERE kept_ns <= ?", "i",
		      now_ns - cooldown_s * NS_PER_S) ||
	       err_prefix(e, "cooldown");
}
