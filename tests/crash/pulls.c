/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for evidence. One that was taken up is never taken up again; its record is in the chain
 * before the answer is made; what it finds of a plate is what the ring was given and nothing that
 * is due. The answer itself is made between other steps, so that the power goes meanwhile, what is
 * in it is purged, and the database is put aside.
 */
#include "tests/crash/life.h"

#include "firmware/base/clock.h"
#include "firmware/store/archive.h"
#include "firmware/store/pulls.h"
#include "tests/crash/posix.h"
#include "tests/crash/rng.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define VALID_NS   (3600 * NS_PER_S)
#define ANSWER_MAX (8u << 20)
#define AT_ONCE	   12 /* pieces of an answer written in one step, at most */

static struct crypt_key *requester, *box; /* made once, before anything fails */
static const uint8_t digest[CRYPT_SHA256_SIZE] = {9};
static const struct store_evidence_conf all = {.per_hour = LIFE_REQUESTS};

bool pulls_prepare(struct err *e)
{
	return crypt_key_generate(&requester, e) && crypt_key_generate(&box, e);
}

void pulls_unprepare(void)
{
	crypt_key_free(requester);
	crypt_key_free(box);
}

void pulls_down(struct life *l)
{
	archive_free(l->pulling.archive);
	l->pulling.archive = NULL;
}

/* --- taking up -----------------------------------------------------------------------------------
 */

/* Request number n, as it was always. */
static struct request request_of(const struct pulling *p, uint32_t n)
{
	struct request r = {.expires_ns = p->expires_ns[n],
			    .issued_ns = p->expires_ns[n] - VALID_NS,
			    .case_number = "26-1",
			    .purpose = "homicide"};

	(void)snprintf(r.plate, sizeof r.plate, "WANT%02u", n % 4 + 1);
	(void)snprintf(r.nonce, sizeof r.nonce, "nonce-%016" PRIu32, n);
	return r;
}

static struct pulls_now now_of(const struct life *l)
{
	return (struct pulls_now){l->wall, l->clock.k.ring_ns};
}

static bool take(struct life *l, uint32_t n, bool *taken)
{
	struct pulling *p = &l->pulling;
	const struct request r = request_of(p, n);
	const struct pulls_now now = now_of(l);
	enum there before = p->taken[n];
	struct err e = {0};

	*taken = false;
	if (before == NO)
		p->taken[n] = MAYBE;
	if (pulls_take(l->db, &r, digest, &all, &now, &e)) {
		p->taken[n] = YES;
		*taken = true;
		return before != YES || l->book.damaged ||
		       life_fault(l, FAULT_DOUBLED, "request %u is taken up twice", n);
	}
	if (e.code != ERR_POLICY)
		return work_failed(l, &e, "taking a request up");
	/* Put aside before the first read, it is no fault that was noted. */
	if (before == NO && !l->book.damaged && !strstr(e.text, "database was damaged"))
		return life_fault(l, FAULT_DATABASE, "request %u is refused: %s", n, e.text);
	p->taken[n] = YES;
	return true;
}

static bool again(struct life *l)
{
	uint32_t n = (uint32_t)rng_below(&l->rng, l->pulling.n);
	bool taken;

	/* One that may have got there is what its requester would send once more. */
	return take(l, n, &taken);
}

static bool forget(struct life *l)
{
	const struct pulls_now now = now_of(l);
	struct pulls_noise noise = {.n = 3};
	struct err e = {0};

	l->book.may_grow++;
	return (pulls_forget(l->db, &now, &e) && pulls_tend(l->db, &noise, &now, false, &e)) ||
	       work_failed(l, &e, "forgetting requests");
}

/* --- answering -----------------------------------------------------------------------------------
 */

/* What is in it is what the ring was given: those of the plate, none that is due. */
static bool judge(struct life *l, const struct request *r, int64_t floor_ns)
{
	const struct archive_counts n = archive_count(l->pulling.archive);
	const struct book *b = &l->book;
	int64_t least = 0, most = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct promise *p = &b->p[i];
		char plate[8];

		(void)snprintf(plate, sizeof plate, "WANT%02u", i % 4 + 1);
		if (!p->wanted || !p->text || p->kept_ns <= floor_ns ||
		    strcmp(plate, r->plate) != 0)
			continue;
		least += p->there == YES;
		most += p->there == YES || p->there == MAYBE;
	}
	if (b->damaged)
		return true;
	if (n.reads < least || n.damaged > 0)
		return life_fault(l, FAULT_READ_LOST,
				  "a pull finds %" PRId64 " reads of %" PRId64 ", %" PRId64
				  " damaged",
				  n.reads, least, n.damaged);
	return n.reads <= most ||
	       life_fault(l, FAULT_PURGED_BACK, "a pull finds %" PRId64 " reads of %" PRId64,
			  n.reads, most);
}

