/* SPDX-License-Identifier: Apache-2.0 */
/* What the cameras of the street see. */
#include "hal/sim/street_parts.h"

#include <string.h>

static void pole(const struct street *s, const struct eye *e, const struct canvas *c)
{
	float gain = s->lights[scene_of(s)].rear;

	if (e->pole_w <= 0)
		return;
	for (int i = 0; i < 5; i++) { /* out of focus: soft edges */
		float in = e->pole_w * 0.12f * (float)i;

		canvas_rect(c, e->pole_x - e->pole_w + in, 0, e->pole_x + e->pole_w - in,
			    (float)c->h, (60 + 8 * (float)i) * gain, 0.5f);
	}
}

static void restore(const struct street *s, struct eye *e)
{
	const uint8_t *background = e->background[scene_of(s)];
	size_t w = s->setup.width;

	if (e->shows != background) {
		memcpy(e->scene, background, w * s->setup.height);
		e->shows = background;
	} else {
		for (int y = e->dirty.y0; y < e->dirty.y1; y++)
			memcpy(e->scene + (size_t)y * w + e->dirty.x0,
			       background + (size_t)y * w + e->dirty.x0,
			       (size_t)(e->dirty.x1 - e->dirty.x0));
	}
	e->dirty = (struct box){0, 0, 0, 0};
}

/* How far the plate moves in the picture while the shutter is open. */
static struct point smear(const struct eye *e, const struct actor *a, int64_t now, float exposure)
{
	struct pose before, after;
	struct point p = {0, 0}, q = {0, 0};
	float t = (float)((double)(now - a->entered_ns) * 1e-9);

	traffic_pose(&a->course, t, &before);
	traffic_pose(&a->course, t + exposure, &after);
	if (!view_project(&e->view, vec3(before.x, before.y, a->v.plate_z), &p) ||
	    !view_project(&e->view, vec3(after.x, after.y, a->v.plate_z), &q))
		return (struct point){0, 0};
	return (struct point){q.x - p.x, q.y - p.y};
}

static void lamps(const struct street *s, struct eye *e, const struct actor *a,
		  const struct canvas *c)
{
	float peak = street_light(s)->lamps * (a->manner == STOPPING ? 210.0f : 120.0f);
	struct vec3 at[2];

	if (peak <= 0)
		return;
	vehicle_lamps(&a->v, &a->at, at);
	for (int i = 0; i < 2; i++) {
		struct point p;
		struct box b;

		if (!view_project(&e->view, at[i], &p))
			continue;
		b = scenery_glow(c, p.x, p.y, 90.0f * (float)c->w / 1280.0f, peak);
		box_add(&e->dirty, &b);
	}
}

/* Headlamps of a car that comes the other way. */
static void glare(const struct street *s, struct eye *e, const struct canvas *c)
{
	float t = (float)((double)(s->now_ns - s->glare_ns) * 1e-9), y = 26 - 10 * t;

	if (s->setup.hard == SIM_NONE || !street_light(s)->infrared || t < 0 || y < 2)
		return;
	for (int i = 0; i < 2; i++) {
		struct point p;
		struct box b;

		if (!view_project(&e->view, vec3(-3.9f + 1.3f * (float)i, y, 0.65f), &p))
			continue;
		b = scenery_glow(c, p.x, p.y, 2600.0f / y * (float)c->w / 1280.0f, 255);
		box_add(&e->dirty, &b);
	}
}

/* Far ones first. Returns how many. */
static unsigned in_order(const struct street *s, const struct actor *out[STREET_ACTORS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < STREET_ACTORS; i++) {
		const struct actor *a = &s->traffic.actors[i];
		unsigned j = n;

		if (!a->on)
			continue;
		for (; j > 0 && out[j - 1]->at.y < a->at.y; j--)
			out[j] = out[j - 1];
		out[j] = a;
		n++;
	}
	return n;
}

void street_draw(struct street *s, unsigned camera, uint8_t *luma, uint32_t stride)
{
	struct eye *e = &s->eyes[camera % FRAME_CAMERAS];
	const struct lighting *l = street_light(s);
	struct canvas scene = canvas_of(s, e->scene, s->setup.width),
		      out = canvas_of(s, luma, stride);
	const struct actor *order[STREET_ACTORS];
	struct sim_random r;
	unsigned n = in_order(s, order);

	restore(s, e);
	for (unsigned i = 0; i < n; i++) {
		struct point m = smear(e, order[i], s->now_ns, l->exposure_s);
		struct box b =
		    vehicle_draw(&order[i]->v, &order[i]->at, l, &e->view, &scene, m.x, m.y);

		box_add(&e->dirty, &b);
	}
	if (e->dirty.x1 > e->dirty.x0) {
		struct canvas part = {e->scene + (long)e->dirty.y0 * scene.stride + e->dirty.x0,
				      e->dirty.x1 - e->dirty.x0, e->dirty.y1 - e->dirty.y0,
				      scene.stride};

		canvas_soften(&part, e->soft);
	}
	for (unsigned i = 0; i < n; i++)
		lamps(s, e, order[i], &scene);
	glare(s, e, &scene);
	if (e->pole_w > 0) {
		struct box b = {(int)(e->pole_x - e->pole_w) - 1, 0,
				(int)(e->pole_x + e->pole_w) + 2, scene.h};

		pole(s, e, &scene);
		box_add(&e->dirty, &b);
	}
	sim_random_seed(&r, s->setup.seed ^ UINT64_C(0x5EED), s->steps * FRAME_CAMERAS + camera);
	scenery_noise(s->art, &r, l, &scene, &out);
	if (s->traffic.weather == SIM_RAIN)
		scenery_rain(&r, s->setup.seed + camera, &out, l->infrared);
}
