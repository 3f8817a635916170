/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/passage.h"

#include "firmware/base/clock.h"
#include "firmware/vision/passage_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BETTER	       1.1f /* a picture must be so much better to be taken again */
#define WORTH_KEEPING  9
#define RECHECK_NS     (2 * NS_PER_S)
#define KNOWN_ENOUGH   4u /* observations after which a thing that stands still is not read again */
#define STANDS	       0.3f /* plate widths */
#define STOOD_LONG_NS  (10 * NS_PER_S)
#define STANDS_WITHIN  0.5f /* plate widths */
#define STANDS_NS      (NS_PER_S * 8 / 10)
#define INTERVALS_LOST 2.5f /* at a low rate nothing is lost before so many pictures */

bool passages_new(const struct passages_conf *conf, struct passages **out, struct err *e)
{
	struct passages *p = calloc(1, sizeof *p);

	if (!p)
		return err_set(e, ERR_NO_MEMORY, "passages");
	p->conf = *conf;
	mapping_init(&p->mapping);
	*out = p;
	return true;
}

void passages_free(struct passages *p)
{
	free(p);
}

void passages_hook(struct passages *p, const struct passages_hooks *hooks)
{
	p->hooks = *hooks;
}

struct passage *passages_at(struct passages *p, int index)
{
	return index >= 0 && index < (int)PASSAGES_MAX ? &p->at[index] : NULL;
}

uint32_t passages_open(const struct passages *p)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < PASSAGES_MAX; i++)
		n += p->at[i].state == PASSAGE_OPEN;
	return n;
}

bool passages_pending(const struct passages *p)
{
	for (unsigned i = 0; i < PASSAGES_MAX; i++) {
		const struct passage *q = &p->at[i];

		if (q->state == PASSAGE_OPEN &&
		    (q->moved_ns || q->last_ns - q->first_ns < PASSAGE_SIGN_NS))
			return true;
	}
	return false;
}

/* --- parts ----------------------------------------------------------------------------------- */

void passage_refresh(struct passage *q)
{
	const struct evidence *heaps[FRAME_CAMERAS];
	char before[PLATE_TEXT_SIZE];
	size_t n = 0;

	if (!q->stale)
		return;
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		if (q->angle[c].seen.n)
			heaps[n++] = &q->angle[c].seen;
	memcpy(before, q->read.text, sizeof before);
	evidence_read(heaps, n, &q->read);
	q->stale = false;
	if (strcmp(before, q->read.text) != 0)
		q->agreed = 0;
	q->agreed++;
}

bool passage_overlaps(const struct passage *a, const struct passage *b, unsigned camera)
{
	const struct passage_angle *x = &a->angle[camera], *y = &b->angle[camera];

	return x->frames && y->frames && x->first_ns <= y->last_ns && y->first_ns <= x->last_ns;
}

const struct track *passage_track(const struct passages *p, int i, unsigned camera)
{
	for (unsigned k = 0; k < TRACKS_MAX; k++) {
		const struct track *t = &p->tracks[k];

		if (t->live && t->passage == i && t->camera == camera)
			return t;
	}
	return NULL;
}

static bool passage_is_live(const struct passages *p, int i)
{
	return passage_track(p, i, 0) || passage_track(p, i, 1);
}

void passage_drop(struct passages *p, int i)
{
	for (unsigned k = 0; k < TRACKS_MAX; k++)
		if (p->tracks[k].passage == i)
			p->tracks[k].live = false;
	for (unsigned k = 0; k < PASSAGES_MAX; k++)
		p->near[i][k] = p->near[k][i] = p->together[i][k] = p->together[k][i] = 0;
	p->at[i].state = PASSAGE_FREE;
}

static void own_track(struct passages *p, struct track *t, int i)
{
	t->passage = i;
	t->seen = &p->at[i].angle[t->camera].seen;
	t->read = &p->at[i].read;
}

