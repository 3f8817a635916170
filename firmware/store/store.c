/* SPDX-License-Identifier: Apache-2.0 */
/* The store role: reads come in from vision, hits go out to uplink, lists come in from it. */
#include "firmware/store/store.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/store/audit_sign.h"
#include "firmware/store/door.h"
#include "firmware/store/outbox.h"
#include "firmware/store/salvage.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TICK_NS	       NS_PER_S
#define WORK_PERIOD_NS (30 * NS_PER_MS) /* between two steps of upkeep: passages come first */
#define WORK_GIVES_WAY 10u	      /* times in a row, when it is in no hurry and passages come */
#define FIRST_WORK_NS  (2 * NS_PER_S) /* of upkeep before the first passage is taken */
#define LEFT_BEHIND_NS (60 * NS_PER_S)	/* between attempts to take over a quarantined file */
#define KEYLESS_NS     (600 * NS_PER_S) /* until a new process looks for the keystore anew */
#define DAMAGED_AGAIN_NS                                                                           \
	(600 * NS_PER_S) /* damage seen twice within this is not passed over by a check */
#define LIST_NS	       (5 * NS_PER_MS) /* a list that arrives is worked on for so long, */
#define LIST_PERIOD_NS NS_PER_MS /* and then again at once, but for messages: they come first */
#define DOOR_NS	       (10 * NS_PER_S) /* between records of a door that flutters */
#define DRAIN_NS       (3 * NS_PER_S)  /* for answers under way when the daemon stops */

int64_t store_now(struct store *s)
{
	int64_t wall = clock_utc_ns();

	elapsed_tick(&s->clock, wall, clock_boot_ns());
	return wall;
}

/* --- the database --------------------------------------------------------------------------------
 */

static bool record(struct store *s, const char *what, const char *detail, struct err *e)
{
	return audit_append(s->db,
			    &(struct audit_record){
				.who = "store", .what = what, .outcome = "done", .detail = detail},
			    clock_utc_ns(), e);
}

static bool take_over_all(struct store *s, struct err *e)
{
	char name[DB_QUARANTINE_SIZE];
	bool found;

	do {
		if (!salvage_forgotten(s->db, s->conf.ring.path, name, &found, e) ||
		    (found && !upkeep_take_over(s->db, s->conf.ring.path, name,
						s->conf.ring.retention_days * NS_PER_DAY,
						clock_utc_ns(), e)))
			return false;
	} while (found);
	return true;
}

/* Quarantined files that the database does not know of. A box whose disk is full must start all the
 * same: they stay where they are, and it is tried again. */
static bool take_over(struct store *s, struct err *e)
{
	struct err why = {0};
	bool done = take_over_all(s, &why);

	if (!done && why.code == ERR_NO_SPACE && space_give_up(&s->space))
		done = take_over_all(s, &why);
	s->left_behind = !done && why.code == ERR_NO_SPACE;
	s->left_mono_ns = clock_mono_ns();
	if (s->left_behind)
		log_line(LOG_ERROR, "quarantine: %s: tried again every minute", why.text);
	else if (!done && e)
		*e = why;
	return done || s->left_behind;
}

/* A full disk keeps no key from being loaded; what there is to write is written later. */
static bool open_keys(struct store *s, struct err *e)
{
	const struct store_ring_conf *c = &s->conf.ring;
	struct keystore_conf conf = {.create = c->keystore_create};
	int64_t ring = s->clock.k.ring_ns;
	struct err why = {0};

	(void)snprintf(conf.driver, sizeof conf.driver, "%s", c->keystore);
	(void)snprintf(conf.path, sizeof conf.path, "%s", c->keystore_path);
	(void)snprintf(conf.device, sizeof conf.device, "%s", c->keystore_device);
	if (!upkeep_open_keys(s->db, &s->keys, &conf, ring, clock_utc_ns(), &why) &&
	    why.code != ERR_NO_SPACE) {
		if (e)
			*e = why;
		return false;
	}
	if (s->keys.keystore)
		return true;
	if (!s->keyless_mono_ns)
		log_line(LOG_ERROR, "%s: reads are not kept", s->keys.fault);
	s->keyless_mono_ns = clock_mono_ns();
	return true;
}

