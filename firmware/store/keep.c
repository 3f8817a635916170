/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/store/keep.h"

#include "firmware/base/clock.h"
#include "firmware/store/audit.h"
#include "firmware/store/cooldown.h"
#include "firmware/store/counters.h"
#include "firmware/store/outbox.h"
#include "firmware/store/text.h"
#include "hotlist/hit.h"
#include "hotlist/match.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROOM                                                                                       \
	16 /* oldest passages that go when there is no room for one: it may be a hit with scenes   \
	    */

/* One passage on its way through; what match and cooldown said of it. */
struct passing {
	const struct keep *k;
	const struct intake *in;
	const struct keep_when *when;
	struct match match;
	bool matched; /* on the list */
	bool rings;   /* and is not in its cooldown */
	const struct period_key *key;
};

static void match_passage(struct passing *p)
{
	bool stale;

	memset(&p->match, 0, sizeof p->match);
	if (p->in->p.low_quality)
		return;
	match_read_before(p->k->list, p->k->later, &p->in->p.read, p->when->valid_ns / NS_PER_S,
			  &p->match, &stale);
	p->matched = p->match.grade != GRADE_NONE && p->match.n > 0;
	p->rings = p->matched;
}

static void fill_image(struct hit_image *out, const struct intake *in, size_t picture,
		       size_t camera)
{
	const struct wire_angle *a = &in->p.angles[camera];

	if (!a->present)
		return;
	out->jpeg = in->pictures[picture].jpeg;
	out->len = in->pictures[picture].len;
	out->capture_ns = a->capture_ns;
	out->quad = a->quad;
	out->confidence = a->read.confidence;
}

static bool event(const struct passing *p, char **json, size_t *len, struct err *e)
{
	const struct wire_passage *m = &p->in->p;
	const struct site *site = &p->k->conf->site;
	struct hit h = {
	    .site = site->name,
	    .latitude = site->latitude,
	    .longitude = site->longitude,
	    .camera_names = {site->camera_0, site->camera_1},
	    .first_ns = m->first_ns,
	    .last_ns = m->last_ns,
	    .best_ns = m->best_ns,
	    .degraded = m->degraded,
	    .read = &m->read,
	    .match = &p->match,
	    .list = bundle_info(p->k->list),
	    .now_ns = p->when->valid_ns,
	};

	(void)text_id(m->id, h.id);
	fill_image(&h.images[WIRE_CROP_0], p->in, WIRE_CROP_0, 0);
	fill_image(&h.images[WIRE_CROP_1], p->in, WIRE_CROP_1, 1);
	fill_image(&h.images[WIRE_SCENE_0], p->in, WIRE_SCENE_0, 0);
	fill_image(&h.images[WIRE_SCENE_1], p->in, WIRE_SCENE_1, 1);
	return hit_to_json(&h, json, len, e);
}

static bool put_hit(const struct passing *p, struct err *e)
{
	AUTO_FREE char *json = NULL;
	const struct wire_passage *m = &p->in->p;
	struct outbox_hit h = {.passage_id = m->id,
			       .kept_ns = p->when->kept_ns,
			       .best_ns = m->best_ns,
			       .grade = match_grade_name(p->match.grade),
			       .category = p->match.entries[0].category,
			       .list_version = bundle_info(p->k->list)->version,
			       .key = p->key};
	char id[TEXT_ID_SIZE], detail[200], counter[COUNTERS_NAME_SIZE];
	bool put;

	if (!event(p, &json, &h.len, e))
		return err_prefix(e, "hit");
	h.json = json;
	put = outbox_put(p->k->db, &h, e);
	explicit_bzero(json, h.len);
	(void)snprintf(
	    detail, sizeof detail,
	    "{\"passage\":\"%s\",\"grade\":\"%s\",\"category\":\"%c\",\"list_version\":%" PRIu64
	    "}",
	    text_id(m->id, id), h.grade, h.category, h.list_version);
	return put &&
	       audit_append(
		   p->k->db,
		   &(struct audit_record){
		       .who = "store", .what = "hit", .outcome = "queued", .detail = detail},
		   p->when->stored_ns, e) &&
	       db_state_add(p->k->db, "hits", 1, e) &&
	       db_state_add(p->k->db, counters_hit(h.category, h.grade, counter), 1, e);
}

static bool count(const struct passing *p, struct err *e)
{
	struct db *d = p->k->db;

	return db_state_add(d, "passages", 1, e) &&
	       db_state_add(d, "reads", p->in->p.read.text[0] != '\0', e) &&
	       db_state_add(d, "low_quality", p->in->p.low_quality, e) &&
	       db_state_add(d, "hits_suppressed_cooldown", p->matched && !p->rings, e) &&
	       db_state_add(d, "lookalikes_suppressed", p->match.lookalike_suppressed, e);
}