static bool merge_angle(struct passage_angle *into, const struct passage_angle *from)
{
	bool take = from->best > into->best;

	if (!from->frames)
		return false;
	if (!into->frames || from->first_ns < into->first_ns) {
		into->first_ns = from->first_ns;
		into->fx = from->fx;
		into->fy = from->fy;
	}
	if (!into->frames || from->last_ns > into->last_ns) {
		into->last_ns = from->last_ns;
		into->x = from->x;
		into->y = from->y;
		into->w = from->w;
		into->h = from->h;
		into->vx = from->vx;
		into->vy = from->vy;
		into->stood = from->stood;
		into->still_ns = from->still_ns;
		into->ax = from->ax;
		into->ay = from->ay;
	}
	if (take) {
		into->best = from->best;
		into->best_ns = from->best_ns;
		into->quad = from->quad;
		into->height_px = from->height_px;
		into->sharpness = from->sharpness;
		into->contrast = from->contrast;
		into->mean = from->mean;
	}
	into->frames += from->frames;
	evidence_merge(&into->seen, &from->seen);
	return take;
}

void passage_merge(struct passages *p, int into, int from)
{
	struct passage *a = &p->at[into], *b = &p->at[from];
	bool take[FRAME_CAMERAS];

	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		const struct passage_angle *x = &a->angle[c], *y = &b->angle[c];

		/* Two pieces of one track that lie apart have moved, whatever each of them did. */
		if (!a->moved_ns && x->frames && y->frames &&
		    hypotf(x->fx - y->x, x->fy - y->y) > PASSAGE_APART * x->w)
			a->moved_ns = a->last_ns > b->last_ns ? a->last_ns : b->last_ns;
		take[c] = merge_angle(&a->angle[c], &b->angle[c]);
	}
	a->first_ns = b->first_ns < a->first_ns ? b->first_ns : a->first_ns;
	a->last_ns = b->last_ns > a->last_ns ? b->last_ns : a->last_ns;
	if (b->moved_ns && (!a->moved_ns || b->moved_ns < a->moved_ns))
		a->moved_ns = b->moved_ns;
	/* Two angles of one pair count once; fragments of one angle add up. */
	if (a->angle[0].frames > a->angle[1].frames)
		a->pairs = a->angle[0].frames;
	else
		a->pairs = a->angle[1].frames;
	a->score += b->score;
	a->stale = a->state == PASSAGE_OPEN;
	for (unsigned k = 0; k < PASSAGES_MAX; k++) {
		p->near[into][k] = p->near[k][into] =
		    (uint16_t)(p->near[into][k] + p->near[from][k]);
		p->together[into][k] = p->together[k][into] =
		    (uint16_t)(p->together[into][k] + p->together[from][k]);
	}
	for (unsigned k = 0; k < TRACKS_MAX; k++)
		if (p->tracks[k].live && p->tracks[k].passage == from)
			own_track(p, &p->tracks[k], into);
	if (p->hooks.merged)
		p->hooks.merged(p->hooks.arg, a, b, take);
	passage_drop(p, from);
}

/* --- what is seen ---------------------------------------------------------------------------- */

/* How little is lost with it: 0 nothing, KEEP: it is under way. */
static int worth(const struct passages *p, int i)
{
	const struct passage *q = &p->at[i];
	bool live = passage_is_live(p, i), stood = q->angle[0].stood || q->angle[1].stood;

	if (q->state == PASSAGE_FREE)
		return 0;
	if (q->state == PASSAGE_OPEN && !q->moved_ns)
		return !live ? 1 : q->last_ns - q->first_ns > PASSAGE_SIGN_NS ? 3 : WORTH_KEEPING;
	if (q->state == PASSAGE_DECIDED && !live)
		return stood ? 4 : 2;
	return WORTH_KEEPING;
}

/* A slot for a new passage: a free one, or that of the one whose loss costs least. -1: all are
 * under way. */
static int free_passage(struct passages *p)
{
	int best = -1, least = WORTH_KEEPING;

	for (int i = 0; i < (int)PASSAGES_MAX; i++) {
		int w = worth(p, i);

		if (w < least ||
		    (w == least && best >= 0 && p->at[i].last_ns < p->at[best].last_ns)) {
			best = i;
			least = w;
		}
	}
	if (best >= 0 && p->at[best].state != PASSAGE_FREE) {
		if (p->at[best].state == PASSAGE_OPEN && p->hooks.ended)
			p->hooks.ended(p->hooks.arg, &p->at[best], PASSAGE_SIGN);
		passage_drop(p, best);
	}
	return best;
}

static struct track *free_track(struct passages *p)
{
	for (unsigned k = 0; k < TRACKS_MAX; k++)
		if (!p->tracks[k].live)
			return &p->tracks[k];
	return NULL;
}

static struct track *begin(struct passages *p, const struct sighting *s, int64_t now_ns)
{
	struct track *t = free_track(p);
	int i = t ? free_passage(p) : -1;
	struct passage *q;

