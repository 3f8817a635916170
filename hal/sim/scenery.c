/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/scenery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANE  1.8f /* half a lane */
#define KERB  3.7f
#define VERGE 6.2f

void scenery_light(enum sim_light light, enum sim_weather weather, uint64_t seed,
		   struct lighting *out)
{
	static const struct lighting lights[SIM_LIGHTS] = {
	    {.rear = 0.96f,
	     .left = 1.05f,
	     .right = 0.78f,
	     .top = 1.18f,
	     .plate = 0.98f,
	     .shadow = 0.62f,
	     .exposure_s = 0.0008f,
	     .noise = 1.6f,
	     .shot = 0.012f},
	    {.rear = 0.50f,
	     .left = 0.45f,
	     .right = 0.40f,
	     .top = 0.56f,
	     .plate = 0.60f,
	     .lamps = 0.45f,
	     .exposure_s = 0.0016f,
	     .noise = 3.6f,
	     .shot = 0.03f},
	    {.rear = 0.30f,
	     .left = 0.16f,
	     .right = 0.16f,
	     .top = 0.10f,
	     .plate = 0.98f,
	     .plate_lift = 8,
	     .lamps = 0.8f,
	     .exposure_s = 0.0008f,
	     .noise = 3.2f,
	     .shot = 0.02f,
	     .infrared = 1},
	};
	struct sim_random r;
	float side;

	*out = lights[light];
	sim_random_seed(&r, seed, 7001);
	side = sim_range(&r, -0.9f, 0.9f);
	out->sun = (struct point){side, sim_range(&r, -0.1f, 0.8f)};
	if (side > 0) { /* the shadow falls to the right: the left is lit */
		float swap = out->left;

		out->left = out->right;
		out->right = swap;
	}
	if (weather == SIM_RAIN) {
		out->shadow = 0;
		out->rear *= 0.85f;
		out->left = out->right = out->rear * 0.95f;
		out->plate *= light == SIM_NIGHT ? 0.92f : 0.82f;
		out->plate_lift += 10; /* spray takes contrast */
		out->noise *= 1.4f;
		out->exposure_s *= 1.3f;
	}
}

/* Textures of the ground, looked up in metres. */
struct ground {
	const uint8_t *cloud, *white;
	float ox, oy; /* offset into them */
	bool wet;
	struct point hole; /* a manhole */
	struct point stain[5];
};

static float look(const uint8_t *t, float x, float y, float per_metre)
{
	float u = x * per_metre, v = y * per_metre, fu = floorf(u), fv = floorf(v);
	int x0 = (int)fu & (ART_NOISE - 1), y0 = (int)fv & (ART_NOISE - 1);
	int x1 = (x0 + 1) & (ART_NOISE - 1), y1 = (y0 + 1) & (ART_NOISE - 1);
	float top, low;

	u -= fu;
	v -= fv;
	top = (float)t[y0 * ART_NOISE + x0] * (1 - u) + (float)t[y0 * ART_NOISE + x1] * u;
	low = (float)t[y1 * ART_NOISE + x0] * (1 - u) + (float)t[y1 * ART_NOISE + x1] * u;
	return top * (1 - v) + low * v - 128.0f;
}

static float disc(float x, float y, const struct point *at, float r)
{
	float dx = x - at->x, dy = y - at->y;

	return (dx * dx + dy * dy) / (r * r);
}

/* Painted lines: the edge line, the dashed middle, worn by wheels. */
static float paint(const struct ground *g, float x, float y)
{
	float worn = look(g->cloud, x + g->ox, y + g->oy, 60) + look(g->white, x, y, 60) * 0.5f;
	bool edge = fabsf(x - LANE) < 0.06f;
	bool middle = fabsf(x + LANE) < 0.06f && fmodf(y + 60 + g->oy, 6.0f) < 3.5f;

	return (edge || middle) && worn < 55 ? 1.0f : 0.0f;
}

