/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/localise.h"

#include "firmware/base/cleanup.h"
#include "ocr/cv.h"
#include "ocr/localise_decode.h"
#include "ocr/quad.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_LEAST 16u
#define SIDE_MOST  16384u
#define CELL	   32u	 /* the network takes sides that are multiples of this */
#define LONG_FRAME 576u	 /* long side of the pass that every image gets */
#define LONG_NEAR  224u	 /* plates that fill the image */
#define LONG_FAR   1280u /* small plates in large photos */
#define FAR_FROM   1600u /* longer images may get the LONG_FAR pass; camera frames do not */

#define SURE	    0.6f  /* a plate as likely as this spares the other passes */
#define THRESHOLD   0.3f  /* of a first look */
#define LEAST	    0.4f  /* of what is handed out */
#define SQUASH_MOST 0.04f /* change of aspect that is cheaper than padding */

#define FOUND	       32u  /* plates of one image that are gone into at all */
#define LOOKS	       4u   /* the best of them, which get a second look */
#define UNLOOKED       0.9f /* what is left of the score of a plate without one */
#define LOOK_W	       256u /* its input, with the plate in the middle */
#define LOOK_H	       160u
#define LOOK_PLATE     130.0f /* most that a plate measures in it */
#define LOOK_HEIGHT    84.0f
#define LOOK_ZOOM      3.0f /* most enlargement */
#define LOOK_THRESHOLD 0.1f
#define LOOK_SAME      0.25f /* least IoU of the plate seen in it with the one looked for */
#define UNSEEN	       0.5f  /* what is left of the score of a plate that it does not show */

/* A network reallocates when its input changes size: one for each size that alternates keeps frames
 * free of that. */
struct localiser {
	struct cv_net *frame, *near, *look;
	uint8_t *luma;	 /* LONG_FAR x LONG_FAR */
	uint8_t *halved; /* up to twice that a side: on the way there */
	struct localise_candidates candidates;
};

/* How an image lies in the network's input: content top left, rows and columns beyond it black. */
struct fit {
	uint32_t width, height;	     /* of the input */
	uint32_t inside_w, inside_h; /* of the content */
};

static uint32_t cells_up(float side)
{
	uint32_t n = (uint32_t)ceilf(side / (float)CELL);

	return (n < 1 ? 1 : n) * CELL;
}

/* Input and content size along the short side of `exact` pixels. */
static void fit_short(float exact, uint32_t *input, uint32_t *inside)
{
	uint32_t nearest = (uint32_t)lroundf(exact / (float)CELL) * CELL;

	if (nearest > 0 && fabsf((float)nearest - exact) <= SQUASH_MOST * exact) {
		*input = *inside = nearest;
		return;
	}
	*input = cells_up(exact);
	*inside = exact < 1.0f ? 1u : (uint32_t)exact;
}

static struct fit fit_image(const struct image *img, uint32_t long_side)
{
	struct fit f;
	uint32_t longest = img->width > img->height ? img->width : img->height;
	uint32_t shortest = img->width > img->height ? img->height : img->width;
	uint32_t to = longest < long_side ? cells_up((float)longest) : long_side;
	uint32_t input, inside;

	fit_short((float)shortest * (float)to / (float)longest, &input, &inside);
	if (img->width >= img->height)
		f = (struct fit){to, input, to, inside};
	else
		f = (struct fit){input, to, inside, to};
	return f;
}

static bool fill(struct localiser *l, const struct image *img, const struct fit *f, struct err *e)
{
	uint32_t k = localise_whole_step(img->width, img->height, f->inside_w, f->inside_h);
	struct image from = *img;

	if (f->inside_w != f->width || f->inside_h != f->height)
		memset(l->luma, 0, (size_t)f->width * f->height);
	if (k > 1 && img->width / k < 2 * LONG_FAR && img->height / k < 2 * LONG_FAR) {
		from = (struct image){l->halved, img->width / k, img->height / k, img->width / k};
		if (!cv_resize(img, 0, 0, img->width, img->height, l->halved, from.width,
			       from.height, from.stride, e))
			return false;
	}
	return cv_resize(&from, 0, 0, from.width, from.height, l->luma, f->inside_w, f->inside_h,
			 f->width, e);
}

static bool maps_of(const struct cv_tensor *t, const struct fit *f, struct localise_map *maps,
		    struct err *e)
{
	for (size_t i = 0; i < LOCALISE_LEVELS; i++) {
		uint32_t stride = 8u << i;
		maps[i] = (struct localise_map){t[i].data, f->width / stride, f->height / stride};
		if (t[i].count != (size_t)LOCALISE_CHANNELS * maps[i].width * maps[i].height)
			return err_set(e, ERR_IO, "localise: output %zu has an unexpected size", i);
	}
	return true;
}

