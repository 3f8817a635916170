/* SPDX-License-Identifier: Apache-2.0 */
/* The textures of a vehicle's body. Lengths are in metres on the face that is painted. */
#include "hal/sim/vehicle.h"

#include <math.h>
#include <string.h>

/* A face under the brush: k pixels a metre. */
struct face_of {
	struct canvas c;
	float kx, ky;
};

static struct face_of face_of(const struct texture *t, float w, float h)
{
	struct face_of f = {texture_canvas(t), (float)t->w / w, (float)t->h / h};

	return f;
}

static void block(const struct face_of *f, float x0, float y0, float x1, float y1, float r,
		  float luma, float alpha)
{
	canvas_round_rect(&f->c, x0 * f->kx, y0 * f->ky, x1 * f->kx, y1 * f->ky, r * f->ky, luma,
			  alpha);
}

static void seam(const struct face_of *f, float x0, float y0, float x1, float y1, float luma)
{
	canvas_line(&f->c, x0 * f->kx, y0 * f->ky, x1 * f->kx, y1 * f->ky, 0.006f * f->kx,
		    luma * 0.35f, 0.8f);
	canvas_line(&f->c, x0 * f->kx, y0 * f->ky + 2, x1 * f->kx, y1 * f->ky + 2, 1.2f,
		    luma * 1.3f + 10, 0.4f);
}

/* Sheet metal mirrors the sky above and the road below, and is never quite even. */
static void metal(const struct face_of *f, struct art *a, struct sim_random *r, float luma)
{
	const uint8_t *cloud = art_clouds(a);
	int ox = (int)sim_below(r, ART_NOISE), oy = (int)sim_below(r, ART_NOISE);
	float gloss = sim_range(r, 0.08f, 0.22f);

	for (int y = 0; y < f->c.h; y++) {
		float v = (float)y / (float)f->c.h;
		float shine = v < 0.45f ? 1 + gloss * (0.45f - v) * 4 : 1 - (v - 0.45f) * 0.55f;
		uint8_t *row = f->c.px + (long)y * f->c.stride;
		const uint8_t *n = cloud + ((y + oy) % ART_NOISE) * (long)ART_NOISE;

		for (int x = 0; x < f->c.w; x++) {
			float m = ((float)n[(x / 3 + ox) % ART_NOISE] - 128.0f) * 0.0012f *
				  (v < 0.45f ? 1.0f : 0.5f);

			row[x] = canvas_clamp(luma * shine * (1 + m) + m * 60 +
					      (v < 0.3f ? gloss * 40 : 0));
		}
	}
}

static void words(const struct face_of *f, struct art *a, enum face face, const char *text, float x,
		  float y, float height, float wide, float luma, float alpha)
{
	/* Faces are painted with unequal scales: the stretch makes up for it. */
	struct setting s = {face, height * f->ky, wide * f->kx / f->ky, 0, 0};

	art_text(a, &f->c, &s, text, x * f->kx, y * f->ky, 0.9f * f->kx, luma, alpha);
}

static void badges(const struct face_of *f, struct art *a, struct sim_random *r,
		   const struct vehicle *v, float w)
{
	static const char *const cars[] = {"CAMRY",  "ACCORD",	  "Malibu",  "CIVIC LX",
					   "Altima", "FUSION SE", "ELANTRA", "300C",
					   "OPTIMA", "Jetta 2.5"};
	static const char *const tall[] = {"EXPLORER",	     "RAV4",  "CR-V",	 "EQUINOX LT",
					   "Grand Cherokee", "PILOT", "Odyssey", "TOWN & COUNTRY"};
	static const char *const work[] = {"SILVERADO", "F-150 XLT", "RAM 1500",  "TACOMA",
					   "TUNDRA",	"SIERRA",    "CHEVROLET", "FORD"};
	bool car = v->body == BODY_SEDAN || v->body == BODY_HATCH,
	     hauls = v->body == BODY_PICKUP || v->body == BODY_TRUCK;
	const char *says = car	   ? cars[sim_below(r, 10)]
			   : hauls ? work[sim_below(r, 8)]
				   : tall[sim_below(r, 8)];
	float luma = v->luma > 130 ? sim_range(r, 40, 110) : sim_range(r, 150, 235);
	float size = sim_range(r, 0.025f, 0.04f), y = sim_range(r, 0.13f, 0.2f);

	canvas_ellipse(&f->c, w / 2 * f->kx, 0.1f * f->ky, 0.055f * f->kx, 0.035f * f->ky, luma,
		       0.9f);
	canvas_ellipse(&f->c, w / 2 * f->kx, 0.1f * f->ky, 0.04f * f->kx, 0.022f * f->ky,
		       v->luma * 0.7f, 0.9f);
	if (v->body == BODY_PICKUP && sim_chance(r, 0.5f)) {
		words(f, a, FACE_GEOMETRIC, says, w / 2, 0.27f, 0.09f, 1.5f, luma, 0.8f);
		return;
	}
	words(f, a, FACE_GEOMETRIC, says, w * sim_range(r, 0.66f, 0.74f), y, size, 1.3f, luma,
	      0.9f);
	if (sim_chance(r, 0.5f))
		words(f, a, FACE_SANS_BOLD, sim_chance(r, 0.5f) ? "AWD" : "V6", w * 0.24f, y, size,
		      1.3f, luma, 0.9f);
}