static float asphalt(const struct ground *g, float x, float y)
{
	float base = 112 + look(g->cloud, x + g->ox, y + g->oy, 18) * 0.10f +
		     look(g->cloud, x - g->oy, y + g->ox, 120) * 0.09f +
		     look(g->white, x, y, 95) * 0.10f;
	float track = fabsf(fabsf(x) - 0.82f), crack;

	base -= track < 0.35f ? 9 * (1 - track / 0.35f) : 0;
	for (int i = 0; i < 5; i++) {
		float d = disc(x, y, &g->stain[i], 0.22f + 0.07f * (float)i);

		base -= d < 1 ? 18 * (1 - d) : 0;
	}
	crack = fabsf(look(g->cloud, x * 0.7f + g->oy, y * 0.7f, 22));
	base -= crack < 0.7f ? 26 * (1 - crack / 0.7f) : 0;
	if (fabsf(fmodf(y + 40 + g->ox, 9.0f) - 4.5f) < 0.02f) /* a sealed joint */
		base -= 30;
	if (g->wet)
		base = base * 0.62f + fmaxf(0, look(g->cloud, x * 2 + g->ox, y * 0.4f, 30)) * 0.5f;
	return base + (185 - base) * paint(g, x, y);
}

static float ground_luma(const struct ground *g, float x, float y)
{
	float d = disc(x, y, &g->hole, 0.33f);

	if (d < 1)
		return (d > 0.8f ? 45.0f : 70.0f) + (fmodf(x * 22 + 100, 2) < 1 ? 8.0f : -6.0f);
	if (x < KERB && x > -3 * LANE)
		return asphalt(g, x, y);
	if (fabsf(x - KERB - 0.08f) < 0.09f)
		return (g->wet ? 120.0f : 165.0f) + look(g->cloud, x, y, 60) * 0.15f;
	if (x < VERGE && x > 0) {
		float joint = fmodf(y + 30, 1.5f) < 0.025f ? -45.0f : 0.0f;

		return (g->wet ? 105.0f : 148.0f) + joint +
		       look(g->cloud, x + g->ox, y, 50) * 0.12f + look(g->white, x, y, 110) * 0.12f;
	}
	return 70 + look(g->cloud, x, y, 90) * 0.28f + look(g->white, x, y, 70) * 0.35f;
}

/* Shade of trees, and at night the cone of the lamp. */
static float fall(const struct ground *g, enum sim_light light, enum sim_weather weather, float x,
		  float y)
{
	float tree;

	if (light == SIM_NIGHT) {
		float dx = x / 3.2f, dy = (y - 7) / 6.5f;

		return 0.10f + 0.36f * expf(-(dx * dx + dy * dy));
	}
	if (light == SIM_DUSK)
		return weather == SIM_RAIN ? 0.44f : 0.52f;
	if (weather == SIM_RAIN)
		return 0.82f;
	tree = (look(g->cloud, x * 0.5f + g->ox, y * 0.5f + g->oy, 14) - 28) / 22 +
	       (x > 2.5f ? 0.4f : -0.5f);
	tree = tree < 0 ? 0 : tree > 1 ? 1 : tree;
	return 1.12f - 0.45f * tree;
}

static void ground_of(struct ground *g, const struct art *a, uint64_t seed, bool wet)
{
	struct sim_random r;

	sim_random_seed(&r, seed, 7002);
	g->cloud = art_clouds(a);
	g->white = art_white(a);
	g->ox = sim_range(&r, 0, 50);
	g->oy = sim_range(&r, 0, 50);
	g->wet = wet;
	g->hole = (struct point){sim_range(&r, -1.6f, 1.6f), 0};
	g->hole.y = sim_range(&r, 7, 14);
	for (int i = 0; i < 5; i++) {
		g->stain[i].x = sim_range(&r, -0.4f, 0.4f);
		g->stain[i].y = sim_range(&r, 4, 16);
	}
}

