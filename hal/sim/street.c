/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/street.h"

#include "firmware/base/clock.h"
#include "hal/sim/street_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void aim(struct street *s)
{
	struct sim_random r;
	float w = (float)s->setup.width, h = (float)s->setup.height;

	sim_random_seed(&r, s->setup.seed, 7000);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		float side = i == 0 ? -1.0f : 1.0f;
		struct vec3 at = {side * sim_range(&r, 2.5f, 3.1f), 0, 0};
		struct vec3 target = {side * sim_range(&r, -0.1f, 0.2f), 0, 0.7f};

		at.z = sim_range(&r, 3.3f, 3.8f);
		target.y = sim_range(&r, 7.2f, 7.8f);
		view_aim(&s->eyes[i].view, at, target, sim_range(&r, -0.025f, 0.025f),
			 2950.0f * w / 1280.0f, w, h);
		if (s->setup.hard == SIM_ALL ||
		    (s->setup.hard == SIM_SOME && sim_chance(&r, 0.4f))) {
			s->eyes[i].pole_x = w * (i == 0 ? 0.24f : 0.8f);
			s->eyes[i].pole_w = w * sim_range(&r, 0.018f, 0.03f);
		}
	}
}

static bool needed(const struct street_setup *u, unsigned scene)
{
	unsigned light = scene / SIM_WEATHERS, weather = scene % SIM_WEATHERS;

	return (u->light == SIM_LIGHT_MIXED || (unsigned)u->light == light) &&
	       (u->weather == SIM_WEATHER_MIXED || (unsigned)u->weather == weather);
}

static bool make_backgrounds(struct street *s, struct eye *e, struct err *err)
{
	size_t size = (size_t)s->setup.width * s->setup.height;

	e->scene = malloc(size);
	e->soft = malloc(size);
	if (!e->scene || !e->soft)
		return err_set(err, ERR_NO_MEMORY, "sim: out of memory");
	for (unsigned i = 0; i < SCENES; i++) {
		struct canvas c;

		if (!needed(&s->setup, i))
			continue;
		e->background[i] = malloc(size);
		if (!e->background[i])
			return err_set(err, ERR_NO_MEMORY, "sim: out of memory");
		c = canvas_of(s, e->background[i], s->setup.width);
		scenery_draw(s->art, s->setup.seed, &e->view, (enum sim_light)(i / SIM_WEATHERS),
			     (enum sim_weather)(i % SIM_WEATHERS), s->setup.hard, &c);
		canvas_soften(&c, e->soft);
	}
	return true;
}

static bool check(const struct street_setup *u, struct err *e)
{
	if (u->width < 160 || u->width > 4096 || u->height < 120 || u->height > 4096)
		return err_set(e, ERR_CONFIG,
			       "sim: pictures of %ux%u: not within 160x120 and 4096x4096", u->width,
			       u->height);
	if (u->passages < 0 || !(u->wanted_share >= 0 && u->wanted_share <= 1))
		return err_set(e, ERR_CONFIG, "sim: passages or wanted_share out of range");
	if (u->wanted && u->passages > 0 && u->wanted->n > (size_t)u->passages)
		return err_set(e, ERR_CONFIG, "sim: more wanted plates than passages");
	return true;
}

bool street_new(const struct street_setup *setup, struct art *art, struct street **out,
		struct err *e)
{
	struct street *s;

	*out = NULL;
	if (!check(setup, e))
		return false;
	s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NO_MEMORY, "sim: out of memory");
	s->setup = *setup;
	s->art = art;
	s->traffic.empty_since_ns = -1;
	s->traffic.light = setup->light == SIM_LIGHT_MIXED ? SIM_DAY : setup->light;
	s->traffic.weather = setup->weather == SIM_WEATHER_MIXED ? SIM_CLEAR : setup->weather;
	s->traffic.next_ns = NS_PER_S / 2;
	s->traffic.change_at = 6;
	s->glare_ns = 4 * NS_PER_S;
	aim(s);
	for (unsigned i = 0; i < SCENES; i++)
		scenery_light((enum sim_light)(i / SIM_WEATHERS),
			      (enum sim_weather)(i % SIM_WEATHERS), setup->seed, &s->lights[i]);
	for (unsigned i = 0; i < STREET_ACTORS; i++) {
		if (!vehicle_new(&s->traffic.actors[i].v, e))
			goto failed;
	}
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		if (!make_backgrounds(s, &s->eyes[i], e))
			goto failed;
	}
	*out = s;
	return true;
failed:
	street_free(s);
	return false;
}

void street_free(struct street *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < STREET_ACTORS; i++)
		vehicle_free(&s->traffic.actors[i].v);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		free(s->eyes[i].scene);
		free(s->eyes[i].soft);
		for (unsigned k = 0; k < SCENES; k++)
			free(s->eyes[i].background[k]);
	}
	free(s);
}

const struct lighting *street_light(const struct street *s)
{
	return &s->lights[scene_of(s)];
}

/* --- truth ------------------------------------------------------------------------------------ */