	if (i < 0)
		return NULL;
	q = &p->at[i];
	memset(q, 0, sizeof *q);
	q->state = PASSAGE_OPEN;
	q->serial = ++p->serial;
	q->first_ns = now_ns;
	q->picture = -1;
	track_begin(t, s);
	own_track(p, t, i);
	return t;
}

static void note_best(struct passage_angle *a, struct sighting *s, bool open)
{
	float value = s->quality.value * s->score;

	if (!open || value <= a->best * BETTER)
		return;
	a->best = value;
	a->best_ns = s->capture_ns;
	a->quad = s->quad;
	a->height_px = s->quality.height_px;
	a->sharpness = s->quality.sharpness;
	a->contrast = s->quality.contrast;
	a->mean = s->quality.mean;
	s->best = true;
}

/* Boxes tremble: it stands when it has not left a place for a while, whatever its speed from
 * picture to picture. */
static void note_stand(struct passage_angle *a, const struct sighting *s)
{
	if (!a->still_ns || hypotf(s->x - a->ax, s->y - a->ay) > STANDS_WITHIN * s->w) {
		a->ax = s->x;
		a->ay = s->y;
		a->still_ns = s->capture_ns;
	}
	a->stood = s->capture_ns - a->still_ns >= STANDS_NS;
}

/* It moves. What had stood there for long passes only now, and its pictures are to be of now. */
static void set_off(struct passage *q, int64_t now_ns)
{
	q->moved_ns = now_ns;
	if (now_ns - q->first_ns < STOOD_LONG_NS)
		return;
	q->first_ns = now_ns;
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		q->angle[c].best = 0;
}

static void note(struct passages *p, const struct track *t, struct sighting *s, int64_t now_ns)
{
	struct passage *q = &p->at[t->passage];
	struct passage_angle *a = &q->angle[s->camera];

	s->passage = t->passage;
	if (!a->frames++) {
		a->first_ns = s->capture_ns;
		a->fx = s->x;
		a->fy = s->y;
	}
	a->last_ns = s->capture_ns;
	a->x = s->x;
	a->y = s->y;
	a->w = s->w;
	a->h = s->h;
	a->vx = t->vx;
	a->vy = t->vy;
	note_stand(a, s);
	q->last_ns = now_ns;
	if (now_ns < q->first_ns) /* the clock stepped back */
		q->first_ns = now_ns;
	if (q->pair_ns != now_ns || !q->pairs)
		q->pairs++;
	q->pair_ns = now_ns;
	q->score += (double)s->score;
	if ((t->moved >= PASSAGE_MOVED || p->conf.stills) && !q->moved_ns)
		set_off(q, now_ns);
	note_best(a, s, q->state == PASSAGE_OPEN);
	if (s->was_read && q->state == PASSAGE_OPEN) {
		evidence_weigh(&s->seen.seen[0], &s->read);
		evidence_add(&a->seen, &s->seen.seen[0], s->quality.value * s->score);
		q->stale = true;
	}
}

static void note_neighbours(struct passages *p, const struct sighting *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++) {
			int a = s[i].passage, b = s[k].passage;
			bool close = hypotf(s[i].x - s[k].x, s[i].y - s[k].y) <
				     PASSAGE_BESIDE * fmaxf(s[i].w, s[k].w);

			if (a < 0 || b < 0 || a == b || p->together[a][b] == UINT16_MAX)
				continue;
			p->together[b][a] = ++p->together[a][b];
			p->near[b][a] = p->near[a][b] = (uint16_t)(p->near[a][b] + close);
		}
}

static bool has_left(const struct passages *p, const struct track *t, int64_t now_ns)
{
	float x, y;

	track_predict(t, now_ns, &x, &y);
	return x < 0 || y < 0 || x > (float)p->conf.width[t->camera] ||
	       y > (float)p->conf.height[t->camera];
}

static void missed(const struct passages *p, struct track *t, int64_t step_ns, int64_t now_ns)
{
	int64_t lost = p->conf.lost_ns, slow = (int64_t)(INTERVALS_LOST * (float)p->interval_ns);

	t->fresh = false;
	t->missed_ns += step_ns;
	if (t->missed_ns >= (lost > slow ? lost : slow) || has_left(p, t, now_ns))
		t->live = false;
}

/* Time since the last picture of this camera; a gap in which nothing was looked at counts as
 * little. */
