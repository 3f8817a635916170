/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/cooldown.h"

#include "firmware/base/clock.h"
#include "firmware/base/crypt.h"

#include <stdio.h>
#include <string.h>

/* One key an entry: a plate wanted under a second case number must ring for that one too. */
static bool key_of(const struct plate_read *read, const struct entry *entry,
		   uint8_t key[CRYPT_SHA256_SIZE], struct err *e)
{
	char text[96];
	int n = snprintf(text, sizeof text, "%s/%s/%c/%s/%s", read->text, read->jurisdiction,
			 entry->category, entry->case_number, entry->ori);

	return crypt_sha256(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1, key, e);
}

static bool near_in_time(int64_t a, int64_t b, int64_t window_ns)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d) || d == INT64_MIN)
		return false;
	return (d < 0 ? -d : d) < window_ns;
}

bool cooldown_check(struct db *d, const struct plate_read *read, const struct match *m,
		    int64_t best_ns, int64_t kept_ns, int64_t cooldown_s, bool *rings,
		    struct err *e)
{
	*rings = cooldown_s == 0;
	for (uint32_t i = 0; cooldown_s != 0 && i < m->n && i < MATCH_ENTRIES_MAX; i++) {
		uint8_t key[CRYPT_SHA256_SIZE];
		int64_t seen;

		if (!key_of(read, &m->entries[i], key, e) ||
		    !db_int(d, &seen, INT64_MIN, e, "SELECT seen_ns FROM cooldown WHERE key = ?",
			    "b", key, sizeof key))
			return err_prefix(e, "cooldown");
		if (seen == INT64_MIN || !near_in_time(best_ns, seen, cooldown_s * NS_PER_S))
			*rings = true;
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
