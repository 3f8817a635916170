/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/light.h"

#include "firmware/base/log.h"
#include "firmware/role.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* --- the lamp ------------------------------------------------------------------------------------
 */

static void lamp_failed(struct light *l, const struct err *e)
{
	if (!l->lamp_broken)
		log_line(LOG_ERROR, "%s", e->text);
	l->lamp_broken = true;
	l->lamp_errors++;
}

/* Set what the policy wants, and read the fault input. Set again each time after a failure. */
static void drive_lamp(struct light *l, int64_t utc_ns)
{
	struct lamp_state state;
	struct err e = {0};

	if (!l->lamp)
		return;
	if (l->x.lamp != l->lamp_on || l->lamp_broken) {
		if (!l->lamp_ops->set(l->lamp, l->x.lamp, &e)) {
			lamp_failed(l, &e);
			return;
		}
		if (l->x.lamp != l->lamp_on)
			l->lamp_utc = utc_ns;
		l->lamp_on = l->x.lamp;
	}
	if (!l->lamp_ops->state(l->lamp, &state, &e)) {
		lamp_failed(l, &e);
		return;
	}
	l->lamp_broken = false;
	if (state.fault != l->lamp_fault)
		log_line(LOG_WARNING, "the infrared lamp's fault input is %s",
			 state.fault ? "active" : "quiet again");
	l->lamp_fault = state.fault;
}

static void say_verdict(enum exposure_lamp before, enum exposure_lamp now)
{
	if (before == now)
		return;
	if (now == EXPOSURE_LAMP_DARK)
		log_line(LOG_ERROR, "the infrared lamp is asked on and nothing gets brighter");
	else if (now == EXPOSURE_LAMP_LIGHTS)
		log_line(LOG_NOTICE, "the infrared lamp lights");
}

/* --- the cameras ---------------------------------------------------------------------------------
 */

static void ask(struct light *l, unsigned camera, int64_t now_ns)
{
	struct light_angle *a = &l->angles[camera];
	struct camera_control want;
	struct err e = {0};

	if (a->no_control || !exposure_take(&l->x, camera, now_ns, &want))
		return;
	if (l->ops->control(l->camera, camera, &want, &e)) {
		a->control_failed = false;
		l->controls++;
		return;
	}
	if (e.code == ERR_POLICY) {
		log_line(LOG_INFO, "%s", e.text);
		a->no_control = true;
		exposure_fix(&l->x, camera);
		return;
	}
	if (!a->control_failed)
		log_line(LOG_ERROR, "camera %u: exposure: %s", camera, e.text);
	a->control_failed = true;
	l->controls_failed++;
	exposure_untake(&l->x, camera);
}

/* Without a lamp or a camera that can be asked there is nothing to do. */
static bool useful(const struct light *l)
{
	bool asked = false;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		asked = asked || (l->angles[i].buffers.n && !l->angles[i].no_control);
	return l->lamp || asked;
}

static bool map_angle(struct light_angle *a, struct err *e)
{
	for (uint32_t i = 0; i < a->buffers.n; i++) {
		void *p = mmap(NULL, a->buffers.size, PROT_READ, MAP_SHARED, a->buffers.fds[i], 0);

		if (p == MAP_FAILED)
			return err_errno(e, errno, "light: map a frame buffer");
		a->data[i] = p;
	}
	return true;
}

static void measure(struct light *l, const struct frame *f, int64_t now_ns)
{
	const struct light_angle *a = &l->angles[f->camera];
	enum exposure_lamp before = l->x.verdict;
	const struct image image = {.data = a->data[f->buffer],
				    .width = a->buffers.width,
				    .height = a->buffers.height,
				    .stride = a->buffers.stride};
	struct meter m;

	meter_image(&image, &m);
	exposure_measured(&l->x, f->camera, now_ns, f, &m);
	say_verdict(before, l->x.verdict);
}

/* --- the room's doors ----------------------------------------------------------------------------
 */

