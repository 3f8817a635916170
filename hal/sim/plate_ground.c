/* SPDX-License-Identifier: Apache-2.0 */
/* Everything on a plate but its characters. */
#include "hal/sim/plate_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static float px(const struct drawing *d, float u)
{
	return d->x0 + u * d->w;
}

static float py(const struct drawing *d, float v)
{
	return d->y0 + v * d->h;
}

static void hills(struct drawing *d, float base, float height, float luma, float alpha)
{
	struct point p[22];
	float v = base;

	for (int i = 0; i < 20; i++) {
		v = base - height * sim_unit(d->r);
		p[i] = (struct point){px(d, (float)i / 19.0f), py(d, v)};
	}
	p[20] = (struct point){px(d, 1), py(d, 1)};
	p[21] = (struct point){px(d, 0), py(d, 1)};
	canvas_polygon(&d->c, p, 22, luma, alpha);
}

/* A picture made of clouds and blobs: flowers, birds, capitols at a glance. */
static void picture(struct drawing *d, float cu, float cv, float ru, float rv, float depth)
{
	const uint8_t *cloud = art_clouds(d->art);
	int ox = (int)sim_below(d->r, ART_NOISE), oy = (int)sim_below(d->r, ART_NOISE);
	int xa = (int)px(d, cu - ru), xb = (int)px(d, cu + ru), ya = (int)py(d, cv - rv),
	    yb = (int)py(d, cv + rv);
	float gain = depth / 64.0f;

	for (int y = ya < 0 ? 0 : ya; y < yb && y < d->c.h; y++) {
		uint8_t *row = d->c.px + (long)y * d->c.stride;
		float v = ((float)y - py(d, cv)) / (rv * d->h);

		for (int x = xa < 0 ? 0 : xa; x < xb && x < d->c.w; x++) {
			float u = ((float)x - px(d, cu)) / (ru * d->w);
			float fade = 1 - u * u * u * u - v * v * v * v;
			int n = cloud[((y * 2 + oy) % ART_NOISE) * (long)ART_NOISE +
				      (x * 2 + ox) % ART_NOISE] -
				128;

			if (fade > 0)
				row[x] = canvas_clamp((float)row[x] + (n > 0 ? 0.3f : 1.0f) * gain *
									  (float)n * fade);
		}
	}
}

static void emblem_behind(struct drawing *d)
{
	float luma = d->ground + sim_range(d->r, -45, 15), r = sim_range(d->r, 0.15f, 0.35f);
	float cx = px(d, sim_range(d->r, 0.3f, 0.7f)), cy = py(d, sim_range(d->r, 0.4f, 0.6f));

	if (sim_chance(d->r, 0.5f)) {
		canvas_ellipse(&d->c, cx, cy, r * d->h * 1.2f, r * d->h, luma, 0.6f);
		canvas_ellipse(&d->c, cx, cy, r * d->h * 0.8f, r * d->h * 0.6f, d->ground, 0.7f);
	} else {
		struct point p[10];

		for (int i = 0; i < 10; i++) {
			float a = (float)i * 0.6283f - 1.57f, l = r * d->h * (i % 2 ? 0.45f : 1.1f);

			p[i] = (struct point){cx + l * cosf(a), cy + l * sinf(a)};
		}
		canvas_polygon(&d->c, p, 10, luma, 0.6f);
	}
}

static void waves(struct drawing *d)
{
	float amp = sim_range(d->r, 0.02f, 0.12f), phase = sim_range(d->r, 0, 6.28f);
	float luma = d->ground + sim_range(d->r, -70, -15), at = sim_range(d->r, 0.6f, 0.85f);
	struct point p[26];

	for (int i = 0; i < 24; i++) {
		float u = (float)i / 23.0f;

		p[i] = (struct point){px(d, u), py(d, at + amp * sinf(phase + u * 7.0f))};
	}
	p[24] = (struct point){px(d, 1), py(d, 1)};
	p[25] = (struct point){px(d, 0), py(d, 1)};
	canvas_polygon(&d->c, p, 26, luma, 0.7f);
}

static void bands(struct drawing *d)
{
	float top = sim_range(d->r, 0.14f, 0.24f), low = sim_range(d->r, 0.80f, 0.88f);
	float dark = sim_range(d->r, 40, 110);

	if (sim_chance(d->r, 0.7f)) {
		canvas_rect(&d->c, px(d, 0), py(d, 0), px(d, 1), py(d, top), dark, 0.95f);
		d->head = sim_range(d->r, 190, 245);
	}
	if (sim_chance(d->r, 0.5f)) {
		canvas_rect(&d->c, px(d, 0), py(d, low), px(d, 1), py(d, 1), dark, 0.95f);
		d->foot = sim_range(d->r, 190, 245);
	}
}

