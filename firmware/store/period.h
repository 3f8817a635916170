/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the periods. What is kept of a passage is sealed (seal.h) under the key of the hour
 * it was kept in; that key lies in the database wrapped by the newest root key of the keystore, and
 * is destroyed as hal/keystore.h says: the row goes, those that live on are wrapped anew under the
 * next root key, the old root key is destroyed. Then no copy of the disk, of whatever day, holds a
 * way to that period again.
 *
 * A period's id is the ring time (elapsed.h) in ns at which its first passage was kept: it is never
 * used twice, also not by a fresh database that takes over the hits of a damaged one.
 */
#ifndef FIRMWARE_STORE_PERIOD_H
#define FIRMWARE_STORE_PERIOD_H

#include "firmware/base/clock.h"
#include "firmware/store/db.h"
#include "hal/keystore.h"

#define PERIOD_NS (3600 * NS_PER_S)

/* The two keys of one period: to seal with, and to make plates comparable without telling them. */
struct period_key {
	int64_t id;
	uint8_t seal[32], mac[32];
};

struct periods {
	const struct keystore_ops *ops;
	struct keystore *keystore; /* NULL: there is none, and `fault` says why */
	char fault[160];	   /* with a keystore: an old root key may still be there */
	struct period {
		int64_t id;
		uint8_t key[KEYSTORE_KEY];
	} * live; /* n of them, oldest first, of all that could be unwrapped */
	size_t n, room;
	enum periods_stage {
		PERIODS_SETTLED,   /* or cut off by the end of another process */
		PERIODS_ROTATED,   /* there is a new root; the table is under the old one */
		PERIODS_WRAPPED	   /* the table is under the new root; the old one must go */
	} stage;		   /* of the rotation under way */
	bool loaded;		   /* `live` is all of them; else nothing may be written */
	int64_t lost_ns;	   /* what was kept before this ring time has no key any more */
	struct period_key current; /* of the passage last kept; id 0: none yet */
	struct period_key passing; /* periods_passing */
};

/*
 * Open the keystore and load the keys that `d` holds, or load them again for another database (then
 * `conf` is not looked at). A keystore is made, if conf->create says so, only while `d` holds no
 * period: a store whose keystore has gone must not take up another one. True without one, too: then
 * keystore is NULL and fault is set. A period whose key cannot be unwrapped is dropped and audited
 * at wall time wall_ns; lost_ns is at most now_ns (ring time). A rotation that a power cut left
 * unfinished is finished, now or by periods_destroy. False: `d` failed (db_fail's codes), or no
 * memory. periods_close.
 */
bool periods_open(struct periods *p, const struct keystore_conf *conf, struct db *d, int64_t now_ns,
		  int64_t wall_ns, struct err *e) MUST_CHECK;

/* Wipes every key. */
void periods_close(struct periods *p);

/*
 * The key of what is kept at kept_ns, made and committed if the period begins with it; call it
 * outside a transaction. *key is borrowed until the next call. ERR_NOT_FOUND: no keystore; ERR_IO
 * of it; db_fail's codes.
 */
bool periods_at(struct periods *p, struct db *d, int64_t kept_ns, const struct period_key **key,
		struct err *e) MUST_CHECK;

/*
 * A key that lives in this process alone, for hits that shall still go out when there is no
 * keystore. Made at kept_ns with the first call. ERR_IO: no random bytes.
 */
bool periods_passing(struct periods *p, int64_t kept_ns, const struct period_key **key,
		     struct err *e) MUST_CHECK;

/* Whether the key of this period is here. */
bool periods_live(const struct periods *p, int64_t id);

/* The key of a period that lives (also the passing one); the caller wipes *out. ERR_NOT_FOUND: it
 * does not live. */
bool periods_get(const struct periods *p, int64_t id, struct period_key *out,
		 struct err *e) MUST_CHECK;

/* The first period that lives and began after `after` (INT64_MIN: the oldest); the passing one is
 * none. False: there is none. And the newest, 0: none. */
bool periods_next(const struct periods *p, int64_t after, int64_t *id);
int64_t periods_newest(const struct periods *p);

/* Whether some period that lives began before ring time floor_ns. */
bool periods_before(const struct periods *p, int64_t floor_ns);

/*
 * Finish a rotation that was cut off, then destroy the keys of all periods that began before
 * floor_ns, for good, in the order that hal/keystore.h asks for; audited at wall time wall_ns. True
 * also when there is none, and without a keystore. After an error it may be done in part: call it
 * again. ERR_AGAIN, ERR_IO, ERR_NO_SPACE: the keystore or the disk; db_fail's codes.
 */
bool periods_destroy(struct periods *p, struct db *d, int64_t floor_ns, int64_t wall_ns,
		     struct err *e) MUST_CHECK;

/*
 * A part of periods_destroy, of a sync or two of the disk; *more: call it again (what is kept
 * meanwhile does no harm). After an error as well.
 */
bool periods_destroy_step(struct periods *p, struct db *d, int64_t floor_ns, int64_t wall_ns,
			  bool *more, struct err *e) MUST_CHECK;

/* Whether periods_destroy_step has begun what it has not finished. */
bool periods_rotating(const struct periods *p);

/* Ring time at which the hour of ring time ns begins. */
int64_t period_begin(int64_t ns);

/*
 * The newest ring time whose reads are due at now_ns: the end of the hour that retention_ns before
 * now_ns lies in. A period goes whole, when its first read may no longer be kept.
 */
int64_t period_due(int64_t now_ns, int64_t retention_ns);

#endif
