/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/eyes.h"

#include "firmware/base/clock.h"
#include "firmware/base/gift.h"
#include "firmware/base/log.h"
#include "firmware/vision/passage.h"
#include "firmware/vision/pictures.h"
#include "firmware/vision/trigger.h"
#include "ocr/cv.h"
#include "ocr/engines.h"
#include "ocr/fuse.h"
#include "ocr/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TIMES		512u
#define FAILURES_LOGGED 8

struct eyes {
	struct vision_conf conf;
	struct engines *engines;
	struct trigger *triggers[FRAME_CAMERAS];
	uint32_t width[FRAME_CAMERAS], height[FRAME_CAMERAS];
	struct passages *passages;
	struct pictures *pictures;
	eyes_fn fn;
	void *arg;
	struct plate_box boxes[SIGHTINGS_MAX];
	struct sighting sightings[SIGHTINGS_MAX];
	struct eyes_counts counts;
	int64_t last_ns;       /* of the pair before */
	uint32_t times[TIMES]; /* microseconds, a ring */
	uint64_t n_times;
};

static void failed(struct eyes *y, const struct err *e)
{
	if (++y->counts.failures <= FAILURES_LOGGED)
		log_line(LOG_WARNING, "%s%s", e->text,
			 y->counts.failures == FAILURES_LOGGED ? " (further ones are only counted)"
							       : "");
}

/* --- passages that end ---------------------------------------------------------------------------
 */

static bool random_id(uint8_t id[WIRE_ID_SIZE], struct err *e)
{
	/* Up to 256 bytes come whole or not at all (getrandom(2)). */
	if (getrandom(id, WIRE_ID_SIZE, 0) != (ssize_t)WIRE_ID_SIZE)
		return err_errno(e, errno, "passage id");
	return true;
}

static void describe(const struct passage *q, bool low_quality, struct wire_passage *m)
{
	m->first_ns = q->first_ns;
	m->last_ns = q->last_ns;
	m->pairs = q->pairs;
	m->low_quality = low_quality;
	m->degraded = !q->angle[0].frames || !q->angle[1].frames;
	m->read = q->read;
	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		const struct passage_angle *a = &q->angle[c];
		struct wire_angle *w = &m->angles[c];

		if (!a->frames)
			continue;
		w->present = 1;
		w->capture_ns = a->best_ns;
		w->quad = a->quad;
		w->read = a->read;
		w->frames = a->frames;
		/* Latency is counted from here: of two exposures the earlier one. */
		if (a->best > 0 && (!m->best_ns || a->best_ns < m->best_ns))
			m->best_ns = a->best_ns;
	}
	if (!m->best_ns) /* no picture was good enough to be called best */
		m->best_ns = q->last_ns;
}

static bool hand_over(struct eyes *y, const struct passage *q, bool low_quality, struct err *e)
{
	struct wire_passage m;
	struct iovec parts[WIRE_PICTURES];
	int gift;

	memset(&m, 0, sizeof m);
	if (!random_id(m.id, e))
		return false;
	describe(q, low_quality, &m);
	pictures_parts(y->pictures, q->picture, parts, m.pictures);
	if (!gift_make("passage", parts, WIRE_PICTURES, &gift, e))
		return false;
	y->fn(y->arg, &m, gift);
	return true;
}

/* Of both angles together; each angle's own read says the same, since it is one vehicle. */
static void tell_state(struct passage *q)
{
	const struct issuer_look *looks[FRAME_CAMERAS * PASSAGE_LOOKS];
	size_t n = 0;

	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		for (uint32_t i = 0; i < q->n_looks[c]; i++)
			looks[n++] = &q->looks[c][i];
	issuer_decide(looks, n, q->read.text, q->read.jurisdiction);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		if (strcmp(q->angle[c].read.text, q->read.text) == 0)
			memcpy(q->angle[c].read.jurisdiction, q->read.jurisdiction,
			       sizeof q->read.jurisdiction);
}