static bool open_db(struct store *s, struct err *e)
{
	struct db_opened how;

	if (!db_open(s->conf.ring.path, &db_schema, clock_utc_ns(), &s->db, &how, e))
		return false;
	s->counters.loaded = false;
	if (how.quarantine[0])
		log_line(LOG_ERROR, "%s: moved to %s, a fresh one is made", how.fault,
			 how.quarantine);
	return db_bound_wal(s->db, s->space.bytes / 2, e) && take_over(s, e) &&
	       store_start_clock(s, e) && open_keys(s, e);
}

/* What passes the check may yet be damaged where opening looks first: to start again would only
 * find it once more. */
bool store_open_db(struct store *s, struct err *e)
{
	struct err why = {0};

	if (open_db(s, &why))
		return true;
	if (why.code == ERR_FORMAT) {
		log_line(LOG_ERROR, "%s: put aside", why.text);
		db_close(s->db);
		s->db = NULL;
		return db_put_aside(s->conf.ring.path, clock_utc_ns(), e) && open_db(s, e);
	}
	if (e)
		*e = why;
	return false;
}

/* For the status and the log, where what fails once a second is said once a minute. */
static void complain(struct store *s, const struct err *why)
{
	bool again = strncmp(s->fault, why->text, sizeof s->fault - 2) == 0;
	int64_t now = clock_mono_ns();

	if (!again || now - s->fault_said_ns > 60 * NS_PER_S) {
		log_line(LOG_ERROR, "%s", why->text);
		s->fault_said_ns = now;
	}
	s->fault_mono_ns = now;
	(void)snprintf(s->fault, sizeof s->fault, "%.190s", why->text);
}

static void reopen(struct store *s)
{
	struct err e = {0};

	if (s->db || store_open_db(s, &e))
		return;
	complain(s, &e);
	db_close(s->db);
	s->db = NULL;
}

void store_trouble(struct store *s, const struct err *why)
{
	struct err e = {0};

	complain(s, why);
	if (why->code == ERR_NO_SPACE) {
		(void)space_give_up(&s->space);
		s->full_mono_ns = s->fault_mono_ns;
		s->fault_mono_ns = 0;
	}
	if (why->code != ERR_FORMAT)
		return;
	db_close(s->db);
	s->db = NULL;
	/* Opened again it looked sound, and is not. */
	if (s->damaged_mono_ns && clock_mono_ns() - s->damaged_mono_ns < DAMAGED_AGAIN_NS &&
	    !db_put_aside(s->conf.ring.path, clock_utc_ns(), &e))
		log_line(LOG_ERROR, "%s", e.text);
	s->damaged_mono_ns = clock_mono_ns();
	reopen(s);
}

/* --- hits ----------------------------------------------------------------------------------------
 */

static bool send_hit(void *arg, const struct wire_hit *m, int gift_fd, struct err *e)
{
	struct store *s = arg;

	return role_send(s->env.role, WIRE_UPLINK, &m->h, &gift_fd, 1, e);
}

void store_pump(struct store *s)
{
	struct err e = {0};

	if (s->db && !sender_pump(&s->sender, s->db, &s->keys, clock_mono_ns(), send_hit, s, &e))
		store_trouble(s, &e);
}

static bool hit_done(struct store *s, const struct wire_hit_done *m, struct err *e)
{
	int64_t latency;
	struct err why = {0};

	if (!sender_answer(&s->sender, s->db, m, clock_utc_ns(), clock_mono_ns(), &latency, &why)) {
		if (e)
			*e = why;
		if (why.code != ERR_PEER)
			store_trouble(s, &why);
		return false;
	}
	if (m->outcome == WIRE_REFUSED)
		log_line(LOG_WARNING, "hit %" PRId64 " was refused by the RTCC: status %" PRIu32,
			 m->outbox_id, m->http_status);
	store_pump(s);
	return true;
}

/* --- the hotlist ---------------------------------------------------------------------------------
 */

static bool answer_offer(struct store *s, const char *etag, bool accepted, struct err *e)
{
	struct wire_bundle_done done = {0};

	wire_start(&done.h, WIRE_BUNDLE_DONE, sizeof done);
	done.accepted = accepted;
	done.version = list_version(&s->list);
	(void)snprintf(done.etag, sizeof done.etag, "%s", etag);
	if (!role_send(s->env.role, WIRE_UPLINK, &done.h, NULL, 0, e))
		return false;
	if (accepted)
		s->told_id = list_id(&s->list);
	return true;
}