static bool take_key(struct passing *p, struct err *e)
{
	struct periods *keys = p->k->keys;

	return keys->keystore ? periods_at(keys, p->k->db, p->when->kept_ns, &p->key, e)
			      : periods_passing(keys, p->when->kept_ns, &p->key, e);
}

static bool cools_down(struct passing *p, bool *rings, struct err *e)
{
	struct cooldown_keys keys = {p->key, p->k->keys};

	return cooldown_check(p->k->db, &keys, &p->in->p.read, &p->match, p->in->p.best_ns,
			      p->when->kept_ns, p->k->conf->hotlist.cooldown_s, rings, e);
}

/* All that follows from a passage, in the transaction that is open. */
static bool put(struct passing *p, bool pictures, struct err *e)
{
	struct ring_passage r = {.p = &p->in->p,
				 .key = p->key,
				 .list_version = p->k->list ? bundle_info(p->k->list)->version : 0,
				 .kept_ns = p->when->kept_ns,
				 .stored_ns = p->when->stored_ns};
	bool rings = p->matched;

	if (p->matched && !cools_down(p, &rings, e))
		return false;
	p->rings = rings;
	r.hit = rings ? RING_HIT : p->matched ? RING_SUPPRESSED : RING_READ;
	if (pictures)
		memcpy(r.pictures, p->in->pictures, sizeof r.pictures);
	return (!p->k->keys->keystore || ring_insert(p->k->db, &r, e)) &&
	       (!p->rings || put_hit(p, e)) && count(p, e);
}

static bool commit(struct passing *p, bool pictures, bool *repeat, struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};

	/* Before anything that may want room: that would cost the very read that is asked for. */
	if (!ring_has(p->k->db, p->in->p.id, repeat, e))
		return false;
	if (*repeat)
		return true;
	return take_key(p, e) && db_begin(p->k->db, &tx, e) && put(p, pictures, e) &&
	       db_commit(&tx, e);
}

/* Into the transaction that is open, unless it is there already. */
static bool put_new(struct passing *p, struct keep_result *out, struct err *e)
{
	bool repeat;

	*out = (struct keep_result){.outcome = KEEP_REPEAT};
	match_passage(p);
	if (!ring_has(p->k->db, p->in->p.id, &repeat, e))
		return false;
	if (repeat)
		return true;
	out->outcome = KEEP_ACCEPTED;
	if (!put(p, true, e))
		return false;
	out->hit = p->rings;
	return true;
}

bool keep_together(const struct keep *k, const struct intake in[], size_t n,
		   const struct keep_when *when, struct keep_result out[], struct err *e)
{
	AUTO_ROLLBACK struct db_tx tx = {0};
	struct passing first = {.k = k, .when = when};

	if (!k->keys->keystore)
		return err_set(e, ERR_NOT_FOUND, "together: no keystore");
	if (!take_key(&first, e) || !db_begin(k->db, &tx, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct passing p = {.k = k, .in = &in[i], .when = when, .key = first.key};

		if (!put_new(&p, &out[i], e))
			return false;
	}
	return db_commit(&tx, e);
}

/*
 * Oldest first. What is set aside lets the deletion itself be written; it is given up when there is
 * no other way. False: nothing could be done.
 */
static bool make_room(const struct keep *k, bool insist)
{
	struct ring_purged purged = {0};
	bool given = insist && space_give_up(k->space);

	db_recycle(k->db);
	(void)db_hold(k->db, true);
	if (ring_make_room(k->db, ROOM, &purged, NULL))
		return purged.passages > 0 || given;
	if (!space_give_up(k->space))
		return given;
	db_recycle(k->db);
	return ring_make_room(k->db, ROOM, &purged, NULL);
}

bool keep_passage(const struct keep *k, const struct intake *in, const struct keep_when *when,
		  struct keep_result *out, struct err *e)
{
	struct passing p = {.k = k, .in = in, .when = when};
	bool repeat = false;
	struct err why = {0};

	*out = (struct keep_result){0};
	match_passage(&p);
	out->outcome = KEEP_DROPPED;
	if (!k->keys->keystore && !p.matched)
		return true;
	for (int attempt = 0; attempt < 4; attempt++) {
		bool pictures = attempt < 3;

		why = (struct err){0};
		if (!pictures && p.rings)
			(void)db_hold(k->db, false); /* a hit may have the last of the disk */
		if (commit(&p, pictures, &repeat, &why)) {
			out->outcome = repeat			      ? KEEP_REPEAT
				       : k->keys->keystore || p.rings ? KEEP_ACCEPTED
								      : KEEP_DROPPED;
			out->hit = !repeat && p.rings;
			out->without_crops = !repeat && !pictures;
			return true;
		}
		if (why.code != ERR_NO_SPACE) {
			if (e)
				*e = why;
			return false;
		}
		out->made_room = true;
		if (attempt < 2 && !make_room(k, attempt > 0))
			attempt = 2; /* nothing to be had from the ring: without pictures, then */
	}
	out->outcome = p.rings ? KEEP_WAITS : KEEP_DROPPED;
	return true;
}
