/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/list.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/base/log.h"
#include "firmware/store/list_record.h"
#include "hotlist/delta.h"
#include "hotlist/match.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define AT_ONCE_NS (10 * NS_PER_MS) /* for a bundle, before it is left to list_step */

static void cleanup_bundle(struct bundle **b)
{
	bundle_close(*b);
}
#define AUTO_BUNDLE CLEANUP(cleanup_bundle)

uint64_t list_version(const struct list *l)
{
	return l->b ? bundle_info(l->b)->version : 0;
}

int64_t list_id(const struct list *l)
{
	return l->b ? bundle_id(l->b) : 0;
}

bool list_stale(const struct list *l, int64_t now_ns)
{
	static const struct plate_read nothing;
	struct match m;
	bool stale = false;

	/* The gate's own judgement, so that status and alerts never differ. */
	match_read(l->b, &nothing, now_ns / NS_PER_S, &m, &stale);
	return stale;
}

static void say_why(struct list *l, const struct err *e)
{
	(void)snprintf(l->why, sizeof l->why, "%.150s", e->text);
}

static void load_key(struct list *l, const char *path, struct crypt_key **out)
{
	struct err why = {0};

	if (!crypt_key_load_public(path, out, &why))
		say_why(l, &why);
}

static bool has_key(const struct list *l)
{
	return l->keys.key[0] || l->keys.key[1];
}

bool list_open(struct list *l, const struct store_hotlist_conf *conf, const char *store_folder,
	       struct err *e)
{
	*l = (struct list){.conf = conf, .arriving = ARRIVAL_NONE};
	if ((size_t)snprintf(l->folder, sizeof l->folder, "%s/hotlist", store_folder) >=
		sizeof l->folder ||
	    (size_t)snprintf(l->cache, sizeof l->cache, "%s/hotlist/current.alpb", store_folder) >=
		sizeof l->cache ||
	    (size_t)snprintf(l->next, sizeof l->next, "%s/hotlist/next.alpb", store_folder) >=
		sizeof l->next)
		return err_set(e, ERR_LIMIT, "hotlist cache: path too long");
	if (mkdir(l->folder, 0700) != 0 && errno != EEXIST)
		return err_errno(e, errno, "hotlist cache %s", l->folder);
	if (!conf->key[0])
		(void)snprintf(l->why, sizeof l->why, "no [hotlist] key is configured");
	else
		load_key(l, conf->key, &l->keys.key[0]);
	if (conf->key_next[0])
		load_key(l, conf->key_next, &l->keys.key[1]);
	return true;
}

void list_close(struct list *l)
{
	arrival_drop(&l->arriving);
	bundle_close(l->b);
	for (size_t i = 0; i < ARRIVAL_KEYS; i++)
		crypt_key_free(l->keys.key[i]);
	*l = (struct list){.arriving = ARRIVAL_NONE};
}

/* --- choosing ------------------------------------------------------------------------------------
 */

/* Versions are kept as SQLite's signed numbers: one beyond them cannot be held against the floor.
 */
static bool new_enough(const struct bundle *b, int64_t floor, struct err *e)
{
	uint64_t version = bundle_info(b)->version;

	if (version > INT64_MAX)
		return err_set(e, ERR_LIMIT, "hotlist: version %" PRIu64, version);
	if ((int64_t)version < floor)
		return err_set(e, ERR_POLICY,
			       "hotlist: version %" PRIu64 " is older than %" PRId64
			       ", which has been in force",
			       version, floor);
	return true;
}

static bool put_in_force(struct list *l, struct db *d, struct bundle **b, const char *etag,
			 int64_t now_ns, struct err *e)
{
	if (!list_record_load(d, *b, etag, now_ns, e))
		return err_prefix(e, "hotlist");
	bundle_close(l->b);
	l->b = steal_ptr(b);
	(void)snprintf(l->etag, sizeof l->etag, "%s", etag);
	l->why[0] = '\0';
	log_line(LOG_NOTICE, "hotlist version %" PRIu64 " with %" PRIu32 " entries is in force",
		 list_version(l), bundle_info(l->b)->entries);
	return true;
}

