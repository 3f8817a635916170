/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hotlist in force: the newest bundle whose signature verifies, never older than one that has
 * been in force before (the floor is in the database). A bundle that is refused leaves the one in
 * force working.
 */
#ifndef FIRMWARE_STORE_LIST_H
#define FIRMWARE_STORE_LIST_H

#include "firmware/store/arrival.h"
#include "firmware/store/conf.h"
#include "firmware/store/db.h"
#include "firmware/store/list_record.h"
#include "hotlist/bundle.h"

#include <limits.h>

struct list {
	const struct store_hotlist_conf *conf; /* borrowed */
	char folder[PATH_MAX];		       /* of the cache */
	char cache[PATH_MAX], next[PATH_MAX]; /* the bundle cached, and one that is being written */
	struct arrival_keys keys;	      /* none: nothing loads */
	struct bundle *b;		      /* NULL: no hotlist */
	char etag[LIST_ETAG_SIZE]; /* that it was offered with; "": it was not, or there is none */
	struct arrival arriving;   /* the next one, while it is copied and checked */
	char arriving_etag[LIST_ETAG_SIZE];
	bool load_again; /* list_load was called meanwhile: call it when nothing arrives any more */
	char why[160];	 /* why there is none, or what was refused last */
};

/*
 * Make the cache folder in `store_folder` and read the signer's key: call it before the sandbox
 * closes. A missing key is no error: the box reads on without a list and says so. ERR_IO,
 * ERR_LIMIT. list_close frees.
 */
bool list_open(struct list *l, const struct store_hotlist_conf *conf, const char *store_folder,
	       struct err *e) MUST_CHECK;
void list_close(struct list *l);

/*
 * Look at the configured bundle and the cached one and put the newer in force, when it is newer
 * than what is in force. One that the box has accepted before needs no more than its signature; any
 * other is copied and checked whole, and unless it is short that goes on in list_step. Loaded and
 * refused are audited at wall time now_ns. False only when the database fails; no list to be had is
 * no error (l->why).
 */
bool list_load(struct list *l, struct db *d, int64_t now_ns, struct err *e) MUST_CHECK;

/*
 * A bundle from uplink, or a delta from the one in force to a later one (hotlist/delta.h), in the
 * sealed memfd `fd` (borrowed), with the RTCC's ETag (longer than LIST_ETAG_SIZE: cut): verified,
 * its version compared, cached (fsync, rename), checked whole, put in force, audited; unless it is
 * short, the latter in list_step: then list_arriving says so. One that arrives already is given up
 * for it, unless it is the same. Errors are refusals: ERR_PEER not sealed; bundle_open_fd's;
 * ERR_POLICY older than the floor; ERR_NOT_FOUND a delta from another list; ERR_NO_SPACE, ERR_IO.
 * The version in force signed again later is put in force; that very bundle, or an earlier signing,
 * is accepted and changes nothing.
 */
bool list_offer(struct list *l, struct db *d, int fd, const char *etag, int64_t now_ns,
		struct err *e) MUST_CHECK;

/* Is a bundle being copied or checked? */
bool list_arriving(const struct list *l);

/*
 * A later list than the one in force that is known to be the RTCC's, but has yet to be checked
 * whole: what is not on it any more is withdrawn already (match_read_before). NULL: none; good
 * until anything here is called.
 */
const struct bundle *list_coming(const struct list *l);

/* Has the list in force turned out not to be what was signed? Then it matches nothing. */
bool list_broken(const struct list *l);

/*
 * Go on with what arrives until monotonic time end_ns; when it is done it is put in force, or
 * refused, as list_offer says: then list_arriving is false. Gives up a list in force that turned
 * out broken (bundle_broken), and looks for another. Errors: the refusal, or the database's.
 */
bool list_step(struct list *l, struct db *d, int64_t now_ns, int64_t end_ns,
	       struct err *e) MUST_CHECK;

/* Version in force, 0: none. */
uint64_t list_version(const struct list *l);

/* bundle_id of the one in force, 0: none. */
int64_t list_id(const struct list *l);

/* Is it too old to alert at wall time now_ns? False when there is none. */
bool list_stale(const struct list *l, int64_t now_ns);

#endif
