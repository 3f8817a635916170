/* SPDX-License-Identifier: Apache-2.0 */
/* When a passage is ripe, and what it is worth. */
#include "firmware/base/clock.h"
#include "firmware/vision/passage_parts.h"

#include <math.h>
#include <string.h>

#define OTHER_WAIT_NS                                                                              \
	(NS_PER_S * 7 / 10) /* after it is lost in one angle: the other may yet see it */
#define MORE_WAIT_NS   (NS_PER_S * 12 / 10)
#define MOST_OPEN_NS   (30 * NS_PER_S)
#define KEEP_NS	       (6 * NS_PER_S) /* a decided passage takes in what is still seen of the vehicle */
#define KEEP_PARKED_NS (600 * NS_PER_S)
#define SIGN_KEEP_NS   (5 * NS_PER_S)
#define SETTLED_AGREED 2u    /* pairs in a row with the same text */
#define ASIDE_SHARE    0.7f  /* of the pictures that showed both */
#define ASIDE_LIFE     0.25f /* and of all that showed the lesser one */
#define DECIDED_FAVOUR 2.0
#define DARK	       18.0f
#define BRIGHT	       245.0f
#define FLAT	       12.0f
#define DISAGREE       0.5f /* of the surer angle's confidence is left by fusion */
#define PLAIN_SCORE    0.7  /* surely a plate, though it cannot be read */
#define PLAIN_PAIRS    4u
#define SURE_SCORE     0.7
#define SURE_READ      0.95
#define LONG_PAIRS     12u
#define BRIEF_SCORE    0.6

static bool is_live(const struct passages *p, int i)
{
	return passage_track(p, i, 0) || passage_track(p, i, 1);
}

static double mean_score(const struct passage *q)
{
	uint32_t n = q->angle[0].frames + q->angle[1].frames;

	return n ? q->score / n : 0;
}

/* How much of a plate it is: of two that ride side by side the better one is the plate. */
static double plateness(const struct passage *q)
{
	double height = fmax((double)q->angle[0].height_px, (double)q->angle[1].height_px),
	       value = pow(mean_score(q), 3) * height;

	/* Stickers can be perfectly legible: so score and size count as much as the read, and words
	 * are suspicious. */
	value *= 0.2 + (double)q->read.confidence;
	if (strlen(q->read.text) < 4)
		value *= 0.5;
	return strpbrk(q->read.text, "0123456789") ? value : 0.7 * value;
}

/* Nobody prints that on a sticker: of two such, side by side, both are plates. */
static bool is_surely_plate(const struct passage *q)
{
	return mean_score(q) >= SURE_SCORE && (double)q->read.confidence >= SURE_READ &&
	       strlen(q->read.text) >= 5 && strpbrk(q->read.text, "0123456789");
}

/* It rides along with a plate: a sticker, a dealer's name, a second box on the same plate. */
static bool is_sticker(const struct passages *p, int i)
{
	const struct passage *q = &p->at[i];
	float frames = (float)(q->angle[0].frames + q->angle[1].frames);

	for (int k = 0; k < (int)PASSAGES_MAX; k++) {
		const struct passage *o = &p->at[k];
		uint16_t together = p->together[i][k], near = p->near[i][k];

		if (k == i || o->state == PASSAGE_FREE || !near ||
		    (float)near < ASIDE_SHARE * (float)together ||
		    (float)near < ASIDE_LIFE * frames)
			continue;
		if (is_surely_plate(q) && evidence_distance(q->read.text, o->read.text) > 2)
			continue;
		/* An event that is out has the vehicle, unless it was the sticker that was taken
		 * for the plate. */
		if (plateness(o) * (o->state == PASSAGE_DECIDED ? DECIDED_FAVOUR : 1.0) >
		    plateness(q))
			return true;
	}
	return false;
}

static bool passes_gates(const struct passages *p, const struct passage *q)
{
	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		const struct passage_angle *a = &q->angle[c];

		if (a->frames && a->height_px >= p->conf.min_plate_px &&
		    a->sharpness >= p->conf.min_sharpness && a->mean >= DARK && a->mean <= BRIGHT &&
		    a->contrast >= FLAT)
			return true; /* one good angle is enough */
	}
	return false;
}

/* Surely a plate, but no read: kept for the record, matched with nothing. */
static bool is_plainly_plate(const struct passages *p, const struct passage *q)
{
	double score = mean_score(q);

	if (p->conf.stills)
		return score >= PLAIN_SCORE;
	return (score >= PLAIN_SCORE && q->pairs >= PLAIN_PAIRS) ||
	       (score >= BRIEF_SCORE && q->pairs >= LONG_PAIRS);
}

static enum passage_outcome judge(const struct passages *p, int i)
{
	const struct passage *q = &p->at[i];
	uint32_t needed = p->conf.stills ? 1 : p->conf.min_observations;
	bool readable = q->read.text[0] && q->read.confidence >= p->conf.min_confidence;

	if (is_sticker(p, i))
		return PASSAGE_STICKER;
	if (q->angle[0].frames + q->angle[1].frames < needed || !q->read.text[0])
		return PASSAGE_WEAK;
	if (!readable)
		return is_plainly_plate(p, q) ? PASSAGE_LOW_QUALITY : PASSAGE_WEAK;
	return passes_gates(p, q) ? PASSAGE_EVENT : PASSAGE_LOW_QUALITY;
}

/*
 * Each angle's own read; and where the angles contradict each other so much that nothing common is
 * left, the surer one speaks, with a confidence that says so.
 */
