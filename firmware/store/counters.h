/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters of the city's annual report. A figure is a named number in the database, counted in
 * the transaction of what it counts, and never set back. When a month of UTC ends, what they stand
 * at is a signed statement (statement.h), which names the one before it; its digest goes into the
 * audit chain. COUNTERS.md says what each figure counts.
 */
#ifndef FIRMWARE_STORE_COUNTERS_H
#define FIRMWARE_STORE_COUNTERS_H

#include "firmware/base/clock.h"
#include "firmware/base/crypt.h"
#include "firmware/store/db.h"
#include "firmware/store/elapsed.h"
#include "firmware/store/statement.h"

#define COUNTERS_NAME_SIZE STATEMENT_NAME_SIZE
#define COUNTERS_WRITE_NS  (60 * NS_PER_S)   /* what was counted in memory is written this often */
#define COUNTERS_SIGN_NS   (3600 * NS_PER_S) /* and the month that is not over is signed */

/* The counter of a hit: "hits_v_exact" for category 'V' and grade "EXACT". Returns out. */
const char *counters_hit(char category, const char *grade, char out[COUNTERS_NAME_SIZE]);

/* The figures of the report in their order; NULL ends them. */
extern const char *const counters_names[];

/* Counted in memory since the process started, because what they count is that nothing could be
 * written: at most what a minute held is lost with the process. */
struct counters_live {
	int64_t passages_refused, reads_dropped, crops_dropped;
};

struct counters { /* zeroed at the start of the process, and `loaded` when a database is opened */
	bool loaded;
	bool begun;    /* this process has looked before */
	int32_t month; /* of the open statement */
	bool doubted;  /* that the clock was in doubt is noted with it */
	int64_t mono_ns, next_mono_ns, signed_mono_ns;
	int64_t uptime_ns;	      /* not written yet */
	struct counters_live written; /* of what is live */
};

struct counters_now {
	const struct elapsed *clock; /* ticked */
	int64_t mono_ns;
	const char *site;
	struct crypt_key *key; /* NULL: statements are signed when there is one */
	struct counters_live live;
	bool last; /* the process ends: all is written and signed now */
};

/*
 * Call it every second, and last when the process ends. Writes once a minute and when something
 * changes; ends the month and begins the next when the clock, in no doubt, is in another one than
 * the open statement. db_fail's codes, those of signing; then nothing is lost but this look, and
 * the next is a minute later.
 */
bool counters_tick(struct counters *c, struct db *d, const struct counters_now *now,
		   struct err *e) MUST_CHECK;

struct counters_row {
	struct statement s;
	uint8_t key[CRYPT_SPKI_MAX]; /* DER SubjectPublicKeyInfo */
	size_t key_len;		     /* 0: it is not signed yet */
	uint8_t signature[CRYPT_SIGNATURE_MAX];
	size_t signature_len;
};

/* The statement after number `after`; *found false: there is none. ERR_SIGNATURE: what is there
 * is none. db_fail's codes. */
bool counters_next(struct db *d, int64_t after, struct counters_row *out, bool *found,
		   struct err *e) MUST_CHECK;

#endif