static bool gather(struct life *l, int64_t floor_ns, struct err *e)
{
	struct pulling *p = &l->pulling;
	struct archive_about about = {.request = &p->request,
				      .jws = "a.b.c",
				      .jws_len = 5,
				      .digest = digest,
				      .subject = "CN=custodian",
				      .serial = "01",
				      .to = requester,
				      .signer = box,
				      .site = &l->conf.site,
				      .board = "crash",
				      .now_ns = l->wall,
				      .clock = "simulated",
				      .retention_days = 1,
				      .max_bytes = ANSWER_MAX};
	struct lookup_want want = {.floor_ns = floor_ns, .offset_ns = lookup_offset(&l->clock)};
	bool done = false;

	memcpy(want.plate, p->request.plate, sizeof want.plate);
	if (!archive_begin(&about, &want, &p->archive, e))
		return false;
	while (!done)
		if (!archive_gather(p->archive, l->db, &l->keys, &done, e))
			return false;
	return true;
}

static bool seal(struct life *l, struct err *e)
{
	struct pulling *p = &l->pulling;
	AUTO_FREE struct audit_row *row = calloc(1, sizeof *row);
	struct pulls_note note = {.subject = "CN=custodian",
				  .serial = "01",
				  .request = &p->request,
				  .digest = digest,
				  .way = "control",
				  .outcome = "sealed",
				  .counts = archive_count(p->archive)};

	if (!row)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	l->book.may_grow++;
	p->tried++;
	if (!pulls_record(l->db, &note, l->wall, row, e))
		return false;
	p->sealed++;
	return archive_compose(p->archive, row, e);
}

static bool begin(struct life *l)
{
	struct pulling *p = &l->pulling;
	int64_t floor_ns = period_due(l->clock.k.ring_ns, l->upkeep.limits.retention_ns);
	uint32_t n = p->n;
	struct err e = {0};
	bool taken;

	if (n == LIFE_REQUESTS)
		return true;
	p->n++;
	p->taken[n] = NO;
	p->expires_ns[n] = l->wall + VALID_NS;
	p->request = request_of(p, n);
	if (!take(l, n, &taken) || !taken || !book_verify(l, false, false))
		return !l->said;
	if (!l->db || disk_is_off(l->disk))
		return true;
	life_say(l, "request %u is taken up", n);
	if (gather(l, floor_ns, &e) && !judge(l, &p->request, floor_ns))
		return false;
	if (e.code == ERR_NONE && seal(l, &e))
		return true;
	pulls_down(l);
	return work_failed(l, &e, "a pull");
}

/* Some of the answer; it is thrown away when it is done. */
static bool go_on(struct life *l)
{
	struct pulling *p = &l->pulling;
	int64_t floor_ns = period_due(l->clock.k.ring_ns, l->upkeep.limits.retention_ns);
	struct err e = {0};
	bool done = false;
	int fd = -1;

	for (int64_t i = 1 + rng_below(&l->rng, AT_ONCE); i > 0 && !done; i--) {
		if (archive_write(p->archive, l->db, &l->keys, floor_ns, &done, &fd, &e))
			continue;
		pulls_down(l);
		life_say(l, "an answer is given up: %s", e.text);
		return e.code == ERR_AGAIN || work_failed(l, &e, "an answer to a request");
	}
	if (!done)
		return true;
	(void)close(fd);
	pulls_down(l);
	l->tally->pulls++;
	life_say(l, "an answer leaves");
	return true;
}

bool pulls_step(struct life *l)
{
	if (l->pulling.archive)
		return go_on(l);
	if (l->pulling.n > 0 && rng_chance(&l->rng, 30))
		return again(l);
	return rng_chance(&l->rng, 10) ? forget(l) : begin(l);
}

bool pulls_verify(struct life *l)
{
	const struct pulling *p = &l->pulling;
	int64_t records, counted;

	if (!l->db || disk_is_off(l->disk) || l->book.damaged)
		return true;
	records = book_ask(l, "SELECT count(*) FROM audit WHERE what = 'evidence'"
			      " AND outcome = 'sealed'");
	counted = book_ask(l, "SELECT coalesce(sum(value), 0) FROM state WHERE name = 'pulls'");
	if (records < 0 || counted < 0) /* damaged afresh: the next operation says so */
		return true;
	if (records < p->sealed || records > p->tried)
		return life_fault(l, FAULT_CHAIN, "%" PRId64 " records of %" PRId64 " answers",
				  records, p->sealed);
	return records == counted ||
	       life_fault(l, FAULT_COUNTERS, "%" PRId64 " pulls, and %" PRId64 " records", counted,
			  records);
}