/* Uplink hears which list is in force when it cannot know: but not while one is being looked at,
 * which it would only fetch once more. */
static void tell_list(struct store *s)
{
	struct wire_list m = {.version = list_version(&s->list)};
	struct err e = {0};

	_Static_assert(sizeof m.etag == LIST_ETAG_SIZE, "an ETag of the wire");
	if (list_arriving(&s->list) || s->told_id == list_id(&s->list))
		return;
	wire_start(&m.h, WIRE_LIST, sizeof m);
	memcpy(m.etag, s->list.etag, sizeof m.etag);
	if (role_send(s->env.role, WIRE_UPLINK, &m.h, NULL, 0, &e))
		s->told_id = list_id(&s->list);
	else if (e.code != ERR_PEER)
		log_line(LOG_WARNING, "hotlist: %s", e.text);
}

static void load_list(struct store *s);

/* A list of millions of entries is copied and checked beside everything else. */
static void tend_list(void *arg)
{
	struct store *s = arg;
	struct err why = {0};
	bool good =
	    s->db && list_step(&s->list, s->db, clock_utc_ns(), clock_mono_ns() + LIST_NS, &why);

	if (!s->db || list_arriving(&s->list))
		return;
	if (s->list_timed)
		loop_cancel(s->env.loop, s->list_timer);
	s->list_timed = false;
	if (s->offered && !answer_offer(s, s->offer_etag, good, &why))
		log_line(LOG_WARNING, "hotlist: %s", why.text);
	s->offered = false;
	if (s->list.load_again)
		load_list(s);
	else
		tell_list(s);
}

/* After everything that may have made a list arrive, or changed the one in force. */
static void watch_list(struct store *s)
{
	tell_list(s);
	if (s->list_timed || !list_arriving(&s->list))
		return;
	s->list_timer = loop_timer(s->env.loop, LIST_PERIOD_NS, LIST_PERIOD_NS, tend_list, s);
	s->list_timed = s->list_timer >= 0; /* if none is left, tick does it, slowly */
}

/* The list in force is not what was signed. Uplink, which believes that we have it, shall bring it
 * again if there is no other. */
static void replace_list(struct store *s)
{
	struct err e = {0};

	if (!list_step(&s->list, s->db, clock_utc_ns(), clock_mono_ns() + LIST_NS, &e))
		log_line(LOG_WARNING, "%s", e.text);
	watch_list(s);
}

static bool bundle_offered(struct store *s, const struct wire_bundle *m, int fd, struct err *e)
{
	struct err why = {0};
	char etag[sizeof m->etag];
	bool accepted;

	(void)snprintf(etag, sizeof etag, "%.*s", (int)sizeof m->etag - 1, m->etag);
	accepted = s->db && list_offer(&s->list, s->db, fd, etag, clock_utc_ns(), &why);
	if (accepted && list_arriving(&s->list)) {
		s->offered = true; /* the answer waits for the whole check */
		memcpy(s->offer_etag, etag, sizeof s->offer_etag);
		watch_list(s);
		return true;
	}
	if (!accepted)
		log_line(LOG_WARNING, "hotlist refused: %s", why.text);
	return answer_offer(s, etag, accepted, e);
}

static void load_list(struct store *s)
{
	struct err e = {0};

	if (s->db && !list_load(&s->list, s->db, clock_utc_ns(), &e))
		store_trouble(s, &e);
	watch_list(s);
}

/* --- the audit chain ----------------------------------------------------------------------------
 */

/* A box without its key works on, and its chain is not signed. */
static void open_audit_key(struct store *s)
{
	struct err e = {0};
	bool made;

	if (!audit_key_open(&s->keys, s->db, s->conf.ring.path, &s->audit_key, &made, &e) ||
	    !crypt_key_id(s->audit_key, s->audit_key_id, &e)) {
		crypt_key_free(s->audit_key);
		s->audit_key = NULL;
		log_line(LOG_ERROR, "%s: the audit chain is not signed", e.text);
	} else if (made) {
		log_line(LOG_NOTICE, "a key was made that signs the audit chain");
	}
}

/* A database that took the place of a damaged one may be without it. */
static void keep_audit_key(struct store *s)
{
	struct err e = {0};

	if (s->audit_key && s->keys.keystore && !audit_key_keep(&s->keys, s->db, s->audit_key, &e))
		log_line(LOG_WARNING, "%s", e.text);
}

