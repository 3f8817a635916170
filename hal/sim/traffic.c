/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/traffic.h"

#include "firmware/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GONE	    14.8f /* where a rear bumper has left every picture */
#define BRAKE	    3.2f  /* m/s2 */
#define PULL	    2.4f
#define PARKED_FROM 3.0f /* metres before its place a parking car turns aside */

static const char *const kinds[] = {"passing", "following", "stopping", "parked"};
static const char *const lights[] = {"day", "dusk", "night"};
static const char *const weathers[] = {"clear", "rain"};

static float along(const struct course *c, float t)
{
	float v = c->speed, brake = v * v / (2 * BRAKE), t1, t2, t3, t4;

	if (c->hold <= 0)
		return TRAFFIC_FROM + v * t;
	t1 = (c->stop_at - brake - TRAFFIC_FROM) / v; /* starts to brake */
	t2 = t1 + v / BRAKE;
	t3 = t2 + c->hold;
	t4 = t3 + v / PULL;
	if (t < t1)
		return TRAFFIC_FROM + v * t;
	if (t < t2)
		return c->stop_at - (t2 - t) * (t2 - t) * BRAKE / 2;
	if (t < t3)
		return c->stop_at;
	if (t < t4)
		return c->stop_at + (t - t3) * (t - t3) * PULL / 2;
	return c->stop_at + v * v / (2 * PULL) + v * (t - t4);
}

static float aside(const struct course *c, float y)
{
	float u = (y - c->stop_at + PARKED_FROM + 3.0f) / 5.0f;

	u = u < 0 ? 0 : u > 1 ? 1 : u;
	return c->lane + c->park * u * u * (3 - 2 * u) + c->sway * sinf(y * 0.25f);
}

void traffic_pose(const struct course *c, float t, struct pose *out)
{
	out->y = along(c, t);
	out->x = aside(c, out->y);
	out->yaw = atanf((aside(c, out->y + 0.5f) - out->x) / 0.5f);
}

static void choose_wish(struct vehicle_wish *w, struct sim_random *r, enum sim_hard hard)
{
	float p = hard == SIM_NONE ? 0 : hard == SIM_SOME ? 0.25f : 0.8f;

	memset(w, 0, sizeof *w);
	w->dirt = 0.05f * sim_unit(r);
	w->frames = 0.3f;
	if (sim_chance(r, p))
		w->dirt = sim_range(r, 0.1f, hard == SIM_ALL ? 0.7f : 0.4f);
	w->stickers = sim_chance(r, p);
	w->tow_bar = sim_chance(r, p * 0.3f);
	w->shade = sim_chance(r, p * 0.6f);
}

static bool take_wanted(struct traffic *t, const struct street_setup *setup, struct sim_random *r,
			struct series *s)
{
	const struct wanted *w = setup->wanted;
	const struct wanted_plate *p;
	int64_t rest = setup->passages - t->spawned; /* this one counted */
	bool take = sim_chance(r, (float)setup->wanted_share);

	if (!w || w->n == 0)
		return false;
	if (setup->passages > 0 && t->wanted_next >= w->n)
		return false; /* each once */
	if (setup->passages > 0 && rest <= (int64_t)(w->n - t->wanted_next))
		take = true; /* no vehicle left to spare */
	if (!take)
		return false;
	p = &w->plates[t->wanted_next % w->n];
	t->wanted_next++;
	series_of(r, p->text, p->jurisdiction, s);
	/* What the list says is the truth, also where the table of series knows no such
	 * jurisdiction. */
	(void)snprintf(s->jurisdiction, sizeof s->jurisdiction, "%s",
		       p->jurisdiction[0] ? p->jurisdiction : s->jurisdiction);
	return true;
}

static void random_plate(const struct street_setup *setup, struct sim_random *r, struct series *s)
{
	char text[PLATE_TEXT_SIZE];

	do {
		series_random(r, SERIES_US, s);
		series_text(s->layout, text);
		/*
		 * Streets have few short plates, and few with letters that most series leave out:
		 * many dies draw O and 0 alike, so that nobody could tell. Where nothing hard is
		 * asked for there are none, nor small letters one above the other.
		 */
	} while (strlen(text) < 4 ||
		 (strpbrk(text, "IOQ") && (setup->hard == SIM_NONE || sim_chance(r, 0.8f))) ||
		 (setup->hard == SIM_NONE && strchr(s->layout, '(')) ||
		 (setup->wanted && wanted_has(setup->wanted, text)));
}

static void choose_course(struct traffic *t, struct actor *a, struct sim_random *r,
			  enum sim_hard hard)
{
	struct course *c = &a->course;
	float odds = sim_unit(r), often = hard == SIM_SOME ? 0.5f : hard == SIM_ALL ? 1.0f : 0;
	bool parking = false;

	memset(c, 0, sizeof *c);
	c->speed = t->follow ? t->pace : sim_range(r, 6.5f, 11.5f);
	c->lane = sim_range(r, -0.3f, 0.3f);
	c->sway = sim_range(r, -0.08f, 0.08f);
	a->manner = t->follow ? FOLLOWING : PASSING;
	for (unsigned i = 0; i < STREET_ACTORS; i++)
		parking |= t->actors[i].on && t->actors[i].manner == PARKING;
	if (t->follow)
		return;
	if (odds < 0.12f * often) {
		a->manner = STOPPING;
		c->speed = sim_range(r, 6, 9);
		c->stop_at = sim_range(r, 6.5f, 9);
		c->hold = sim_range(r, 3, 12);
	} else if (odds < 0.22f * often && !parking) {
		a->manner = PARKING;
		c->speed = sim_range(r, 5, 7);
		c->lane = 0;
		c->park = sim_range(r, 2.3f, 2.6f);
		c->stop_at = sim_range(r, 9, 10.5f);
		c->hold = sim_range(r, 30, 90);
	}
}

