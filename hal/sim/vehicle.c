/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/vehicle.h"

#include <math.h>
#include <string.h>

#define PLATE_WIDTH 0.305f /* metres, SAE J686 */

static const char *const names[BODIES] = {"sedan", "hatchback", "suv", "van", "pickup", "truck"};

const char *vehicle_body_name(enum vehicle_body b)
{
	return (unsigned)b < BODIES ? names[b] : "?";
}

bool vehicle_new(struct vehicle *v, struct err *e)
{
	memset(v, 0, sizeof *v);
	if (texture_new(&v->rear, 768, 320, e) && texture_new(&v->window, 384, 192, e) &&
	    texture_new(&v->side, 512, 128, e) && texture_new(&v->upper, 384, 128, e) &&
	    texture_new(&v->plate, SIM_PLATE_W, SIM_PLATE_H, e))
		return true;
	vehicle_free(v);
	return false;
}

void vehicle_free(struct vehicle *v)
{
	texture_free(&v->rear);
	texture_free(&v->window);
	texture_free(&v->side);
	texture_free(&v->upper);
	texture_free(&v->plate);
}

/* Measures of the bodies, metres: medians of what sells in the United States, by eye. */
static void measure(struct vehicle *v, struct sim_random *r)
{
	static const float m[BODIES][10] = {
	    /* width, length, clearance, belt, roof, window foot, roof from, roof to, narrow, plate
	       height */
	    {1.80f, 4.7f, 0.32f, 0.98f, 1.45f, 0.55f, 1.15f, 2.9f, 0.78f, 0.72f},
	    {1.76f, 4.2f, 0.32f, 0.98f, 1.50f, 0.05f, 0.55f, 2.7f, 0.80f, 0.78f},
	    {1.90f, 4.7f, 0.38f, 1.10f, 1.72f, 0.04f, 0.40f, 3.2f, 0.84f, 0.85f},
	    {1.98f, 5.1f, 0.35f, 1.15f, 1.95f, 0.02f, 0.16f, 4.0f, 0.90f, 0.80f},
	    {1.98f, 5.6f, 0.48f, 1.20f, 1.82f, 2.00f, 2.20f, 3.9f, 0.82f, 0.68f},
	    {2.20f, 6.8f, 0.70f, 1.60f, 2.95f, 0.00f, 0.02f, 5.4f, 0.99f, 0.86f},
	};
	const float *q = m[v->body];
	float scale = sim_range(r, 0.96f, 1.04f);

	v->w = q[0] * scale;
	v->l = q[1] * scale;
	v->clearance = q[2];
	v->belt = q[3] * scale;
	v->roof = q[4] * scale;
	v->window_foot = q[5];
	v->roof_from = q[6];
	v->roof_to = q[7];
	v->narrow = q[8];
	v->plate_z = q[9] + sim_range(r, -0.05f, 0.06f);
	v->plate_x = 0;
	v->plate_tilt = sim_range(r, -0.02f, 0.12f);
	if (v->body == BODY_TRUCK || (v->body == BODY_SUV && sim_chance(r, 0.08f)))
		v->plate_x = -0.28f * v->w;
}

static void tow_ball(struct vehicle *v, struct sim_random *r)
{
	struct canvas c = texture_canvas(&v->plate);
	float x = (float)c.w * sim_range(r, 0.42f, 0.58f),
	      y = (float)c.h * sim_range(r, 0.72f, 0.86f), k = (float)c.h * 0.13f;

	canvas_rect(&c, x - k * 0.55f, y, x + k * 0.55f, (float)c.h, 30, 1);
	canvas_ellipse(&c, x, y, k, k, 45, 1);
	canvas_ellipse(&c, x - k * 0.3f, y - k * 0.35f, k * 0.35f, k * 0.3f, 190, 0.8f);
}