static void sign_chain(struct store *s)
{
	int64_t now = clock_mono_ns();
	struct err e = {0};

	if (!s->db || !s->audit_key ||
	    (s->signed_mono_ns && now - s->signed_mono_ns < UPKEEP_EVERY_NS))
		return;
	s->signed_mono_ns = now;
	keep_audit_key(s);
	/* On a full disk there are better uses for the last room. */
	if (!audit_sign(s->db, s->audit_key, s->clock.k.ring_ns, clock_utc_ns(), &e) &&
	    e.code != ERR_NO_SPACE)
		store_trouble(s, &e);
}

/* Device has said how it is. */
static bool device_said(struct store *s, const struct wire_status *m, struct err *e)
{
	uint32_t n = m->n < WIRE_COUNTERS ? m->n : WIRE_COUNTERS;

	if (m->role != WIRE_DEVICE)
		return err_set(e, ERR_PEER, "status of role %u", m->role);
	for (uint32_t i = 0; i < n; i++) {
		const struct wire_counter *c = &m->counters[i];
		int64_t process = s->clock.k.boot ^ m->pid;

		store_clock_said(s, c);
		if (strncmp(c->name, "door_openings", sizeof c->name) != 0 || c->value < 0 ||
		    (process == s->door_process && c->value == s->door_openings))
			continue;
		s->door_process = process;
		s->door_openings = c->value;
		s->door_new = true;
	}
	return true;
}

static void note_door(struct store *s)
{
	int64_t now = clock_mono_ns();
	struct err e = {0};

	if (!s->db || !s->door_new ||
	    (!s->stopping && s->door_mono_ns && now - s->door_mono_ns < DOOR_NS))
		return;
	s->door_mono_ns = now;
	s->door_new = !door_note(s->db, s->door_process, s->door_openings, clock_utc_ns(), &e);
	if (s->door_new)
		store_trouble(s, &e);
}

/* To the RTCC by the next heartbeat, so that what is cut off the chain later is missed there. */
static void tell_head(struct store *s)
{
	struct wire_head m = {0};
	struct audit_head head;
	struct err e = {0};

	_Static_assert(sizeof m.hash == sizeof head.hash, "a hash of the wire");
	if (!s->db || !audit_head(s->db, &head, NULL) || head.seq == 0 ||
	    (head.seq == s->told_head.seq &&
	     memcmp(head.hash, s->told_head.hash, sizeof head.hash) == 0))
		return;
	wire_start(&m.h, WIRE_HEAD, sizeof m);
	m.seq = head.seq;
	memcpy(m.hash, head.hash, sizeof m.hash);
	m.has_key = s->audit_key != NULL;
	memcpy(m.key, s->audit_key_id, sizeof m.key);
	/* If it cannot be said now: uplink is not there, or busy, and it is tried again. */
	if (role_send(s->env.role, WIRE_UPLINK, &m.h, NULL, 0, &e))
		s->told_head = head;
}

/* --- as time passes ------------------------------------------------------------------------------
 */

/*
 * On a disk that others fill the ring stops growing: what it has, it may keep, and each new read
 * replaces the oldest.
 */
static void bound(struct store *s)
{
	bool full = s->full_mono_ns != 0 && clock_mono_ns() - s->full_mono_ns < 5 * TICK_NS;
	int64_t available;

	if (!space_free(&s->space, &available, NULL))
		return;
	(void)db_hold(s->db, full || available < s->conf.ring.min_free_bytes);
	if (!full)
		space_restore(&s->space, s->conf.ring.min_free_bytes);
}

static void upkeep(struct store *s, int64_t budget_ns)
{
	int64_t end = clock_mono_ns() + budget_ns, wall = store_now(s);
	struct err e = {0};

	if (!s->db)
		return;
	bound(s);
	if (s->left_behind && end - s->left_mono_ns > LEFT_BEHIND_NS &&
	    (!take_over(s, &e) || !open_keys(s, &e))) {
		store_trouble(s, &e);
		db_close(s->db);
		s->db = NULL; /* opened again with the next tick */
		return;
	}
	do {
		if (!upkeep_step(&s->upkeep, s->db, &s->clock, wall, &e)) {
			store_trouble(s, &e);
			return;
		}
	} while (s->upkeep.more && clock_mono_ns() < end);
}