void plate_ground(struct drawing *d)
{
	float g = d->ground;
	float sign = d->ink < g ? -1.0f : 1.0f, at;

	canvas_rect(&d->c, d->x0, d->y0, d->x0 + d->w, d->y0 + d->h, g, 1);
	if (d->series->style == SERIES_EU || sim_chance(d->r, 0.15f))
		return;
	switch (sim_below(d->r, 9)) {
	case 0:
	case 1: /* the blue above, white in the middle */
		canvas_gradient(&d->c, d->x0, d->y0, d->x0 + d->w, py(d, 0.5f),
				g + sign * sim_range(d->r, 15, 80), g, 1);
		if (sim_chance(d->r, 0.5f))
			canvas_gradient(&d->c, d->x0, py(d, 0.6f), d->x0 + d->w, py(d, 1), g,
					g + sign * sim_range(d->r, 10, 60), 1);
		break;
	case 2:
		canvas_gradient(&d->c, d->x0, py(d, 0.35f), d->x0 + d->w, py(d, 1), g,
				g + sign * sim_range(d->r, 25, 90), 1);
		break;
	case 3:
		at = sim_range(d->r, 0.7f, 0.95f);
		hills(d, at, 0.25f, g + sign * sim_range(d->r, 15, 60), 0.8f);
		hills(d, 0.95f, 0.12f, g + sign * sim_range(d->r, 30, 110), 0.8f);
		break;
	case 4:
		picture(d, 0.5f, 0.5f, 0.6f, 0.7f, sim_range(d->r, 15, 70));
		break;
	case 5:
		at = sim_range(d->r, 0.05f, 0.25f);
		picture(d, at, 0.5f, 0.25f, 0.4f, sim_range(d->r, 30, 90));
		break;
	case 6:
		emblem_behind(d);
		break;
	case 7:
		waves(d);
		break;
	default:
		bands(d);
		break;
	}
}

static void sticker(struct drawing *d, float cx, float cy, float w, float h)
{
	static const char *const says[] = {"11", "2025", "JAN", "MAY", "24",   "DEC",
					   "08", "SEP",	 "26",	"AUG", "07 25"};
	float luma = sim_range(d->r, 60, 235);
	struct setting s = {FACE_FLAT_BOLD, h * sim_range(d->r, 0.4f, 0.65f), 1, 0, 0};
	const char *text = says[sim_below(d->r, sizeof says / sizeof says[0])];

	canvas_rect(&d->c, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, luma, 1);
	if (sim_chance(d->r, 0.8f))
		art_text(d->art, &d->c, &s, text, cx, cy + s.height / 2, w * 0.9f,
			 luma > 128 ? sim_range(d->r, 10, 60) : sim_range(d->r, 190, 250), 1);
}

static void corner_stickers(struct drawing *d)
{
	float w = d->w * sim_range(d->r, 0.08f, 0.13f), h = d->h * sim_range(d->r, 0.10f, 0.15f);
	float left = px(d, 0.09f), right = px(d, 0.91f), top = py(d, 0.115f), low = py(d, 0.885f);

	if (sim_chance(d->r, 0.45f))
		sticker(d, right, top, w, h);
	if (sim_chance(d->r, 0.35f))
		sticker(d, left, top, w, h);
	if (sim_chance(d->r, 0.2f))
		sticker(d, right, low, w, h);
	if (sim_chance(d->r, 0.15f))
		sticker(d, left, low, w, h);
}

static void bolts(struct drawing *d)
{
	static const float at[4][2] = {
	    {0.208f, 0.1f}, {0.792f, 0.1f}, {0.208f, 0.9f}, {0.792f, 0.9f}};
	int n = sim_chance(d->r, 0.5f) ? 4 : 2;
	bool slots = sim_chance(d->r, 0.2f);

	for (int i = 0; i < 4; i++) {
		float x = px(d, at[i][0]), y = py(d, at[i][1]),
		      r = d->h * sim_range(d->r, 0.02f, 0.045f);
		float luma =
		    sim_chance(d->r, 0.6f) ? sim_range(d->r, 10, 90) : sim_range(d->r, 140, 240);

		if (i >= n || slots) { /* a hole without its bolt */
			canvas_round_rect(&d->c, x - d->w * 0.018f, y - d->h * 0.014f,
					  x + d->w * 0.018f, y + d->h * 0.014f, d->h * 0.014f,
					  sim_range(d->r, 10, 60), 0.9f);
			continue;
		}
		canvas_ellipse(&d->c, x + 1.5f, y + 1.5f, r, r, 20, 0.4f);
		canvas_ellipse(&d->c, x, y, r, r, luma, 1);
		canvas_ellipse(&d->c, x - r * 0.3f, y - r * 0.3f, r * 0.45f, r * 0.4f, luma + 50,
			       0.7f);
	}
}

