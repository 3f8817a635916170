/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/plates.h"

#include "ocr/fuse.h"
#include "ocr/issuer.h"

#include <math.h>
#include <string.h>

/* Below this nothing is reported: a guess among twenty others helps nobody. */
#define LEAST_CONFIDENCE 0.05f
/* From here on a second look changes nothing. */
#define SURE		 0.97f
/* And below this it is no plate: most boxes that hold none stay under it. */
#define HOPELESS	 0.02f
/* A picture that is itself a plate has no surroundings for the localiser to go by; such a read must
 * convince more. */
#define LEAST_OF_WHOLE	 0.3f
#define WHOLE_ASPECT_MIN 1.4f
#define WHOLE_ASPECT_MAX 6.5f
#define WHOLE_WIDTH_MAX	 1200u
#define WHOLE_SHARE                                                                                \
	0.3f /* of the picture's area: a plate that large means that the picture is one */
/* That such a picture is a plate: when the localiser found one that large, and when it found none.
 */
#define WHOLE_FOUND	0.98f
#define WHOLE_NOT_FOUND 0.6f
/* The state of what is hardly a read is not asked for: it costs more than it is worth. */
#define LEAST_FOR_STATE 0.2f
/* Two quads that share this much of the smaller are of one plate. */
#define OVERLAP		0.6f
/* A text that contains the other is believed down to this share of its confidence: quads cut
 * characters off, and add none. */
#define LONGER		0.4f
/* How much less likely (natural log) one text may make two angles than two texts, and still be one
 * plate. */
#define SAME_PLATE	(-10.0f)

static float quad_area(const struct plate_quad *q)
{
	float twice = 0;

	for (size_t i = 0; i < 4; i++) {
		const float *a = q->p + 2 * i, *b = q->p + 2 * ((i + 1) % 4);
		twice += a[0] * b[1] - b[0] * a[1];
	}
	return twice / 2;
}

/* The quad with its sides `x` and `y` times as long, about its centre. */
static struct plate_quad scaled(const struct plate_quad *q, float x, float y)
{
	struct plate_quad out;

	for (int i = 0; i < 2; i++) {
		float right = (q->p[2 + i] + q->p[4 + i] - q->p[i] - q->p[6 + i]) / 4 * (x - 1);
		float down = (q->p[4 + i] + q->p[6 + i] - q->p[i] - q->p[2 + i]) / 4 * (y - 1);
		const float signs[4][2] = {{-1, -1}, {1, -1}, {1, 1}, {-1, 1}};

		for (int k = 0; k < 4; k++)
			out.p[2 * k + i] =
			    q->p[2 * k + i] + signs[k][0] * right + signs[k][1] * down;
	}
	return out;
}

/* Fuse all views of both pictures; each picture counts once, however many views of it there are. */
static void read_views(struct plates_found *p)
{
	const struct plate_observation *seen[2 * PLATES_VIEWS];
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		for (size_t v = 0; v < p->views[i]; v++) {
			p->observed[i][v].weight = 1.0f / (float)p->views[i];
			seen[n++] = &p->observed[i][v];
		}
	fuse(seen, n, &p->read);
}

/* Where to read, how likely a plate is there, and how sure the read must be to be kept. */
struct place {
	struct plate_quad quad;
	float likely, least;
};

/*
 * Probability that a box of this score holds a plate, in pictures in which something can be read:
 * burnt-in dates and lettering on vans read well, but score 0.3 to 0.5, where nearly all plates
 * score above 0.55 (train/README.md).
 */
static float likely(float score)
{
	return 1.0f / (1.0f + expf(-20.0f * (score - 0.47f)));
}

/* A text is only as sure as that there is a plate. */
static void weigh(struct plates_found *p)
{
	p->read.confidence *= p->likely;
	for (size_t i = 0; i < p->read.n_alternatives; i++)
		p->read.alternatives[i].confidence *= p->likely;
}

/* A doubtful read may be one of a quad that cuts into the text or takes in too much: look a little
 * wider and narrower. */
static bool look_again(const struct engines *g, const struct image *img, unsigned which,
		       struct plates_found *p, struct err *e)
{
	static const float sizes[PLATES_VIEWS - 1][2] = {{1.08f, 1.15f}, {0.94f, 0.90f}};

