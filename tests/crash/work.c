/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/life.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "tests/crash/posix.h"
#include "tests/crash/rng.h"
#include "tests/unit/lists.h"

#include <inttypes.h>
#include <string.h>

#define VALID_NS      ((LISTS_ISSUED_S + 60) * NS_PER_S) /* the lists never grow stale in a life */
#define PICTURE_MAX   6000
#define PICTURE_LEAST 100
#define TOGETHER      4 /* passages committed together, at most */
#define INDEXED	      8 /* passages whose plates are indexed together */

/* --- passages ------------------------------------------------------------------------------------
 */

static struct wire_passage passage_of(const struct life *l, uint32_t n)
{
	const struct promise *p = &l->book.p[n];
	uint64_t number = n;
	struct wire_passage m = {.pairs = 3, .low_quality = p->low_quality};

	wire_start(&m.h, WIRE_PASSAGE, sizeof m);
	memcpy(m.id, &number, sizeof number);
	m.id[WIRE_ID_SIZE - 1] = 1;
	m.best_ns = m.last_ns = l->wall;
	m.first_ns = l->wall - NS_PER_S;
	if (p->text) {
		(void)snprintf(m.read.text, sizeof m.read.text, p->wanted ? "WANT%02u" : "A%05u",
			       p->wanted ? n % 4 + 1 : n);
		(void)snprintf(m.read.jurisdiction, sizeof m.read.jurisdiction, "MO");
	}
	m.read.confidence = 0.9f;
	m.read.n_alternatives = 1;
	memcpy(m.read.alternatives[0].text, m.read.text, sizeof m.read.text);
	for (size_t i = 0; i < p->angles; i++)
		m.angles[i] = (struct wire_angle){
		    .present = 1, .capture_ns = l->wall, .read = m.read, .frames = 2};
	return m;
}

/* A new passage: what it is like. */
static uint32_t invent(struct life *l)
{
	struct book *b = &l->book;
	struct promise *p = &b->p[b->n];

	*p = (struct promise){.there = NO,
			      .wanted = rng_chance(&l->rng, 20),
			      .low_quality = rng_chance(&l->rng, 8),
			      .angles = rng_chance(&l->rng, 85) ? 2 : 1};
	p->text = p->wanted || rng_chance(&l->rng, 90);
	p->pictures = p->angles;
	return b->n++;
}

static bool taken(struct life *l, uint32_t n, const struct keep_result *r)
{
	struct book *b = &l->book;
	struct promise *p = &b->p[n];
	bool must = p->wanted && !p->low_quality && l->list.b && l->conf.hotlist.cooldown_s == 0;

	if (r->without_crops)
		p->pictures = 0;
	if (must && !r->hit && !b->damaged)
		return life_fault(l, FAULT_HIT_LOST, "passage %u did not ring", n);
	p->there = YES;
	p->hit = r->hit;
	b->order[b->n_order++] = n;
	b->passages++;
	b->reads += p->text;
	b->low_quality += p->low_quality;
	b->hits += p->hit;
	/* Whether a match was silenced only the store knows: its column says so at the next look.
	 */
	b->suppressed += p->wanted && !p->low_quality && l->list.b && !r->hit;
	l->tally->passages++;
	l->tally->hits += p->hit;
	return true;
}

static void send_again(struct life *l, uint32_t n)
{
	if (l->n_unanswered < sizeof l->unanswered / sizeof l->unanswered[0])
		l->unanswered[l->n_unanswered++] = n;
}

bool work_failed(struct life *l, const struct err *why, const char *what)
{
	bool cause = disk_is_off(l->disk) || disk_count(l->disk).faults > 0 ||
		     posix_refused() > 0 || l->book.damaged;

	life_say(l, "%s fails%s: %s", what, disk_is_off(l->disk) ? ", the power is off" : "",
		 why->text);
	if (!cause)
		return life_fault(l, FAULT_DATABASE, "%s fails without a cause: %s", what,
				  why->text);
	if (!disk_is_off(l->disk))
		box_trouble(l, why);
	return !l->said;
}