bool light_open(struct light *l, const struct light_setup *setup, struct err *e)
{
	struct err why = {0};

	memset(l, 0, sizeof *l);
	l->watching = setup->limits->max_us > 0;
	if (l->watching)
		exposure_init(&l->x, setup->limits, setup->lamp != NULL);
	if (!setup->lamp)
		return true;
	if (!l->watching)
		return err_set(e, ERR_CONFIG,
			       "lamp: the board states no exposure to tell night by");
	l->lamp_ops = lamp_find(setup->lamp);
	if (!l->lamp_ops)
		return err_set(e, ERR_CONFIG, "lamp: %s is not built in", setup->lamp);
	if (!l->lamp_ops->open(&setup->lines, &l->lamp, &why)) {
		lamp_failed(l, &why);
		exposure_init(&l->x, setup->limits, false);
	}
	return true;
}

/* False: the box has no such camera now. */
static bool ask_first(struct light *l, unsigned camera, int64_t now_ns)
{
	struct light_angle *a = &l->angles[camera];

	if (!l->ops->buffers(l->camera, camera, &a->buffers))
		return false;
	a->no_control = !l->ops->control;
	if (a->no_control)
		exposure_fix(&l->x, camera);
	ask(l, camera, now_ns);
	return true;
}

bool light_begin(struct light *l, const struct camera_ops *ops, struct camera *camera,
		 struct err *e)
{
	l->ops = ops;
	l->camera = camera;
	for (unsigned i = 0; l->watching && i < FRAME_CAMERAS; i++)
		(void)ask_first(l, i, 0);
	l->watching = l->watching && useful(l);
	for (unsigned i = 0; l->watching && i < FRAME_CAMERAS; i++)
		if (!map_angle(&l->angles[i], e))
			return false;
	return true;
}

bool light_found(struct light *l, unsigned camera, int64_t now_ns, struct err *e)
{
	if (!l->watching || l->angles[camera].buffers.n || !ask_first(l, camera, now_ns))
		return true;
	return map_angle(&l->angles[camera], e);
}

void light_frame(struct light *l, struct frame *f, int64_t now_ns)
{
	struct light_angle *a = &l->angles[f->camera];

	if (l->lamp)
		f->infrared = l->lamp_on && f->capture_ns >= l->lamp_utc && !l->lamp_fault &&
			      l->x.verdict != EXPOSURE_LAMP_DARK;
	if (!l->watching || now_ns < a->next_ns || f->buffer >= a->buffers.n || !a->data[f->buffer])
		return;
	a->next_ns = now_ns + EXPOSURE_EVERY_NS;
	measure(l, f, now_ns);
	ask(l, f->camera, now_ns);
	drive_lamp(l, f->capture_ns);
	l->watching = useful(l);
}

const char *light_trouble(const struct light *l)
{
	if (l->lamp_broken)
		return "IR lamp does not answer: reads at night will be missed";
	if (l->lamp_fault)
		return "IR lamp reports a fault: reads at night will be missed";
	if (l->lamp && l->x.verdict == EXPOSURE_LAMP_DARK)
		return "IR lamp does not light: reads at night will be missed";
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (l->angles[i].control_failed)
			return "a camera does not take its exposure: plates may be blurred or dark";
	return NULL;
}

void light_count(const struct light *l, struct wire_status *s)
{
	static const char *const exposure[FRAME_CAMERAS] = {"exposure_us_0", "exposure_us_1"};
	static const char *const gain[FRAME_CAMERAS] = {"gain_milli_0", "gain_milli_1"};

	if (!l->watching)
		return;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		const struct camera_control *c = &l->x.angles[i].asked;

		if (!l->angles[i].buffers.n || l->angles[i].no_control)
			continue;
		role_count(s, exposure[i], c->exposure_us);
		role_count(s, gain[i], (int64_t)(c->gain * 1000.0f));
	}
	role_count(s, "controls", l->controls);
	role_count(s, "controls_failed", l->controls_failed);
	role_count(s, "night", exposure_night(&l->x));
	if (!l->lamp)
		return;
	role_count(s, "lamp", l->lamp_on);
	role_count(s, "lamp_errors", l->lamp_errors);
}

void light_close(struct light *l)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		for (unsigned b = 0; b < FRAME_BUFFERS; b++)
			if (l->angles[i].data[b])
				(void)munmap((void *)(uintptr_t)l->angles[i].data[b],
					     l->angles[i].buffers.size);
	if (l->lamp)
		l->lamp_ops->close(l->lamp);
	memset(l, 0, sizeof *l);
}