	for (size_t i = 0; i < PLATES_VIEWS - 1; i++) {
		struct plate_quad q = scaled(&p->quads[which], sizes[i][0], sizes[i][1]);
		struct err why = {0};

		if (reader_observe(g->reader, img, &q, &p->observed[which][p->views[which]], &why))
			p->views[which]++;
		else if (why.code != ERR_LIMIT)
			return err_set(e, why.code, "%s", why.text);
	}
	read_views(p);
	return true;
}

/* Observe the quad in image `which` as plate number out->n; kept: it is there and legible enough.
 */
static bool observe(const struct engines *g, const struct image *img, unsigned which,
		    const struct place *place, struct plates *out, bool *kept, struct err *e)
{
	struct plates_found *p = &out->at[out->n];
	struct err why = {0};

	*kept = false;
	memset(p, 0, sizeof *p);
	if (!reader_observe(g->reader, img, &place->quad, &p->observed[which][0], &why)) {
		if (why.code == ERR_LIMIT)
			return true; /* no shape of a plate: left out */
		return err_set(e, why.code, "%s", why.text);
	}
	p->views[which] = 1;
	p->quads[which] = place->quad;
	read_views(p);
	if (p->read.confidence >= HOPELESS && p->read.confidence < SURE &&
	    !look_again(g, img, which, p, e))
		return false;
	p->likely = place->likely;
	weigh(p);
	*kept = *p->read.text && p->read.confidence >= place->least;
	if (*kept)
		out->n++;
	return true;
}

/* A crop that shows nothing but the plate. */
static bool observe_whole(const struct engines *g, const struct image *img, unsigned which,
			  bool found, struct plates *out, struct err *e)
{
	float w = (float)img->width, h = (float)img->height;
	const struct place whole = {.quad = {{0, 0, w, 0, w, h, 0, h}},
				    .likely = found ? WHOLE_FOUND : WHOLE_NOT_FOUND,
				    .least = LEAST_OF_WHOLE};
	bool kept;

	if (w < WHOLE_ASPECT_MIN * h || w > WHOLE_ASPECT_MAX * h || img->width > WHOLE_WIDTH_MAX)
		return true;
	return observe(g, img, which, &whole, out, &kept, e);
}

static void bounds(const struct plate_quad *q, float box[4])
{
	box[0] = fminf(fminf(q->p[0], q->p[2]), fminf(q->p[4], q->p[6]));
	box[1] = fminf(fminf(q->p[1], q->p[3]), fminf(q->p[5], q->p[7]));
	box[2] = fmaxf(fmaxf(q->p[0], q->p[2]), fmaxf(q->p[4], q->p[6]));
	box[3] = fmaxf(fmaxf(q->p[1], q->p[3]), fmaxf(q->p[5], q->p[7]));
}

static bool overlap(const struct plate_quad *a, const struct plate_quad *b)
{
	float p[4], q[4];

	bounds(a, p);
	bounds(b, q);
	float w = fminf(p[2], q[2]) - fmaxf(p[0], q[0]), h = fminf(p[3], q[3]) - fmaxf(p[1], q[1]);
	float least = fminf((p[2] - p[0]) * (p[3] - p[1]), (q[2] - q[0]) * (q[3] - q[1]));
	return w > 0 && h > 0 && w * h > OVERLAP * least;
}

static bool better(const struct plate_read *a, const struct plate_read *b)
{
	if (strlen(a->text) > strlen(b->text) && strstr(a->text, b->text))
		return a->confidence >= LONGER * b->confidence;
	if (strlen(b->text) > strlen(a->text) && strstr(b->text, a->text))
		return b->confidence < LONGER * a->confidence;
	return a->confidence >= b->confidence;
}

static void drop(struct plates *p, size_t i)
{
	memmove(&p->at[i], &p->at[i + 1], (p->n - i - 1) * sizeof p->at[0]);
	p->n--;
}

/* Of plates of picture `which` (those from number `from` on) that lie over each other, the better
 * stays. */
static void settle_overlaps(struct plates *p, size_t from, unsigned which)
{
	for (size_t i = from; i < p->n; i++)
		for (size_t j = i + 1; j < p->n;) {
			if (!overlap(&p->at[i].quads[which], &p->at[j].quads[which])) {
				j++;
				continue;
			}
			if (!better(&p->at[i].read, &p->at[j].read))
				p->at[i] = p->at[j];
			drop(p, j);
			j = i + 1;
		}
}

