/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to one passage: matched, and committed in one transaction with everything that
 * follows from it (the read, the audit record and the outbox row of a hit, the cooldown, the
 * counters). When the disk is full it gives way in this order: oldest reads, crops of reads that
 * are no hit, reads that are no hit. A hit is never given up.
 *
 * What cannot be sealed is not written: without a keystore reads are dropped, and of a hit the
 * event alone is kept, under a key that this process has in memory, until it has gone out.
 */
#ifndef FIRMWARE_STORE_KEEP_H
#define FIRMWARE_STORE_KEEP_H

#include "firmware/store/conf.h"
#include "firmware/store/db.h"
#include "firmware/store/intake.h"
#include "firmware/store/period.h"
#include "firmware/store/space.h"
#include "hotlist/bundle.h"

struct keep { /* all borrowed */
	struct db *db;
	const struct store_conf *conf;
	const struct bundle *list;  /* NULL: no hotlist */
	const struct bundle *later; /* list_coming */
	struct space *space;
	struct periods *keys;
};

struct keep_when {
	int64_t kept_ns;   /* ring time */
	int64_t stored_ns; /* wall time */
	int64_t
	    valid_ns; /* wall time that expiry and the list's age are judged by (elapsed_wall) */
};

enum keep_outcome {
	KEEP_ACCEPTED, /* committed */
	KEEP_REPEAT,   /* had been committed before */
	KEEP_DROPPED,  /* no room, or no keystore: a read that is no hit is gone */
	KEEP_WAITS     /* no room for a hit: keep it in memory and try again */
};

struct keep_result {
	enum keep_outcome outcome;
	bool hit;	    /* a hit is in the outbox */
	bool without_crops; /* there was no room for the pictures in the ring */
	bool made_room;	    /* the disk was full on the way */
};

/*
 * Take the passage in. False only when the database fails otherwise than for lack of room
 * (ERR_FORMAT: it is damaged): then nothing of it has been committed.
 */
bool keep_passage(const struct keep *k, const struct intake *in, const struct keep_when *when,
		  struct keep_result *out, struct err *e) MUST_CHECK;

/*
 * Take n passages of one moment in with one commit, which costs little more than that of one:
 * out[i] as keep_passage would say, with pictures. False: nothing of any has been committed (no
 * room, no keystore, or the database fails): give each to keep_passage, which knows what to do
 * about it.
 */
bool keep_together(const struct keep *k, const struct intake in[], size_t n,
		   const struct keep_when *when, struct keep_result out[],
		   struct err *e) MUST_CHECK;

#endif
