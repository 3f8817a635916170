/* SPDX-License-Identifier: Apache-2.0 */
/* Which passages are one vehicle: the two angles of it, and the pieces of a track that broke. */
#include "firmware/base/clock.h"
#include "firmware/vision/passage_parts.h"

#include <math.h>

#define NO_JOIN	   1e9f
#define ANGLES_GAP NS_PER_S /* both angles see a vehicle at nearly the same time */
#define BREAK_GAP                                                                                  \
	(4 * NS_PER_S) /* a track that broke goes on by then; later it is a new passage            \
			*/
#define PARKED_GAP    (600 * NS_PER_S) /* unless the vehicle stood and stands there still */
#define ACTIVE_NS     NS_PER_S
#define PARKED_NEAR   2.0f /* plate widths */
#define NEAR_LEAST    1.0f /* plate widths that a prediction over a gap may be off */
#define NEAR_GROWTH   3.0f /* and more for each second of it */
#define FAR_LEAST     3.0f /* the same where the text agrees */
#define FAR_GROWTH    20.0f
#define LOSS_MIDDLING 20.0f
#define KNOWN_FRAMES  3u /* before a vehicle is joined by place alone */
#define PREDICT_NS    (NS_PER_S * 3 / 2)

/* How far the newer piece begins from where the older one led, in plate widths; *behind: it would
 * have gone back. */
static float off_course(const struct passage_angle *old, const struct passage_angle *new,
			bool *behind)
{
	int64_t gap = new->first_ns - old->last_ns;
	float s = (float)(gap > PREDICT_NS ? PREDICT_NS : gap) * 1e-9f,
	      w = fmaxf(0.5f * (old->w + new->w), 1.0f);
	float speed = hypotf(old->vx, old->vy), dx = new->fx - old->x, dy = new->fy - old->y;

	*behind = old->frames > 2 && speed > w && (dx * old->vx + dy * old->vy) / speed < -w;
	return hypotf(dx - old->vx * s, dy - old->vy * s) / w;
}

/* Cost of taking `new` for the continuation of `old` in this camera. moving: it was under way. */
static float piece_cost(const struct passage_angle *old, const struct passage_angle *new,
			const struct agreement *g, bool moving)
{
	int64_t gap = new->first_ns - old->last_ns;
	float seconds = (float)gap * 1e-9f, off;
	bool behind;

	off = off_course(old, new, &behind);
	if (gap > BREAK_GAP) {
		float apart = hypotf(new->x - old->x, new->y - old->y) / fmaxf(old->w, 1.0f);

		return old->stood && moving && g->strong && gap <= PARKED_GAP &&
			       apart <= PARKED_NEAR
			   ? apart
			   : NO_JOIN;
	}
	if (g->same)
		return 0.1f * off;
	if (behind || !moving)
		return NO_JOIN;
	if (g->strong && off <= FAR_LEAST + FAR_GROWTH * seconds)
		return 1.0f + 0.1f * off + 0.2f * g->loss;
	if (!g->contrary && old->frames >= KNOWN_FRAMES &&
	    off <= NEAR_LEAST + NEAR_GROWTH * seconds)
		return 3.0f + off + 0.2f * g->loss;
	return NO_JOIN;
}

/* Seen by this camera alone, moving, and lately. */
static bool is_lone(const struct passage *q, unsigned camera, int64_t now_ns)
{
	return q->state != PASSAGE_FREE && q->moved_ns && q->angle[camera].frames &&
	       !q->angle[!camera].frames && now_ns - q->last_ns <= ACTIVE_NS;
}

static bool is_only_one(const struct passages *p, unsigned camera, int64_t now_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PASSAGES_MAX; i++)
		n += is_lone(&p->at[i], camera, now_ns);
	return n == 1;
}

/* Where both show now: shares of the pictures' widths. */
static enum mapping_opinion places(const struct passages *p, int i0, int i1)
{
	const struct track *a = passage_track(p, i0, 0), *b = passage_track(p, i1, 1);
	float w0 = (float)p->conf.width[0], w1 = (float)p->conf.width[1];

	if (!a || !b || a->last_ns - b->last_ns > 50 * NS_PER_MS ||
	    b->last_ns - a->last_ns > 50 * NS_PER_MS)
		return MAPPING_UNKNOWN;
	return mapping_ask(&p->mapping, a->x / w0, a->y / w0, b->x / w1, b->y / w1, b->w / w1);
}

/* Cost of taking a passage that only camera 0 saw and one that only camera 1 saw for one vehicle.
 */
static float angles_cost(const struct passages *p, int i0, int i1, int64_t now_ns,
			 const struct agreement *g)
{
	const struct passage *a = &p->at[i0], *b = &p->at[i1];
	const struct passage_angle *x = &a->angle[0], *y = &b->angle[1];
	enum mapping_opinion place = places(p, i0, i1);
	uint32_t known = p->conf.stills ? 1 : KNOWN_FRAMES;
	bool only;

	if (x->first_ns - y->last_ns > ANGLES_GAP || y->first_ns - x->last_ns > ANGLES_GAP)
		return NO_JOIN;
	if (g->same)
		return place == MAPPING_CONTRADICTS ? 2.0f : 0.0f;
	if (place == MAPPING_CONTRADICTS)
		return NO_JOIN;
	if (g->strong && place != MAPPING_DOUBTFUL)
		return 1.0f + 0.2f * g->loss;
	/* What is left is joined by place: only what has been seen for a while, and only when there
	 * is no other. */
	if (x->frames < known || y->frames < known || !a->moved_ns || !b->moved_ns)
		return NO_JOIN;
	only = is_only_one(p, 0, now_ns) && is_only_one(p, 1, now_ns);
	if (place == MAPPING_FITS && (only || (!g->contrary && g->loss <= LOSS_MIDDLING)))
		return 5.0f + 0.2f * g->loss;
	if (place == MAPPING_UNKNOWN && only &&
	    (p->conf.stills || (!g->contrary && g->loss <= LOSS_MIDDLING)))
		return 8.0f + 0.2f * g->loss;
	return NO_JOIN;
}