/* The boot lid's shadow lies across the upper part of the plate. */
static void shade(struct vehicle *v, struct sim_random *r)
{
	struct canvas c = texture_canvas(&v->plate);
	float edge = (float)c.h * sim_range(r, 0.25f, 0.6f), slope = sim_range(r, -0.15f, 0.15f);
	int keep = (int)(256.0f * sim_range(r, 0.45f, 0.7f));

	for (int y = 0; y < c.h; y++) {
		for (int x = 0; x < c.w; x++) {
			float in = edge + slope * ((float)x - (float)c.w * 0.5f) - (float)y;
			int k = in <= -4  ? 256
				: in >= 4 ? keep
					  : keep + (256 - keep) * (int)(4 - in) / 8;

			c.px[y * c.stride + x] = (uint8_t)(c.px[y * c.stride + x] * k >> 8);
		}
	}
}

void vehicle_paint(struct vehicle *v, struct art *a, struct sim_random *r, const struct series *s,
		   const struct vehicle_wish *wish)
{
	static const unsigned share[BODIES] = {30, 15, 28, 10, 14, 3};
	struct sim_wear wear = {wish->dirt, wish->frames};
	unsigned at = sim_below(r, 100);

	for (v->body = BODY_SEDAN; v->body + 1 < BODIES && at >= share[v->body]; v->body++)
		at -= share[v->body];
	/* American paint: white, black and greys first. */
	v->luma = sim_chance(r, 0.3f)	 ? sim_range(r, 150, 205)
		  : sim_chance(r, 0.45f) ? sim_range(r, 22, 60)
					 : sim_range(r, 50, 160);
	v->tow_bar = wish->tow_bar;
	measure(v, r);
	vehicle_paint_body(v, a, r, wish->stickers);
	v->shown.luma = v->plate.level[0];
	sim_plate_draw(a, r, s, &wear, v->luma * 0.45f, &v->shown);
	if (wish->shade)
		shade(v, r);
	if (wish->tow_bar)
		tow_ball(v, r);
	texture_reduce(&v->plate);
}

static struct vec3 world(const struct pose *at, struct vec3 p)
{
	float c = cosf(at->yaw), s = sinf(at->yaw);

	return vec3(at->x + p.x * c + p.y * s, at->y - p.x * s + p.y * c, p.z);
}

static struct vec3 turned(const struct pose *at, struct vec3 p)
{
	struct pose only = {0, 0, at->yaw};

	return world(&only, p);
}

/* The image of the plate in the world: o top left of the whole tile, a across it, b down. */
static void plate_plane(const struct vehicle *v, const struct pose *at, struct vec3 *o,
			struct vec3 *a, struct vec3 *b)
{
	float metre = PLATE_WIDTH / (v->shown.x1 - v->shown.x0); /* per texel */
	float w = metre * SIM_PLATE_W, h = metre * SIM_PLATE_H;
	struct vec3 down = vec3(0, -sinf(v->plate_tilt), -cosf(v->plate_tilt));
	struct vec3 corner =
	    vec_add(vec3(v->plate_x - w / 2, -0.02f, v->plate_z), vec_scale(down, -h / 2));

	*o = world(at, corner);
	*a = turned(at, vec3(w, 0, 0));
	*b = turned(at, vec_scale(down, h));
}

void vehicle_plate_corners(const struct vehicle *v, const struct pose *at, struct vec3 out[4])
{
	const float u[4] = {v->shown.x0, v->shown.x1, v->shown.x1, v->shown.x0};
	const float t[4] = {v->shown.y0, v->shown.y0, v->shown.y1, v->shown.y1};
	struct vec3 o, a, b;

	plate_plane(v, at, &o, &a, &b);
	for (int i = 0; i < 4; i++)
		out[i] = vec_add(
		    o, vec_add(vec_scale(a, u[i] / SIM_PLATE_W), vec_scale(b, t[i] / SIM_PLATE_H)));
}

void vehicle_hull(const struct vehicle *v, const struct pose *at, struct vec3 out[8])
{
	for (int i = 0; i < 8; i++) {
		float top = v->narrow * v->w / 2, x = i < 4 ? v->w / 2 : top;

		out[i] =
		    world(at, vec3(i & 1 ? x : -x,
				   i & 2 ? (i < 4 ? v->l : v->roof_to) : (i < 4 ? 0 : v->roof_from),
				   i < 4 ? 0.05f : v->roof));
	}
}

