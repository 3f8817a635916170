/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/plate.h"

#include "hal/sim/plate_parts.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define EU_ASPECT (520.0f / 110.0f)

void sim_wear_random(struct sim_random *r, struct sim_wear *out)
{
	float u = sim_unit(r);

	out->dirt = u * u * u * u * 0.8f;
	out->frames = 0.5f;
}

/* Widths in cells: one ordinary character is 1. */
struct spacing {
	float gap, hyphen, dot, emblem, stack;
};

static bool is_plate_char(char ch)
{
	return isupper((unsigned char)ch) || isdigit((unsigned char)ch);
}

static float cells_of(const struct spacing *sp, const char **layout)
{
	char ch = *(*layout)++;

	switch (ch) {
	case ' ':
		return sp->gap;
	case '-':
		return sp->hyphen;
	case '.':
		return sp->dot;
	case '*':
		return sp->emblem;
	case '(':
		while (**layout && *(*layout)++ != ')')
			;
		return sp->stack;
	default:
		return 1;
	}
}

/* How the characters of this plate are set. */
struct hand {
	struct setting s;
	float pitch; /* pixels a cell */
	float foot;  /* y of the feet */
	bool even;   /* dies of equal pitch; else printed with its own advances */
	float fill;  /* width of H against the pitch */
};

static void choose_die(struct drawing *d, struct hand *h)
{
	/* Stem width against height of each face, as drawn. */
	static const float stem[FACE_DIES] = {0.145f, 0.135f, 0.17f,  0.15f,  0.22f, 0.14f,
					      0.125f, 0.155f, 0.155f, 0.115f, 0.19f};
	float want = sim_range(d->r, 0.105f, 0.165f);

	h->s.face = sim_chance(d->r, 0.6f) ? d->series->die : (enum face)sim_below(d->r, FACE_DIES);
	h->s.weight = want - stem[h->s.face];
	if (h->s.weight < -0.045f)
		h->s.weight = -0.045f;
	if (h->s.weight > 0.045f)
		h->s.weight = 0.045f;
	h->s.slant = sim_chance(d->r, 0.04f) ? sim_range(d->r, -0.05f, 0.12f) : 0;
	h->even = sim_chance(d->r, 0.7f);
	h->fill = sim_range(d->r, 0.72f, 0.88f);
}

/* Set height, pitch and stretch so that the layout fills the plate as the state's engineers would
 * have it. */
static float set_hand(struct drawing *d, struct hand *h, const struct spacing *sp, float room)
{
	bool eu = d->series->style == SERIES_EU;
	float cells = 0, natural, ratio;
	float most = sim_range(d->r, 0.56f, 0.68f);

	for (const char *p = d->series->layout; *p;)
		cells += cells_of(sp, &p);
	h->s.height = d->h * (eu ? sim_range(d->r, 0.66f, 0.76f) : sim_range(d->r, 0.40f, 0.52f));
	h->foot = d->y0 + d->h * (eu ? 0.5f : sim_range(d->r, 0.50f, 0.555f)) + h->s.height / 2;
	h->pitch = cells > 0 ? room / cells : 1;
	if (h->pitch > h->s.height * most)
		h->pitch = h->s.height * most;
	h->s.stretch = 1;
	natural = art_ink(d->art, &h->s, 'H', NULL) / h->s.height - h->s.weight;
	ratio = h->pitch * h->fill / h->s.height - h->s.weight;
	h->s.stretch = ratio / natural;
	if (h->s.stretch > 1.45f)
		h->s.stretch = 1.45f;
	return cells * h->pitch;
}

static void one_char(struct drawing *d, const struct canvas *mask, const struct hand *h, char ch,
		     float x, float foot, float size, float wide)
{
	struct setting s = h->s;
	float ink;

	/* Where a face lends its O for the zero, the zero is the narrower one, as on most dies that
	 * tell them apart. */
	if (ch == '0' && art_lends_zero(h->s.face))
		wide *= 0.87f;
	s.height *= size;
	s.stretch *= wide;
	ink = art_ink(d->art, &s, ch, NULL);
	if (ink > h->pitch * 0.94f * size * wide)
		s.stretch *= (h->pitch * 0.94f * size * wide - s.weight * s.height) /
			     (ink - s.weight * s.height);
	art_char(d->art, mask, &s, ch, x, foot, 255, 1);
}

