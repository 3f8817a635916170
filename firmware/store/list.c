/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/list.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/base/log.h"
#include "firmware/store/audit.h"
#include "hotlist/delta.h"
#include "hotlist/match.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define FLOOR	   "list_version"   /* in the database: never loads an older one */
#define CHECKED	   "list_checked"   /* and bundle_id of the one that was last checked whole */
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

/* --- audit ---------------------------------------------------------------------------------------
 */

/* The reason is an error text of ours, without quotes but perhaps with a path: keep JSON valid
 * whatever is in it. */
static void plain(const char *text, char out[160])
{
	size_t n = 0;

	for (; *text && n < 159; text++)
		out[n++] = *text;
	for (size_t i = 0; i < n; i++)
		if (out[i] == '"' || out[i] == '\\' || (unsigned char)out[i] < ' ')
			out[i] = '\'';
	out[n] = '\0';
}

static bool record_refusal(struct db *d, const struct err *why, int64_t now_ns, struct err *e)
{
	char text[160], detail[200];

	plain(why->text, text);
	(void)snprintf(detail, sizeof detail, "{\"reason\":\"%s\"}", text);
	return audit_append(
	    d,
	    &(struct audit_record){
		.who = "store", .what = "hotlist", .outcome = "refused", .detail = detail},
	    now_ns, e);
}