void vehicle_lamps(const struct vehicle *v, const struct pose *at, struct vec3 out[2])
{
	for (int i = 0; i < 2; i++)
		out[i] = world(at, vec3(i ? v->lamp_x : -v->lamp_x, -0.01f, v->lamp_z));
}

/* What the parts are drawn with. */
struct brush {
	const struct vehicle *v;
	const struct pose *at;
	const struct lighting *light;
	const struct view *view;
	const struct canvas *c;
	struct box box;
};

static void put(struct brush *b, const struct patch *p)
{
	struct box touched = patch_draw(p, b->view, b->c, 1);

	box_add(&b->box, &touched);
}

/* A rectangle given by its top left corner, its way across and its way down, in the vehicle's own
 * axes. */
static void board(const struct brush *b, struct patch *p, struct vec3 o, struct vec3 across,
		  struct vec3 down, const struct texture *t, float gain)
{
	patch_rectangle(p, world(b->at, o), turned(b->at, across), turned(b->at, down));
	p->texture = t;
	p->gain = gain;
}

static void flat(struct brush *b, struct vec3 o, struct vec3 across, struct vec3 down, float luma)
{
	struct patch p;

	board(b, &p, o, across, down, NULL, luma / 255.0f);
	put(b, &p);
}

static void shadow(struct brush *b)
{
	const struct vehicle *v = b->v;
	struct point s = b->light->sun;
	struct patch p;
	struct box touched;

	/* Contact shadow under the body, then the one the sun casts. */
	patch_rounded(&p, world(b->at, vec3(-v->w / 2 - 0.05f, v->l, 0)),
		      turned(b->at, vec3(v->w + 0.1f, 0, 0)),
		      turned(b->at, vec3(0, -v->l - 0.15f, 0)), 0.15f, 0.06f);
	p.gain = 0.05f;
	touched = patch_draw(&p, b->view, b->c, 0.75f);
	box_add(&b->box, &touched);
	if (b->light->shadow <= 0)
		return;
	for (int i = 1; i <= 2; i++) {
		float z = i == 1 ? v->belt : v->roof, w = i == 1 ? v->w : v->w * v->narrow;
		float from = i == 1 ? 0 : v->roof_from, to = i == 1 ? v->l : v->roof_to;
		struct vec3 o = world(b->at, vec3(-w / 2, to, 0));

		patch_rounded(&p, vec3(o.x + s.x * z, o.y + s.y * z, 0),
			      turned(b->at, vec3(w, 0, 0)), turned(b->at, vec3(0, from - to, 0)),
			      0.12f, 0.08f);
		p.gain = 0.09f;
		touched = patch_draw(&p, b->view, b->c, b->light->shadow * (i == 1 ? 0.8f : 0.6f));
		box_add(&b->box, &touched);
	}
}

static void wheel(struct brush *b, float x, float y)
{
	float r = b->v->body == BODY_TRUCK || b->v->body == BODY_PICKUP ? 0.40f : 0.33f;
	struct patch p;

	for (int ring = 0; ring < 2; ring++) {
		float k = ring ? r * 0.62f : r;

		patch_rounded(&p, world(b->at, vec3(x, y - k, r + k)),
			      turned(b->at, vec3(0, 2 * k, 0)), turned(b->at, vec3(0, 0, -2 * k)),
			      0.5f, 0.5f);
		p.gain = ring ? 0.42f * b->light->left : 0.09f;
		put(b, &p);
	}
}