static bool judge(struct life *l, uint32_t n, enum there before, const struct keep_result *r)
{
	static const char *const said[] = {"accepted", "a repeat", "dropped", "waits"};
	struct promise *p = &l->book.p[n];

	life_say(l, "passage %u: %s%s%s", n, said[r->outcome], r->hit ? ", rings" : "",
		 r->made_room ? ", room was made" : "");
	switch (r->outcome) {
	case KEEP_ACCEPTED:
		if (before == YES && !l->book.damaged)
			return life_fault(l, FAULT_DOUBLED, "passage %u is taken twice", n);
		if (before == YES)
			return true;
		return taken(l, n, r);
	case KEEP_REPEAT:
		if (before == NO && !l->book.damaged)
			return life_fault(l, FAULT_READ_LOST, "passage %u is no repeat", n);
		return true;
	case KEEP_DROPPED:
		if (!l->kind->full)
			return life_fault(l, FAULT_READ_LOST, "passage %u is dropped", n);
		p->there = (uint8_t)before;
		return true;
	case KEEP_WAITS:
	default:
		send_again(l, n);
		return l->kind->full ||
		       life_fault(l, FAULT_HIT_LOST, "the hit of passage %u waits", n);
	}
}

/* A passage that was not taken is not there (until a sync that failed turns out to have been one).
 */
static bool nothing_of(struct life *l, uint32_t n)
{
	struct wire_passage m = passage_of(l, n);
	bool was = posix_pause(true);
	bool has = false, known = l->db && !l->book.damaged && !disk_is_off(l->disk) &&
				  ring_has(l->db, m.id, &has, NULL);

	(void)posix_pause(was);
	return !known || !has ||
	       life_fault(l, FAULT_DOUBLED, "passage %u was not taken and is there", n);
}

/* The passage as it comes in; its pictures lie in `jpeg`. */
static struct intake intake_of(const struct life *l, uint32_t n, uint8_t jpeg[PICTURE_MAX])
{
	static const uint8_t head[3] = {0xff, 0xd8, 0xff};
	struct intake in = {.p = passage_of(l, n)};

	memset(jpeg, (int)n, PICTURE_MAX);
	memcpy(jpeg, head, sizeof head);
	for (size_t i = 0; i < l->book.p[n].angles; i++) {
		size_t len =
		    (size_t)(PICTURE_LEAST + (n * 997 + i * 131) % (PICTURE_MAX - PICTURE_LEAST));

		in.pictures[WIRE_CROP_0 + i] = in.pictures[WIRE_SCENE_0 + i] =
		    (struct ring_picture){jpeg, len};
	}
	return in;
}

static bool give(struct life *l, uint32_t n)
{
	uint8_t jpeg[PICTURE_MAX];
	enum there before = l->book.p[n].there;
	struct intake in = intake_of(l, n, jpeg);
	struct keep k = {l->db, &l->conf, l->list.b, list_coming(&l->list), &l->space, &l->keys};
	struct keep_when when = {l->clock.k.ring_ns, l->wall, VALID_NS};
	struct keep_result r;
	struct err e = {0};

	if (before != YES) {
		l->book.p[n].there = MAYBE;
		l->book.p[n].kept_ns = when.kept_ns;
	}
	book_may_purge(l, 0, l->kind->full ? 64 : 0); /* a full disk costs the oldest first */
	if (keep_passage(&k, &in, &when, &r, &e))
		return judge(l, n, before, &r) &&
		       (!r.made_room || disk_is_off(l->disk) || book_verify(l, false, false));
	if (before != YES) /* purged meanwhile, it would be taken for a new one */
		send_again(l, n);
	return work_failed(l, &e, "a passage") && (before == YES || nothing_of(l, n));
}

/* New ones that come at once, in one commit; when that fails each alone, as the role does. */
static bool give_together(struct life *l, uint32_t many)
{
	static uint8_t jpeg[TOGETHER][PICTURE_MAX];
	uint32_t first = l->book.n;
	struct intake in[TOGETHER];
	struct keep k = {l->db, &l->conf, l->list.b, list_coming(&l->list), &l->space, &l->keys};
	struct keep_when when = {l->clock.k.ring_ns, l->wall, VALID_NS};
	struct keep_result r[TOGETHER];
	struct err e = {0};
	bool good = true;

	for (uint32_t i = 0; i < many; i++) {
		uint32_t n = invent(l);

		in[i] = intake_of(l, n, jpeg[i]);
		l->book.p[n].there = MAYBE;
		l->book.p[n].kept_ns = when.kept_ns;
	}
	book_may_purge(l, 0, 0);
	if (keep_together(&k, in, many, &when, r, &e)) {
		for (uint32_t i = 0; good && i < many; i++)
			good = judge(l, first + i, NO, &r[i]);
		return good;
	}
	life_say(l, "%u passages together: %s", many, e.text);
	for (uint32_t i = 0; good && i < many && l->db && !disk_is_off(l->disk); i++)
		good = give(l, first + i);
	return good;
}