static void stack(struct drawing *d, const struct canvas *mask, const struct hand *h,
		  const char *pair, float x)
{
	float low = h->foot;

	for (int i = 0; i < 2 && is_plate_char(pair[i]); i++)
		one_char(d, mask, h, pair[i], x, i == 0 ? low - h->s.height * 0.55f : low, 0.45f,
			 1.4f);
}

static void stamp(struct drawing *d, const struct canvas *mask, const struct hand *h,
		  const struct spacing *sp, float left, float room, float used)
{
	float x = left + (room - used) / 2, middle = h->foot - h->s.height / 2;

	for (const char *p = d->series->layout; *p;) {
		char ch = *p;
		const char *at = p;
		float w = cells_of(sp, &p) * h->pitch, cx = x + w / 2;
		float ink = art_ink(d->art, &h->s, ch, NULL);

		if (ch == '(')
			stack(d, mask, h, at + 1, cx);
		else if (ch == '-')
			canvas_rect(mask, cx - w * 0.3f, middle - h->s.height * 0.055f,
				    cx + w * 0.3f, middle + h->s.height * 0.055f, 255, 1);
		else if (ch == '.')
			canvas_ellipse(mask, cx, middle, h->s.height * 0.06f, h->s.height * 0.06f,
				       255, 1);
		else if (ch == '*')
			plate_emblem(d, cx, middle, h->pitch * sim_range(d->r, 0.65f, 0.95f));
		else if (is_plate_char(ch)) {
			if (!h->even && ink < h->pitch * h->fill * 0.7f) {
				/* Printed I and 1 take less room: the rest closes up. */
				w = ink + h->pitch * (1 - h->fill) * 1.6f;
				cx = x + w / 2;
			}
			one_char(d, mask, h, ch, cx, h->foot, 1, 1);
		}
		x += w;
	}
}

/* Characters onto sheeting: paint on the raised metal, light on one flank and shadow on the other.
 */
