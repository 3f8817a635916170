/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role's part of evidence requests: one is answered at a time, in slices between passages; of
 * each sender one waits. The rooms decide (request.h, pulls.h) and make the answer (archive.h).
 * Verdicts come the same way (verdicts.c).
 */
#include "firmware/store/store.h"

#include "board/board.h"
#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/base/log.h"
#include "firmware/store/pulls.h"
#include "firmware/store/verdict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_NS (5 * NS_PER_MS) /* an answer is worked on for so long, */
#define AGAIN_NS NS_PER_MS	 /* and then again at once, but for messages: they come first */
#define TEND_NS	 (60 * NS_PER_S) /* between looks at what can be forgotten */
#define TRIES	 3		 /* when what was found is purged before it is sealed */
/* To look at a request takes milliseconds, whoever sends it: so many of a sender at once, and one
 * more every so often. */
#define LOOKS	 32
#define LOOK_NS	 (250 * NS_PER_MS)

#define AUTO_UNMAP CLEANUP(gift_unmap)

static const enum wire_role senders[] = {WIRE_UPLINK, WIRE_CONTROL};
#define SENDERS (sizeof senders / sizeof senders[0])

struct looks {
	int left;
	int64_t mono_ns; /* until when they were granted */
};

struct asked { /* what one of them waits for */
	bool there;
	uint64_t id;
	int fd;	    /* its request, while it waits for its turn; else -1 */
	bool ready; /* the answer is, and could not be sent yet: */
	int sealed; /* -1: there is only a reason */
	char why[sizeof((struct wire_request_done *)NULL)->why];
};

struct store_requests {
	struct identity_authorities *ca; /* NULL: no request is answered */
	char fault[160];		 /* why, if it was to be there */
	struct asked asked[SENDERS];
	struct pulls_noise noise;
	struct looks looks[SENDERS];
	int64_t tend_mono_ns, said_mono_ns;
	/* under way, for asked[of] */
	bool busy, timed;
	int timer;
	size_t of;
	struct gift gift;
	struct identity *who;
	struct crypt_key *to;
	struct request request;
	uint8_t digest[CRYPT_SHA256_SIZE];
	struct archive *archive; /* NULL: not begun */
	bool composed;
	int tries;
};

/* --- answering -----------------------------------------------------------------------------------
 */

static void send_ready(struct store *s, size_t of)
{
	struct asked *a = &s->requests->asked[of];
	struct wire_request_done m = {.request = a->id, .sealed = a->sealed >= 0};
	struct err e = {0};

	wire_start(&m.h, WIRE_REQUEST_DONE, sizeof m);
	memcpy(m.why, a->why, sizeof m.why);
	if (!role_send(s->env.role, senders[of], &m.h, &a->sealed, a->sealed >= 0, &e) &&
	    e.code == ERR_AGAIN)
		return; /* its queue is full: with the next tick */
	if (a->sealed >= 0)
		(void)close(a->sealed);
	*a = (struct asked){.fd = -1, .sealed = -1};
}

/* `sealed` is taken over; -1: `why`. */
static void answer(struct store *s, size_t of, int sealed, const char *why)
{
	struct asked *a = &s->requests->asked[of];

	if (a->fd >= 0)
		(void)close(a->fd);
	a->fd = -1;
	a->ready = true;
	a->sealed = sealed;
	(void)snprintf(a->why, sizeof a->why, "%s", why);
	send_ready(s, of);
}

/* What was under way is over, whether it is answered or not. */
static void put_down(struct store *s)
{
	struct store_requests *r = s->requests;

	archive_free(r->archive);
	r->archive = NULL;
	r->composed = false;
	r->tries = 0;
	crypt_key_free(r->to);
	r->to = NULL;
	identity_free(r->who);
	r->who = NULL;
	gift_unmap(&r->gift);
	explicit_bzero(&r->request, sizeof r->request);
	r->busy = false;
}

static struct pulls_now now_of(struct store *s)
{
	int64_t wall = store_now(s);

	return (struct pulls_now){elapsed_wall(&s->clock, wall), s->clock.k.ring_ns};
}

static struct pulls_note note_of(const struct store_requests *r, const char *outcome,
				 const char *why)
{
	return (struct pulls_note){
	    .subject = r->who ? identity_subject(r->who) : NULL,
	    .serial = r->who ? identity_serial(r->who) : NULL,
	    .request = &r->request,
	    .digest = r->digest,
	    .way = wire_role_name(senders[r->of]),
	    .outcome = outcome,
	    .why = why,
	};
}