static void on_end(void *arg, struct passage *q, enum passage_outcome outcome)
{
	struct eyes *y = arg;
	struct err e = {0};

	switch (outcome) {
	case PASSAGE_EVENT:
	case PASSAGE_LOW_QUALITY:
		y->counts.passages++;
		y->counts.low_quality += outcome == PASSAGE_LOW_QUALITY;
		tell_state(q);
		if (!hand_over(y, q, outcome == PASSAGE_LOW_QUALITY, &e)) {
			(void)err_prefix(&e, "passage lost");
			failed(y, &e);
		}
		break;
	case PASSAGE_WEAK:
		y->counts.weak++;
		break;
	case PASSAGE_STICKER:
		y->counts.stickers++;
		break;
	case PASSAGE_SIGN:
	case PASSAGE_OUTCOMES:
		y->counts.signs++;
		break;
	}
	pictures_give(y->pictures, q->picture);
}

/* The second reader looks once at the best picture of each angle. */
static void on_closing(void *arg, struct passage *q)
{
	struct eyes *y = arg;

	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		const uint8_t *patch = pictures_patch(y->pictures, q->picture, c);
		const struct plate_observation *only[1];
		struct plate_observation seen;
		struct plate_read alone;
		struct err e = {0};

		if (!patch || !q->angle[c].seen.n)
			continue;
		if (!tesseract_read(y->engines->tesseract, patch, &seen, &e)) {
			failed(y, &e);
			continue;
		}
		only[0] = &seen;
		fuse(only, 1, &alone);
		evidence_weigh(&seen, &alone);
		evidence_add(&q->angle[c].seen, &seen, q->angle[c].best);
	}
}

static void on_merge(void *arg, struct passage *into, struct passage *from,
		     const bool take[FRAME_CAMERAS])
{
	struct eyes *y = arg;

	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		if (take[c] && from->n_looks[c]) {
			memcpy(into->looks[c], from->looks[c], sizeof into->looks[c]);
			into->n_looks[c] = from->n_looks[c];
		}
	if (into->state == PASSAGE_OPEN && into->picture < 0) {
		into->picture = from->picture;
		return;
	}
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		if (into->state == PASSAGE_OPEN && from->picture >= 0 && take[c])
			pictures_copy(y->pictures, into->picture, from->picture, c);
	pictures_give(y->pictures, from->picture);
}

/* --- looking -------------------------------------------------------------------------------------
 */

static bool read_plate(struct eyes *y, const struct image *img, struct sighting *s)
{
	const struct evidence *heap = &s->seen;
	struct err e = {0};

	if (!reader_observe(y->engines->reader, img, &s->quad, &s->seen.seen[0], &e)) {
		if (e.code != ERR_LIMIT) /* a degenerate quad is no failure of ours */
			failed(y, &e);
		return false;
	}
	y->counts.read++;
	s->seen.n = s->seen.total = 1;
	s->seen.quality[0] = s->quality.value * s->score;
	evidence_read(&heap, 1, &s->read);
	return true;
}

static void take_sight(struct eyes *y, const struct image *img, const struct plate_box *box,
		       struct sighting *s)
{
	s->quad = box->quad;
	s->score = box->score;
	s->quality = quality_measure(img, &box->quad);
	s->w = s->quality.width_px;
	s->h = s->quality.height_px;
	s->x = (box->quad.p[0] + box->quad.p[2] + box->quad.p[4] + box->quad.p[6]) * 0.25f;
	s->y = (box->quad.p[1] + box->quad.p[3] + box->quad.p[5] + box->quad.p[7]) * 0.25f;
	s->passage = -1;
	s->best = false;
	s->seen.n = s->seen.total = 0;
	s->read.text[0] = 0;
	s->read.n_alternatives = 0;
	s->read.confidence = 0;
	s->was_read = passages_want_read(y->passages, s) && read_plate(y, img, s);
}

