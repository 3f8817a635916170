/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/store.h"

#include "firmware/base/clock.h"
#include "firmware/store/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RECENT_NS (10 * NS_PER_S) /* a trouble this young is the present state */

static void count_lasting(struct store *s, struct wire_status *out)
{
	static const char *const names[] = {"passages",
					    "reads",
					    "low_quality",
					    "hits",
					    "hits_suppressed_cooldown",
					    "hits_expired",
					    "purged",
					    "keys_destroyed",
					    "lookalikes_suppressed",
					    "pulls"};
	int64_t value;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (db_state_get(s->db, names[i], &value, NULL))
			role_count(out, names[i], value);
}

void store_count(struct store *s, bool last)
{
	struct counters_now now = {
	    .clock = &s->clock,
	    .mono_ns = clock_mono_ns(),
	    .site = s->conf.site.name,
	    .key = s->audit_key,
	    .live = {s->passages_refused, s->reads_dropped, s->crops_dropped},
	    .last = last,
	};
	struct err e = {0};

	/* What a damaged database had counted comes first. */
	if (!s->db || s->left_behind)
		return;
	/* On a full disk it can wait. */
	if (!counters_tick(&s->counters, s->db, &now, &e) && e.code != ERR_NO_SPACE)
		store_trouble(s, &e);
}

static void count_refused(struct store *s, struct wire_status *out)
{
	int64_t written;

	if (db_state_get(s->db, "pulls_refused", &written, NULL))
		role_count(out, "pulls_refused", written + store_requests_refused(s));
}

static void count_outbox(struct store *s, struct wire_status *out)
{
	struct outbox_counts n;
	int64_t ms;

	if (outbox_count(s->db, &n, NULL)) {
		role_count(out, "hits_pending", n.pending);
		role_count(out, "hits_acknowledged", n.acknowledged);
		role_count(out, "hits_refused", n.refused);
	}
	if (outbox_latency(s->db, &ms, NULL) && ms >= 0)
		role_count(out, "latency_ms", ms);
}

static void count_ring(struct store *s, struct wire_status *out)
{
	struct audit_head head;
	struct ring_size size;
	int64_t bytes;

	role_count(out, "periods", (int64_t)s->keys.n);
	if (audit_head(s->db, &head, NULL))
		role_count(out, "audit_records", head.seq);
	if (ring_measure(s->db, &size, NULL)) {
		role_count(out, "db_bytes", size.file_bytes);
		if (size.oldest_ns)
			role_count(out, "oldest_s",
				   (s->clock.k.ring_ns - size.oldest_ns) / NS_PER_S);
	}
	if (space_free(&s->space, &bytes, NULL))
		role_count(out, "free_bytes", bytes);
}

static void count_list(struct store *s, struct wire_status *out, int64_t wall_ns)
{
	const struct bundle_info *i;

	if (!s->list.b)
		return;
	i = bundle_info(s->list.b);
	role_count(out, "list_version", (int64_t)i->version);
	role_count(out, "list_entries", i->entries);
	role_count(out, "list_age_s", (wall_ns - i->issued_ns) / NS_PER_S);
}

static void state(struct wire_status *out, const char *word, const char *detail)
{
	(void)snprintf(out->state, sizeof out->state, "%s", word);
	(void)snprintf(out->detail, sizeof out->detail, "%s", detail);
}

static bool recent(int64_t mono_ns)
{
	return mono_ns != 0 && clock_mono_ns() - mono_ns < RECENT_NS;
}

/* The worst comes first: one word for all. */
static void judge(struct store *s, struct wire_status *out, int64_t wall_ns)
{
	char text[160], words[ELAPSED_WORDS];
	int64_t bytes;

	if (!space_free(&s->space, &bytes, NULL))
		bytes = INT64_MAX;
	if (!s->db || recent(s->fault_mono_ns)) {
		state(out, "fault", s->fault);
	} else if (!s->keys.keystore) {
		(void)snprintf(text, sizeof text, "%.120s: reads are not kept, hits go out",
			       s->keys.fault);
		state(out, "key", text);
	} else if (recent(s->full_mono_ns)) {
		state(out, "disk-full", "the disk is full: oldest reads make room, hits are kept");
	} else if (bytes < s->conf.ring.min_free_bytes) {
		state(out, "disk-full",
		      "less than min_free_bytes is free: the ring no longer grows");
	} else if (!s->list.b) {
		(void)snprintf(text, sizeof text, "no hotlist: %.140s",
			       list_arriving(&s->list) ? "one is being checked" : s->list.why);
		state(out, "no-hotlist", text);
	} else if (list_stale(&s->list, elapsed_wall(&s->clock, wall_ns))) {
		state(out, "stale",
		      "the hotlist is older than its maximum age, or issued ahead of this clock: "
		      "no alerts");
	} else if (s->clock.doubtful) {
		state(out, "clock", elapsed_words(&s->clock, words));
	} else {
		state(out, "ok", s->list.why[0] ? s->list.why : store_requests_fault(s));
	}
}

/* What something worse would hide: nobody is to find out about a clock last of all. */
static void add_clock(const struct store *s, struct wire_status *out)
{
	char words[ELAPSED_WORDS];
	size_t len = strlen(out->detail);

	if (s->clock.doubtful && strcmp(out->state, "clock") != 0)
		(void)snprintf(out->detail + len, sizeof out->detail - len, "; %s",
			       elapsed_words(&s->clock, words));
}

void store_status(void *arg, struct wire_status *out)
{
	struct store *s = arg;
	int64_t wall = store_now(s);

	judge(s, out, wall);
	add_clock(s, out);
	if (s->db) {
		count_lasting(s, out);
		count_refused(s, out);
		count_outbox(s, out);
		count_ring(s, out);
	}
	count_list(s, out, wall);
	role_count(out, "repeats", s->repeats);
	role_count(out, "passages_refused", s->passages_refused);
	role_count(out, "reads_dropped", s->reads_dropped);
	role_count(out, "crops_dropped", s->crops_dropped);
	role_count(out, "waiting", s->n_waiting);
}