static void refuse(struct store *s, const char *why)
{
	struct store_requests *r = s->requests;
	const struct pulls_note n = note_of(r, "refused", why);
	const struct pulls_now now = now_of(s);
	int64_t noise = r->noise.n, mono = clock_mono_ns();
	struct err e = {0};

	if (s->db && !pulls_refuse(s->db, &r->noise, &n, &now, &e))
		store_trouble(s, &e);
	/* What is not worth a record is not worth many lines. */
	if (r->noise.n == noise || !r->said_mono_ns || mono - r->said_mono_ns > TEND_NS) {
		log_line(LOG_NOTICE, "a request for evidence is refused: %s", why);
		r->said_mono_ns = mono;
	}
	answer(s, r->of, -1, why);
	put_down(s);
}

static void fail(struct store *s, const struct err *why, bool again)
{
	static const char words[] = "the box could not make the answer";
	struct store_requests *r = s->requests;
	const struct pulls_note n =
	    note_of(r, "failed", again ? "reads have gone meanwhile: looked for again" : words);
	struct err e = {0};

	log_line(LOG_ERROR, "a request for evidence: %s", why->text);
	if (why->code == ERR_FORMAT || why->code == ERR_NO_SPACE)
		store_trouble(s, why);
	if (s->db && !pulls_record(s->db, &n, clock_utc_ns(), NULL, &e))
		store_trouble(s, &e);
	if (again)
		return;
	answer(s, r->of, -1, words);
	put_down(s);
}

/* --- making the answer ---------------------------------------------------------------------------
 */

static const char *clock_words(const struct store *s)
{
	return s->clock.synchronised
		   ? "synchronised"
		   : "not synchronised; it shows what has elapsed since it was believed";
}

static int64_t floor_of(const struct store *s)
{
	return period_due(s->clock.k.ring_ns, s->upkeep.limits.retention_ns);
}

static bool begin_archive(struct store *s, struct err *e)
{
	struct store_requests *r = s->requests;
	const struct request *q = &r->request;
	struct archive_about about = {
	    .request = q,
	    .jws = (const char *)r->gift.data,
	    .jws_len = r->gift.len,
	    .digest = r->digest,
	    .subject = identity_subject(r->who),
	    .serial = identity_serial(r->who),
	    .to = r->to,
	    .signer = s->audit_key,
	    .site = &s->conf.site,
	    .board = board.name,
	    .now_ns = store_now(s),
	    .clock = clock_words(s),
	    .list_version = list_version(&s->list),
	    .retention_days = s->conf.ring.retention_days,
	    .max_bytes = (size_t)s->conf.evidence.max_bytes,
	};
	struct lookup_want want = {.window = q->has_window,
				   .from_ns = q->from_ns,
				   .to_ns = q->to_ns,
				   .floor_ns = floor_of(s),
				   .offset_ns = lookup_offset(&s->clock)};

	_Static_assert(sizeof want.plate == sizeof q->plate, "a plate");
	memcpy(want.plate, q->plate, sizeof want.plate);
	archive_free(r->archive);
	r->composed = false;
	return archive_begin(&about, &want, &r->archive, e);
}

/* What is in it is known: that goes into the chain before anything leaves the box. */
static bool compose(struct store *s, struct err *e)
{
	AUTO_FREE struct audit_row *row = calloc(1, sizeof *row);
	struct store_requests *r = s->requests;
	struct pulls_note n = note_of(r, "sealed", NULL);

	if (!row)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	n.counts = archive_count(r->archive);
	if (!pulls_record(s->db, &n, clock_utc_ns(), row, e) ||
	    !archive_compose(r->archive, row, e))
		return false;
	r->composed = true;
	return true;
}

/* A step; *fd >= 0: the answer is made. */
static bool step(struct store *s, int *fd, struct err *e)
{
	struct store_requests *r = s->requests;
	bool done;

	*fd = -1;
	if (!r->archive)
		return begin_archive(s, e);
	if (r->composed)
		return archive_write(r->archive, s->db, &s->keys, floor_of(s), &done, fd, e);
	return archive_gather(r->archive, s->db, &s->keys, &done, e) && (!done || compose(s, e));
}

static void stumble(struct store *s, const struct err *why)
{
	struct store_requests *r = s->requests;
	struct err e = {0};
	bool again = why->code == ERR_AGAIN && r->composed && ++r->tries < TRIES;

	if (why->code == ERR_LIMIT) {
		refuse(s, "the answer would be larger than this box gives: ask for less");
		return;
	}
	fail(s, why, again);
	if (again && r->busy && !begin_archive(s, &e))
		fail(s, &e, false);
}

static void start_next(struct store *s);