/*
 * One candidate file, its records not yet checked; NULL in *out when it is refused or absent. With
 * a list at hand (`have`) one that is merely older is the ordinary case of a file that was not
 * updated: no reason to complain. False: the database failed.
 */
static bool candidate(struct list *l, struct db *d, const char *path, bool have, int64_t floor,
		      int64_t now_ns, struct bundle **out, struct err *e)
{
	struct err why = {0};

	if (arrival_begin(&l->keys, path, out, &why) && new_enough(*out, floor, &why))
		return true;
	if (have && (why.code == ERR_NOT_FOUND || (*out && why.code == ERR_POLICY)))
		why.code = ERR_AGAIN;
	bundle_close(*out);
	*out = NULL;
	if (why.code == ERR_AGAIN)
		return true;
	say_why(l, &why);
	if (why.code == ERR_NOT_FOUND)
		return true;
	log_line(LOG_WARNING, "hotlist refused: %s", why.text);
	return list_record_refusal(d, &why, now_ns, e);
}

/* By version; an RTCC that signs the same version again, later, means the later one. */
static bool newer_info(const struct bundle_info *x, const struct bundle_info *y)
{
	return x->version > y->version || (x->version == y->version && x->issued_ns > y->issued_ns);
}

static bool newer(const struct bundle *a, const struct bundle *b)
{
	return a && (!b || newer_info(bundle_info(a), bundle_info(b)));
}

/* --- arrivals ------------------------------------------------------------------------------------
 */

bool list_arriving(const struct list *l)
{
	return l->arriving.id != 0;
}

const struct bundle *list_coming(const struct list *l)
{
	const struct bundle *known = arrival_known(&l->arriving);

	return newer(known, l->b) ? known : NULL;
}

bool list_broken(const struct list *l)
{
	return l->b && bundle_broken(l->b);
}

static bool sync_folder(const struct list *l, struct err *e)
{
	AUTO_CLOSE int folder = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return (folder >= 0 && fsync(folder) == 0) || err_errno(e, errno, "hotlist cache");
}

/* What has arrived is good. `in_cache`: it lies where it shall, else it takes the old one's place.
 */
static bool accept(struct list *l, struct db *d, struct bundle **b, bool in_cache, int64_t now_ns,
		   struct err *e)
{
	int64_t floor;

	/* Another one may have been put in force meanwhile. */
	if (!list_record_floor(d, &floor, e) || !new_enough(*b, floor, e))
		return false;
	if (!in_cache && (rename(l->next, l->cache) != 0))
		return err_errno(e, errno, "hotlist cache");
	return (in_cache || sync_folder(l, e)) &&
	       put_in_force(l, d, b, l->arriving_etag, now_ns, e);
}

static bool go_on(struct list *l, struct db *d, int64_t now_ns, int64_t end_ns, struct err *e)
{
	AUTO_BUNDLE struct bundle *b = NULL;
	bool in_cache = l->arriving.path == NULL;
	int64_t id = l->arriving.id;
	bool good = arrival_step(&l->arriving, &l->keys, end_ns, &b, e);

	if (b && bundle_id(b) != id) /* the configured file became another on the way */
		l->arriving_etag[0] = '\0';
	if (b)
		good = accept(l, d, &b, in_cache, now_ns, e);
	/* Our own copy would be refused again, and again. */
	if (!good && in_cache)
		l->load_again = false;
	else if (!good)
		(void)unlink(l->next);
	return good;
}

/* A refusal is said, logged and audited. False: the database failed. */
static bool refuse(struct list *l, struct db *d, const struct err *why, int64_t now_ns,
		   struct err *e)
{
	say_why(l, why);
	log_line(LOG_WARNING, "hotlist refused: %s", why->text);
	return list_record_refusal(d, why, now_ns, e);
}