/* A sign: a board with words, standing or lying in the world. */
struct sign {
	const char *first, *second;
	enum face face;
	float ground, ink;
	struct vec3 o, a, b;
};

static void sign_draw(struct art *a, const struct sign *s, const struct view *v,
		      const struct canvas *c, float gain, bool painted)
{
	struct texture t;
	struct canvas k;
	struct patch p;
	struct setting set = {s->face, 0, 1, 0, 0};

	if (!texture_new(&t, 512, 256, NULL))
		return;
	k = texture_canvas(&t);
	canvas_rect(&k, 0, 0, 512, 256, s->ground, 1);
	if (!painted) {
		canvas_line(&k, 10, 10, 502, 10, 6, s->ink, 1);
		canvas_line(&k, 10, 246, 502, 246, 6, s->ink, 1);
		canvas_line(&k, 10, 10, 10, 246, 6, s->ink, 1);
		canvas_line(&k, 502, 10, 502, 246, 6, s->ink, 1);
	}
	set.height = s->second ? 80.0f : painted ? 215.0f : 130.0f;
	art_text(a, &k, &set, s->first, 256, s->second ? 115 : 128 + set.height / 2, 460, s->ink,
		 1);
	if (s->second)
		art_text(a, &k, &set, s->second, 256, 220, 460, s->ink, 1);
	texture_reduce(&t);
	patch_rectangle(&p, s->o, s->a, s->b);
	p.texture = &t;
	p.gain = gain;
	p.lighten = painted;
	(void)patch_draw(&p, v, c, painted ? 0.7f : 1.0f);
	texture_free(&t);
}

static void signs(struct art *a, uint64_t seed, const struct view *v, const struct canvas *c,
		  float gain, enum sim_light light)
{
	const struct sign all[] = {
	    {"ONLY",
	     NULL,
	     FACE_GAUGE_B,
	     0,
	     235,
	     {-0.9f, 12.2f, 0.005f},
	     {1.8f, 0, 0},
	     {0, -2.2f, 0}},
	    {"SPEED LIMIT",
	     "35",
	     FACE_GAUGE_C,
	     225,
	     25,
	     {2.75f, 12.6f, 1.25f},
	     {0.62f, -0.05f, 0},
	     {0, 0, -0.75f}},
	    {"EXIT",
	     NULL,
	     FACE_SANS_BOLD,
	     60,
	     230,
	     {-3.1f, 12.8f, 0.95f},
	     {0.8f, 0.05f, 0},
	     {0, 0, -0.4f}},
	    {"OPEN 24",
	     "HOURS",
	     FACE_GEOMETRIC,
	     215,
	     45,
	     {2.2f, 14.5f, 0.9f},
	     {0.7f, -0.1f, 0},
	     {0, 0, -0.8f}},
	    {"ZELMA'S CAFE",
	     "EST 1987",
	     FACE_SLAB,
	     40,
	     220,
	     {-2.9f, 10.4f, 0.8f},
	     {0.75f, 0.05f, 0},
	     {0, 0, -0.6f}},
	    {"RX7 PARTS",
	     NULL,
	     FACE_FLAT_BOLD,
	     235,
	     30,
	     {2.9f, 9.9f, 0.75f},
	     {0.5f, -0.05f, 0},
	     {0, 0, -0.22f}},
	};
	struct sim_random r;

	sim_random_seed(&r, seed, 7003);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (!sim_chance(&r, 0.75f))
			continue;
		sign_draw(a, &all[i], v, c, i == 0 || light != SIM_NIGHT ? gain : 0.8f, i == 0);
	}
}

void scenery_draw(struct art *a, uint64_t seed, const struct view *view, enum sim_light light,
		  enum sim_weather weather, enum sim_hard hard, const struct canvas *c)
{
	struct ground g;
	static const float gains[SIM_LIGHTS] = {1.0f, 0.48f, 0.28f};
	struct point at;

