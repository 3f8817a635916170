/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One life: a box with a disk of its own and all that was ever promised about what is on it, from
 * one seed. box.c is the box (it starts, stops and heals as firmware/store/store.c does), work.c
 * what happens to it, book.c what it has promised and whether that is so.
 */
#ifndef TESTS_CRASH_LIFE_H
#define TESTS_CRASH_LIFE_H

#include "firmware/store/audit.h"
#include "firmware/store/counters.h"
#include "firmware/store/elapsed.h"
#include "firmware/store/keep.h"
#include "firmware/store/list.h"
#include "firmware/store/request.h"
#include "firmware/store/sender.h"
#include "firmware/store/upkeep.h"
#include "tests/crash/disk.h"
#include "tests/crash/vfs.h"

#define LIFE_READS    1600u
#define LIFE_LISTS    6u
#define LIFE_REQUESTS 400u

/* What went wrong; each is a bar. */
enum fault {
	FAULT_READ_LOST,   /* an accepted read is gone */
	FAULT_HIT_LOST,	   /* a hit without the RTCC's answer is gone, or not what it was */
	FAULT_DOUBLED,	   /* there is more than was given, or half of something */
	FAULT_PURGED_BACK, /* what was purged is back, or was to go and is there */
	FAULT_CHAIN,	   /* the audit chain does not verify, or lost a record */
	FAULT_COUNTERS,	   /* the counters are not what happened */
	FAULT_DATABASE,	   /* damaged, put aside, or refuses without a cause */
	FAULT_STUCK,	   /* it does not go on, or it ended */
	FAULTS
};

/* Counted over lives; shared between processes. */
struct tally {
	int64_t lives, boots, cuts, given; /* given: I/O errors, full disks, allocations, bits */
	int64_t passages, hits, answered, purged, steps, lists, stops;
	int64_t quarantined, noticed, keys; /* how often keys were destroyed */
	int64_t pulls;			    /* answers that left */
	int64_t found[FAULTS];
	uint64_t seed, bad_seed; /* of the life under way, of the first that went wrong */
};

/* One campaign; what each does is in campaign.c. */
struct kind {
	const char *name;
	bool cuts, faults, full, memory, flips, damage, lies;
};

enum there { NO, MAYBE, YES, PURGED };
enum answered { OPEN, MAYBE_ANSWERED, ANSWERED, EXPIRED };

struct promise { /* of one passage */
	uint8_t there, hit, answered, wanted, low_quality, text, angles, pictures;
	int64_t kept_ns;
	uint64_t body; /* digest of the event, once it was seen */
};

struct book {
	struct promise p[LIFE_READS];
	uint32_t order[LIFE_READS]; /* as they were accepted; those of PURGED stay in it */
	uint32_t n, n_order;
	struct audit_head head;
	int64_t may_grow; /* records beyond head that nobody has been told of */
	int64_t due_ns;	  /* what was kept until then may be gone */
	int64_t oldest;	  /* and so many of the oldest, for want of room */
	int64_t low_quality, reads, passages, hits, suppressed, answered, expired, purged;
	bool damaged;	   /* bits were changed: a loss is no fault any more, when it is audited */
	int64_t key_floor; /* periods that began before it have no key any more */
	int64_t list_version; /* that was in force */
	int64_t n_aside;      /* files put aside, when last seen */
	bool keys_damaged;    /* the table that is damaged next, or was last, is that of the keys */
};

struct archive;

struct pulling {		      /* pulls.c */
	uint8_t taken[LIFE_REQUESTS]; /* enum there; of the first n */
	int64_t expires_ns[LIFE_REQUESTS];
	uint32_t n;
	struct request request;	 /* that is answered now */
	struct archive *archive; /* its answer, which is being written; NULL: none is */
	int64_t sealed, tried;	 /* records of answers that are there, that may be */
};