/* The list in force is not what was signed: one that matches nothing is worth no more than none. */
static bool give_up_broken(struct list *l, struct db *d, int64_t now_ns, struct err *e)
{
	struct err why = {0};

	(void)err_set(&why, ERR_FORMAT, "hotlist version %" PRIu64 ": broken on disk, given up",
		      list_version(l));
	bundle_close(l->b);
	l->b = NULL;
	l->etag[0] = '\0';
	(void)unlink(l->cache);
	if (!refuse(l, d, &why, now_ns, e))
		return false;
	/* The configured file may still be good. */
	if (!list_load(l, d, now_ns, e))
		return false;
	if (!l->b && !list_arriving(l))
		say_why(l, &why);
	return true;
}

bool list_step(struct list *l, struct db *d, int64_t now_ns, int64_t end_ns, struct err *e)
{
	struct err why = {0}, second = {0};

	if (list_broken(l))
		return give_up_broken(l, d, now_ns, e);
	if (!list_arriving(l))
		return true;
	if (!go_on(l, d, now_ns, end_ns, &why)) {
		if (!refuse(l, d, &why, now_ns, &second))
			log_line(LOG_WARNING, "hotlist: %s", second.text);
		if (e)
			*e = why;
		return false;
	}
	return true;
}

/* --- from disk -----------------------------------------------------------------------------------
 */

/* Go on with it at once: most lists are done then. False: the database failed. */
static bool begin_step(struct list *l, struct db *d, int64_t now_ns, struct err *e)
{
	struct err why = {0};

	return go_on(l, d, now_ns, clock_mono_ns() + AT_ONCE_NS, &why) ||
	       refuse(l, d, &why, now_ns, e);
}

/* Make the configured bundle our copy of it. False: the database failed. */
static bool adopt(struct list *l, struct db *d, const struct bundle *given, int64_t now_ns,
		  struct err *e)
{
	AUTO_CLOSE int fd = open(l->conf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct err why = {0};
	bool known;

	/* Should it be the list that was lost, it need not be fetched again. */
	if (!list_record_knows(d, given, &known, l->arriving_etag, e))
		return false;
	if (fd < 0)
		(void)err_errno(&why, errno, "hotlist: %s", l->conf->path);
	else if (arrival_copy(&l->arriving, steal_fd(&fd), NULL, bundle_id(given), l->next, &why))
		return begin_step(l, d, now_ns, e);
	return refuse(l, d, &why, now_ns, e);
}

/* Our own copy: accepted before, or else, after a power cut in the wrong moment, checked now. */
static bool take_cached(struct list *l, struct db *d, struct bundle **cached, int64_t now_ns,
			struct err *e)
{
	char etag[LIST_ETAG_SIZE];
	bool checked;

	if (!list_record_knows(d, *cached, &checked, etag, e))
		return false;
	if (checked)
		return put_in_force(l, d, cached, etag, now_ns, e);
	l->arriving_etag[0] = '\0';
	arrival_check(&l->arriving, steal_ptr(cached));
	return begin_step(l, d, now_ns, e);
}

bool list_load(struct list *l, struct db *d, int64_t now_ns, struct err *e)
{
	AUTO_BUNDLE struct bundle *cached = NULL, *given = NULL;
	int64_t floor;

	if (!has_key(l))
		return true;
	if (list_arriving(l)) {
		l->load_again = true;
		return true;
	}
	l->load_again = false;
	l->why[0] = '\0';
	if (!list_record_floor(d, &floor, e) ||
	    !candidate(l, d, l->cache, l->b != NULL, floor, now_ns, &cached, e) ||
	    (l->conf->path[0] &&
	     !candidate(l, d, l->conf->path, cached || l->b, floor, now_ns, &given, e)))
		return err_prefix(e, "hotlist");
	/* The cached one first: it alerts while the other is still being checked. */
	if (newer(cached, l->b) && (!take_cached(l, d, &cached, now_ns, e)))
		return err_prefix(e, "hotlist");
	if (!newer(given, l->b))
		return true;
	if (list_arriving(l)) {
		l->load_again = true;
		return true;
	}
	return adopt(l, d, given, now_ns, e) || err_prefix(e, "hotlist");
}

/* --- from uplink ---------------------------------------------------------------------------------
 */

/* The one in force: from now on under this name. */
static bool offered_again(struct list *l, struct db *d, const char *etag, struct err *e)
{
	if (strcmp(etag, l->etag) == 0)
		return true;
	if (!list_record_etag(d, l->b, etag, e))
		return err_prefix(e, "hotlist");
	(void)snprintf(l->etag, sizeof l->etag, "%s", etag);
	return true;
}

/* A whole list: checked as far as its signature before it is copied. */
static bool offer_whole(struct list *l, struct db *d, int fd, const char *etag, int64_t now_ns,
			struct err *e)
{
	AUTO_BUNDLE struct bundle *given = NULL;
	int64_t floor, id;
	int from;