/* One look at the whole image, long side `long_side` network pixels. *best: the likeliest cell of
 * it. */
static bool pass(struct localiser *l, struct cv_net *net, const struct image *img,
		 uint32_t long_side, float *best, struct err *e)
{
	struct fit f = fit_image(img, long_side);
	struct cv_tensor t[LOCALISE_LEVELS];
	struct localise_map maps[LOCALISE_LEVELS];

	if (!fill(l, img, &f, e) ||
	    !cv_net_run_luma(net, l->luma, f.width, f.height, 0.0f, 1.0f / 255.0f, t, e) ||
	    !maps_of(t, &f, maps, e))
		return err_prefix(e, "localise");
	*best =
	    fmaxf(*best, localise_collect(maps, THRESHOLD, (float)img->width / (float)f.inside_w,
					  (float)img->height / (float)f.inside_h, &l->candidates));
	return true;
}

/* The rectangle of the image that a second look at `b` takes: inside the image, whole pixels. */
static bool look_at(const struct image *img, const struct quad_bounds *b, uint32_t rect[4],
		    struct fit *f)
{
	float w = fmaxf(b->x1 - b->x0, 1.0f), h = fmaxf(b->y1 - b->y0, 1.0f);
	float zoom = fminf(fminf(LOOK_PLATE / w, LOOK_HEIGHT / h), LOOK_ZOOM);
	float half_w = 0.5f * (float)LOOK_W / zoom, half_h = 0.5f * (float)LOOK_H / zoom;
	float cx = 0.5f * (b->x0 + b->x1), cy = 0.5f * (b->y0 + b->y1);
	float x0 = fmaxf(floorf(cx - half_w), 0.0f),
	      x1 = fminf(ceilf(cx + half_w), (float)img->width);
	float y0 = fmaxf(floorf(cy - half_h), 0.0f),
	      y1 = fminf(ceilf(cy + half_h), (float)img->height);

	if (!(x1 - x0 >= 4.0f && y1 - y0 >= 4.0f))
		return false;
	rect[0] = (uint32_t)x0;
	rect[1] = (uint32_t)y0;
	rect[2] = (uint32_t)(x1 - x0);
	rect[3] = (uint32_t)(y1 - y0);
	f->width = LOOK_W;
	f->height = LOOK_H;
	f->inside_w = (uint32_t)fmaxf(fminf(roundf((x1 - x0) * zoom), (float)LOOK_W), 1.0f);
	f->inside_h = (uint32_t)fmaxf(fminf(roundf((y1 - y0) * zoom), (float)LOOK_H), 1.0f);
	return true;
}

/* Of what the second look shows, take the plate that was looked for: its corners are the better
 * ones. */
static void take_seen(const struct plate_box *seen, size_t n, const uint32_t rect[4],
		      struct plate_box *box)
{
	struct quad_bounds was = quad_bounds(&box->quad);
	float best = 0.0f, score = box->score;
	struct plate_box found = *box;

	for (size_t i = 0; i < n; i++) {
		struct plate_box b = seen[i];
		struct quad_bounds is;
		float same;
		for (size_t k = 0; k < 8; k += 2) {
			b.quad.p[k] += (float)rect[0];
			b.quad.p[k + 1] += (float)rect[1];
		}
		is = quad_bounds(&b.quad);
		same = quad_iou(&was, &is);
		if (same >= LOOK_SAME && same * b.score > best) {
			best = same * b.score;
			found = b;
		}
	}
	*box = found;
	box->score = best > 0.0f ? sqrtf(score * found.score) : score * UNSEEN;
}

/* Look again at one plate, enlarged: small ones get better corners, and what is none is seen to be
 * none. */
static bool second_look(struct localiser *l, const struct image *img, struct plate_box *box,
			struct err *e)
{
	struct quad_bounds b = quad_bounds(&box->quad);
	struct cv_tensor t[LOCALISE_LEVELS];
	struct localise_map maps[LOCALISE_LEVELS];
	struct plate_box seen[LOOKS];
	uint32_t rect[4];
	struct fit f;

	if (!look_at(img, &b, rect, &f))
		return true;
	memset(l->luma, 0, (size_t)LOOK_W * LOOK_H);
	if (!cv_resize(img, rect[0], rect[1], rect[2], rect[3], l->luma, f.inside_w, f.inside_h,
		       f.width, e) ||
	    !cv_net_run_luma(l->look, l->luma, f.width, f.height, 0.0f, 1.0f / 255.0f, t, e) ||
	    !maps_of(t, &f, maps, e))
		return err_prefix(e, "localise");
	l->candidates.n = 0;
	(void)localise_collect(maps, LOOK_THRESHOLD, (float)rect[2] / (float)f.inside_w,
			       (float)rect[3] / (float)f.inside_h, &l->candidates);
	take_seen(seen, localise_suppress(&l->candidates, seen, LOOKS), rect, box);
	return true;
}

