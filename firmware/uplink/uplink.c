/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/uplink.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define DRAIN_NS (4 * NS_PER_S) /* after STOP, for hits in hand */
#define FRESH_NS (5 * NS_PER_S) /* a new hit waits no longer than this for the next attempt */
#define RETELL_NS                                                                                  \
	(50 * NS_PER_MS) /* until the store is offered an answer again that it had no room for */

static int64_t ns(double s)
{
	return (int64_t)(s * (double)NS_PER_S);
}

/* --- what happens when
 * ---------------------------------------------------------------------------------- */

static void on_wake(void *arg)
{
	struct uplink *u = arg;

	u->timer = -1;
	uplink_next(u);
}

static void wake_at(struct uplink *u, int64_t at)
{
	loop_cancel(u->loop, u->timer);
	u->timer = -1;
	if (at != INT64_MAX)
		u->timer = loop_timer(u->loop, at - clock_mono_ns(), 0, on_wake, u);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool drained(const struct uplink *u)
{
	return u->stopping && (u->n_queue == 0 || !u->transfer || u->not_before_ns > 0);
}

static void make_room(struct uplink *u, int64_t now)
{
	if (beat_yields(u) <= now)
		beat_abort(u);
	if (list_yields(u) <= now)
		list_abort(u);
	if (evidence_yields(u) <= now)
		evidence_abort(u);
}

static int64_t next_due(const struct uplink *u)
{
	int64_t hits = u->not_before_ns > 0 ? u->not_before_ns : INT64_MAX;
	int64_t evidence = earlier(evidence_due(u), evidence_tends(u));

	return earlier(earlier(hits, evidence), earlier(list_due(u), beat_due(u)));
}

void uplink_next(struct uplink *u)
{
	int64_t now = clock_mono_ns();
	bool told = hits_deliver(u);

	if (u->not_before_ns > 0 && u->not_before_ns <= now)
		u->not_before_ns = 0;
	if (!told) {
		wake_at(u, now + RETELL_NS);
		return;
	}
	if (drained(u)) {
		role_exit(u->role);
		return;
	}
	if (!u->transfer)
		return;
	if (evidence_tends(u) <= now)
		evidence_tend(u);
	make_room(u, now);
	if (transfer_busy(u->transfer))
		wake_at(u, earlier(evidence_tends(u),
				   earlier(evidence_yields(u),
					   earlier(beat_yields(u), list_yields(u)))));
	else if (u->not_before_ns == 0 && hits_waiting(u) > 0)
		(void)hits_send(u);
	else if (beat_due(u) <= now)
		beat_send(u);
	else if (list_due(u) <= now && list_due(u) <= evidence_due(u)) /* by turns */
		list_poll(u);
	else if (evidence_due(u) <= now)
		evidence_go_on(u);
	else
		wake_at(u, next_due(u));
}

void uplink_abort(struct uplink *u, int64_t *bytes)
{
	const struct answer none = {.outcome = WIRE_LATER, .failure = FAILURE_NONE};
	struct ending end;

	transfer_abort(u->transfer, &end);
	uplink_count(u, &end, &none, bytes);
}

int64_t uplink_back_off(struct backoff *b, int64_t asked_s)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		random = 0; /* no jitter then: the longest wait */
	return backoff_fail(b, random, asked_s * NS_PER_S);
}

static void try_again(struct backoff *b, int64_t *not_before_ns, struct answer *last)
{
	if (last->failure != FAILURE_CONNECT)
		return;
	backoff_clear(b);
	*not_before_ns = 0;
	last->failure = FAILURE_NONE;
}

static void log_change(const struct uplink *u, const struct answer *a)
{
	if (u->contacted && u->said.failure == a->failure && strcmp(u->said.words, a->words) == 0)
		return; /* an RTCC that stays away for hours is one line, not thousands */
	if (a->failure != FAILURE_NONE)
		log_line(LOG_WARNING, "RTCC: %s; hits are kept and sent later", a->words);
	else if (!u->contacted || u->said.failure != FAILURE_NONE)
		log_line(LOG_NOTICE, "RTCC: reached");
}

void uplink_say(struct uplink *u, const struct answer *a)
{
	log_change(u, a);
	u->contacted = true;
	u->said = *a;
	if (a->failure != FAILURE_NONE)
		return;
	try_again(&u->backoff, &u->not_before_ns, &u->last);
	try_again(&u->list.backoff, &u->list.retry_ns, &u->list.last);
	try_again(&u->evidence.backoff, &u->evidence.retry_ns, &u->evidence.last);
}