static bool find_in(const struct engines *g, const struct image *img, unsigned which,
		    struct plates *out, struct err *e)
{
	struct plate_box boxes[PLATES_MAX - 1];
	size_t n = 0, from = out->n;
	float largest = 0;

	if (!localise(g->localiser, img, boxes, sizeof boxes / sizeof *boxes, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct place place = {.quad = boxes[i].quad,
					    .likely = likely(boxes[i].score),
					    .least = LEAST_CONFIDENCE};
		bool kept;

		if (!observe(g, img, which, &place, out, &kept, e))
			return false;
		if (kept)
			largest = fmaxf(largest, quad_area(&boxes[i].quad));
	}
	bool found = largest >= WHOLE_SHARE * (float)img->width * (float)img->height;
	if ((found || out->n == from) && !observe_whole(g, img, which, found, out, e))
		return false;
	settle_overlaps(out, from, which);
	return true;
}

/* Both as one plate: *a with the views of *b added. */
static void join(struct plates_found *a, const struct plates_found *b)
{
	a->views[1] = b->views[1];
	a->quads[1] = b->quads[1];
	memcpy(a->observed[1], b->observed[1], sizeof a->observed[1]);
	a->likely = fmaxf(a->likely, b->likely);
	read_views(a);
	weigh(a);
}

/* Log of how much less likely both observations are under one text than each under its own. */
static float sameness(const struct plates_found *a, const struct plates_found *b)
{
	const struct plate_observation *oa = &a->observed[0][0], *ob = &b->observed[1][0];
	struct plates_found both = *a;

	join(&both, b);
	if (!*both.read.text)
		return -INFINITY;
	return fuse_log_likelihood(oa, both.read.text) - fuse_log_likelihood(oa, a->read.text) +
	       fuse_log_likelihood(ob, both.read.text) - fuse_log_likelihood(ob, b->read.text);
}

/* Join each plate of the first image with the one of the second that it most likely is; `first`:
 * how many are the first's. */
static void match(struct plates *p, size_t first)
{
	for (size_t i = 0; i < first; i++) {
		size_t best = 0;
		float most = SAME_PLATE;

		for (size_t j = first; j < p->n; j++) {
			float s = sameness(&p->at[i], &p->at[j]);
			if (s > most) {
				most = s;
				best = j;
			}
		}
		if (best == 0)
			continue;
		join(&p->at[i], &p->at[best]);
		drop(p, best);
	}
}

static void sort_by_confidence(struct plates *p)
{
	for (size_t i = 1; i < p->n; i++)
		for (size_t j = i; j > 0 && p->at[j - 1].read.confidence < p->at[j].read.confidence;
		     j--) {
			struct plates_found swap = p->at[j];
			p->at[j] = p->at[j - 1];
			p->at[j - 1] = swap;
		}
}

/* Each picture's look at the plate; a poor read is of no plate, or of one too small to tell more.
 */
static bool tell_state(const struct engines *g, const struct image *images, struct plates_found *p,
		       struct err *e)
{
	struct issuer_look looks[2];
	const struct issuer_look *seen[2];
	size_t n = 0;

	if (p->read.confidence < LEAST_FOR_STATE)
		return true;
	for (size_t i = 0; i < 2; i++) {
		struct err why = {0};

		if (p->views[i] == 0)
			continue;
		if (state_look(g->state, &images[i], &p->quads[i], &looks[n], &why)) {
			seen[n] = &looks[n];
			n++;
		} else if (why.code != ERR_LIMIT) {
			return err_set(e, why.code, "%s", why.text);
		}
	}
	issuer_decide(seen, n, p->read.text, p->read.jurisdiction);
	return true;
}

bool plates_find(const struct engines *g, const struct image *images, size_t n, struct plates *out,
		 struct err *e)
{
	out->n = 0;
	if (!find_in(g, &images[0], 0, out, e))
		return false;
	if (n > 1) {
		size_t first = out->n;

		if (!find_in(g, &images[1], 1, out, e))
			return false;
		match(out, first);
	}
	sort_by_confidence(out);
	for (size_t i = 0; i < out->n; i++)
		if (!tell_state(g, images, &out->at[i], e))
			return false;
	return true;
}
