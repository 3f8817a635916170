/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for evidence, from a local client to the store, and the answers back. Both are sealed
 * memory that is passed on and never mapped: who may have what is the store's to decide, by the
 * request's signature, and no one but the requester can open what it answers.
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/control/control.h"

#include <string.h>

static void refuse(struct client *c, const char *why)
{
	client_reply(c, answer_error(why), -1);
}

static bool pass_on(struct control *k, struct client *c, struct err *e)
{
	struct wire_request m = {.request = k->pull.number + 1};
	size_t len = 0;

	if (c->given < 0)
		return err_set(e, ERR_ARGUMENT, "no request came with it");
	if (!gift_check(c->given, WIRE_REQUEST_MAX, &len, e))
		return err_prefix(e, "request");
	if (len == 0)
		return err_set(e, ERR_FORMAT, "request: empty");
	if (k->pull.under_way)
		return err_set(e, ERR_AGAIN, "busy: another request is being answered");
	wire_start(&m.h, WIRE_REQUEST, sizeof m);
	return role_send(k->role, WIRE_STORE, &m.h, &c->given, 1, e);
}

void pull_ask(struct control *k, struct client *c)
{
	struct err e = {0};

	if (!pass_on(k, c, &e)) {
		refuse(c, e.text);
		return;
	}
	(void)close(steal_fd(&c->given));
	k->evidence_requests++;
	k->pull = (struct pull){.under_way = true,
				.number = k->pull.number + 1,
				.since_ns = clock_mono_ns(),
				.client = c};
	c->waits = true;
}

/* Nothing is under way any more. Returns who waited for it; NULL: nobody does. */
static struct client *end_pull(struct control *k)
{
	struct client *c = k->pull.client;

	k->pull.under_way = false;
	k->pull.client = NULL;
	if (c)
		c->waits = false;
	return c;
}

bool pull_done(struct control *k, const struct wire_request_done *m, int fd, struct err *e)
{
	AUTO_CLOSE int answer = fd;
	char why[sizeof m->why];
	struct err bad = {0};
	struct client *c;
	size_t len = 0;

	if (!k->pull.under_way || m->request != k->pull.number)
		return err_set(e, ERR_PEER, "an answer that nobody waits for");
	if ((m->sealed == 1) != (answer >= 0))
		return err_set(e, ERR_PEER, "an answer that is none");
	c = end_pull(k);
	memcpy(why, m->why, sizeof why);
	wire_terminate(why, sizeof why);
	if (!c)
		return true;
	if (answer < 0)
		client_reply(c, answer_evidence(false, 0, why), -1);
	else if (!gift_check(answer, WIRE_SEALED_MAX, &len, &bad))
		refuse(c, bad.text);
	else
		client_reply(c, answer_evidence(true, len, ""), steal_fd(&answer));
	k->evidence_answers += len > 0;
	return true;
}

static void give_up(struct control *k, const char *why)
{
	struct client *c = k->pull.under_way ? end_pull(k) : NULL;

	if (c)
		refuse(c, why);
}

void pull_store_is_back(struct control *k)
{
	give_up(k, "the store was started anew while it was answering; a fresh request may be "
		   "needed");
}

void pull_sweep(struct control *k, int64_t now_ns)
{
	if (now_ns - k->pull.since_ns > k->conf.evidence_wait_s * NS_PER_S)
		give_up(k, "the store gave no answer in time; a fresh request may be needed");
}

void pull_forget(struct control *k, const struct client *c)
{
	if (k->pull.client == c)
		k->pull.client = NULL;
}