static void sides(struct brush *b)
{
	const struct vehicle *v = b->v;
	struct vec3 eye = vec_sub(b->view->at, world(b->at, vec3(0, 0, 0)));
	float across = eye.x * cosf(b->at->yaw) - eye.y * sinf(b->at->yaw);
	float x = across < 0 ? -v->w / 2 : v->w / 2, top = x * v->narrow;
	float gain = across < 0 ? b->light->left : b->light->right;
	struct patch p;

	if (fabsf(across) < v->w / 2)
		return;
	board(b, &p, vec3(x, 0.005f, v->belt), vec3(0, v->l - 0.03f, 0),
	      vec3(0, 0, v->clearance - v->belt - 0.02f), &v->side, gain);
	put(b, &p);
	wheel(b, x, v->l * 0.22f);
	wheel(b, x, v->l * 0.80f);
	if (v->body == BODY_TRUCK)
		x = top;
	/* The cabin leans in: its side is a trapezoid of its plane. */
	board(b, &p, vec3(top, v->window_foot, v->roof),
	      vec3(0, v->roof_to + 0.9f - v->window_foot, 0), vec3(x - top, 0, v->belt - v->roof),
	      &v->upper, gain);
	p.outline[0].x = (v->roof_from - v->window_foot) / (v->roof_to + 0.9f - v->window_foot);
	p.outline[1].x = (v->roof_to - v->window_foot) / (v->roof_to + 0.9f - v->window_foot);
	put(b, &p);
}

static void cabin(struct brush *b)
{
	const struct vehicle *v = b->v;
	float half = v->w / 2 * 0.97f, top = v->w * v->narrow / 2;
	struct patch p;

	/* Rear window: as wide as the body at its foot, as the roof at its top. */
	board(b, &p, vec3(-half, v->roof_from, v->roof), vec3(2 * half, 0, 0),
	      vec3(0, v->window_foot - v->roof_from, v->belt - v->roof), &v->window,
	      0.5f * (b->light->rear + b->light->top));
	p.outline[0].x = (half - top) / (2 * half);
	p.outline[1].x = 1 - p.outline[0].x;
	put(b, &p);
	board(b, &p, vec3(-top, v->roof_to, v->roof), vec3(2 * top, 0, 0),
	      vec3(0, v->roof_from - v->roof_to, 0), NULL, v->luma / 255.0f * b->light->top);
	put(b, &p);
}

static void rear(struct brush *b)
{
	const struct vehicle *v = b->v;
	float tyre = 0.19f;
	struct patch p;

	flat(b, vec3(-v->w * 0.45f, 0.5f, v->clearance + 0.1f), vec3(v->w * 0.9f, 0, 0),
	     vec3(0, 0, -v->clearance * 0.7f), 14);
	flat(b, vec3(-v->w / 2 + 0.06f, 0.5f, v->clearance + 0.1f), vec3(tyre, 0, 0),
	     vec3(0, 0, -v->clearance - 0.1f), 22);
	flat(b, vec3(v->w / 2 - 0.06f - tyre, 0.5f, v->clearance + 0.1f), vec3(tyre, 0, 0),
	     vec3(0, 0, -v->clearance - 0.1f), 22);
	patch_rounded(&p, world(b->at, vec3(-v->w / 2, 0, v->belt)),
		      turned(b->at, vec3(v->w, 0, 0)),
		      turned(b->at, vec3(0, 0, v->clearance - v->belt)), 0.02f,
		      v->body == BODY_TRUCK ? 0.01f : 0.05f);
	p.texture = &v->rear;
	p.gain = b->light->rear;
	put(b, &p);
}

static void plate(struct brush *b, float mx, float my)
{
	struct vec3 o, a, d;
	struct patch p;
	struct box touched;

	plate_plane(b->v, b->at, &o, &a, &d);
	patch_rectangle(&p, o, a, d);
	p.texture = &b->v->plate;
	p.gain = b->light->plate;
	p.lift = b->light->plate_lift;
	touched = patch_draw_fine(&p, b->view, b->c, mx, my);
	box_add(&b->box, &touched);
}

struct box vehicle_draw(const struct vehicle *v, const struct pose *at,
			const struct lighting *light, const struct view *view,
			const struct canvas *c, float mx, float my)
{
	struct brush b = {v, at, light, view, c, {0, 0, 0, 0}};
	struct patch deck;

	shadow(&b);
	board(&b, &deck, vec3(-v->w / 2, v->l, v->belt), vec3(v->w, 0, 0), vec3(0, -v->l, 0), NULL,
	      (v->body == BODY_PICKUP ? 30.0f : v->luma) / 255.0f * light->top);
	put(&b, &deck);
	sides(&b);
	cabin(&b);
	rear(&b);
	plate(&b, mx, my);
	return b.box;
}