struct life {
	const struct kind *kind;
	struct tally *tally;
	uint64_t seed, rng;
	bool said;	  /* a fault was found, which ends the life */
	bool quiet, loud; /* nothing is printed; every step is */
	char folder[64];
	struct vfs *vfs;
	struct disk *disk;
	int64_t wall, mono, boot, steps;
	int64_t root; /* page that is damaged next; 0: none is */
	bool secret;  /* the key of the chain was put into the keystore */

	struct store_conf conf;
	struct db *db;
	struct periods keys;
	struct elapsed clock;
	struct space space;
	struct upkeep upkeep;
	struct sender sender;
	struct list list;
	int64_t damaged_mono_ns, opened;
	int64_t under_way[SENDER_CREDITS];
	unsigned n_under_way;
	uint32_t unanswered[64]; /* passages that vision sends again */
	unsigned n_unanswered;

	struct counters months;
	int64_t stated; /* statement that is there for good; 0: none */
	uint8_t stated_digest[CRYPT_SHA256_SIZE];

	struct pulling pulling;
	struct book book;
};

/* Lists that every life offers, made once: list_bytes[i] of version i + 1. */
extern uint8_t *life_list[LIFE_LISTS];
extern size_t life_list_size[LIFE_LISTS];

/* Something is not as promised: said with the seed, counted, and the life is over. False. */
bool life_fault(struct life *l, enum fault f, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What happens, step by step, when one life is lived again. */
void life_say(const struct life *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Live a life from `seed`. False: a fault was found (or nothing could be tried). */
bool life_live(const struct kind *kind, struct vfs *v, uint64_t seed, bool loud, struct tally *t);

/* box.c: as the role starts: database, what a damaged one left, clock, list, the first upkeep.
 * ERR_*: it did not; try again after life_down. */
bool box_start(struct life *l, struct err *e) MUST_CHECK;
/* A fault may end a start: the parent starts the role again, until it runs or the power is off.
 * False: it never does, or a fault was found. */
bool box_up(struct life *l);
/* As it stops when it is told to. */
bool box_stop(struct life *l, struct err *e) MUST_CHECK;
/* The process is gone, whatever it was doing. */
void box_down(struct life *l);
/* What the role does about an operation that failed. */
void box_trouble(struct life *l, const struct err *why);
/* Time passes. */
void box_time(struct life *l, int64_t by_ns);

/* work.c: one thing happens. False: a fault. */
bool work_step(struct life *l);
/* An operation failed: without a cause that is a fault, else what the role does about it is done.
 */
bool work_failed(struct life *l, const struct err *why, const char *what);
/* Vision sends again what has no answer. */
bool work_again(struct life *l);

/* book.c: before an operation that may purge; what an operation says; and whether all is so. */
void book_may_purge(struct life *l, int64_t due_ns, int64_t oldest);
bool book_noted(struct life *l);
/* Whole: also chain, counters and SQLite's own check. `fresh`: just opened, so nothing is MAYBE
 * after it. */
bool book_verify(struct life *l, bool whole, bool fresh);
/* Keys that are gone stay so. */
bool book_keys(struct life *l);
/* The first number of the first row; -1: there is none. */
int64_t book_ask(struct life *l, const char *sql);
/* months.c: counters_tick, in months that pass faster than others; and whether all that was stated
 * still is. False: a fault. */
bool months_count(struct life *l, bool last, struct err *e) MUST_CHECK;
bool months_verify(struct life *l);
/* pulls.c: once for all lives; a request for evidence, or some of its answer; the process is gone;
 * and whether what left is recorded. False: a fault. */
bool pulls_prepare(struct err *e) MUST_CHECK;
void pulls_unprepare(void);
bool pulls_step(struct life *l);
void pulls_down(struct life *l);
bool pulls_verify(struct life *l);
/* Number of the passage with this id; -1: none of ours. */
int64_t book_number(const uint8_t id[WIRE_ID_SIZE]);

#endif