static int64_t step_since(struct passages *p, int64_t *last_ns, int64_t now_ns)
{
	int64_t step = now_ns - *last_ns, most = p->conf.lost_ns / 2;

	*last_ns = now_ns;
	return step < 0 ? 0 : step > most ? most : step;
}

static void note_interval(struct passages *p, uint8_t camera, int64_t now_ns)
{
	int64_t step = now_ns - p->seen_ns[camera];

	if (p->seen_ns[camera] && step > 0 && step < 2 * NS_PER_S)
		p->interval_ns += (step - p->interval_ns) / 8;
	p->seen_ns[camera] = now_ns;
}

void passages_see(struct passages *p, uint8_t camera, int64_t now_ns, struct sighting *s, size_t n)
{
	int match[SIGHTINGS_MAX];
	int64_t step;

	if (n > SIGHTINGS_MAX)
		n = SIGHTINGS_MAX;
	note_interval(p, camera, now_ns);
	step = step_since(p, &p->looked_ns[camera], now_ns);
	track_match(p->tracks, TRACKS_MAX, camera, s, n, now_ns, match);
	for (unsigned k = 0; k < TRACKS_MAX; k++) {
		bool found = false;

		for (size_t i = 0; i < n; i++)
			found = found || match[i] == (int)k;
		if (p->tracks[k].live && p->tracks[k].camera == camera && !found)
			missed(p, &p->tracks[k], step, now_ns);
	}
	for (size_t i = 0; i < n; i++) {
		struct track *t = match[i] < 0 ? begin(p, &s[i], now_ns) : &p->tracks[match[i]];

		s[i].passage = -1;
		s[i].best = false;
		if (!t)
			continue;
		if (match[i] >= 0)
			track_seen(t, &s[i]);
		note(p, t, &s[i], now_ns);
	}
	note_neighbours(p, s, n);
}

void passages_idle(struct passages *p, uint8_t camera, int64_t now_ns)
{
	int64_t step;

	note_interval(p, camera, now_ns);
	step = step_since(p, &p->looked_ns[camera], now_ns);
	/* What was there when the trigger shut still stands there; what was not has gone. */
	for (unsigned k = 0; k < TRACKS_MAX; k++) {
		struct track *t = &p->tracks[k];

		if (t->live && t->camera == camera && !t->fresh)
			missed(p, t, step, now_ns);
	}
}

bool passages_want_look(const struct passages *p, uint8_t camera, int64_t now_ns)
{
	for (unsigned k = 0; k < TRACKS_MAX; k++) {
		const struct track *t = &p->tracks[k];

		if (t->live && t->camera == camera && p->at[t->passage].moved_ns &&
		    (!t->fresh || now_ns - t->last_ns >= RECHECK_NS))
			return true;
	}
	return false;
}

bool passages_want_read(const struct passages *p, const struct sighting *s)
{
	for (unsigned k = 0; k < TRACKS_MAX; k++) {
		const struct track *t = &p->tracks[k];
		const struct passage *q = &p->at[t->passage];
		float x, y, off;

		if (!t->live || t->camera != s->camera || t->times < 2)
			continue;
		track_predict(t, s->capture_ns, &x, &y);
		off = hypotf(s->x - x, s->y - y) / fmaxf(s->w, 1.0f);
		if (off < 1.0f && q->state == PASSAGE_DECIDED)
			return false;
		if (off < STANDS && !q->moved_ns && q->angle[s->camera].seen.n >= KNOWN_ENOUGH)
			return false;
		if (off < 1.0f &&
		    !evidence_wants(&q->angle[s->camera].seen, s->quality.value * s->score))
			return false;
	}
	return true;
}

void passages_decide(struct passages *p, int64_t now_ns, bool degraded)
{
	for (unsigned i = 0; i < PASSAGES_MAX; i++)
		if (p->at[i].state == PASSAGE_OPEN)
			passage_refresh(&p->at[i]);
	passages_join(p, now_ns);
	passages_settle(p, now_ns, degraded, p->conf.stills);
}

void passages_flush(struct passages *p)
{
	for (unsigned k = 0; k < TRACKS_MAX; k++)
		p->tracks[k].live = false;
	passages_settle(p, INT64_MAX, false, true);
	for (int i = 0; i < (int)PASSAGES_MAX; i++)
		if (p->at[i].state != PASSAGE_FREE)
			passage_drop(p, i);
}