/* When the next vehicle may come. */
static void plan_next(struct traffic *t, const struct actor *a, struct sim_random *r,
		      enum sim_hard hard, int64_t now)
{
	float follow = hard == SIM_SOME ? 0.2f : hard == SIM_ALL ? 0.5f : 0;

	t->pace = a->course.speed;
	t->follow = a->manner != STOPPING && a->manner != PARKING && sim_chance(r, follow);
	if (t->follow)
		t->next_ns = now + (int64_t)((a->v.l + sim_range(r, 2.5f, 6)) / t->pace * 1e9f);
	else if (a->manner == PARKING) /* time to get aside */
		t->next_ns = now + (int64_t)(6.0f * 1e9f);
	else
		t->next_ns = -1;
}

static void change_scene(struct traffic *t, const struct street_setup *setup, struct sim_random *r)
{
	if (setup->light == SIM_LIGHT_MIXED)
		t->light = (enum sim_light)sim_below(r, SIM_LIGHTS);
	if (setup->weather == SIM_WEATHER_MIXED)
		t->weather = sim_chance(r, 0.35f) ? SIM_RAIN : SIM_CLEAR;
	t->change_at = t->spawned + 4 + (int64_t)sim_below(r, 7);
}

static void describe(const struct traffic *t, struct actor *a, const struct series *s, bool wanted)
{
	struct street_passage *p = &a->truth;

	memset(p, 0, sizeof *p);
	p->vehicle = t->spawned;
	memcpy(p->text, a->v.shown.text, sizeof p->text);
	memcpy(p->jurisdiction, s->jurisdiction, sizeof p->jurisdiction);
	p->wanted = wanted;
	p->kind = kinds[a->manner];
	p->body = vehicle_body_name(a->v.body);
	p->light = lights[t->light];
	p->weather = weathers[t->weather];
	p->dirt = a->wish.dirt > 0.1f;
	p->tow_bar = a->wish.tow_bar;
	p->shade = a->wish.shade;
	p->stickers = a->wish.stickers;
	p->enter_ns = a->entered_ns;
}

static void spawn(struct traffic *t, const struct street_setup *setup, struct art *art,
		  struct actor *a, int64_t now)
{
	struct sim_random r;
	struct series s;
	bool wanted;

	/* A stream of its own for each vehicle: what others do cannot change it. */
	sim_random_seed(&r, setup->seed, (uint64_t)t->spawned + 1);
	wanted = take_wanted(t, setup, &r, &s);
	if (!wanted)
		random_plate(setup, &r, &s);
	choose_wish(&a->wish, &r, setup->hard);
	choose_course(t, a, &r, setup->hard);
	vehicle_paint(&a->v, art, &r, &s, &a->wish);
	a->on = true;
	a->entered_ns = now;
	t->spawned++;
	describe(t, a, &s, wanted);
	plan_next(t, a, &r, setup->hard, now);
}

static bool lane_empty(const struct traffic *t)
{
	for (unsigned i = 0; i < STREET_ACTORS; i++)
		if (t->actors[i].on && t->actors[i].manner != PARKING)
			return false;
	return true;
}

static bool all_empty(const struct traffic *t)
{
	for (unsigned i = 0; i < STREET_ACTORS; i++)
		if (t->actors[i].on)
			return false;
	return true;
}

static void move(struct traffic *t, int64_t now, struct street_passage *left, size_t *n_left)
{
	for (unsigned i = 0; i < STREET_ACTORS; i++) {
		struct actor *a = &t->actors[i];

		if (!a->on)
			continue;
		traffic_pose(&a->course, (float)((double)(now - a->entered_ns) * 1e-9), &a->at);
		if (a->at.y < GONE)
			continue;
		a->on = false;
		a->truth.leave_ns = now;
		t->gone++;
		left[(*n_left)++] = a->truth;
	}
}

/* In clear lanes the gap is drawn when the last one has left. */
static void plan_gap(struct traffic *t, const struct street_setup *setup, int64_t now)
{
	struct sim_random r;

	if (t->next_ns >= 0 || !lane_empty(t))
		return;
	sim_random_seed(&r, setup->seed ^ UINT64_C(0xA5A5), (uint64_t)t->spawned);
	if (t->spawned >= t->change_at && all_empty(t))
		change_scene(t, setup, &r);
	t->next_ns = now + (int64_t)(sim_range(&r, 0.15f, 0.9f) * 1e9f);
}

void traffic_step(struct traffic *t, const struct street_setup *setup, struct art *art, int64_t now,
		  struct street_passage *left, size_t *n_left)
{
	*n_left = 0;
	move(t, now, left, n_left);
	plan_gap(t, setup, now);
	if (t->next_ns >= 0 && now >= t->next_ns &&
	    (setup->passages == 0 || t->spawned < setup->passages)) {
		for (unsigned i = 0; i < STREET_ACTORS; i++) {
			if (t->actors[i].on)
				continue;
			spawn(t, setup, art, &t->actors[i], now);
			traffic_pose(&t->actors[i].course, 0, &t->actors[i].at);
			break;
		}
	}
	if (!all_empty(t))
		t->empty_since_ns = -1;
	else if (t->empty_since_ns < 0)
		t->empty_since_ns = now;
}