/* All that was read of a passage, for asking about agreement: the angle that both saw, else the one
 * with more. */
static const struct evidence *evidence_of(const struct passage *q, int camera)
{
	if (camera >= 0)
		return &q->angle[camera].seen;
	return q->angle[0].seen.n >= q->angle[1].seen.n ? &q->angle[0].seen : &q->angle[1].seen;
}

/* Asked before the texts are: it is cheap, and nearly everything fails by it. shared: a camera that
 * saw both, or -1. */
static bool in_time(const struct passage *a, const struct passage *b, int shared)
{
	const struct passage *old = a->first_ns < b->first_ns ? a : b;
	int64_t gap = (old == a ? b : a)->first_ns - old->last_ns;

	if (shared < 0)
		return gap <= ANGLES_GAP;
	return gap <= BREAK_GAP || (gap <= PARKED_GAP && old->moved_ns && old->angle[shared].stood);
}

static float join_cost(const struct passages *p, int i, int k, int64_t now_ns)
{
	const struct passage *a = &p->at[i], *b = &p->at[k];
	struct agreement g;
	float worst = -1.0f;
	int shared = -1;

	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		if (passage_overlaps(a, b, c))
			return NO_JOIN;
		if (a->angle[c].frames && b->angle[c].frames)
			shared = (int)c;
	}
	if (!in_time(a, b, shared))
		return NO_JOIN;
	g = evidence_agreement(evidence_of(a, shared), &a->read, evidence_of(b, shared), &b->read);
	if (shared < 0)
		return a->angle[0].frames ? angles_cost(p, i, k, now_ns, &g)
					  : angles_cost(p, k, i, now_ns, &g);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		const struct passage_angle *x = &a->angle[c], *y = &b->angle[c];

		if (!x->frames || !y->frames)
			continue;
		worst = fmaxf(worst, x->first_ns < y->first_ns
					 ? piece_cost(x, y, &g, a->moved_ns != 0)
					 : piece_cost(y, x, &g, b->moved_ns != 0));
	}
	return worst;
}

/* Learn where camera 1 sees what camera 0 sees from those whose angles both were read alike. */
static void learn_places(struct passages *p, int64_t now_ns)
{
	for (int i = 0; i < (int)PASSAGES_MAX; i++) {
		const struct passage *q = &p->at[i];
		const struct track *a, *b;

		if (q->state == PASSAGE_FREE || !q->angle[0].frames || !q->angle[1].frames ||
		    q->pair_ns != now_ns || !q->moved_ns || q->read.confidence < 0.5f)
			continue;
		a = passage_track(p, i, 0);
		b = passage_track(p, i, 1);
		if (a && b && a->fresh && b->fresh && a->last_ns > 0 &&
		    q->angle[0].last_ns == a->last_ns)
			mapping_learn(
			    &p->mapping, a->x / (float)p->conf.width[0],
			    a->y / (float)p->conf.width[0], b->x / (float)p->conf.width[1],
			    b->y / (float)p->conf.width[1], b->w / (float)p->conf.width[1]);
	}
}

static bool join_best(struct passages *p, int64_t now_ns)
{
	float best = NO_JOIN;
	int bi = -1, bk = -1;

	for (int i = 0; i < (int)PASSAGES_MAX; i++)
		for (int k = 0; k < (int)PASSAGES_MAX; k++) {
			const struct passage *a = &p->at[i], *b = &p->at[k];
			float cost;

			/* Each pair once, the older one first, and only when there is news of one;
			 * an event that is out is not taken back. */
			if (a->state == PASSAGE_FREE || b->state == PASSAGE_FREE ||
			    a->serial >= b->serial ||
			    (a->pair_ns != now_ns && b->pair_ns != now_ns) ||
			    (a->state == PASSAGE_DECIDED && b->state == PASSAGE_DECIDED))
				continue;
			cost = join_cost(p, i, k, now_ns);
			if (cost < best) {
				best = cost;
				bi = i;
				bk = k;
			}
		}
	if (bi < 0)
		return false;
	if (p->at[bi].state == PASSAGE_OPEN && p->at[bk].state == PASSAGE_DECIDED)
		passage_merge(p, bk, bi);
	else
		passage_merge(p, bi, bk);
	return true;
}

void passages_join(struct passages *p, int64_t now_ns)
{
	while (join_best(p, now_ns)) {
		for (unsigned i = 0; i < PASSAGES_MAX; i++)
			if (p->at[i].state == PASSAGE_OPEN)
				passage_refresh(&p->at[i]);
	}
	learn_places(p, now_ns);
}
