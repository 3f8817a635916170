/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/track.h"

#include "firmware/base/clock.h"

#include <math.h>
#include <string.h>

#define NEAR_LEAST    1.0f   /* plate widths that a prediction may be off */
#define NEAR_GROWTH   4.0f   /* and more for each second since */
#define FAR_SPEED     120.0f /* plate widths a second: about 130 km/h across the picture */
#define FAR_KNOWN     3.0f   /* plate widths off, once its motion is known, */
#define FAR_GROWTH    20.0f  /* and more for each second since */
#define BEHIND	      1.0f   /* plate widths: nobody drives backwards while moving forwards */
#define STANDS_TIMES  5u     /* seen so often and not moved: it stands */
#define STANDS_MOVED  0.35f
#define STANDS_OFF    0.5f
#define JUMP	      1.5f /* plate widths: no box trembles so far */
#define SIZE_RATIO    0.5f /* of the logarithm of heights */
#define LOSS_DOUBTFUL 12.0f
#define NO_MATCH      1e9f
#define LOOK_BACK_NS  NS_PER_S

void track_predict(const struct track *t, int64_t now_ns, float *x, float *y)
{
	int64_t ahead = now_ns - t->last_ns;
	float s;

	/* Nobody keeps a speed for longer than that through a gap. */
	if (ahead < 0)
		ahead = 0;
	s = (float)(ahead > LOOK_BACK_NS ? LOOK_BACK_NS : ahead) * 1e-9f;
	*x = t->x + t->vx * s;
	*y = t->y + t->vy * s;
}

static float distance(float x, float y, const struct sighting *s, float w)
{
	return hypotf(s->x - x, s->y - y) / fmaxf(0.5f * (w + s->w), 1.0f);
}

/* True when the sighting lies behind a track that is under way. */
static bool behind(const struct track *t, const struct sighting *s)
{
	float speed = hypotf(t->vx, t->vy);

	if (t->times < 3 || speed < 2.0f * t->w)
		return false;
	return ((s->x - t->x) * t->vx + (s->y - t->y) * t->vy) / speed < -BEHIND * t->w;
}

/* Cost of giving the sighting to the track; NO_MATCH where it cannot be. */
static float cost(const struct track *t, const struct sighting *s, int64_t now_ns)
{
	float dt = fmaxf((float)(now_ns - t->last_ns) * 1e-9f, 0.0f), x, y, off;
	bool standing;
	struct agreement g = {.loss = 0};

	if (fabsf(logf(fmaxf(s->h, 1.0f) / fmaxf(t->h, 1.0f))) > SIZE_RATIO)
		return NO_MATCH;
	standing = t->times >= STANDS_TIMES && t->moved < STANDS_MOVED;
	if (standing) {
		x = t->x;
		y = t->y;
	} else {
		track_predict(t, now_ns, &x, &y);
	}
	off = distance(x, y, s, t->w);
	if (off > NEAR_LEAST + FAR_SPEED * dt)
		return NO_MATCH;
	if (s->was_read && t->seen && t->read)
		g = evidence_agreement(&s->seen, &s->read, t->seen, t->read);
	/* What stands there does not suddenly become what drives by in front of it. */
	if (standing && off > STANDS_OFF && !g.strong)
		return NO_MATCH;
	if (t->times > 1 && off <= NEAR_LEAST + NEAR_GROWTH * dt)
		return g.contrary && off > 0.3f ? NO_MATCH : off + 0.1f * g.loss;
	if (t->times > 2 && (off > FAR_KNOWN + FAR_GROWTH * dt || behind(t, s)))
		return NO_MATCH;
	/* Seen once, or far from where it should be: only the text can tell. */
	if (g.strong || (t->times == 1 && off <= NEAR_LEAST && !g.contrary))
		return 2.0f + 0.05f * off + 0.2f * g.loss;
	/* Seen once before: a fast vehicle may be anywhere within reach, unless its text speaks
	 * against it. */
	if (t->times == 1 && !g.contrary && g.loss <= LOSS_DOUBTFUL)
		return 6.0f + 0.05f * off + 0.2f * g.loss;
	return NO_MATCH;
}

void track_match(const struct track *tracks, size_t n_tracks, uint8_t camera,
		 const struct sighting *s, size_t n, int64_t now_ns, int *match)
{
	float costs[SIGHTINGS_MAX][TRACKS_MAX];

	for (size_t i = 0; i < n; i++) {
		match[i] = -1;
		for (size_t k = 0; k < n_tracks; k++)
			costs[i][k] = tracks[k].live && tracks[k].camera == camera
					  ? cost(&tracks[k], &s[i], now_ns)
					  : NO_MATCH;
	}
	for (;;) {
		float best = NO_MATCH;
		size_t bi = 0, bk = 0;

		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < n_tracks; k++)
				if (costs[i][k] < best) {
					best = costs[i][k];
					bi = i;
					bk = k;
				}
		if (best >= NO_MATCH)
			return;
		match[bi] = (int)bk;
		for (size_t k = 0; k < n_tracks; k++)
			costs[bi][k] = NO_MATCH;
		for (size_t i = 0; i < n; i++)
			costs[i][bk] = NO_MATCH;
	}
}

void track_begin(struct track *t, const struct sighting *s)
{
	memset(t, 0, sizeof *t);
	t->live = t->fresh = true;
	t->camera = s->camera;
	t->x = t->x0 = s->x;
	t->y = t->y0 = s->y;
	t->w = t->w0 = s->w;
	t->h = s->h;
	t->times = 1;
	t->first_ns = t->last_ns = s->capture_ns;
}

void track_seen(struct track *t, const struct sighting *s)
{
	float dt = (float)(s->capture_ns - t->last_ns) * 1e-9f, moved;

	if (dt > 1e-4f) {
		float share = t->times == 1 ? 1.0f : 0.6f;

		t->vx += ((s->x - t->x) / dt - t->vx) * share;
		t->vy += ((s->y - t->y) / dt - t->vy) * share;
	}
	t->x = s->x;
	t->y = s->y;
	t->w = s->w;
	t->h = s->h;
	/* Twice as large is as much movement as a plate's width aside. */
	moved = fmaxf(hypotf(s->x - t->x0, s->y - t->y0) / fmaxf(t->w0, 1.0f),
		      1.4f * fabsf(logf(fmaxf(s->w, 1.0f) / fmaxf(t->w0, 1.0f))));
	/* One box that jumped a little is no movement: a sign half hidden, a moment's mistake. */
	t->moved = fmaxf(t->moved, moved >= JUMP ? moved : fminf(moved, t->away));
	t->away = moved;
	t->times++;
	t->last_ns = s->capture_ns;
	t->missed_ns = 0;
	t->fresh = true;
}