	if (!arrival_begin_fd(&l->keys, fd, &given, e) || !list_record_floor(d, &floor, e) ||
	    !new_enough(given, floor, e))
		return false;
	if (bundle_id(given) == list_id(l))
		return offered_again(l, d, etag, e);
	if (!newer(given, l->b))
		return true; /* an earlier signing of the one in force */
	(void)snprintf(l->arriving_etag, sizeof l->arriving_etag, "%s", etag);
	if (bundle_id(given) == l->arriving.id)
		return true;
	arrival_drop(&l->arriving);
	from = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (from < 0)
		return err_errno(e, errno, "hotlist: dup");
	id = bundle_id(given);
	return arrival_copy(&l->arriving, from, steal_ptr(&given), id, l->next, e) &&
	       go_on(l, d, now_ns, clock_mono_ns() + AT_ONCE_NS, e);
}

/* What turns the list in force into a later one. */
static bool offer_delta(struct list *l, struct db *d, struct gift *g, const char *etag,
			int64_t now_ns, struct err *e)
{
	struct arrival begun;
	struct delta_info info;

	if (!l->b)
		return err_set(e, ERR_NOT_FOUND, "hotlist: a delta, but no list to change");
	if (!delta_read(g->data, g->len, &info, e))
		return err_prefix(e, "hotlist");
	if (!newer_info(&info.to.info, bundle_info(l->b)))
		return err_set(e, ERR_POLICY, "hotlist: a delta to a list that is not newer");
	if (!arrival_delta(&begun, &l->keys, g, l->cache, l->next, e))
		return err_prefix(e, "hotlist");
	(void)snprintf(l->arriving_etag, sizeof l->arriving_etag, "%s", etag);
	if (begun.id == l->arriving.id) {
		arrival_drop(&begun);
		return true;
	}
	arrival_drop(&l->arriving);
	l->arriving = begun;
	return go_on(l, d, now_ns, clock_mono_ns() + AT_ONCE_NS, e);
}

static bool offer(struct list *l, struct db *d, int fd, const char *etag, int64_t now_ns,
		  struct err *e)
{
	char name[LIST_ETAG_SIZE];
	CLEANUP(gift_unmap) struct gift g = {0};

	if (!has_key(l))
		return err_set(e, ERR_POLICY, "hotlist: there is no key to verify it with");
	if (!gift_map(fd, BUNDLE_MAX_SIZE, &g, e))
		return false;
	(void)snprintf(name, sizeof name, "%s", etag);
	return delta_is(g.data, g.len) ? offer_delta(l, d, &g, name, now_ns, e)
				       : offer_whole(l, d, fd, name, now_ns, e);
}

bool list_offer(struct list *l, struct db *d, int fd, const char *etag, int64_t now_ns,
		struct err *e)
{
	struct err why = {0}, second = {0};

	if (offer(l, d, fd, etag, now_ns, &why))
		return true;
	say_why(l, &why);
	if (!list_record_refusal(d, &why, now_ns, &second))
		log_line(LOG_WARNING, "hotlist: %s", second.text);
	if (e)
		*e = why;
	return false;
}