void uplink_count(struct uplink *u, const struct ending *end, const struct answer *a,
		  int64_t *bytes)
{
	struct uplink_counters *n = &u->n;

	n->bytes_sent += (int64_t)end->sent;
	*bytes += (int64_t)end->sent;
	n->bytes_received += (int64_t)end->received;
	n->connect_failures += a->failure == FAILURE_CONNECT;
	n->tls_failures += a->failure == FAILURE_TLS;
	n->timeouts += a->failure == FAILURE_TIMEOUT;
	n->http_errors += a->failure == FAILURE_HTTP;
	n->transfer_failures += a->failure == FAILURE_TRANSFER;
}

/* --- callbacks
 * ------------------------------------------------------------------------------------------- */

bool uplink_open(struct uplink *u, const struct role_env *env, struct err *e)
{
	u->role = env->role;
	u->loop = env->loop;
	u->timer = -1;
	u->sending = u->last_failed = u->newest = -1;
	if (!uplink_conf_load(env->conf_text, env->conf_len, env->conf_folder, &u->conf, e))
		return err_prefix(e, "configuration");
	u->backoff.min_ns = ns(u->conf.retry_min_s);
	u->backoff.max_ns = ns(u->conf.retry_max_s);
	list_open(u);
	evidence_open(u);
	if (u->conf.url[0] == '\0')
		return true;
	return (credentials_load(&u->conf, &u->own, e) || err_prefix(e, "[uplink]")) &&
	       transfer_new(u->loop, &u->conf, &u->own, &u->transfer, e);
}

bool uplink_begin(void *state, struct err *e)
{
	struct uplink *u = state;

	(void)e;
	uplink_next(u);
	return true;
}

void uplink_connected(void *state, enum wire_role peer)
{
	struct uplink *u = state;

	if (peer != WIRE_STORE)
		return;
	if (u->sending >= 0)
		transfer_abort(u->transfer, NULL);
	hits_forget(u);
	list_store_is_back(u);
	evidence_store_is_back(u);
	uplink_next(u);
}

static bool take_hit(struct uplink *u, const struct wire_hit *m, int fd, struct err *e)
{
	int64_t soon =
	    clock_mono_ns() + (FRESH_NS < u->backoff.max_ns ? FRESH_NS : u->backoff.max_ns);
	bool taken = hits_take(u, m, fd, e);

	(void)close(fd);
	if (!taken)
		return false;
	/* News is worth an early attempt; a repeat is not. */
	if (m->outbox_id > u->newest && u->not_before_ns > soon)
		u->not_before_ns = soon;
	if (m->outbox_id > u->newest)
		u->newest = m->outbox_id;
	uplink_next(u);
	return true;
}

static bool take_status(struct uplink *u, const struct wire_status *m, struct err *e)
{
	if (!beat_take(u, m, e))
		return false;
	/* They come every second: only what is due now, or sooner than the timer knows, is looked
	 * at. */
	uplink_next(u);
	return true;
}

static bool take_evidence(struct uplink *u, const struct wire_request_done *m, int fd,
			  struct err *e)
{
	AUTO_CLOSE int answer = fd;

	if (!evidence_done(u, m, answer, e))
		return false;
	uplink_next(u);
	return true;
}

bool uplink_message(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
		    size_t n_fds, struct err *e)
{
	struct uplink *u = state;

	if (peer == WIRE_STORE && m->type == WIRE_HIT)
		return take_hit(u, (const struct wire_hit *)(const void *)m, fds[0], e);
	if (peer == WIRE_STORE && m->type == WIRE_REQUEST_DONE)
		return take_evidence(u, (const struct wire_request_done *)(const void *)m,
				     n_fds > 0 ? fds[0] : -1, e);
	for (size_t i = 0; i < n_fds; i++)
		(void)close(fds[i]);
	if (peer == WIRE_PARENT && m->type == WIRE_STATUS)
		return take_status(u, (const struct wire_status *)(const void *)m, e);
	if (peer == WIRE_STORE && m->type == WIRE_BUNDLE_DONE) {
		list_answered(u, (const struct wire_bundle_done *)(const void *)m);
		uplink_next(u);
		return true;
	}
	if (peer == WIRE_STORE && m->type == WIRE_LIST) {
		list_in_force(u, (const struct wire_list *)(const void *)m);
		uplink_next(u);
		return true;
	}
	if (peer == WIRE_STORE && m->type == WIRE_HEAD)
		return beat_head(u, (const struct wire_head *)(const void *)m, e);
	return err_set(e, ERR_PEER, "message of type %u is not expected here", m->type);
}

static void give_up(void *arg)
{
	struct uplink *u = arg;

	role_exit(u->role);
}

