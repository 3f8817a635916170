/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/evidence.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/crypt.h"
#include "firmware/base/log.h"
#include "firmware/base/utf8.h"
#include "firmware/uplink/uplink.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define PART  (256u << 10) /* of an answer at a time: hits, heartbeats and lists go in between */
#define APART NS_PER_S	   /* between an answer and the question for the next request */
#define GRACE_NS                                                                                   \
	(200 * NS_PER_MS) /* for a transfer under way when a hit waits, as heartbeat.c gives one   \
			   */
#define STORE_NS                                                                                   \
	(120 * NS_PER_S) /* for the store to answer; then the RTCC is told that it did not */
#define RETELL_NS (50 * NS_PER_MS) /* until a store that had no room is given a request again */
#define GIVEN_MAX 2u /* times, to one store after another: what ends each is not given to more */
#define DIGITS	  12 /* of a request's digest in a log line */

static int64_t interval_ns(const struct uplink *u)
{
	double s = u->conf.evidence_poll_s < 0.1 ? 0.1 : u->conf.evidence_poll_s;

	return (int64_t)(s * (double)NS_PER_S);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void evidence_open(struct uplink *u)
{
	u->evidence.backoff = u->backoff;
}

/* --- what is in hand
 * ------------------------------------------------------------------------------------- */

/* The request has come to its end. It is remembered, so that it is not asked twice. */
static void drop(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;

	memcpy(v->known[v->n_known++ % EVIDENCE_KNOWN], v->digest, sizeof v->digest);
	gift_unmap(&v->answer);
	free(v->problem);
	v->problem = NULL;
	v->have = EVIDENCE_NOTHING;
}

static bool known(const struct uplink_evidence *v, const char digest[EVIDENCE_DIGEST_SIZE])
{
	for (size_t i = 0; i < EVIDENCE_KNOWN; i++)
		if (memcmp(v->known[i], digest, EVIDENCE_DIGEST_SIZE) == 0)
			return true;
	return false;
}

/* What the RTCC gets instead of an answer (RFC 9457). */
static char *problem_document(const char *why)
{
	cJSON *o = cJSON_CreateObject();
	char *text = NULL;

	if (o && cJSON_AddStringToObject(o, "type", "urn:alpr:problem:evidence") &&
	    cJSON_AddStringToObject(o, "title", "no evidence is given") &&
	    cJSON_AddStringToObject(o, "detail", why))
		text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

/* There is something for the RTCC. */
static void ready(struct uplink_evidence *v)
{
	v->have = EVIDENCE_ANSWERED;
	v->sent = 0;
	v->retry_ns = 0;
	v->ready_ns = clock_mono_ns();
}

/* There is no answer, and the RTCC shall hear why. */
static void report(struct uplink *u, const char *why)
{
	struct uplink_evidence *v = &u->evidence;
	char clean[WHY_SIZE];

	(void)snprintf(clean, sizeof clean, "%s", why);
	utf8_clean(clean);
	log_line(LOG_NOTICE, "evidence request %.*s: %s", DIGITS, v->digest, clean);
	gift_unmap(&v->answer);
	free(v->problem);
	v->problem = problem_document(clean);
	ready(v);
	if (!v->problem)
		drop(u); /* no memory: who asked hears nothing, and asks again */
}

/* --- the store
 * ------------------------------------------------------------------------------------------- */

static void give(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;
	struct wire_request m = {.request = v->number + 1};
	struct iovec part = {.iov_base = v->request.data, .iov_len = v->request.len};
	AUTO_CLOSE int fd = -1;
	struct err e = {0};

	wire_start(&m.h, WIRE_REQUEST, sizeof m);
	v->give_ns = clock_mono_ns() + RETELL_NS;
	if (!gift_make("request", &part, 1, &fd, &e)) {
		report(u, "this box has no memory for a request");
		return;
	}
	if (!role_send(u->role, WIRE_STORE, &m.h, &fd, 1, &e)) {
		v->store_there = e.code == ERR_AGAIN; /* busy; or gone, until it is back */
		return;
	}
	v->number++;
	v->given++;
	v->given_ns = clock_mono_ns();
	v->have = EVIDENCE_AT_STORE;
}

int64_t evidence_tends(const struct uplink *u)
{
	const struct uplink_evidence *v = &u->evidence;

	if (v->have == EVIDENCE_REQUEST)
		return v->store_there ? v->give_ns : INT64_MAX;
	return v->have == EVIDENCE_AT_STORE ? v->given_ns + STORE_NS : INT64_MAX;
}

void evidence_tend(struct uplink *u)
{
	if (u->evidence.have == EVIDENCE_REQUEST)
		give(u);
	else
		report(u, "the store gave no answer in time");
}

void evidence_store_is_back(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;

	v->store_there = true;
	v->give_ns = 0;
	if (v->have != EVIDENCE_AT_STORE)
		return;
	v->have = EVIDENCE_REQUEST;
	if (v->given >= GIVEN_MAX)
		report(u, "the store was started anew while it was answering");
}

bool evidence_done(struct uplink *u, const struct wire_request_done *m, int fd, struct err *e)
{
	struct uplink_evidence *v = &u->evidence;
	char why[sizeof m->why];
	struct err bad = {0};

	_Static_assert(sizeof m->why <= WHY_SIZE, "a reason of the store's");
	if (v->have != EVIDENCE_AT_STORE || m->request != v->number)
		return err_set(e, ERR_PEER, "evidence: an answer that nobody waits for");
	if ((m->sealed == 1) != (fd >= 0))
		return err_set(e, ERR_PEER, "evidence: an answer that is none");
	memcpy(why, m->why, sizeof why);
	wire_terminate(why, sizeof why);
	if (fd < 0) {
		report(u, why[0] ? why : "no reason given");
	} else if (!gift_map(fd, WIRE_SEALED_MAX, &v->answer, &bad) || v->answer.len == 0) {
		log_line(LOG_ERROR, "evidence: %s", bad.text[0] ? bad.text : "gift: empty");
		report(u, "the store's answer is none");
	} else {
		ready(v);
	}
	return true;
}

/* --- the RTCC: requests
 * ---------------------------------------------------------------------------------- */

static void account(struct uplink *u, const struct ending *end, const struct answer *a,
		    int64_t longest_ns)
{
	struct uplink_evidence *v = &u->evidence;
	int64_t wait;

	uplink_count(u, end, a, &u->n.bytes_sent_evidence);
	if (a->failure != FAILURE_NONE && strcmp(a->words, v->last.words) != 0)
		log_line(LOG_WARNING, "evidence: %s", a->words);
	v->last = *a;
	v->contacted = true;
	v->retry_ns = 0;
	if (a->failure == FAILURE_NONE) {
		backoff_clear(&v->backoff);
		return;
	}
	wait = uplink_back_off(&v->backoff, end->retry_after_s);
	v->retry_ns = clock_mono_ns() + (wait < longest_ns ? wait : longest_ns);
}

static bool name_request(struct uplink_evidence *v)
{
	uint8_t hash[CRYPT_SHA256_SIZE];

	if (!crypt_sha256(v->request.data, v->request.len, hash, NULL))
		return false;
	for (size_t i = 0; i < sizeof hash; i++)
		(void)snprintf(v->digest + 2 * i, 3, "%02x", hash[i]);
	return true;
}

static void take_request(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;

	if (!name_request(v) || known(v, v->digest))
		return; /* it had its answer, whatever the RTCC has made of that */
	u->n.evidence_requests++;
	v->have = EVIDENCE_REQUEST;
	v->given = 0;
	v->give_ns = 0;
}

static void on_request(void *arg, const struct ending *end)
{
	struct uplink *u = arg;
	struct uplink_evidence *v = &u->evidence;
	struct answer a;

	v->asking = false;
	if (end->status == 200 && v->request.len == 0 && end->code == CURLE_OK)
		answer_odd(&a);
	else
		answer_to_request(end, &a);
	account(u, end, &a, interval_ns(u));
	if (a.outcome == WIRE_ACKNOWLEDGED && end->status == 200)
		take_request(u);
	uplink_next(u);
}

static void ask(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;
	struct err e = {0};

	v->begun_ns = clock_mono_ns();
	v->next_poll_ns = v->begun_ns + interval_ns(u);
	v->asking = true;
	v->request.len = 0;
	u->n.evidence_polls++;
	if (!transfer_request(u->transfer, &v->request, on_request, u, &e)) {
		const struct ending end = {.code = CURLE_OUT_OF_MEMORY};

		on_request(u, &end);
	}
}

/* --- the RTCC: answers
 * ----------------------------------------------------------------------------------- */

static size_t whole_len(const struct uplink_evidence *v)
{
	return v->problem ? strlen(v->problem) : v->answer.len;
}

static size_t part_len(const struct uplink_evidence *v)
{
	size_t left = whole_len(v) - v->sent;

	return v->whole || left < PART ? left : PART;
}

static void taken(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;
	bool sealed = !v->problem;

	log_line(LOG_NOTICE, "evidence request %.*s: %s", DIGITS, v->digest,
		 sealed ? "the RTCC has the answer" : "the RTCC knows why not");
	u->n.evidence_answers += sealed;
	u->n.evidence_problems += !sealed;
	drop(u);
	/* There may be more requests. But one that was refused is followed at leisure: an RTCC that
	 * sends nonsense shall not keep the store busy. */
	if (sealed && v->next_poll_ns > clock_mono_ns() + APART)
		v->next_poll_ns = clock_mono_ns() + APART;
}

static void refused(struct uplink *u, const struct ending *end, const struct answer *a)
{
	struct uplink_evidence *v = &u->evidence;
	char why[WHY_SIZE];
	bool sealed = !v->problem;

	log_line(LOG_WARNING, "evidence request %.*s: %s", DIGITS, v->digest, a->words);
	(void)snprintf(why, sizeof why, "the RTCC takes no answer of %zu bytes", whole_len(v));
	if (sealed && end->status == 413)
		report(u, why);
	else
		drop(u);
}

/* A part has gone out, or all of it. */
static void advance(struct uplink *u, const struct ending *end)
{
	struct uplink_evidence *v = &u->evidence;

	if (v->sent + part_len(v) == whole_len(v)) {
		taken(u);
	} else if (end->status == 202) {
		v->sent += part_len(v);
	} else { /* it believes that this was all: it does not know of parts */
		v->whole = true;
		v->sent = 0;
	}
}

static void on_sent(void *arg, const struct ending *end)
{
	struct uplink *u = arg;
	struct uplink_evidence *v = &u->evidence;
	struct answer a;

	v->sending = false;
	v->ready_ns = clock_mono_ns();
	answer_to_evidence(end, &a);
	account(u, end, &a, INT64_MAX);
	if (a.outcome == WIRE_ACKNOWLEDGED)
		advance(u, end);
	else if (a.outcome == WIRE_REFUSED)
		refused(u, end, &a);
	else if (end->status == 416) /* it has not got what went before */
		v->sent = 0;
	u->n.evidence_retries += a.outcome == WIRE_LATER;
	uplink_next(u);
}

static void send_part(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;
	const struct transfer_part p = {
	    .digest = v->digest,
	    .type = v->problem ? "application/problem+json" : "application/jose",
	    .data = (v->problem ? (const uint8_t *)v->problem : v->answer.data) + v->sent,
	    .len = part_len(v),
	    .first = v->sent,
	    .whole = whole_len(v),
	    /* What is small shall be through soon: others wait. */
	    .timeout_s = part_len(v) > PART ? u->conf.hotlist_timeout_s : u->conf.hit_timeout_s,
	};
	struct err e = {0};

	v->begun_ns = clock_mono_ns();
	v->sending = true;
	if (!transfer_answer(u->transfer, &p, on_sent, u, &e)) {
		const struct ending end = {.code = CURLE_OUT_OF_MEMORY};

		on_sent(u, &end);
	}
}

/* --- when
 * ------------------------------------------------------------------------------------------------
 */

int64_t evidence_answer_due(const struct uplink *u)
{
	const struct uplink_evidence *v = &u->evidence;

	if (v->have != EVIDENCE_ANSWERED || u->stopping)
		return INT64_MAX;
	return later(v->ready_ns, v->retry_ns);
}

int64_t evidence_due(const struct uplink *u)
{
	const struct uplink_evidence *v = &u->evidence;

	if (v->have != EVIDENCE_NOTHING)
		return evidence_answer_due(u);
	/* A request that came when no store is there would be lost. */
	if (u->conf.evidence_poll_s <= 0 || u->stopping || !v->store_there)
		return INT64_MAX;
	return later(v->next_poll_ns, v->retry_ns);
}

void evidence_go_on(struct uplink *u)
{
	if (u->evidence.have == EVIDENCE_ANSWERED)
		send_part(u);
	else
		ask(u);
}

int64_t evidence_yields(const struct uplink *u)
{
	const struct uplink_evidence *v = &u->evidence;

	if ((!v->asking && !v->sending) || hits_waiting(u) == 0)
		return INT64_MAX;
	return later(u->not_before_ns, v->begun_ns + GRACE_NS);
}

void evidence_abort(struct uplink *u)
{
	struct uplink_evidence *v = &u->evidence;

	if (!v->asking && !v->sending)
		return;
	uplink_abort(u, &u->n.bytes_sent_evidence);
	u->n.evidence_cuts++;
	if (v->asking)
		v->next_poll_ns = clock_mono_ns();
	v->asking = v->sending = false;
}

void evidence_close(struct uplink *u)
{
	evidence_abort(u);
	drop(u);
}