static void head_and_foot(struct drawing *d)
{
	static const enum face faces[] = {FACE_SANS_BOLD, FACE_SERIF,	  FACE_SERIF_ITALIC,
					  FACE_SLAB,	  FACE_GEOMETRIC, FACE_FLAT_BOLD,
					  FACE_GAUGE_C,	  FACE_SCRIPT};
	enum face face = faces[sim_below(d->r, 8)];
	float height = d->h * sim_range(d->r, 0.085f, 0.135f),
	      stretch = sim_range(d->r, 0.9f, 1.3f);
	struct setting s = {face, height, stretch, 0, 0};
	char upper[32];
	float at;
	size_t n = strlen(d->series->name);

	(void)snprintf(upper, sizeof upper, "%s", d->series->name);
	if (s.face == FACE_SCRIPT)
		s.height *= 1.2f;
	else if (sim_chance(d->r, 0.2f))
		for (size_t i = 0; i < n; i++)
			upper[i] =
			    (char)(upper[i] >= 'a' && upper[i] <= 'z' ? upper[i] - 32 : upper[i]);
	at = px(d, sim_range(d->r, 0.47f, 0.53f));
	art_text(d->art, &d->c, &s, upper, at, py(d, sim_range(d->r, 0.165f, 0.195f)), d->w * 0.54f,
		 d->head, 1);
	if (d->series->foot[0] == '\0' || sim_chance(d->r, 0.15f))
		return;
	s.face = faces[sim_below(d->r, 8)];
	s.height = d->h * sim_range(d->r, 0.05f, 0.09f);
	art_text(d->art, &d->c, &s, d->series->foot, px(d, 0.5f),
		 py(d, sim_range(d->r, 0.915f, 0.95f)), d->w * 0.54f, d->foot, 1);
}

static void rim(struct drawing *d)
{
	float r = d->h * 0.075f, in = d->h * sim_range(d->r, 0.018f, 0.035f), luma = d->ink;
	float x1 = d->x0 + d->w - in, y1 = d->y0 + d->h - in;

	if (sim_chance(d->r, 0.55f))
		luma = d->ground + (sim_chance(d->r, 0.5f) ? -22.0f : 18.0f);
	canvas_line(&d->c, d->x0 + in + r, d->y0 + in, x1 - r, d->y0 + in, 2, luma, 0.8f);
	canvas_line(&d->c, d->x0 + in + r, y1, x1 - r, y1, 2, luma - 10, 0.8f);
	canvas_line(&d->c, d->x0 + in, d->y0 + in + r, d->x0 + in, y1 - r, 2, luma, 0.8f);
	canvas_line(&d->c, x1, d->y0 + in + r, x1, y1 - r, 2, luma - 10, 0.8f);
}

void plate_furniture(struct drawing *d)
{
	rim(d);
	if (d->series->style == SERIES_EU)
		return;
	head_and_foot(d);
	corner_stickers(d);
	bolts(d);
}

void plate_band(struct drawing *d, float *left)
{
	float w = d->h * sim_range(d->r, 0.38f, 0.46f), luma = sim_range(d->r, 30, 85);
	struct setting s = {FACE_SANS_BOLD, d->h * 0.2f, 0.8f, 0, 0};

	*left = 0;
	if (sim_chance(d->r, 0.15f))
		return;
	*left = w;
	canvas_rect(&d->c, d->x0, d->y0, d->x0 + w, d->y0 + d->h, luma, 1);
	for (int i = 0; i < 12; i++)
		canvas_ellipse(&d->c, d->x0 + w / 2 + w * 0.3f * cosf((float)i * 0.5236f),
			       d->y0 + d->h * 0.33f + w * 0.3f * sinf((float)i * 0.5236f),
			       d->h * 0.018f, d->h * 0.018f, 200, 0.9f);
	art_text(d->art, &d->c, &s, d->series->name, d->x0 + w / 2, d->y0 + d->h * 0.88f, w * 0.8f,
		 225, 1);
}