static void sticker(const struct face_of *f, struct art *a, struct sim_random *r, float w, float h)
{
	static const char *const says[] = {"MY CHILD IS AN HONOR STUDENT",
					   "COEXIST",
					   "GO CARDS",
					   "STL 314",
					   "26.2",
					   "JESUS SAVES",
					   "VOTE 2024",
					   "SALT LIFE",
					   "PROUD PARENT",
					   "K9 ON BOARD",
					   "NRA",
					   "ARMY STRONG",
					   "BABY ON BOARD",
					   "MIZZOU"};
	float sw = sim_range(r, 0.12f, 0.28f), sh = sw * sim_range(r, 0.25f, 0.6f);
	float x = sim_chance(r, 0.5f) ? sim_range(r, 0.16f, 0.3f) * w
				      : sim_range(r, 0.7f, 0.84f) * w,
	      y = sim_range(r, 0.35f, 0.85f) * h;
	float luma = sim_chance(r, 0.6f) ? sim_range(r, 190, 245) : sim_range(r, 20, 80);
	struct setting s = {FACE_SANS_BOLD, sh * 0.42f * f->ky, f->kx / f->ky, 0, 0};

	block(f, x - sw / 2, y - sh / 2, x + sw / 2, y + sh / 2, 0.005f, luma, 1);
	art_text(a, &f->c, &s, says[sim_below(r, 14)], x * f->kx, (y + sh * 0.22f) * f->ky,
		 sw * 0.9f * f->kx, luma > 128 ? 25 : 225, 1);
}

static void tail_lamp(const struct face_of *f, struct sim_random *r, float x0, float y0, float x1,
		      float y1, bool tall)
{
	float red = sim_range(r, 50, 85), bar = (y1 - y0) * 0.28f;

	block(f, x0 - 0.008f, y0 - 0.008f, x1 + 0.008f, y1 + 0.008f, 0.04f, 18, 0.8f);
	block(f, x0, y0, x1, y1, 0.035f, red, 1);
	if (tall)
		block(f, x0 + 0.015f, y1 - bar * 1.5f, x1 - 0.015f, y1 - 0.03f, 0.02f, 185, 0.85f);
	else
		block(f, x0 + (x1 - x0) * 0.1f, y0 + bar, x0 + (x1 - x0) * 0.45f, y1 - bar, 0.02f,
		      175, 0.85f);
	block(f, x0 + 0.012f, y0 + 0.012f, x1 - 0.012f, y0 + bar, 0.02f, red + 55, 0.6f);
	canvas_line(&f->c, (x0 + 0.02f) * f->kx, (y0 + 0.02f) * f->ky, (x1 - 0.03f) * f->kx,
		    (y0 + 0.025f) * f->ky, 2, 225, 0.6f);
}