/* At the best of them, but not at unlikely ones far behind the best so far: beside a plate those
 * are hardly ever another one. */
static bool second_looks(struct localiser *l, const struct image *img, struct plate_box *found,
			 size_t n, struct err *e)
{
	float best = 0.0f;

	for (size_t i = 0; i < n; i++) {
		if (i >= LOOKS || !localise_worth_a_look(found[i].score, best))
			found[i].score *= UNLOOKED;
		else if (!second_look(l, img, &found[i], e))
			return false;
		best = fmaxf(best, found[i].score);
	}
	return true;
}

static bool passes(struct localiser *l, const struct image *img, struct err *e)
{
	uint32_t longest = img->width > img->height ? img->width : img->height;
	float best = 0.0f;

	l->candidates.n = 0;
	return pass(l, l->frame, img, LONG_FRAME, &best, e) &&
	       (best >= SURE || longest <= LONG_NEAR ||
		pass(l, l->near, img, LONG_NEAR, &best, e)) &&
	       (best >= SURE || longest <= FAR_FROM || pass(l, l->frame, img, LONG_FAR, &best, e));
}

bool localise(struct localiser *l, const struct image *img, struct plate_box *out, size_t most,
	      size_t *n, struct err *e)
{
	uint32_t longest = img->width > img->height ? img->width : img->height;
	uint32_t shortest = img->width > img->height ? img->height : img->width;
	struct plate_box found[FOUND];
	size_t n_found;

	*n = 0;
	if (shortest < SIDE_LEAST || longest > SIDE_MOST || img->stride < img->width)
		return err_set(e, ERR_LIMIT,
			       "localise: image of %ux%u, sides of %u to %u are taken", img->width,
			       img->height, SIDE_LEAST, SIDE_MOST);
	if (!passes(l, img, e))
		return false;
	n_found = localise_suppress(&l->candidates, found, FOUND);
	if (!second_looks(l, img, found, n_found, e))
		return false;
	l->candidates.n = 0;
	for (size_t i = 0; i < n_found; i++)
		if (found[i].score >= LEAST)
			l->candidates.box[l->candidates.n++] = found[i];
	*n = localise_suppress(&l->candidates, out, most);
	return true;
}

static bool warm_up(struct localiser *l, struct err *e)
{
	AUTO_FREE uint8_t *black = calloc(LONG_FRAME, LONG_FRAME);
	struct image blank = {black, LONG_FRAME, LONG_FRAME * 9 / 16, LONG_FRAME};
	struct plate_box box = {.quad = {{100, 100, 200, 100, 200, 150, 100, 150}}};
	size_t n;

	if (!black)
		return err_set(e, ERR_NO_MEMORY, "localise: out of memory");
	return localise(l, &blank, &box, 1, &n, e) && second_look(l, &blank, &box, e);
}

bool localiser_open(const char *models, int threads, struct localiser **out, struct err *e)
{
	static const char *const outputs[LOCALISE_LEVELS] = {"stride8", "stride16", "stride32"};
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/localise.onnx", models);
	struct localiser *l;

	if (len < 0 || (size_t)len >= sizeof path)
		return err_set(e, ERR_NOT_FOUND, "localise: path of the models too long");
	l = calloc(1, sizeof *l);
	if (!l)
		return err_set(e, ERR_NO_MEMORY, "localise: out of memory");
	l->luma = calloc(LONG_FAR, LONG_FAR);
	l->halved = calloc((size_t)2 * LONG_FAR, (size_t)2 * LONG_FAR);
	if (!l->luma || !l->halved) {
		localiser_free(l);
		return err_set(e, ERR_NO_MEMORY, "localise: out of memory");
	}
	if (!cv_net_open(path, threads, outputs, LOCALISE_LEVELS, &l->frame, e) ||
	    !cv_net_open(path, threads, outputs, LOCALISE_LEVELS, &l->near, e) ||
	    !cv_net_open(path, threads, outputs, LOCALISE_LEVELS, &l->look, e) || !warm_up(l, e)) {
		localiser_free(l);
		return false;
	}
	*out = l;
	return true;
}

void localiser_free(struct localiser *l)
{
	if (!l)
		return;
	cv_net_free(l->frame);
	cv_net_free(l->near);
	cv_net_free(l->look);
	free(l->luma);
	free(l->halved);
	free(l);
}
