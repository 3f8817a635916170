/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the control role, shared by control.c and pull.c. */
#ifndef FIRMWARE_CONTROL_CONTROL_H
#define FIRMWARE_CONTROL_CONTROL_H

#include "firmware/control/answer.h"
#include "firmware/control/conf.h"
#include "firmware/control/peer.h"
#include "firmware/role.h"

#define CONTROL_CLIENTS	    8u
#define CONTROL_REQUEST_MAX 64u

struct control;

struct client {
	struct control *control;
	int fd; /* -1: free */
	int64_t since_ns;
	size_t got;
	char request[CONTROL_REQUEST_MAX];
	int given;  /* came with the request; -1: nothing did */
	bool waits; /* for the store; its fate is pull.c's */
	char *reply;
	size_t reply_len, sent;
	int gives; /* goes with the reply; -1: nothing does */
};

/* An evidence request that the store has. There is one at a time. */
struct pull {
	bool under_way;
	uint64_t number;
	int64_t since_ns;
	struct client *client; /* who waits for it; NULL: has hung up */
};

struct control {
	struct role *role;
	struct loop *loop;
	struct control_conf conf;
	struct peer_rule rule;
	struct known known;
	int listen_fd;
	struct client clients[CONTROL_CLIENTS];
	struct pull pull;
	int64_t served, refused, cut_off, evidence_requests, evidence_answers;
};

/* --- control.c --- */

/*
 * Send a reply (malloc'd, a line; NULL: hang up) and, beside it, a descriptor (-1: none); both are
 * the client's then, who is hung up on when all is sent or after 5 s.
 */
void client_reply(struct client *c, char *line, int fd);

/* --- pull.c --- */

/* The client wants evidence: its request goes to the store, or it hears why not. */
void pull_ask(struct control *k, struct client *c);
/* What the store says to it. `fd` (-1: none) is the callee's. ERR_PEER: not what was waited for. */
bool pull_done(struct control *k, const struct wire_request_done *m, int fd,
	       struct err *e) MUST_CHECK;
/* The store is there afresh: it has forgotten what it was asked. */
void pull_store_is_back(struct control *k);
/* Who waits is told when it has been too long. */
void pull_sweep(struct control *k, int64_t now_ns);
/* The client has gone: what the store has to say to it reaches nobody. */
void pull_forget(struct control *k, const struct client *c);

#endif