static void tail_lamps(const struct face_of *f, struct sim_random *r, struct vehicle *v, float w,
		       float h)
{
	bool tall = v->body == BODY_SUV || v->body == BODY_VAN || v->body == BODY_PICKUP;
	float lw = tall ? sim_range(r, 0.12f, 0.18f) : sim_range(r, 0.24f, 0.4f),
	      lh = tall ? h * 0.5f : sim_range(r, 0.13f, 0.18f);
	float top = tall ? 0.04f : sim_range(r, 0.07f, 0.12f), in = 0.025f;

	if (v->body == BODY_TRUCK) {
		lw = 0.14f;
		lh = 0.1f;
		top = h - 0.35f;
	}
	v->lamp_x = w / 2 - in - lw / 2;
	v->lamp_z = v->belt - top - lh * 0.6f;
	tail_lamp(f, r, in, top, in + lw, top + lh, tall);
	tail_lamp(f, r, w - in - lw, top, w - in, top + lh, tall);
}

static void bumper(const struct face_of *f, struct sim_random *r, const struct vehicle *v, float w,
		   float h)
{
	float y = h * sim_range(r, 0.58f, 0.68f);
	float luma = v->body == BODY_PICKUP ? (sim_chance(r, 0.6f) ? sim_range(r, 150, 215) : 35)
		     : sim_chance(r, 0.6f)  ? v->luma
					    : sim_range(r, 30, 60);

	canvas_gradient(&f->c, 0, y * f->ky, w * f->kx, (y + (h - y) * 0.5f) * f->ky,
			luma * 1.15f + 8, luma, 1);
	canvas_gradient(&f->c, 0, (y + (h - y) * 0.5f) * f->ky, w * f->kx, h * f->ky, luma,
			luma * 0.55f, 1);
	seam(f, 0, y, w, y, luma);
	canvas_rect(&f->c, 0, (h - 0.08f) * f->ky, w * f->kx, h * f->ky, 24, 0.85f);
	for (int i = 0; i < 2; i++) { /* reflectors */
		float x = i ? w - 0.26f : 0.1f;

		block(f, x, h - 0.15f, x + 0.16f, h - 0.115f, 0.01f, 75, 0.9f);
	}
	if (sim_chance(r, 0.6f))
		canvas_ellipse(&f->c, w * 0.8f * f->kx, (h - 0.035f) * f->ky, 0.04f * f->kx,
			       0.03f * f->ky, 8, 1);
}

static void recess(const struct face_of *f, struct sim_random *r, const struct vehicle *v)
{
	float x = v->w / 2 + v->plate_x, y = v->belt - v->plate_z,
	      luma = v->luma * sim_range(r, 0.5f, 0.8f);
	float wide = sim_range(r, 0.2f, 0.3f), high = sim_range(r, 0.1f, 0.14f);

	block(f, x - wide, y - high, x + wide, y + high * 0.95f, 0.03f, luma, 0.85f);
	canvas_gradient(&f->c, (x - wide) * f->kx, (y - high) * f->ky, (x + wide) * f->kx,
			(y - high * 0.4f) * f->ky, 10, luma, 0.55f);
	if (sim_chance(r, 0.6f)) /* the chrome strip with the licence lamps */
		block(f, x - wide * 1.05f, y - high - 0.05f, x + wide * 1.05f, y - high, 0.015f,
		      sim_chance(r, 0.5f) ? sim_range(r, 170, 235) : v->luma * 0.8f, 1);
}

static void paint_rear(struct vehicle *v, struct art *a, struct sim_random *r, bool stickers)
{
	float w = v->w, h = v->belt - v->clearance;
	struct face_of f = face_of(&v->rear, w, h);

	metal(&f, a, r, v->luma);
	if (v->body == BODY_TRUCK) {
		seam(&f, w / 2, 0, w / 2, h - 0.3f, v->luma);
		canvas_rect(&f.c, 0, (h - 0.4f) * f.ky, w * f.kx, h * f.ky, 35, 1);
	} else {
		seam(&f, 0.3f, 0.02f, 0.3f, h * 0.58f, v->luma);
		seam(&f, w - 0.3f, 0.02f, w - 0.3f, h * 0.58f, v->luma);
		bumper(&f, r, v, w, h);
	}
	recess(&f, r, v);
	tail_lamps(&f, r, v, w, h);
	if (v->body != BODY_TRUCK)
		badges(&f, a, r, v, w);
	for (unsigned i = stickers ? 1 + sim_below(r, 3) : 0; i > 0; i--)
		sticker(&f, a, r, w, h);
	texture_reduce(&v->rear);
}

