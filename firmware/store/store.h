/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the store role, shared by store.c, passages.c, requests.c,
 * clock.c and status.c; the rooms know nothing
 * of it. */
#ifndef FIRMWARE_STORE_STORE_H
#define FIRMWARE_STORE_STORE_H

#include "firmware/base/identity.h"
#include "firmware/role.h"
#include "firmware/store/audit.h"
#include "firmware/store/box.h"
#include "firmware/store/conf.h"
#include "firmware/store/counters.h"
#include "firmware/store/db.h"
#include "firmware/store/elapsed.h"
#include "firmware/store/intake.h"
#include "firmware/store/keep.h"
#include "firmware/store/list.h"
#include "firmware/store/period.h"
#include "firmware/store/sender.h"
#include "firmware/store/space.h"
#include "firmware/store/upkeep.h"

#define STORE_WAITING  16u  /* passages held in memory while nothing can be written */
#define STORE_TOGETHER 16u  /* passages committed at once: as many as role.c takes in a row */
#define STORE_REPLIES  256u /* answers to vision that did not fit its queue */

struct store_reply {
	uint8_t id[WIRE_ID_SIZE];
	bool accepted;
};

struct store {
	struct role_env env;
	struct store_conf conf;
	struct store_box box;
	struct db *db;
	struct crypt_key *audit_key; /* signs the audit chain; NULL: there is none to be had */
	uint8_t audit_key_id[CRYPT_SHA256_SIZE];
	int64_t door_process, door_openings; /* as device last counted them; process 0: not yet */
	bool door_new;			     /* not looked at yet */
	int64_t door_mono_ns;		     /* when they last were; 0: never */
	int64_t signed_mono_ns; /* when it was last looked whether a signature is due; 0: never */
	struct periods keys;
	int64_t keyless_mono_ns; /* since when this process has been without a keystore */
	struct elapsed clock;
	struct list list;
	bool offered; /* what arrives was offered by uplink, which waits for the answer */
	char offer_etag[LIST_ETAG_SIZE];
	int64_t told_id; /* list_id that uplink knows to be in force; -1: it knows nothing */
	struct audit_head told_head; /* that uplink knows; seq 0: none */
	bool list_timed;	     /* list_timer runs: something arrives */
	int list_timer;
	struct space space;
	struct upkeep upkeep;
	bool work_timed; /* work_timer runs: upkeep has more to do */
	int work_timer;
	struct sender sender;
	struct store_requests *requests; /* for evidence: requests.c */

	struct intake together[STORE_TOGETHER]; /* that came just now */
	unsigned n_together;
	bool together_timed; /* they are committed as soon as messages pause */
	struct intake waiting[STORE_WAITING];
	unsigned n_waiting;
	struct store_reply replies[STORE_REPLIES];
	unsigned n_replies;

	/* since this process started */
	int64_t passages_refused, repeats, reads_dropped, crops_dropped;
	struct counters counters; /* what of it is written, and of which month */

	bool left_behind; /* a quarantined file could not be taken over yet: the disk is full */
	bool stopping;
	bool came;	      /* a passage, since the last step of upkeep */
	unsigned given_way;   /* times that upkeep gave way to passages, in a row */
	int64_t left_mono_ns; /* when that was last tried */

	int64_t verdict_noise;	 /* refused verdicts that are not counted in the database yet */
	int64_t verdict_mono_ns; /* when such were last counted there; 0: never */

	int64_t unanswered; /* passages that found no place to wait: vision alone has them */

	int64_t full_mono_ns;	 /* when the disk was last found full; 0: never */
	int64_t fault_mono_ns;	 /* when the database last failed otherwise */
	int64_t fault_said_ns;	 /* in the log */
	int64_t damaged_mono_ns; /* when the database was last found damaged; 0: never */
	char fault[192];
	int64_t stop_by_mono_ns;
};

/* Time passes in the ring; wall time is returned. */
int64_t store_now(struct store *s);

/* A database operation failed with *why: note it for the status; one found damaged is closed and
 * opened afresh. */
void store_trouble(struct store *s, const struct err *why);

/* Open the database (again), salvage what a damaged one still holds, start the ring's clock. */
bool store_open_db(struct store *s, struct err *e) MUST_CHECK;

/* clock.c: go on with the ring's clock in the database just opened; what device says of the wall
 * clock (any counter of its). */
bool store_start_clock(struct store *s, struct err *e) MUST_CHECK;
void store_clock_said(struct store *s, const struct wire_counter *c);

/* Offer hits to uplink as far as credits allow. */
void store_pump(struct store *s);

/* passages.c: a passage from vision (fd borrowed); those that came just now, committed; those that
 * waited; answers that waited. */
bool store_passage(struct store *s, const struct wire_passage *m, int fd, struct err *e) MUST_CHECK;
void store_settle(struct store *s);
void store_retry(struct store *s);
void store_flush_replies(struct store *s);

/* requests.c: requests for evidence, from uplink and control; store_requests_open before anything
 * else. `last`: the process ends. */
bool store_requests_open(struct store *s, struct err *e) MUST_CHECK;
void store_requests_close(struct store *s);
bool store_request(struct store *s, enum wire_role peer, const struct wire_request *m, int fd,
		   struct err *e) MUST_CHECK;
void store_requests_connected(struct store *s, enum wire_role peer);
void store_requests_tick(struct store *s, bool last);
/* What is wrong with [evidence] ca ("": nothing); refusals that are not written down yet. */
const char *store_requests_fault(const struct store *s);
int64_t store_requests_refused(const struct store *s);

/* verdicts.c: take the verdict of `in` (borrowed). *fd: a receipt, sealed to who gave it; the
 * caller closes. False: it was refused, *e says why in plain words, and has been counted. */
struct store_verdict {
	const struct identity_authorities *ca;
	const char *text; /* of the JWS */
	size_t len;
	const uint8_t *digest; /* SHA-256 of it */
};
bool store_verdict(struct store *s, const struct store_verdict *in, int *fd,
		   struct err *e) MUST_CHECK;
/* Those that prove nobody are written down when it is time, or now (`last`: the process ends). */
void store_count_verdicts(struct store *s, bool last);

/* status.c: the counters of the annual report are written, and the month ends (counters_tick). */
void store_count(struct store *s, bool last);
void store_status(void *state, struct wire_status *out);

#endif