/* One small step after another, each short against what a commit takes now and then. */
static void work(void *arg)
{
	struct store *s = arg;

	if (s->upkeep.leisurely && s->came && s->given_way < WORK_GIVES_WAY) {
		s->given_way++;
		return;
	}
	s->came = false;
	s->given_way = 0;
	upkeep(s, 0);
	if (s->db && s->upkeep.more && !s->stopping)
		return;
	loop_cancel(s->env.loop, s->work_timer);
	s->work_timed = false;
}

static void upkeep_on(struct store *s)
{
	if (s->work_timed)
		return;
	upkeep(s, 0);
	if (!s->db || !s->upkeep.more)
		return;
	s->work_timer = loop_timer(s->env.loop, WORK_PERIOD_NS, WORK_PERIOD_NS, work, s);
	s->work_timed = s->work_timer >= 0; /* if none is left, tick does it, slowly */
}

static void leave(struct store *s)
{
	struct err e = {0};
	bool done;

	store_settle(s);
	store_retry(s);
	store_flush_replies(s);
	(void)store_now(s);
	note_door(s);
	store_requests_tick(s, true);
	store_count_verdicts(s, true);
	store_count(s, true);
	if (s->db && (!upkeep_record(&s->upkeep, s->db, s->clock.k.ring_ns, clock_utc_ns(), &e) ||
		      !record(s, "stop", "", &e) || !upkeep_save_clock(s->db, &s->clock.k, &e) ||
		      !db_checkpoint(s->db, &done, &e)))
		log_line(LOG_ERROR, "stop: %s", e.text);
	role_exit(s->env.role);
}

/* The sandbox lets no device be opened any more: a new process may. Hits whose key only this one
 * has must have gone out before. */
static bool keyless_for_long(struct store *s)
{
	int64_t pending = 0;

	if (s->keys.keystore || !s->db || clock_mono_ns() - s->keyless_mono_ns < KEYLESS_NS)
		return false;
	return s->keys.passing.id == 0 ||
	       (db_int(s->db, &pending, 0, NULL,
		       "SELECT count(*) FROM outbox WHERE state = 0 AND period = ?", "i",
		       s->keys.passing.id) &&
		pending == 0);
}

static void tick(void *arg)
{
	struct store *s = arg;

	reopen(s);
	store_flush_replies(s);
	store_retry(s);
	store_pump(s);
	if (s->stopping) {
		if (sender_under_way(&s->sender) == 0 || clock_mono_ns() > s->stop_by_mono_ns)
			leave(s);
		return;
	}
	upkeep_on(s);
	tell_list(s); /* if it could not be said */
	note_door(s);
	store_requests_tick(s, false);
	store_count_verdicts(s, false);
	store_count(s, false);
	sign_chain(s);
	tell_head(s);
	if (s->db && list_broken(&s->list))
		replace_list(s);
	else if (s->db && !s->list_timed && list_arriving(&s->list))
		tend_list(s);
	if (keyless_for_long(s)) {
		log_line(LOG_NOTICE, "starting afresh, to look for the keystore");
		leave(s);
		return;
	}
	/* Vision sends again what was not answered when there is a new store: the trouble is over,
	 * be it. */
	if (s->unanswered > 0 && s->n_waiting == 0) {
		log_line(LOG_NOTICE,
			 "starting afresh for %" PRId64 " passages that found no place to wait",
			 s->unanswered);
		leave(s);
	}
}

/* A box whose disk is full must start all the same: what it cannot write down it says in the log.
 */
static bool record_start(struct store *s, struct err *e)
{
	struct ring_purged purged;
	struct err why = {0};

	if (record(s, "start", "", &why))
		return true;
	if (why.code == ERR_NO_SPACE) {
		(void)space_give_up(&s->space);
		if (ring_make_room(s->db, UPKEEP_STEP, &purged, &why) &&
		    record(s, "start", "", &why))
			return true;
	}
	if (why.code == ERR_NO_SPACE) {
		store_trouble(s, &why);
		return true;
	}
	if (e)
		*e = why;
	return false;
}

/* --- the role ------------------------------------------------------------------------------------
 */