bool work_again(struct life *l)
{
	unsigned n = l->n_unanswered;
	bool good = true;

	for (unsigned i = 0; good && i < n && l->db && !disk_is_off(l->disk); i++)
		good = give(l, l->unanswered[i]);
	if (n > l->n_unanswered)
		n = l->n_unanswered;
	l->n_unanswered -= n;
	memmove(l->unanswered, l->unanswered + n, l->n_unanswered * sizeof l->unanswered[0]);
	return good;
}

static bool pass(struct life *l)
{
	struct book *b = &l->book;

	if (b->n_order > 0 && rng_chance(&l->rng, 8)) {
		uint32_t n =
		    b->order[b->n_order - 1 -
			     (uint32_t)rng_below(&l->rng, b->n_order < 8 ? b->n_order : 8)];

		/* One that is purged would be taken for a new one. */
		if (b->p[n].there == YES)
			return give(l, n);
	}
	if (b->n + TOGETHER <= LIFE_READS && rng_chance(&l->rng, 20))
		return give_together(l, 2 + (uint32_t)rng_below(&l->rng, TOGETHER - 1));
	return b->n == LIFE_READS || give(l, invent(l));
}

/* --- hits ----------------------------------------------------------------------------------------
 */

static bool send_hit(void *arg, const struct wire_hit *m, int fd, struct err *e)
{
	struct life *l = arg;

	(void)fd;
	if (rng_chance(&l->rng, 5))
		return err_set(e, ERR_AGAIN, "not now");
	l->under_way[l->n_under_way++] = m->outbox_id;
	return true;
}

static struct promise *promise_of(struct life *l, int64_t outbox_id)
{
	sqlite3_stmt *st = NULL;
	struct promise *p = NULL;