static bool record_load(struct db *d, const struct bundle *b, int64_t now_ns, struct err *e)
{
	const struct bundle_info *i = bundle_info(b);
	AUTO_ROLLBACK struct db_tx tx = {0};
	char detail[256], who[sizeof "signer:" + (size_t)2 * CRYPT_SHA256_SIZE],
	    issued[CLOCK_RFC3339_SIZE];
	size_t n = (size_t)snprintf(who, sizeof who, "signer:");

	for (size_t k = 0; k < CRYPT_SHA256_SIZE; k++)
		n += (size_t)snprintf(who + n, sizeof who - n, "%02x", i->signer[k]);
	(void)snprintf(detail, sizeof detail,
		       "{\"version\":%" PRIu64 ",\"entries\":%" PRIu32 ",\"issued\":\"%s\"}",
		       i->version, i->entries, clock_rfc3339(i->issued_ns, issued));
	return db_begin(d, &tx, e) && db_state_set(d, FLOOR, (int64_t)i->version, e) &&
	       db_state_set(d, CHECKED, bundle_id(b), e) &&
	       audit_append(
		   d,
		   &(struct audit_record){
		       .who = who, .what = "hotlist", .outcome = "loaded", .detail = detail},
		   now_ns, e) &&
	       db_commit(&tx, e);
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

static bool put_in_force(struct list *l, struct db *d, struct bundle **b, int64_t now_ns,
			 struct err *e)
{
	if (!record_load(d, *b, now_ns, e))
		return err_prefix(e, "hotlist");
	bundle_close(l->b);
	l->b = steal_ptr(b);
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
	return record_refusal(d, &why, now_ns, e);
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
	if (!db_state_get(d, FLOOR, &floor, e) || !new_enough(*b, floor, e))
		return false;
	if (!in_cache && (rename(l->next, l->cache) != 0))
		return err_errno(e, errno, "hotlist cache");
	return (in_cache || sync_folder(l, e)) && put_in_force(l, d, b, now_ns, e);
}

static bool go_on(struct list *l, struct db *d, int64_t now_ns, int64_t end_ns, struct err *e)
{
	AUTO_BUNDLE struct bundle *b = NULL;
	bool in_cache = l->arriving.path == NULL;
	bool good = arrival_step(&l->arriving, &l->keys, end_ns, &b, e) &&
		    (!b || accept(l, d, &b, in_cache, now_ns, e));

	if (!good && !in_cache)
		(void)unlink(l->next);
	return good;
}

/* A refusal is said, logged and audited. False: the database failed. */
static bool refuse(struct list *l, struct db *d, const struct err *why, int64_t now_ns,
		   struct err *e)
{
	say_why(l, why);
	log_line(LOG_WARNING, "hotlist refused: %s", why->text);
	return record_refusal(d, why, now_ns, e);
}

/* The list in force is not what was signed: one that matches nothing is worth no more than none. */
static bool give_up_broken(struct list *l, struct db *d, int64_t now_ns, struct err *e)
{
	struct err why = {0};

	(void)err_set(&why, ERR_FORMAT, "hotlist version %" PRIu64 ": broken on disk, given up",
		      list_version(l));
	bundle_close(l->b);
	l->b = NULL;
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
	if (list_arriving(l) || !l->load_again)
		return true;
	l->load_again = false;
	return list_load(l, d, now_ns, e);
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
	int fd = open(l->conf->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct err why = {0};

	if (fd < 0)
		(void)err_errno(&why, errno, "hotlist: %s", l->conf->path);
	else if (arrival_copy(&l->arriving, fd, bundle_id(given), l->next, &why))
		return begin_step(l, d, now_ns, e);
	return refuse(l, d, &why, now_ns, e);
}

/* Our own copy: accepted before, or else, after a power cut in the wrong moment, checked now. */
static bool take_cached(struct list *l, struct db *d, struct bundle **cached, int64_t now_ns,
			struct err *e)
{
	int64_t checked;

	if (!db_state_get(d, CHECKED, &checked, e))
		return false;
	if (checked == bundle_id(*cached))
		return put_in_force(l, d, cached, now_ns, e);
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
	l->why[0] = '\0';
	if (!db_state_get(d, FLOOR, &floor, e) ||
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

/* A whole list: checked as far as its signature before it is copied. */
static bool offer_whole(struct list *l, struct db *d, int fd, int64_t now_ns, struct err *e)
{
	AUTO_BUNDLE struct bundle *given = NULL;
	int64_t floor;
	int from;

	if (!arrival_begin_fd(&l->keys, fd, &given, e) || !db_state_get(d, FLOOR, &floor, e) ||
	    !new_enough(given, floor, e))
		return false;
	if (!newer(given, l->b) || bundle_id(given) == l->arriving.id)
		return true; /* the one in force, an earlier signing of it, or on its way */
	arrival_drop(&l->arriving);
	from = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (from < 0)
		return err_errno(e, errno, "hotlist: dup");
	return arrival_copy(&l->arriving, from, bundle_id(given), l->next, e) &&
	       go_on(l, d, now_ns, clock_mono_ns() + AT_ONCE_NS, e);
}

/* What turns the list in force into a later one. */
static bool offer_delta(struct list *l, struct db *d, const struct gift *g, int64_t now_ns,
			struct err *e)
{
	struct delta_info info;

	if (!l->b)
		return err_set(e, ERR_NOT_FOUND, "hotlist: a delta, but no list to change");
	if (!delta_read(g->data, g->len, &info, e))
		return err_prefix(e, "hotlist");
	if (!newer_info(&info.to.info, bundle_info(l->b)))
		return err_set(e, ERR_POLICY, "hotlist: a delta to a list that is not newer");
	arrival_drop(&l->arriving);
	return (arrival_delta(&l->arriving, &l->keys, g->data, g->len, l->cache, l->next, e) ||
		err_prefix(e, "hotlist")) &&
	       go_on(l, d, now_ns, clock_mono_ns() + AT_ONCE_NS, e);
}

static bool offer(struct list *l, struct db *d, int fd, int64_t now_ns, struct err *e)
{
	CLEANUP(gift_unmap) struct gift g = {0};

	if (!has_key(l))
		return err_set(e, ERR_POLICY, "hotlist: there is no key to verify it with");
	if (!gift_map(fd, BUNDLE_MAX_SIZE, &g, e))
		return false;
	return delta_is(g.data, g.len) ? offer_delta(l, d, &g, now_ns, e)
				       : offer_whole(l, d, fd, now_ns, e);
}

bool list_offer(struct list *l, struct db *d, int fd, int64_t now_ns, struct err *e)
{
	struct err why = {0}, second = {0};

	if (offer(l, d, fd, now_ns, &why))
		return true;
	say_why(l, &why);
	if (!record_refusal(d, &why, now_ns, &second))
		log_line(LOG_WARNING, "hotlist: %s", second.text);
	if (e)
		*e = why;
	return false;
}