static void work(void *arg)
{
	struct store *s = arg;
	struct store_requests *r = s->requests;
	int64_t end = clock_mono_ns() + SLICE_NS;
	struct err e = {0};
	int fd = -1;

	while (r->busy && fd < 0 && clock_mono_ns() < end) {
		(void)store_now(s);
		if (!s->db) {
			(void)err_set(&e, ERR_IO, "the database is not there");
			fail(s, &e, false);
		} else if (!step(s, &fd, &e)) {
			stumble(s, &e);
			e = (struct err){0};
		}
	}
	if (fd >= 0) {
		answer(s, r->of, fd, "");
		put_down(s);
	}
	if (!r->busy)
		start_next(s);
	if (!r->busy && r->timed) {
		loop_cancel(s->env.loop, r->timer);
		r->timed = false;
	}
}

/* --- taking a request up -------------------------------------------------------------------------
 */

/* Who it is for the count of an hour: the serial number names a certificate of the authority. */
static bool name_requester(const struct identity *who, uint8_t out[CRYPT_SHA256_SIZE],
			   struct err *e)
{
	char text[400];
	int n = snprintf(text, sizeof text, "%s/%s", identity_serial(who), identity_subject(who));

	return crypt_sha256(text, (size_t)n, out, e);
}

/* A proven request: may it be answered, and by this box as it is now? */
static bool judge(struct store *s, const struct pulls_now *now, struct err *e)
{
	struct store_requests *r = s->requests;
	uint8_t requester[CRYPT_SHA256_SIZE];

	if (!pulls_judge(&r->request, &s->conf, now, e))
		return false;
	if (s->clock.doubtful)
		return err_set(e, ERR_POLICY, "the clock of the box is in doubt");
	if (s->left_behind)
		return err_set(e, ERR_POLICY,
			       "the box's database was damaged, and is not taken over yet");
	if (!s->keys.keystore || !s->keys.loaded)
		return err_set(e, ERR_POLICY, "the box has no keystore to open reads with");
	if (!s->audit_key)
		return err_set(e, ERR_POLICY, "the box has no key to sign with");
	return identity_key(r->who, &r->to, e) && name_requester(r->who, requester, e) &&
	       pulls_take(s->db, &r->request, requester, &s->conf.evidence, now, e);
}

static bool may_look(struct looks *l)
{
	int64_t now = clock_mono_ns(), more = (now - l->mono_ns) / LOOK_NS;

	if (more > 0) {
		l->left = more < LOOKS - l->left ? l->left + (int)more : LOOKS;
		l->mono_ns = now;
	}
	if (l->left == 0)
		return false;
	l->left--;
	return true;
}

static bool read_request(struct store *s, struct err *e)
{
	struct store_requests *r = s->requests;
	struct asked *a = &r->asked[r->of];

	if (!r->ca)
		return err_set(e, ERR_POLICY, "this box answers no requests for evidence%s",
			       r->fault[0] ? ": its authorities could not be read" : "");
	if (!may_look(&r->looks[r->of]))
		return err_set(e, ERR_POLICY, "too many requests at once");
	return gift_map(a->fd, WIRE_REQUEST_MAX, &r->gift, e) &&
	       crypt_sha256(r->gift.data, r->gift.len, r->digest, e);
}

static bool open_request(const struct pulls_now *now, struct store_requests *r, struct err *e)
{
	return request_open((const char *)r->gift.data, r->gift.len, r->ca, now->wall_ns, &r->who,
			    &r->request, e);
}

/* What comes the way of requests may be a verdict, which is taken at once. */
static bool is_verdict(struct store *s)
{
	struct store_requests *r = s->requests;
	const struct store_verdict in = {r->ca, (const char *)r->gift.data, r->gift.len, r->digest};
	struct err e = {0};
	int fd;

	if (!verdict_is(in.text, in.len))
		return false;
	if (store_verdict(s, &in, &fd, &e))
		answer(s, r->of, fd, "");
	else
		answer(s, r->of, -1, e.text);
	put_down(s);
	return true;
}

static void take_up(struct store *s, size_t of)
{
	struct store_requests *r = s->requests;
	const struct pulls_now now = now_of(s);
	struct err e = {0};

	r->busy = true;
	r->of = of;
	memset(r->digest, 0, sizeof r->digest);
	if (!s->db)
		(void)err_set(&e, ERR_POLICY, "the box has no database to look into");
	else if (read_request(s, &e) && is_verdict(s))
		return;
	else if (e.code == ERR_NONE && open_request(&now, r, &e) && judge(s, &now, &e))
		log_line(LOG_NOTICE, "a request for evidence is taken up");
	if (e.code == ERR_NONE)
		return;
	/* What the request is refused for; or what the box cannot do. */
	if (e.code == ERR_POLICY || e.code == ERR_FORMAT || e.code == ERR_SIGNATURE ||
	    e.code == ERR_LIMIT || e.code == ERR_PEER)
		refuse(s, e.text);
	else
		fail(s, &e, false);
}