static void emboss(struct drawing *d, const uint8_t *mask, float relief, float paint)
{
	int w = d->c.w, h = d->c.h, ink = canvas_clamp(d->ink), k = (int)(relief * 256.0f),
	    cover = (int)(paint * 256.0f);
	int step = sim_chance(d->r, 0.5f) ? 1 : -1;

	for (int y = 2; y + 2 < h; y++) {
		uint8_t *restrict p = d->c.px + (long)y * d->c.stride;
		const uint8_t *restrict m = mask + (long)y * w;

		for (int x = 2; x + 2 < w; x++) {
			int a = (m[x] * cover) >> 8;
			int flank = m[x - 2 * w - 2 * step] - m[x + 2 * w + 2 * step];
			int v = (p[x] * (255 - a) + ink * a) / 255 - ((flank * k) >> 8);

			p[x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

/* Worn paint shows the sheeting where the clouds are thick. */
static void wear_paint(struct drawing *d, uint8_t *mask, float wear)
{
	const uint8_t *cloud = art_clouds(d->art), *white = art_white(d->art);
	int ox = (int)sim_below(d->r, ART_NOISE), oy = (int)sim_below(d->r, ART_NOISE);
	int limit = 255 - (int)(wear * 110.0f);

	for (int y = 0; y < d->c.h; y++) {
		const uint8_t *n = cloud + ((y * 3 + oy) % ART_NOISE) * (long)ART_NOISE,
			      *g = white + ((y + ox) % ART_NOISE) * (long)ART_NOISE;

		for (int x = 0; x < d->c.w; x++) {
			int over =
			    n[(x * 3 + ox) % ART_NOISE] + (g[x % ART_NOISE] - 128) / 2 - limit;

			if (over > 0 && mask[y * d->c.w + x])
				mask[y * d->c.w + x] =
				    (uint8_t)(over > 24 ? mask[y * d->c.w + x] / 3
							: mask[y * d->c.w + x] * 2 / 3);
		}
	}
}

static void dirt(struct drawing *d, float amount)
{
	const uint8_t *cloud = art_clouds(d->art);
	int ox = (int)sim_below(d->r, ART_NOISE), oy = (int)sim_below(d->r, ART_NOISE);
	int mud = (int)sim_range(d->r, 50, 150), limit = 215 - (int)(amount * 140.0f);
	int lines = (int)(amount * 14.0f * sim_unit(d->r));

	for (int y = 0; y < d->c.h; y++) {
		uint8_t *p = d->c.px + (long)y * d->c.stride;
		const uint8_t *n = cloud + ((y + oy) % ART_NOISE) * (long)ART_NOISE;
		/* Dirt comes from below. */
		int low = limit + 20 - 40 * y / d->c.h;

		for (int x = 0; x < d->c.w; x++) {
			int a = n[(x + ox) % ART_NOISE] - low;

			if (a > 0) {
				a = a * 3 > 190 ? 190 : a * 3;
				p[x] = (uint8_t)((p[x] * (255 - a) + mud * a) / 255);
			}
		}
	}
	for (int i = 0; i < lines; i++) {
		float x = d->x0 + sim_unit(d->r) * d->w, y = d->y0 + sim_unit(d->r) * d->h;
		float to_x = x + sim_range(d->r, -60, 60), to_y = y + sim_range(d->r, -40, 40),
		      width = sim_range(d->r, 0.6f, 2.0f);
		float luma = sim_chance(d->r, 0.5f) ? 30.0f : 220.0f,
		      alpha = sim_range(d->r, 0.2f, 0.7f);

		canvas_line(&d->c, x, y, to_x, to_y, width, luma, alpha);
	}
}

/* Grain of the sheeting, and light that falls unevenly. */
static void grain(struct drawing *d)
{
	const uint8_t *white = art_white(d->art);
	int ox = (int)sim_below(d->r, 32), oy = (int)sim_below(d->r, ART_NOISE),
	    k = (int)sim_range(d->r, 4, 22);
	float across = sim_range(d->r, -0.12f, 0.12f), down = sim_range(d->r, -0.15f, 0.15f);

	for (int y = 0; y < d->c.h; y++) {
		uint8_t *restrict p = d->c.px + (long)y * d->c.stride;
		const uint8_t *restrict n = white + ((y + oy) % ART_NOISE) * (long)ART_NOISE + ox;
		int gain =
		    (int)(4096.0f * (1 + down * ((float)y / (float)d->c.h - 0.5f) - across * 0.5f));
		int slope = (int)(4096.0f * across / (float)d->c.w);

		for (int x = 0; x < d->c.w; x++) {
			int v = ((p[x] * (gain + slope * x)) >> 12) + (((n[x] - 128) * k) >> 7);

			p[x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

static void choose_tones(struct drawing *d, float fading)
{
	bool eu = d->series->style == SERIES_EU;
	bool dark = !eu && sim_chance(d->r, 0.08f);

	if (dark) {
		d->ground = sim_range(d->r, 25, 95);
		d->ink = sim_range(d->r, 170, 245);
	} else {
		d->ground = eu ? sim_range(d->r, 185, 245) : sim_range(d->r, 160, 245);
		d->ink =
		    sim_chance(d->r, 0.75f) ? sim_range(d->r, 12, 80) : sim_range(d->r, 60, 115);
	}
	d->ink += (d->ground - d->ink) * fading;
	d->head = dark ? sim_range(d->r, 150, 240) : sim_range(d->r, 20, 120);
	d->foot = dark ? sim_range(d->r, 150, 240) : sim_range(d->r, 20, 130);
}

/* Where the plate lies in the image, with or without a frame. */
static bool place(struct drawing *d, const struct sim_wear *wear, float surround)
{
	bool framed = sim_chance(d->r, wear->frames);
	float margin = framed ? sim_range(d->r, 0.008f, 0.03f) * (float)d->c.w : 0;
	float w = (float)d->c.w - 2 * margin, h = w / 2;

	if (d->series->style == SERIES_EU)
		h = w / EU_ASPECT;
	d->x0 = margin;
	d->w = w;
	d->h = h;
	d->y0 = ((float)d->c.h - h) / 2;
	canvas_rect(&d->c, 0, 0, (float)d->c.w, (float)d->c.h, surround, 1);
	return framed;
}

static void characters(struct drawing *d, uint8_t *mask, const struct sim_wear *wear)
{
	float gap = sim_range(d->r, 0.35f, 0.8f), hyphen = sim_range(d->r, 0.4f, 0.7f),
	      dot = sim_range(d->r, 0.3f, 0.6f);
	float emblem = sim_range(d->r, 0.6f, 1.1f), pair = sim_range(d->r, 0.55f, 0.75f);
	struct spacing sp = {gap, hyphen, dot, emblem, pair};
	struct canvas m = {mask, d->c.w, d->c.h, d->c.w};
	struct hand h = {.pitch = 1};
	float band = 0, room, used;
	uint8_t tmp[SIM_PLATE_BYTES];

	if (d->series->style == SERIES_EU)
		plate_band(d, &band);
	room = (d->w - band) * sim_range(d->r, 0.86f, 0.955f);
	choose_die(d, &h);
	used = set_hand(d, &h, &sp, room);
	stamp(d, &m, &h, &sp, d->x0 + band + (d->w - band - room) / 2, room, used);
	for (unsigned i = sim_below(d->r, 3); i > 0; i--)
		canvas_soften(&m, tmp);
	if (wear->dirt > 0.15f && sim_chance(d->r, 0.6f))
		wear_paint(d, mask, wear->dirt);
}

void sim_plate_draw(struct art *a, struct sim_random *r, const struct series *s,
		    const struct sim_wear *wear, float surround, struct sim_plate *p)
{
	struct drawing d = {
	    .art = a, .r = r, .series = s, .c = {p->luma, SIM_PLATE_W, SIM_PLATE_H, SIM_PLATE_W}};
	uint8_t mask[SIM_PLATE_BYTES];
	bool framed, embossed = sim_chance(r, 0.7f);
	float relief;

	memset(mask, 0, sizeof mask);
	framed = place(&d, wear, surround);
	choose_tones(&d, wear->dirt * 0.5f * sim_unit(r));
	plate_ground(&d);
	plate_furniture(&d);
	characters(&d, mask, wear);
	relief = embossed ? sim_range(r, 0.03f, 0.22f) : 0;
	emboss(&d, mask, relief, sim_range(r, 0.9f, 1));
	if (wear->dirt > 0.05f)
		dirt(&d, wear->dirt);
	if (s->style == SERIES_EU) {
		canvas_rect(&d.c, 0, 0, SIM_PLATE_W, d.y0, surround, 1);
		canvas_rect(&d.c, 0, d.y0 + d.h, SIM_PLATE_W, SIM_PLATE_H, surround, 1);
	}
	canvas_outside_round_rect(&d.c, d.x0, d.y0, d.x0 + d.w, d.y0 + d.h,
				  d.h * (s->style == SERIES_EU ? 0.09f : 0.065f), surround);
	if (framed && s->style == SERIES_US)
		plate_frame(&d, surround);
	grain(&d);
	series_text(s->layout, p->text);
	memcpy(p->jurisdiction, s->jurisdiction, sizeof p->jurisdiction);
	p->style = s->style;
	p->x0 = d.x0;
	p->y0 = d.y0;
	p->x1 = d.x0 + d.w;
	p->y1 = d.y0 + d.h;
	p->aspect = d.w / d.h;
	p->surround = surround;
	p->light_on_dark = d.ink > d.ground;
}