void plate_emblem(struct drawing *d, float x, float y, float size)
{
	float luma = sim_range(d->r, 30, 200), half = size * 0.5f;
	struct point p[8];

	switch (sim_below(d->r, 5)) {
	case 0: /* month and year stickers, one above the other, as Missouri has them */
		sticker(d, x, y - size * 0.3f, size * 0.9f, size * 0.6f);
		sticker(d, x, y + size * 0.35f, size * 0.9f, size * 0.6f);
		break;
	case 1:
		canvas_ellipse(&d->c, x, y, half * 1.1f, half * 1.1f, luma, 0.9f);
		canvas_ellipse(&d->c, x + half * 0.2f, y - half * 0.3f, half * 0.5f, half * 0.5f,
			       luma + 60, 0.7f);
		break;
	case 2:
		canvas_ellipse(&d->c, x, y, half * 0.45f, half * 0.45f, d->ink, 0.95f);
		break;
	case 3: /* the outline of a state */
		for (int i = 0; i < 8; i++) {
			float a = (float)i * 0.785f, l = half * sim_range(d->r, 0.55f, 1.25f);

			p[i] = (struct point){x + l * cosf(a), y + l * sinf(a)};
		}
		canvas_polygon(&d->c, p, 8, sim_chance(d->r, 0.5f) ? d->ink : luma, 0.85f);
		break;
	default:
		sticker(d, x, y, size * 0.9f, size * sim_range(d->r, 0.7f, 1.3f));
		break;
	}
}

static void frame_text(struct drawing *d, float y, float height, float luma)
{
	static const char *const says[] = {"CHEVROLET",
					   "CROWN MOTORS",
					   "www.bestcars.com",
					   "LOU FUSZ",
					   "ALUMNI",
					   "TOYOTA OF SPRINGFIELD",
					   "HONDA",
					   "UNIVERSITY OF MISSOURI",
					   "AUTO PLAZA",
					   "(314) 555-0142",
					   "CARDINALS",
					   "JEEP",
					   "SUNTRUP FORD",
					   "OAK LAWN",
					   "MOTOR CITY",
					   "LEGENDS",
					   "555-0199",
					   "EL SOL MOTORS"};
	static const enum face faces[] = {FACE_SANS_BOLD, FACE_SERIF, FACE_SLAB, FACE_GEOMETRIC,
					  FACE_FLAT_BOLD};
	enum face face = faces[sim_below(d->r, 5)];
	struct setting s = {face, height, sim_range(d->r, 1.0f, 1.5f), 0, 0};

	art_text(d->art, &d->c, &s, says[sim_below(d->r, sizeof says / sizeof says[0])],
		 d->x0 + d->w / 2, y, d->w * 0.85f, luma, 1);
}

void plate_frame(struct drawing *d, float surround)
{
	struct canvas *c = &d->c;
	bool dealer = sim_chance(d->r, 0.55f);
	float luma = sim_chance(d->r, 0.65f) ? sim_range(d->r, 8, 60) : sim_range(d->r, 110, 235);
	float top = d->h * (dealer ? sim_range(d->r, 0.05f, 0.17f) : sim_range(d->r, 0.02f, 0.06f));
	float low = d->h * (dealer ? sim_range(d->r, 0.07f, 0.18f) : sim_range(d->r, 0.02f, 0.06f));
	float side = d->h * sim_range(d->r, 0.02f, 0.06f);
	float in_x0 = d->x0 + side, in_x1 = d->x0 + d->w - side, in_y0 = d->y0 + top,
	      in_y1 = d->y0 + d->h - low;
	float shine = luma > 100 ? sim_range(d->r, 20, 70) : sim_range(d->r, 5, 35);
	float says = luma > 110 ? sim_range(d->r, 10, 60) : sim_range(d->r, 150, 245);

	/* Four sides, so that the window keeps what is under it. */
	canvas_gradient(c, 0, 0, (float)c->w, in_y0, luma + shine, luma, 1);
	canvas_gradient(c, 0, in_y1, (float)c->w, (float)c->h, luma, luma - shine * 0.5f, 1);
	canvas_rect(c, 0, in_y0, in_x0, in_y1, luma, 1);
	canvas_rect(c, in_x1, in_y0, (float)c->w, in_y1, luma, 1);
	/* The frame stands up from the plate: light on its upper lip, its shadow below it. */
	canvas_rect(c, in_x0, in_y0, in_x1, in_y0 + d->h * 0.018f, 15, 0.45f);
	canvas_rect(c, in_x0, in_y1 - 2, in_x1, in_y1, luma + shine, 0.8f);
	if (dealer && top > d->h * 0.09f && sim_chance(d->r, 0.6f))
		frame_text(d, d->y0 + top * 0.78f, top * 0.62f, says);
	if (dealer && low > d->h * 0.08f && sim_chance(d->r, 0.85f))
		frame_text(d, in_y1 + low * 0.85f, low * 0.66f, says);
	canvas_outside_round_rect(c, 1, 1, (float)c->w - 1, (float)c->h - 1, d->h * 0.06f,
				  surround);
}