static void start_next(struct store *s)
{
	struct store_requests *r = s->requests;

	for (size_t i = 0; i < SENDERS && !r->busy; i++)
		if (r->asked[i].there && !r->asked[i].ready && r->asked[i].fd >= 0)
			take_up(s, i);
}

static void start(struct store *s)
{
	struct store_requests *r = s->requests;

	if (!r->busy)
		start_next(s);
	if (!r->busy || r->timed)
		return;
	r->timer = loop_timer(s->env.loop, AGAIN_NS, AGAIN_NS, work, s);
	r->timed = r->timer >= 0; /* if none is left, tick does it, slowly */
}

static size_t sender_of(enum wire_role peer)
{
	size_t i = 0;

	while (i < SENDERS && senders[i] != peer)
		i++;
	return i;
}

bool store_request(struct store *s, enum wire_role peer, const struct wire_request *m, int fd,
		   struct err *e)
{
	size_t of = sender_of(peer);
	struct asked *a = &s->requests->asked[of < SENDERS ? of : 0];

	if (of == SENDERS)
		return err_set(e, ERR_PEER, "a request for evidence from %s", wire_role_name(peer));
	if (a->there)
		return err_set(e, ERR_PEER, "a second request for evidence from %s",
			       wire_role_name(peer));
	*a = (struct asked){.there = true, .id = m->request, .sealed = -1};
	a->fd = dup(fd);
	if (a->fd < 0 || s->stopping) {
		answer(s, of, -1, a->fd < 0 ? "the box is short of room" : "the box is stopping");
		return true;
	}
	start(s);
	return true;
}

/* --- the role ------------------------------------------------------------------------------------
 */

bool store_requests_open(struct store *s, struct err *e)
{
	struct store_requests *r = calloc(1, sizeof *r);
	struct err why = {0};

	if (!r)
		return err_set(e, ERR_NO_MEMORY, "evidence: no memory");
	s->requests = r;
	for (size_t i = 0; i < SENDERS; i++) {
		r->asked[i] = (struct asked){.fd = -1, .sealed = -1};
		r->looks[i] = (struct looks){LOOKS, clock_mono_ns()};
	}
	/* A box without them reads plates all the same. */
	if (s->conf.evidence.ca[0] &&
	    !identity_authorities_load(s->conf.evidence.ca, &r->ca, &why)) {
		(void)snprintf(r->fault, sizeof r->fault, "[evidence] ca: %.140s", why.text);
		log_line(LOG_ERROR, "%s: no request for evidence is answered", r->fault);
	}
	return true;
}

void store_requests_close(struct store *s)
{
	struct store_requests *r = s->requests;

	if (!r)
		return;
	put_down(s);
	for (size_t i = 0; i < SENDERS; i++) {
		if (r->asked[i].fd >= 0)
			(void)close(r->asked[i].fd);
		if (r->asked[i].sealed >= 0)
			(void)close(r->asked[i].sealed);
	}
	identity_authorities_free(r->ca);
	free(r);
	s->requests = NULL;
}

void store_requests_connected(struct store *s, enum wire_role peer)
{
	struct store_requests *r = s->requests;
	size_t of = sender_of(peer);

	if (of == SENDERS)
		return;
	/* It has forgotten what it asked for. */
	if (r->busy && r->of == of)
		put_down(s);
	if (r->asked[of].fd >= 0)
		(void)close(r->asked[of].fd);
	if (r->asked[of].sealed >= 0)
		(void)close(r->asked[of].sealed);
	r->asked[of] = (struct asked){.fd = -1, .sealed = -1};
	start(s);
}

void store_requests_tick(struct store *s, bool last)
{
	struct store_requests *r = s->requests;
	const struct pulls_now now = now_of(s);
	int64_t mono = clock_mono_ns();
	struct err e = {0};

	for (size_t i = 0; i < SENDERS; i++)
		if (r->asked[i].ready)
			send_ready(s, i);
	for (size_t i = 0; last && i < SENDERS; i++)
		if (r->asked[i].there && !r->asked[i].ready)
			answer(s, i, -1, "the box is stopping");
	if (last && r->busy)
		put_down(s);
	if (!r->timed && r->busy)
		work(s);
	if (!s->db || (!last && r->tend_mono_ns && mono - r->tend_mono_ns < TEND_NS))
		return;
	r->tend_mono_ns = mono;
	/* In doubt about the time nothing is forgotten. */
	if ((!s->clock.doubtful && !pulls_forget(s->db, &now, &e)) ||
	    !pulls_tend(s->db, &r->noise, &now, last, &e))
		store_trouble(s, &e);
}

const char *store_requests_fault(const struct store *s)
{
	return s->requests->fault;
}

int64_t store_requests_refused(const struct store *s)
{
	return s->requests->noise.n;
}