static void reconcile(struct passage *q)
{
	const struct plate_read *sure, *other;

	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		const struct evidence *heap = &q->angle[c].seen;

		evidence_read(&heap, heap->n ? 1 : 0, &q->angle[c].read);
	}
	sure = &q->angle[0].read;
	other = &q->angle[1].read;
	if (!sure->text[0] || !other->text[0])
		return;
	if (other->confidence > sure->confidence) {
		sure = &q->angle[1].read;
		other = &q->angle[0].read;
	}
	if (q->read.confidence >= DISAGREE * sure->confidence ||
	    strcmp(sure->text, other->text) == 0)
		return;
	q->read = *sure;
	q->read.confidence *= 1.0f - 0.5f * other->confidence;
	q->read.alternatives[0].confidence = q->read.confidence;
}

static void end(struct passages *p, int i)
{
	struct passage *q = &p->at[i];
	enum passage_outcome outcome;
	bool event;

	if (p->hooks.closing) {
		p->hooks.closing(p->hooks.arg, q);
		q->stale = true;
		passage_refresh(q);
	}
	reconcile(q);
	outcome = judge(p, i);
	event = outcome == PASSAGE_EVENT || outcome == PASSAGE_LOW_QUALITY;
	if (p->hooks.ended)
		p->hooks.ended(p->hooks.arg, q, outcome);
	q->picture = -1;
	/* A sticker stays as long as its vehicle, so that it is not begun again; so does what
	 * became an event. */
	q->state = PASSAGE_DECIDED;
	if (!event && !is_live(p, i))
		passage_drop(p, i);
}

/* Nothing more that is seen will change it. */
static bool is_settled(const struct passages *p, const struct passage *q, bool degraded)
{
	bool both = q->angle[0].seen.n >= 2 && q->angle[1].seen.n >= 2;

	return q->moved_ns && (both || degraded) && q->pairs >= p->conf.settle_pairs &&
	       q->agreed >= SETTLED_AGREED && q->read.confidence >= p->conf.settle_confidence;
}

static bool is_ripe(const struct passages *p, int i, int64_t now_ns, bool degraded)
{
	const struct passage *q = &p->at[i];
	bool both = q->angle[0].frames && q->angle[1].frames;
	int64_t gone = now_ns - q->last_ns;

	/* A vehicle that stands there unread is not read by waiting for hours. */
	if (is_live(p, i) && q->moved_ns && now_ns - q->moved_ns >= MOST_OPEN_NS)
		return true;
	if (is_live(p, i))
		return (is_settled(p, q, degraded) ||
			(q->moved_ns && now_ns - q->moved_ns >= p->conf.longest_ns)) &&
		       judge(p, i) == PASSAGE_EVENT;
	/* What is no good read yet may come out from behind a pole. */
	return gone >= MORE_WAIT_NS ||
	       ((both || degraded || gone >= OTHER_WAIT_NS) && judge(p, i) == PASSAGE_EVENT);
}

/*
 * Seen so shortly that nothing can be said about movement, but plainly and from both sides, and
 * gone at once: at a low rate a vehicle shows in one pair only. A sign would still be there.
 */
static bool is_brief(const struct passages *p, const struct passage *q)
{
	return q->angle[0].frames && q->angle[1].frames &&
	       q->last_ns - q->first_ns < PASSAGE_SIGN_NS &&
	       q->read.confidence >= p->conf.settle_confidence && mean_score(q) >= BRIEF_SCORE;
}

static void give_up(struct passages *p, int i)
{
	if (p->hooks.ended)
		p->hooks.ended(p->hooks.arg, &p->at[i], PASSAGE_SIGN);
	passage_drop(p, i);
}

/* A sign, a parked car, a thing that came into view and has not moved yet: no vehicle passes. */
static void settle_unmoved(struct passages *p, int i, int64_t now_ns, bool all)
{
	const struct passage *q = &p->at[i];
	int64_t gone = now_ns - q->last_ns;

	if (!is_live(p, i) && is_brief(p, q) && (all || gone >= OTHER_WAIT_NS))
		end(p, i);
	else if (all ||
		 (!is_live(p, i) &&
		  gone >= (q->last_ns - q->first_ns > PASSAGE_SIGN_NS ? SIGN_KEEP_NS : NS_PER_S)))
		give_up(p, i);
}

static void settle_open(struct passages *p, int i, int64_t now_ns, bool degraded, bool all)
{
	if (!p->at[i].moved_ns && !p->conf.stills)
		settle_unmoved(p, i, now_ns, all);
	else if (all || is_ripe(p, i, now_ns, degraded))
		end(p, i);
}

static bool has_expired(const struct passages *p, int i, int64_t now_ns)
{
	const struct passage *q = &p->at[i];
	bool stood = q->angle[0].stood || q->angle[1].stood;

	return !is_live(p, i) && now_ns - q->last_ns > (stood ? KEEP_PARKED_NS : KEEP_NS);
}

void passages_settle(struct passages *p, int64_t now_ns, bool degraded, bool all)
{
	for (int i = 0; i < (int)PASSAGES_MAX; i++) {
		if (p->at[i].state == PASSAGE_OPEN)
			settle_open(p, i, now_ns, degraded, all);
		else if (p->at[i].state == PASSAGE_DECIDED && has_expired(p, i, now_ns))
			passage_drop(p, i);
	}
	if (all && p->conf.stills) /* the next pair is another scene */
		for (int i = 0; i < (int)PASSAGES_MAX; i++)
			if (p->at[i].state != PASSAGE_FREE)
				passage_drop(p, i);
}
