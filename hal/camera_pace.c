/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/camera_pace.h"

#define SLACK_NS INT64_C(1000000)
#define GAP_MOST 1000u /* frames; a larger step of the sensor's counter is a new beginning */

static unsigned count(const struct camera_lane *l, enum camera_spot spot)
{
	unsigned n = 0;

	for (uint32_t b = 0; b < l->n; b++)
		n += l->buffers[b].spot == spot;
	return n;
}

/* Ask for one frame. False: no buffer is free. */
static bool ask(struct camera_pace *p, unsigned camera, int64_t due, int64_t now,
		struct camera_order *out, size_t *n)
{
	struct camera_lane *l = &p->lanes[camera];

	for (uint32_t b = 0; b < l->n; b++) {
		if (l->buffers[b].spot != CAMERA_IDLE)
			continue;
		l->buffers[b].spot = CAMERA_ASKED;
		l->buffers[b].tick = p->tick;
		l->buffers[b].due_ns = due;
		camera_watch_asked(&l->watch, now);
		out[(*n)++] = (struct camera_order){(uint8_t)camera, (uint8_t)b};
		return true;
	}
	return false;
}

/* A camera under repair is not waited for. */
static bool waited_for(const struct camera_lane *l)
{
	return l->running && !l->watch.repairs &&
	       (count(l, CAMERA_ASKED) || count(l, CAMERA_READY) || !count(l, CAMERA_IDLE));
}

/* One frame of each camera at a time, and not before it is too far from the last to be taken for
 * its partner. */
static void step(struct camera_pace *p, int64_t now, struct camera_order *out, size_t *n,
		 int64_t *next)
{
	for (unsigned i = 0; i < p->n; i++)
		if (waited_for(&p->lanes[i]))
			return;
	if (p->last_ns && now <= p->last_ns + p->skew_ns) {
		*next = p->last_ns + p->skew_ns + 1;
		return;
	}
	p->tick++;
	for (unsigned i = 0; i < p->n; i++) {
		const struct camera_lane *l = &p->lanes[i];

		if (l->running && !count(l, CAMERA_ASKED) && !count(l, CAMERA_READY))
			(void)ask(p, i, now, now, out, n);
	}
}

/* After a stall the grid goes on; there is no burst to catch up. */
static void grid(struct camera_pace *p, int64_t now, struct camera_order *out, size_t *n,
		 int64_t *next)
{
	uint32_t skipped;

	if (!p->due_ns)
		p->due_ns = now;
	if (now >= p->due_ns) {
		skipped = (uint32_t)((now - p->due_ns) / p->period_ns);
		p->due_ns += (int64_t)skipped * p->period_ns;
		p->tick += 1 + skipped;
		for (unsigned i = 0; i < p->n; i++) {
			struct camera_lane *l = &p->lanes[i];

			if (!l->running || l->pacing != CAMERA_GRID)
				continue;
			l->missed += skipped;
			if (!ask(p, i, p->due_ns, now, out, n))
				l->missed++;
		}
		p->due_ns += p->period_ns;
	}
	if (p->due_ns < *next)
		*next = p->due_ns;
}

size_t camera_pace_orders(struct camera_pace *p, int64_t now,
			  struct camera_order out[FRAME_CAMERAS * FRAME_BUFFERS], int64_t *next)
{
	size_t n = 0;

	*next = now + CAMERA_PACE_LOOK_NS;
	for (unsigned i = 0; i < p->n; i++)
		while (p->lanes[i].running && p->lanes[i].pacing == CAMERA_SENSOR &&
		       ask(p, i, now, now, out, &n))
			;
	if (p->period_ns)
		grid(p, now, out, &n, next);
	else
		step(p, now, out, &n, next);
	return n;
}

void camera_pace_refused(struct camera_pace *p, const struct camera_order *o)
{
	struct camera_lane *l = &p->lanes[o->camera];

	if (l->buffers[o->buffer].spot == CAMERA_ASKED)
		l->buffers[o->buffer].spot = CAMERA_IDLE;
	l->failed++;
	camera_watch_broke(&l->watch);
}

/* When a frame was exposed: its stamp, where that can be true, else when it came. */
static int64_t exposed(const struct camera_lane *l, unsigned buffer, int64_t stamp, int64_t now)
{
	return stamp >= l->buffers[buffer].due_ns && stamp <= now ? stamp : now;
}

/* A frame so late that it lies near the other camera's next one would be paired with that. */
static bool too_late(const struct camera_pace *p, const struct camera_lane *l, unsigned buffer,
		     int64_t at)
{
	int64_t latest = p->period_ns - p->skew_ns - SLACK_NS;

	/* At rates at which the skew leaves no room, a frame keeps a quarter. */
	if (latest < p->period_ns / 4)
		latest = p->period_ns / 4;
	return l->pacing == CAMERA_GRID && at - l->buffers[buffer].due_ns > latest;
}

bool camera_pace_came(struct camera_pace *p, unsigned camera, unsigned buffer, bool picture,
		      int64_t stamp, int64_t now)
{
	struct camera_lane *l = &p->lanes[camera];
	int64_t at;

	if (buffer >= l->n || l->buffers[buffer].spot != CAMERA_ASKED)
		return false;
	l->buffers[buffer].spot = CAMERA_IDLE;
	if (!l->running) /* it is being stopped: nothing is wrong with the frame */
		return false;
	if (!picture) {
		l->failed++;
		camera_watch_failed(&l->watch, now, count(l, CAMERA_ASKED) > 0);
		return false;
	}
	camera_watch_frame(&l->watch, now, count(l, CAMERA_ASKED) > 0);
	at = exposed(l, buffer, stamp, now);
	if (at > p->last_ns)
		p->last_ns = at;
	if (too_late(p, l, buffer, at)) {
		l->late++;
		return false;
	}
	l->buffers[buffer].spot = CAMERA_READY;
	return true;
}

uint32_t camera_pace_number(struct camera_lane *l, unsigned buffer, bool counts, uint32_t sensor)
{
	uint32_t step = sensor - l->sensor_at;

	if (l->pacing != CAMERA_SENSOR)
		return l->buffers[buffer].tick;
	l->number += l->sensor_counts && counts && step >= 1 && step <= GAP_MOST ? step : 1;
	l->sensor_counts = counts;
	l->sensor_at = sensor;
	return l->number;
}

void camera_pace_lend(struct camera_lane *l, unsigned buffer)
{
	if (buffer < l->n && l->buffers[buffer].spot == CAMERA_READY)
		l->buffers[buffer].spot = CAMERA_LENT;
}

bool camera_pace_back(struct camera_lane *l, unsigned buffer)
{
	if (buffer >= l->n || l->buffers[buffer].spot != CAMERA_LENT)
		return false;
	l->buffers[buffer].spot = CAMERA_IDLE;
	return true;
}

void camera_pace_reclaim(struct camera_lane *l)
{
	for (uint32_t b = 0; b < l->n; b++)
		if (l->buffers[b].spot == CAMERA_ASKED)
			l->buffers[b].spot = CAMERA_IDLE;
}

const char *camera_pace_ill(const struct camera_lane *l, int64_t now)
{
	if (!l->running || !camera_watch_ill(&l->watch, now))
		return NULL;
	if (l->watch.broken)
		return "it takes no orders";
	return l->watch.bad >= CAMERA_WATCH_BAD ? "its frames come without pictures"
						: "it hangs: no frame has come for seconds";
}