static void paint_window(struct vehicle *v, struct art *a, struct sim_random *r)
{
	float w = v->w * 0.97f, h = 0.6f, glass = sim_range(r, 18, 55);
	struct face_of f = face_of(&v->window, w, h);

	metal(&f, a, r, v->luma);
	if (v->body == BODY_TRUCK || (v->body == BODY_VAN && sim_chance(r, 0.3f))) {
		seam(&f, w / 2, 0, w / 2, h, v->luma);
		if (v->body == BODY_TRUCK)
			words(&f, a, FACE_SANS_BOLD,
			      sim_chance(r, 0.5f) ? "EXPRESS FREIGHT"
						  : "HOW IS MY DRIVING 555-0175",
			      w / 2, h * 0.55f, 0.05f, 1, v->luma > 128 ? 50 : 210, 0.9f);
		texture_reduce(&v->window);
		return;
	}
	block(&f, 0.17f, 0.06f, w - 0.17f, h - 0.06f, 0.07f, glass, 1);
	/* Sky in the glass, seats behind it. */
	canvas_gradient(&f.c, 0.2f * f.kx, 0.08f * f.ky, (w - 0.2f) * f.kx, h * 0.6f * f.ky,
			glass + sim_range(r, 20, 90), glass, 0.6f);
	for (int i = 0; i < 3; i++)
		block(&f, w * (0.27f + 0.19f * (float)i), h * 0.55f,
		      w * (0.345f + 0.19f * (float)i), h * 0.78f, 0.04f, glass * 0.5f, 0.5f);
	block(&f, w / 2 - 0.12f, 0.03f, w / 2 + 0.12f, 0.055f, 0.01f, 70, 0.9f);
	if (v->body != BODY_SEDAN && v->body != BODY_PICKUP)
		canvas_line(&f.c, w * 0.5f * f.kx, (h - 0.05f) * f.ky, w * 0.72f * f.kx,
			    (h - 0.14f) * f.ky, 4, 12, 1);
	for (int i = 1; i < 7; i++)
		canvas_line(&f.c, 0.2f * f.kx, h * (0.15f + 0.1f * (float)i) * f.ky,
			    (w - 0.2f) * f.kx, h * (0.15f + 0.1f * (float)i) * f.ky, 1, glass + 25,
			    0.4f);
	texture_reduce(&v->window);
}

static void paint_sides(struct vehicle *v, struct art *a, struct sim_random *r)
{
	float h = v->belt - v->clearance;
	struct face_of f = face_of(&v->side, v->l, h);
	struct face_of g = face_of(&v->upper, 3, 0.6f);

	metal(&f, a, r, v->luma);
	for (int i = 0; i < 3; i++)
		seam(&f, v->l * (0.3f + 0.2f * (float)i), 0.03f, v->l * (0.3f + 0.2f * (float)i),
		     h * 0.9f, v->luma);
	for (int i = 0; i < 2; i++) {
		block(&f, v->l * (0.42f + 0.2f * (float)i), h * 0.16f,
		      v->l * (0.46f + 0.2f * (float)i), h * 0.22f, 0.02f, v->luma * 0.6f, 0.9f);
		canvas_ellipse(&f.c, v->l * (i ? 0.80f : 0.22f) * f.kx, h * f.ky, 0.42f * f.kx,
			       0.42f * f.ky, 12, 1);
	}
	canvas_rect(&f.c, 0, 0.06f * f.ky, 0.2f * f.kx, 0.2f * f.ky, 70, 0.9f);
	canvas_rect(&f.c, 0, h * 0.88f * f.ky, v->l * f.kx, h * f.ky, 28, 0.8f);
	texture_reduce(&v->side);
	metal(&g, a, r, v->luma);
	if (v->body != BODY_TRUCK) {
		block(&g, 0.35f, 0.08f, 1.25f, 0.54f, 0.06f, sim_range(r, 25, 70), 1);
		block(&g, 1.33f, 0.08f, 2.6f, 0.54f, 0.06f, sim_range(r, 25, 70), 1);
	}
	texture_reduce(&v->upper);
}

void vehicle_paint_body(struct vehicle *v, struct art *a, struct sim_random *r, bool stickers)
{
	paint_rear(v, a, r, stickers);
	paint_window(v, a, r);
	paint_sides(v, a, r);
}