void uplink_stop(void *state)
{
	struct uplink *u = state;

	u->stopping = true;
	beat_abort(u);
	list_abort(u);
	evidence_abort(u);
	if (loop_timer(u->loop, DRAIN_NS, 0, give_up, u) < 0) {
		role_exit(u->role);
		return;
	}
	uplink_next(u);
}

static void say_state(const struct uplink *u, struct wire_status *s)
{
	const struct answer *trouble = u->last.failure != FAILURE_NONE ? &u->last : &u->list.last;
	int64_t until = trouble == &u->last ? u->not_before_ns : u->list.retry_ns;
	const char *state = "ok", *detail = "RTCC reached";
	char what[ANSWER_WORDS_SIZE + 16];
	int64_t wait = until > 0 ? until - clock_mono_ns() : 0;

	if (!u->transfer) {
		state = "off";
		detail = "no RTCC is configured; hits wait in the outbox";
	} else if (trouble->failure != FAILURE_NONE) {
		state = trouble->failure == FAILURE_HTTP ? "degraded" : "offline";
		detail = trouble->words;
	} else if (u->beat.answered && u->beat.last.failure != FAILURE_NONE) {
		state = u->beat.last.failure == FAILURE_HTTP ? "degraded" : "offline";
		(void)snprintf(what, sizeof what, "heartbeat: %s", u->beat.last.words);
		detail = what;
	} else if (u->evidence.last.failure != FAILURE_NONE) {
		state = u->evidence.last.failure == FAILURE_HTTP ? "degraded" : "offline";
		(void)snprintf(what, sizeof what, "evidence: %s", u->evidence.last.words);
		detail = what;
	} else if (!u->contacted && !u->beat.answered && !u->evidence.contacted) {
		state = "idle";
		detail = "RTCC not contacted yet";
	} else if (u->last.outcome == WIRE_REFUSED) {
		detail = u->last.words;
	}
	(void)snprintf(s->state, sizeof s->state, "%s", state);
	if (wait > 0)
		(void)snprintf(s->detail, sizeof s->detail, "%s; next attempt in %d s", detail,
			       (int)(wait / NS_PER_S + 1));
	else
		(void)snprintf(s->detail, sizeof s->detail, "%s", detail);
}

void uplink_status(void *state, struct wire_status *s)
{
	const struct uplink *u = state;
	const struct uplink_counters *n = &u->n;

	say_state(u, s);
	role_count(s, "sent", n->sent);
	role_count(s, "acknowledged", n->acknowledged);
	role_count(s, "refused", n->refused);
	role_count(s, "retries", n->retries);
	role_count(s, "hits_waiting", (int64_t)hits_waiting(u));
	role_count(s, "connect_failures", n->connect_failures);
	role_count(s, "tls_failures", n->tls_failures);
	role_count(s, "timeouts", n->timeouts);
	role_count(s, "http_errors", n->http_errors);
	role_count(s, "transfer_failures", n->transfer_failures);
	role_count(s, "bytes_sent", n->bytes_sent);
	role_count(s, "bytes_sent_hits", n->bytes_sent_hits);
	role_count(s, "bytes_sent_hotlist", n->bytes_sent_hotlist);
	role_count(s, "bytes_sent_heartbeats", n->bytes_sent_heartbeats);
	role_count(s, "bytes_sent_evidence", n->bytes_sent_evidence);
	role_count(s, "bytes_received", n->bytes_received);
	role_count(s, "hotlist_polls", n->hotlist_polls);
	role_count(s, "hotlist_offered", n->hotlist_offered);
	role_count(s, "hotlist_accepted", n->hotlist_accepted);
	role_count(s, "hotlist_deltas", n->hotlist_deltas);
	role_count(s, "hotlist_resumed", n->hotlist_resumed);
	role_count(s, "heartbeats", n->heartbeats);
	role_count(s, "heartbeats_acknowledged", n->heartbeats_acknowledged);
	role_count(s, "evidence_polls", n->evidence_polls);
	role_count(s, "evidence_requests", n->evidence_requests);
	role_count(s, "evidence_answers", n->evidence_answers);
	role_count(s, "evidence_problems", n->evidence_problems);
	role_count(s, "evidence_retries", n->evidence_retries);
	role_count(s, "evidence_cuts", n->evidence_cuts);
	if (u->transfer) {
		int64_t left_s = u->own.expires_s - clock_utc_ns() / NS_PER_S;

		role_count(s, "certificate_days", left_s / 86400 - (left_s < 0));
	}
}

void uplink_close(void *state)
{
	struct uplink *u = state;

	beat_abort(u);
	list_abort(u);
	evidence_close(u);
	download_drop(&u->list.part);
	transfer_free(u->transfer);
	hits_forget(u);
	credentials_wipe(&u->own);
}
