/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hits on their way to uplink: at most SENDER_CREDITS under way; one that the RTCC could not take
 * is offered again after a while that doubles. Everything under way is void when uplink has
 * restarted. Holds no hit: the outbox does.
 */
#ifndef FIRMWARE_STORE_SENDER_H
#define FIRMWARE_STORE_SENDER_H

#include "firmware/store/db.h"
#include "firmware/store/period.h"
#include "firmware/wire.h"

#define SENDER_CREDITS 4u
#define SENDER_LATER                                                                               \
	32u /* hits whose next offer waits; when there are more, the rest waits with them */

struct sender_later {
	int64_t id;	 /* 0: free */
	int64_t mono_ns; /* not before */
	int64_t wait_ns; /* doubles */
};

struct sender {
	bool connected;
	int64_t under_way[SENDER_CREDITS]; /* outbox ids; 0: a credit */
	struct sender_later later[SENDER_LATER];
};

/* Uplink is there (again): nothing is under way. */
void sender_connected(struct sender *s);

/* Sends one hit with its gift to uplink; ERR_AGAIN, ERR_PEER as role_send. */
typedef bool (*sender_fn)(void *arg, const struct wire_hit *m, int gift_fd, struct err *e);

/* Offer what is due, until the credits are used up or nothing more is due. One that cannot be
 * opened waits like one that the RTCC could not take. False: the database failed. */
bool sender_pump(struct sender *s, struct db *d, const struct periods *keys, int64_t mono_ns,
		 sender_fn send, void *arg, struct err *e) MUST_CHECK;

/*
 * Uplink's answer for one of those under way. `d` NULL: there is no database now, and the hit is
 * put off whatever the answer is. `now_ns` wall time; *latency_ns set for ACKNOWLEDGED, else -1.
 * ERR_PEER: not under way, or an outcome that does not exist; else the database failed.
 */
bool sender_answer(struct sender *s, struct db *d, const struct wire_hit_done *m, int64_t now_ns,
		   int64_t mono_ns, int64_t *latency_ns, struct err *e) MUST_CHECK;

/* How many are under way. */
unsigned sender_under_way(const struct sender *s);

#endif