/* Every picture that is better than those before is worth a look; the last few are the best. */
static void look_at_state(struct eyes *y, struct passage *q, const struct image *img,
			  const struct sighting *s)
{
	struct issuer_look *looks = q->looks[s->camera], now;
	struct err e = {0};

	if (!state_look(y->engines->state, img, &s->quad, &now, &e)) {
		if (e.code != ERR_LIMIT)
			failed(y, &e);
		return;
	}
	memmove(looks + 1, looks, (PASSAGE_LOOKS - 1) * sizeof *looks);
	looks[0] = now;
	if (q->n_looks[s->camera] < PASSAGE_LOOKS)
		q->n_looks[s->camera]++;
}

static void shoot(struct eyes *y, const struct image *img, const struct sighting *s)
{
	struct passage *q = passages_at(y->passages, s->passage);
	struct err e = {0};

	if (!q || !s->best)
		return;
	if (s->was_read)
		look_at_state(y, q, img, s);
	if (q->picture < 0)
		q->picture = pictures_take(y->pictures);
	if (q->picture >= 0 &&
	    !pictures_shoot(y->pictures, q->picture, s->camera, img, &s->quad, &e))
		failed(y, &e);
}

static void look_at(struct eyes *y, unsigned camera, const struct frame *f, const struct image *img,
		    int64_t now_ns)
{
	size_t found = 0, n = 0;
	struct err e = {0};

	if (!localise(y->engines->localiser, img, y->boxes, SIGHTINGS_MAX, &found, &e)) {
		failed(y, &e);
		found = 0;
	}
	for (size_t i = 0; i < found; i++) {
		struct sighting *s = &y->sightings[n];

		if ((double)place_likely(y->boxes[i].score) < y->conf.min_score)
			continue;
		s->camera = (uint8_t)camera;
		s->capture_ns = f->capture_ns;
		take_sight(y, img, &y->boxes[i], s);
		n++;
	}
	y->counts.plates_seen += (int64_t)n;
	passages_see(y->passages, (uint8_t)camera, now_ns, y->sightings, n);
	for (size_t i = 0; i < n; i++)
		shoot(y, img, &y->sightings[i]);
}

/* One time for both angles: that of the first one there. */
static int64_t time_of(const struct wire_pair *m)
{
	return m->frames[m->present[0] ? 0 : 1].capture_ns;
}

/*
 * Which angles of this pair are looked at. While no vehicle is in hand one of the two is enough, in
 * turns: whatever it sees makes both be looked at from the same pair on. That halves the cost of
 * vehicles that are decided and still driving away.
 */
static bool look_at_pair(struct eyes *y, const struct wire_pair *m,
			 const struct image images[FRAME_CAMERAS], int64_t now_ns)
{
	bool both = y->conf.stills || !(m->present[0] && m->present[1]) ||
		    passages_pending(y->passages),
	     any = false;
	unsigned first = m->pair & 1u;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		unsigned c = i ? !first : first;
		bool open;

		if (!m->present[c] || !y->triggers[c])
			continue;
		/* The trigger learns from every picture, whoever asks for a look. */
		open = !y->conf.stills &&
		       trigger_look(y->triggers[c], &images[c], m->frames[c].capture_ns);
		if (y->conf.stills ||
		    ((open || passages_want_look(y->passages, (uint8_t)c, now_ns)) &&
		     (both || !any))) {
			look_at(y, c, &m->frames[c], &images[c], now_ns);
			both = both || passages_pending(y->passages);
			any = true;
		} else {
			passages_idle(y->passages, (uint8_t)c, now_ns);
		}
	}
	return any;
}

void eyes_look(struct eyes *y, const struct wire_pair *m, const struct image images[FRAME_CAMERAS])
{
	int64_t started = clock_mono_ns(), now_ns = time_of(m);
	bool any;

	if (!y->passages)
		return;
	/* The clock was set back: nothing that is open would ever ripen. */
	if (now_ns < y->last_ns - NS_PER_S)
		passages_flush(y->passages);
	y->last_ns = now_ns;
	y->counts.pairs++;
	any = look_at_pair(y, m, images, now_ns);
	passages_decide(y->passages, now_ns, !(m->present[0] && m->present[1]));
	y->counts.triggered += any;
	y->counts.idle += !any;
	if (any)
		y->times[y->n_times++ % TIMES] = (uint32_t)((clock_mono_ns() - started) / 1000);
}