static bool role_open(void *state, const struct role_env *env, struct sandbox *box, struct err *e)
{
	struct store *s = state;
	const struct store_ring_conf *ring = &s->conf.ring;

	s->env = *env;
	/* A limit on the size of files is an error to deal with like a full disk, not an end. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (!store_conf_load(env->conf_text, env->conf_len, env->conf_folder, &s->conf, e) ||
	    !store_requests_open(s, e))
		return false;
	if (mkdir(ring->path, 0700) != 0 && errno != EEXIST)
		return err_errno(e, errno, "[store] path %s", ring->path);
	s->upkeep.limits = (struct ring_limits){.retention_ns = ring->retention_days * NS_PER_DAY,
						.max_bytes = ring->max_bytes};
	s->upkeep.cooldown_s = s->conf.hotlist.cooldown_s;
	s->upkeep.folder = ring->path;
	s->upkeep.keys = &s->keys;
	if (!space_open(&s->space, ring->path, ring->max_bytes, e) || !store_open_db(s, e) ||
	    !record_start(s, e) || !list_open(&s->list, &s->conf.hotlist, ring->path, e))
		return false;
	open_audit_key(s);
	store_sandbox(&s->conf, &s->box);
	*box = s->box.sandbox;
	return true;
}

static bool role_begin(void *state, struct err *e)
{
	struct store *s = state;

	s->upkeep.recorded_ns = s->clock.k.ring_ns;
	/* A bundle is bytes from outside: looked at behind the sandbox only. */
	if (!list_load(&s->list, s->db, clock_utc_ns(), e))
		return false;
	watch_list(s);
	if (!s->list.b && !list_arriving(&s->list))
		log_line(LOG_WARNING, "no hotlist: %s", s->list.why);
	store_count(s, false); /* before anything is counted that belongs to today */
	upkeep(s, FIRST_WORK_NS);
	return loop_timer(s->env.loop, TICK_NS, TICK_NS, tick, s) >= 0 ||
	       err_set(e, ERR_LIMIT, "no timer left");
}

static void role_connected(void *state, enum wire_role peer)
{
	struct store *s = state;

	if (peer == WIRE_VISION)
		s->n_replies = 0; /* it sends again what it has no answer for */
	store_requests_connected(s, peer);
	if (peer != WIRE_UPLINK)
		return;
	s->offered = false; /* it has forgotten */
	s->told_id = -1;
	tell_list(s);
	s->told_head = (struct audit_head){0};
	tell_head(s);
	sender_connected(&s->sender);
	store_pump(s);
}

static bool role_message(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
			 size_t n_fds, struct err *e)
{
	struct store *s = state;
	AUTO_CLOSE int fd = n_fds > 0 ? fds[0] : -1;
	const void *whole = m;

	for (size_t i = 1; i < n_fds; i++)
		(void)close(fds[i]);
	switch (m->type) {
	case WIRE_PASSAGE:
		return store_passage(s, whole, fd, e);
	case WIRE_HIT_DONE:
		return hit_done(s, whole, e);
	case WIRE_BUNDLE:
		return bundle_offered(s, whole, fd, e);
	case WIRE_REQUEST:
		return store_request(s, peer, whole, fd, e);
	case WIRE_RELOAD:
		load_list(s);
		return true;
	case WIRE_STATUS:
		if (peer == WIRE_PARENT)
			return device_said(s, whole, e);
		/* fall through */
	default:
		return err_set(e, ERR_PEER, "message of type %u from %s", m->type,
			       wire_role_name(peer));
	}
}

static void role_stop(void *state)
{
	struct store *s = state;

	s->stopping = true;
	s->stop_by_mono_ns = clock_mono_ns() + DRAIN_NS;
	store_settle(s);
	store_retry(s);
	store_pump(s);
	if (sender_under_way(&s->sender) == 0)
		leave(s);
}

static void role_close(void *state)
{
	struct store *s = state;

	for (unsigned i = 0; i < s->n_together; i++)
		intake_free(&s->together[i]);
	for (unsigned i = 0; i < s->n_waiting; i++)
		intake_free(&s->waiting[i]);
	store_requests_close(s);
	list_close(&s->list);
	crypt_key_free(s->audit_key);
	periods_close(&s->keys);
	db_close(s->db);
}

int main(int argc, char **argv)
{
	static const struct role_ops ops = {
	    .role = WIRE_STORE,
	    .state_size = sizeof(struct store),
	    .open = role_open,
	    .begin = role_begin,
	    .connected = role_connected,
	    .message = role_message,
	    .stop = role_stop,
	    .status = store_status,
	    .close = role_close,
	};

	return role_main(argc, argv, &ops);
}