	if (sqlite3_prepare_v2(db_handle(l->db), "SELECT passage_id FROM outbox WHERE id = ?", -1,
			       &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_int64(st, 1, outbox_id) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
	    sqlite3_column_bytes(st, 0) == WIRE_ID_SIZE) {
		int64_t n = book_number(sqlite3_column_blob(st, 0));

		if (n >= 0)
			p = &l->book.p[n];
	}
	(void)sqlite3_finalize(st);
	return p;
}

static bool answer(struct life *l)
{
	size_t i = (size_t)rng_below(&l->rng, l->n_under_way);
	struct wire_hit_done m = {.outbox_id = l->under_way[i],
				  .outcome = (uint32_t)(1 + rng_below(&l->rng, 3)),
				  .http_status = 200,
				  .ended_ns = l->wall};
	bool was = posix_pause(true);
	struct promise *p = promise_of(l, m.outbox_id);
	int64_t latency;
	struct err e = {0};

	(void)posix_pause(was);
	l->under_way[i] = l->under_way[--l->n_under_way];
	if (!p)
		return true; /* expired under way, or the power is off */
	if (m.outcome != WIRE_LATER && p->answered == OPEN)
		p->answered = MAYBE_ANSWERED;
	l->book.may_grow += 4;
	if (!sender_answer(&l->sender, l->db, &m, l->wall, l->mono, &latency, &e))
		return work_failed(l, &e, "an answer");
	if (m.outcome != WIRE_LATER) {
		l->book.answered += p->answered != ANSWERED;
		p->answered = ANSWERED;
		life_say(l, "hit %" PRId64 " is answered", m.outbox_id);
		l->tally->answered++;
	}
	return true;
}

static bool uplink(struct life *l)
{
	struct err e = {0};

	if (rng_chance(&l->rng, 5)) {
		sender_connected(&l->sender);
		l->n_under_way = 0;
	}
	if (!sender_pump(&l->sender, l->db, &l->keys, l->mono, send_hit, l, &e))
		return work_failed(l, &e, "offering hits");
	return l->n_under_way == 0 || answer(l);
}

/* --- the rest ------------------------------------------------------------------------------------
 */

static bool overdue(struct life *l, int64_t due_ns)
{
	const struct book *b = &l->book;

	for (uint32_t i = 0; i < b->n_order; i++)
		if (b->p[b->order[i]].there == YES && b->p[b->order[i]].kept_ns <= due_ns)
			return life_fault(l, FAULT_PURGED_BACK, "passage %u is overdue",
					  b->order[i]);
	return true;
}

static bool keep_up(struct life *l)
{
	int64_t due = period_due(l->clock.k.ring_ns, l->upkeep.limits.retention_ns);
	struct ring_size size = {0};
	struct err e = {0};
	bool measured = ring_measure(l->db, &size, NULL), more;

	book_may_purge(l, due,
		       !measured || size.used_bytes > l->upkeep.limits.max_bytes ? UPKEEP_STEP : 0);
	if (!upkeep_step(&l->upkeep, l->db, &l->clock, l->wall, &e))
		return work_failed(l, &e, "upkeep") &&
		       (!l->db || l->book.damaged || book_verify(l, false, false));
	/* A life has too few passages for upkeep to index any. */
	if (rng_chance(&l->rng, 50) && !ring_index(l->db, INDEXED, &more, &e))
		return work_failed(l, &e, "the index");
	life_say(l, "upkeep%s", l->upkeep.more ? ", with more to do" : "");
	if (!months_count(l, false, &e))
		return work_failed(l, &e, "counting") && (!l->db || months_verify(l));
	if (disk_is_off(l->disk) || l->book.damaged)
		return true;
	return book_verify(l, false, false) && months_verify(l) &&
	       (l->upkeep.more || overdue(l, due)) && book_keys(l);
}

static bool offer_list(struct life *l)
{
	size_t i = (size_t)rng_below(&l->rng, LIFE_LISTS);
	struct iovec part = {life_list[i], life_list_size[i]};
	AUTO_CLOSE int fd = -1;
	uint64_t before = list_version(&l->list);
	struct err e = {0};

	if (!gift_make("list", &part, 1, &fd, &e))
		return true; /* memory: uplink's, not the store's */
	l->book.may_grow += 4;
	l->tally->lists++;
	if (!list_offer(&l->list, l->db, fd, "\"tag\"", l->wall, &e) && e.code != ERR_POLICY)
		return work_failed(l, &e, "a list");
	if (list_version(&l->list) < before)
		return life_fault(l, FAULT_DATABASE, "the list went back");
	l->book.list_version = (int64_t)list_version(&l->list);
	return true;
}

static bool stop_and_start(struct life *l)
{
	struct err e = {0};

	l->book.may_grow += 4;
	l->tally->stops++;
	if (!box_stop(l, &e))
		return work_failed(l, &e, "the stop");
	box_down(l);
	life_say(l, "stops");
	if (disk_is_off(l->disk))
		return true;
	l->tally->boots++;
	return box_up(l);
}

bool work_step(struct life *l)
{
	static const int64_t pauses_s[] = {1, 1, 1, 5, 30, 120, 3600, 20000};
	int64_t what = rng_below(&l->rng, 100);

	l->steps++;
	l->tally->steps++;
	box_time(l, pauses_s[rng_below(&l->rng, rng_chance(&l->rng, 10) ? 8 : 5)] * NS_PER_S +
			rng_below(&l->rng, NS_PER_S));
	if (!l->db) {
		box_trouble(l, &(struct err){.code = ERR_IO});
		return !l->said;
	}
	if (what < 55)
		return pass(l) && book_noted(l);
	/* An answer is made within seconds. */
	if (what < 58 || (l->pulling.archive && what < 74))
		return pulls_step(l) && book_noted(l);
	if (what < 74)
		return uplink(l) && book_noted(l);
	if (what < 88)
		return keep_up(l) && book_noted(l);
	if (what < 92)
		return offer_list(l) && book_noted(l);
	if (what < 95) {
		db_recycle(l->db);
		return true;
	}
	return what < 97 ? stop_and_start(l) : work_again(l);
}