void eyes_flush(struct eyes *y)
{
	if (y->passages)
		passages_flush(y->passages);
}

/* --- beginning and end ---------------------------------------------------------------------------
 */

bool eyes_open(const struct vision_conf *conf, const char *models, eyes_fn fn, void *arg,
	       struct eyes **out, struct err *e)
{
	struct eyes *y = calloc(1, sizeof *y);

	if (!y)
		return err_set(e, ERR_NO_MEMORY, "vision");
	y->conf = *conf;
	y->fn = fn;
	y->arg = arg;
	if (conf->models[0])
		models = conf->models;
	/* Each model looks at a picture now: the threads come when the sandbox is closed. */
	if (!engines_open(models, 1, &y->engines, e)) {
		eyes_close(y);
		return false;
	}
	*out = y;
	return true;
}

void eyes_begin(const struct eyes *y)
{
	cv_threads((int)y->conf.threads);
}

static void forget(struct eyes *y)
{
	passages_free(y->passages);
	pictures_free(y->pictures);
	y->passages = NULL;
	y->pictures = NULL;
}

void eyes_close(struct eyes *y)
{
	if (!y)
		return;
	forget(y);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		trigger_free(y->triggers[c]);
	engines_free(y->engines);
	free(y);
}

static void passages_setup(const struct eyes *y, struct passages_conf *out)
{
	const struct vision_conf *c = &y->conf;

	*out = (struct passages_conf){
	    .stills = c->stills,
	    .min_plate_px = (float)c->min_plate_px,
	    .min_sharpness = (float)c->min_sharpness,
	    .min_confidence = (float)c->min_confidence,
	    .settle_confidence = (float)c->settle_confidence,
	    .min_observations = (uint32_t)c->min_observations,
	    .settle_pairs = (uint32_t)c->settle_pairs,
	    .longest_ns = c->longest_ms * NS_PER_MS,
	    .lost_ns = c->lost_ms * NS_PER_MS,
	};
	memcpy(out->width, y->width, sizeof out->width);
	memcpy(out->height, y->height, sizeof out->height);
}

static bool start_over(struct eyes *y, struct err *e)
{
	const struct passages_hooks hooks = {
	    .closing = on_closing, .ended = on_end, .merged = on_merge, .arg = y};
	struct passages_conf conf;
	uint32_t w = y->width[0] > y->width[1] ? y->width[0] : y->width[1];
	uint32_t h = y->height[0] > y->height[1] ? y->height[0] : y->height[1];

	eyes_flush(y);
	forget(y);
	passages_setup(y, &conf);
	if (!passages_new(&conf, &y->passages, e) || !pictures_new(w, h, &y->pictures, e)) {
		forget(y);
		return false;
	}
	passages_hook(y->passages, &hooks);
	return true;
}

bool eyes_size(struct eyes *y, unsigned camera, uint32_t width, uint32_t height, struct err *e)
{
	if (y->triggers[camera] && y->width[camera] == width && y->height[camera] == height)
		return true;
	trigger_free(y->triggers[camera]);
	y->triggers[camera] = NULL;
	if (!trigger_new(width, height, &y->triggers[camera], e))
		return false;
	y->width[camera] = width;
	y->height[camera] = height;
	return start_over(y, e);
}

static int by_time(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, z = *(const uint32_t *)b;

	return (x > z) - (x < z);
}

void eyes_count(const struct eyes *y, struct eyes_counts *out)
{
	uint32_t sorted[TIMES], n = (uint32_t)(y->n_times < TIMES ? y->n_times : TIMES);
	int64_t sum = 0;

	*out = y->counts;
	out->open = y->passages ? passages_open(y->passages) : 0;
	if (!n)
		return;
	memcpy(sorted, y->times, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_time);
	for (uint32_t i = 0; i < n; i++)
		sum += sorted[i];
	out->us_mean = sum / n;
	out->us_p99 = sorted[(n - 1) * 99 / 100];
}