static bool plate_quad(const struct eye *e, const struct actor *a, struct street_plate *p)
{
	struct vec3 corners[4];

	vehicle_plate_corners(&a->v, &a->at, corners);
	for (int i = 0; i < 4; i++) {
		struct point q;

		if (!view_project(&e->view, corners[i], &q))
			return false;
		p->quad[2L * i] = q.x;
		p->quad[2L * i + 1] = q.y;
	}
	p->px = 0.5f * (hypotf(p->quad[2] - p->quad[0], p->quad[3] - p->quad[1]) +
			hypotf(p->quad[4] - p->quad[6], p->quad[5] - p->quad[7]));
	return true;
}

/* Image box of a vehicle: generous, so that a plate called visible is visible. */
static bool hull_box(const struct eye *e, const struct actor *a, float margin, float box[4])
{
	struct vec3 hull[8];

	vehicle_hull(&a->v, &a->at, hull);
	box[0] = box[1] = 1e9f;
	box[2] = box[3] = -1e9f;
	for (int i = 0; i < 8; i++) {
		struct point q;

		if (!view_project(&e->view, hull[i], &q))
			return false;
		box[0] = fminf(box[0], q.x - margin);
		box[1] = fminf(box[1], q.y - margin);
		box[2] = fmaxf(box[2], q.x + margin);
		box[3] = fmaxf(box[3], q.y + margin);
	}
	return true;
}

static bool hidden(const struct street *s, const struct eye *e, const struct actor *a,
		   const struct street_plate *p)
{
	float lo = 1e9f, hi = -1e9f, top = 1e9f, low = -1e9f, box[4];

	for (int i = 0; i < 4; i++) {
		lo = fminf(lo, p->quad[2L * i]);
		hi = fmaxf(hi, p->quad[2L * i]);
		top = fminf(top, p->quad[2L * i + 1]);
		low = fmaxf(low, p->quad[2L * i + 1]);
	}
	if (e->pole_w > 0 && hi > e->pole_x - e->pole_w && lo < e->pole_x + e->pole_w)
		return true;
	for (unsigned i = 0; i < STREET_ACTORS; i++) {
		const struct actor *other = &s->traffic.actors[i];

		if (!other->on || other == a || other->at.y >= a->at.y)
			continue;
		/* A vehicle right under the lens fills what it hides. */
		if (!hull_box(e, other, 2, box)) {
			if (other->at.y + other->v.l > 3.0f)
				return true;
			continue;
		}
		if (hi > box[0] && lo < box[2] && low > box[1] && top < box[3])
			return true;
	}
	return false;
}

static void note_sight(struct street_sight *t, const struct street_plate *p, int64_t now)
{
	if (!p->inside || p->occluded || p->px < STREET_VISIBLE_PX)
		return;
	if (t->frames++ == 0)
		t->first_ns = now;
	t->last_ns = now;
	if (p->px <= t->widest)
		return;
	t->widest = p->px;
	t->widest_ns = now;
	memcpy(t->quad, p->quad, sizeof t->quad);
}

static void note_plates(struct street *s, unsigned camera)
{
	struct eye *e = &s->eyes[camera];

	e->n_plates = 0;
	for (unsigned i = 0; i < STREET_ACTORS; i++) {
		struct actor *a = &s->traffic.actors[i];
		struct street_plate *p = &e->plates[e->n_plates];
		bool any = false;

		memset(p, 0, sizeof *p);
		if (!a->on || !plate_quad(e, a, p))
			continue;
		p->inside = true;
		for (int k = 0; k < 4; k++) {
			bool in = p->quad[2L * k] >= 0 &&
				  p->quad[2L * k] <= (float)s->setup.width &&
				  p->quad[2L * k + 1] >= 0 &&
				  p->quad[2L * k + 1] <= (float)s->setup.height;

			any |= in;
			p->inside &= in;
		}
		if (!any)
			continue;
		p->vehicle = a->truth.vehicle;
		p->text = a->truth.text;
		p->jurisdiction = a->truth.jurisdiction;
		p->occluded = hidden(s, e, a, p);
		note_sight(&a->truth.sight[camera], p, s->now_ns);
		e->n_plates++;
	}
}

void street_step(struct street *s, int64_t t_ns)
{
	struct street_passage left[STREET_ACTORS];
	size_t n = 0;

	if (t_ns > s->now_ns)
		s->now_ns = t_ns;
	s->steps++;
	traffic_step(&s->traffic, &s->setup, s->art, s->now_ns, left, &n);
	for (size_t i = 0; i < n && s->n_left < LEFT_MAX; i++)
		s->left[s->n_left++] = left[i];
	if (s->now_ns > s->glare_ns + 3 * NS_PER_S)
		s->glare_ns += 9 * NS_PER_S;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		note_plates(s, i);
}

size_t street_plates(const struct street *s, unsigned camera, struct street_plate *out)
{
	const struct eye *e = &s->eyes[camera % FRAME_CAMERAS];

	memcpy(out, e->plates, e->n_plates * sizeof *out);
	return e->n_plates;
}

bool street_left(struct street *s, struct street_passage *out)
{
	if (s->n_left == 0)
		return false;
	*out = s->left[0];
	s->n_left--;
	memmove(s->left, s->left + 1, s->n_left * sizeof s->left[0]);
	return true;
}

bool street_ended(const struct street *s)
{
	const struct traffic *t = &s->traffic;

	return s->setup.passages > 0 && t->gone >= s->setup.passages && t->empty_since_ns >= 0 &&
	       s->now_ns - t->empty_since_ns >= NS_PER_S;
}