	ground_of(&g, a, seed, weather == SIM_RAIN);
	for (int y = 0; y < c->h; y++) {
		for (int x = 0; x < c->w; x++) {
			float luma = 150;

			if (view_ground(view, (float)x + 0.5f, (float)y + 0.5f, &at))
				luma = ground_luma(&g, at.x, at.y) *
				       fall(&g, light, weather, at.x, at.y);
			c->px[(long)y * c->stride + x] = canvas_clamp(luma);
		}
	}
	if (hard != SIM_NONE)
		signs(a, seed, view, c, gains[light], light);
}

struct box scenery_glow(const struct canvas *c, float x, float y, float radius, float peak)
{
	struct box b = {(int)(x - radius), (int)(y - radius), (int)(x + radius) + 1,
			(int)(y + radius) + 1};
	float core = radius * 0.16f;

	b.x0 = b.x0 < 0 ? 0 : b.x0 > c->w ? c->w : b.x0;
	b.y0 = b.y0 < 0 ? 0 : b.y0 > c->h ? c->h : b.y0;
	b.x1 = b.x1 > c->w ? c->w : b.x1;
	b.y1 = b.y1 > c->h ? c->h : b.y1;
	for (int j = b.y0; j < b.y1; j++) {
		uint8_t *row = c->px + (long)j * c->stride;
		float dy = ((float)j + 0.5f - y) / core;

		for (int i = b.x0; i < b.x1; i++) {
			float dx = ((float)i + 0.5f - x) / core, d = dx * dx + dy * dy;
			float k = 1 / (1 + d) - 1 / (1 + 39.0f); /* nought at the radius */

			if (k > 0)
				row[i] = canvas_clamp((float)row[i] + peak * k);
		}
	}
	return b;
}

void scenery_noise(const struct art *a, struct sim_random *r, const struct lighting *l,
		   const struct canvas *scene, const struct canvas *out)
{
	const uint8_t *white = art_white(a);
	int fixed = (int)(l->noise * 8.0f), shot = (int)(l->shot * 8.0f * 256.0f);

	for (int y = 0; y < out->h; y++) {
		const uint8_t *restrict p = scene->px + (long)y * scene->stride;
		uint8_t *restrict q = out->px + (long)y * out->stride;
		/* A row of noise starts anywhere in the texture, so that none is seen twice in the
		 * same place. */
		for (int x = 0; x < out->w; x += 4096) {
			int n = out->w - x < 4096 ? out->w - x : 4096;
			const uint8_t *restrict w =
			    white + sim_below(r, (uint32_t)(ART_NOISE * ART_NOISE - n));

			for (int i = 0; i < n; i++) {
				short k = (short)(fixed + ((p[x + i] * shot) >> 8));
				short v = (short)(p[x + i] + (((short)(w[i] - 128) * k) >> 8));

				q[x + i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
			}
		}
	}
}

void scenery_rain(struct sim_random *r, uint64_t seed, const struct canvas *out, bool night)
{
	struct sim_random fixed;
	float scale = (float)out->w / 1280.0f;

	for (int i = 0; i < 110; i++) {
		float x = sim_unit(r) * (float)out->w, y = sim_unit(r) * (float)out->h,
		      len = sim_range(r, 14, 46) * scale;
		float width = sim_range(r, 0.7f, 1.8f), alpha = sim_range(r, 0.08f, 0.3f);

		canvas_line(out, x, y, x + len * 0.12f, y + len, width, night ? 190 : 215, alpha);
	}
	sim_random_seed(&fixed, seed, 7004);
	for (int i = 0; i < 7; i++) {
		float x = sim_unit(&fixed) * (float)out->w, y = sim_unit(&fixed) * (float)out->h,
		      s = sim_range(&fixed, 6, 22) * scale;

		for (int k = 4; k > 0; k--) /* out of focus */
			canvas_ellipse(out, x, y, s * 0.4f * (float)k, s * 0.45f * (float)k,
				       night ? 45 : 150, 0.1f);
	}
}
