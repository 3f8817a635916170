/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/capture/exposure.h"

#include <math.h>
#include <string.h>

#define S INT64_C(1000000000)

#define TARGET_LUMA	 96.0f /* of the picture's middle: white plates stay below full scale */
#define NIGHT_LUMA	 48.0f /* what the caps still give when night begins */
#define NIGHT_HYSTERESIS 2.5f
#define DARK_NS		 (5 * S)  /* a passing shadow is no night */
#define BRIGHT_NS	 (20 * S) /* headlamps are no day */

#define SMOOTHING   0.4f /* weight of a new measure */
#define DEAD_BAND   0.2f /* stops: changes below it are not worth a control */
#define STEP_DAY    0.5f /* stops a measure: a vehicle before the lens must not blind the next */
#define STEP_NIGHT  0.125f
#define DARKEST	    0.5f   /* luma taken for black */
#define OVEREXPOSED 240.0f /* luma that does not tell how much light there was */
#define LIVE_NS	    (5 * S)
#define SETTLE_NS   (S / 2) /* until a change of lamp or control shows in frames */
#define DIM_NS	    (10 * S)
#define RISE_SHARE  0.25f /* how much brighter a lamp makes it that lights … */
#define RISE_LUMA   2.0f  /* … and at least, luma */
#define TELL_LUMA   8.0f  /* darker than this without the lamp, a rise must show */
#define DIM_LUMA    3.0f  /* a part of the lamp below this is too small to miss */
#define PLATE_WIDTH 0.3048f

/* --- light ---------------------------------------------------------------------------------------
 */

static float linear(const struct exposure *x, float luma)
{
	return powf(fmaxf(luma, DARKEST) / 255.0f, x->limits.gamma);
}

/* What luma that light (not log2) gives at the caps of the night. */
static float night_luma(const struct exposure *x, float light)
{
	float full = light * (float)x->limits.max_us * x->limits.night_gain;

	return 255.0f * powf(fminf(full, 1.0f), 1.0f / x->limits.gamma);
}

/* Light below which it is night. */
static float night_light(const struct exposure *x)
{
	return linear(x, NIGHT_LUMA) / ((float)x->limits.max_us * x->limits.max_gain);
}

static float median(const float *v, uint32_t n)
{
	if (n < 3)
		return v[n - 1];
	return fmaxf(fminf(v[0], v[1]), fminf(fmaxf(v[0], v[1]), v[2]));
}

static bool live(const struct exposure_angle *a, int64_t now_ns)
{
	return a->n > 0 && now_ns - a->seen_ns < LIVE_NS;
}

/* Light of a camera's scene without the lamp's part. */
static float ambient(const struct exposure_angle *a)
{
	return a->learning ? a->dark_light : exp2f(a->light) - a->lamp_light;
}

static void forget_light(struct exposure *x)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		x->angles[i].n = 0;
	x->dark_ns = x->bright_ns = x->dim_ns = 0;
}

static void learn_light(struct exposure_angle *a, float light)
{
	if (a->n < 3) {
		a->recent[a->n++] = light;
		a->light = median(a->recent, a->n);
		return;
	}
	a->recent[0] = a->recent[1];
	a->recent[1] = a->recent[2];
	a->recent[2] = light;
	a->light += SMOOTHING * (median(a->recent, 3) - a->light);
}

/* Under the lamp: what is not the scene's own is the lamp's. */
static void learn_lamp(struct exposure_angle *a, float luma)
{
	if (!a->learning || a->n < 3 || luma > OVEREXPOSED)
		return;
	a->lamp_light = fmaxf(0, exp2f(a->light) - a->dark_light);
	a->learning = false;
}

/* --- the lamp ------------------------------------------------------------------------------------
 */

static void enter(struct exposure *x, enum exposure_phase phase, int64_t now_ns)
{
	x->phase = phase;
	x->phase_ns = now_ns;
	x->lamp = x->has_lamp && (phase == EXPOSURE_NIGHT || phase == EXPOSURE_TRIAL_ON);
}

static void begin_trial(struct exposure *x, int64_t now_ns)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		struct exposure_angle *a = &x->angles[i];

		a->off.n = a->on.n = 0;
		a->lamp_light = 0;
		a->learning = false;
	}
	enter(x, EXPOSURE_TRIAL_OFF, now_ns);
}

static bool rises(float off, float on)
{
	return on - off >= fmaxf(RISE_LUMA, RISE_SHARE * off);
}

/* What the trial of one camera says; without measures of both halves, nothing. */
static enum exposure_lamp tried(const struct exposure *x, struct exposure_angle *a)
{
	float off, on;

	if (a->off.n < EXPOSURE_TRIED || a->on.n < EXPOSURE_TRIED)
		return EXPOSURE_LAMP_UNKNOWN;
	off = median(a->off.level, EXPOSURE_TRIED);
	on = median(a->on.level, EXPOSURE_TRIED);
	a->dark_light = off;
	a->learning = on > off;
	off = night_luma(x, off);
	on = night_luma(x, on);
	if (rises(off, on) || rises(night_luma(x, median(a->off.bright, EXPOSURE_TRIED)),
				    night_luma(x, median(a->on.bright, EXPOSURE_TRIED))))
		return EXPOSURE_LAMP_LIGHTS;
	return off < TELL_LUMA ? EXPOSURE_LAMP_DARK : EXPOSURE_LAMP_UNKNOWN;
}

/* A lamp that one camera sees lights; that it does not takes all of them. Headlamps can mock either
 * in one trial: only two that agree are believed. */
static void end_trial(struct exposure *x, int64_t now_ns)
{
	enum exposure_lamp told = EXPOSURE_LAMP_UNKNOWN;
	unsigned lit = 0, dark = 0, unknown = 0;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		enum exposure_lamp one = tried(x, &x->angles[i]);

		lit += one == EXPOSURE_LAMP_LIGHTS;
		dark += one == EXPOSURE_LAMP_DARK;
		unknown += one == EXPOSURE_LAMP_UNKNOWN && live(&x->angles[i], now_ns);
	}
	if (lit)
		told = EXPOSURE_LAMP_LIGHTS;
	else if (dark && !unknown)
		told = EXPOSURE_LAMP_DARK;
	if (told != EXPOSURE_LAMP_UNKNOWN && told == x->last)
		x->verdict = told;
	x->last = told;
	x->trial_ns =
	    now_ns + (told == EXPOSURE_LAMP_LIGHTS && x->verdict == told ? EXPOSURE_PROBE_NS
									 : EXPOSURE_RETRY_NS);
	enter(x, EXPOSURE_NIGHT, now_ns);
	forget_light(x);
}

static void begin_day(struct exposure *x, int64_t now_ns)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		x->angles[i].lamp_light = 0;
		x->angles[i].learning = false;
	}
	enter(x, EXPOSURE_DAY, now_ns);
	forget_light(x);
}

/* Without the lamp every scene turned out bright. */
static bool bright_without(const struct exposure *x, int64_t now_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		const struct exposure_angle *a = &x->angles[i];

		if (!live(a, now_ns))
			continue;
		if (a->off.n < EXPOSURE_TRIED ||
		    median(a->off.level, EXPOSURE_TRIED) <= night_light(x) * NIGHT_HYSTERESIS)
			return false;
		n++;
	}
	return n > 0;
}

static void collect(struct exposure_trial *t, float level, float bright)
{
	if (t->n == EXPOSURE_TRIED)
		return;
	t->level[t->n] = level;
	t->bright[t->n++] = bright;
}

/* A measure that belongs to a trial: levels as light, not log2. */
static void trial_measured(struct exposure *x, struct exposure_angle *a, int64_t now_ns,
			   float level, float bright)
{
	bool off = x->phase == EXPOSURE_TRIAL_OFF;

	if (now_ns - x->phase_ns >= SETTLE_NS)
		collect(off ? &a->off : &a->on, level, bright);
	if (now_ns - x->phase_ns < EXPOSURE_TRIAL_NS)
		return;
	if (!off)
		end_trial(x, now_ns);
	else if (bright_without(x, now_ns))
		begin_day(x, now_ns);
	else
		enter(x, EXPOSURE_TRIAL_ON, now_ns);
}

/* The scene is darker than the lamp alone once made it, wherever that can be told. */
static bool dimmed(const struct exposure *x, int64_t now_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		const struct exposure_angle *a = &x->angles[i];

		if (!live(a, now_ns) || night_luma(x, a->lamp_light) < DIM_LUMA)
			continue;
		if (exp2f(a->light) > a->lamp_light / 2)
			return false;
		n++;
	}
	return n > 0;
}

/* --- day and night -------------------------------------------------------------------------------
 */

/* Since when `holds`, in *since_ns; true once that is `long_ns`. */
static bool held(bool holds, int64_t *since_ns, int64_t now_ns, int64_t long_ns)
{
	if (!holds)
		*since_ns = 0;
	else if (*since_ns == 0)
		*since_ns = now_ns;
	return holds && now_ns - *since_ns >= long_ns;
}

static void day_or_night(struct exposure *x, int64_t now_ns)
{
	float threshold = night_light(x);
	bool too_dark = false, bright = true, dark, light, dim;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++) {
		const struct exposure_angle *a = &x->angles[i];

		if (!live(a, now_ns))
			continue;
		too_dark = too_dark || ambient(a) < threshold;
		bright = bright && ambient(a) > threshold * NIGHT_HYSTERESIS;
	}
	dark = held(too_dark, &x->dark_ns, now_ns, DARK_NS);
	light = held(bright, &x->bright_ns, now_ns, BRIGHT_NS);
	dim = held(dimmed(x, now_ns), &x->dim_ns, now_ns, DIM_NS);
	if (x->phase == EXPOSURE_DAY) {
		if (dark && x->has_lamp)
			begin_trial(x, now_ns);
		else if (dark)
			enter(x, EXPOSURE_NIGHT, now_ns);
	} else if (!x->has_lamp) {
		if (light)
			begin_day(x, now_ns);
	} else if (light || dim || now_ns >= x->trial_ns) {
		begin_trial(x, now_ns);
	}
}

/* --- controls ------------------------------------------------------------------------------------
 */

static float product(const struct camera_control *c)
{
	return log2f((float)c->exposure_us * c->gain);
}

/* Exposure first, gain for the rest. */
static struct camera_control split(const struct exposure *x, float p, float gain_cap)
{
	float us = exp2f(p), most = (float)x->limits.max_us;
	struct camera_control c = {
	    .exposure_us = x->limits.max_us, .gain = 1, .frame_us = x->limits.frame_us};

	if (us < most)
		c.exposure_us = us < (float)x->limits.min_us ? x->limits.min_us : (uint32_t)us;
	else
		c.gain = fminf(us / most, gain_cap);
	return c;
}

static void control(struct exposure *x, struct exposure_angle *a)
{
	bool night = x->phase == EXPOSURE_NIGHT;
	float cap = night && x->has_lamp ? x->limits.night_gain : x->limits.max_gain;
	float step = night ? STEP_NIGHT : STEP_DAY, now = product(&a->wanted), to;

	to = log2f(linear(x, TARGET_LUMA)) - a->light;
	to = fminf(to, log2f((float)x->limits.max_us * cap));
	to = fmaxf(to, log2f((float)x->limits.min_us));
	if (a->wanted.gain <= cap && fabsf(to - now) < DEAD_BAND)
		return;
	a->wanted = split(x, fminf(fmaxf(to, now - step), now + step), cap);
}

/* --- the room's doors ----------------------------------------------------------------------------
 */

void exposure_init(struct exposure *x, const struct board_exposure *limits, bool has_lamp)
{
	memset(x, 0, sizeof *x);
	x->limits = *limits;
	x->has_lamp = has_lamp;
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		x->angles[i].wanted = split(x, log2f((float)limits->max_us), limits->max_gain);
}

void exposure_measured(struct exposure *x, unsigned camera, int64_t now_ns, const struct frame *f,
		       const struct meter *m)
{
	struct exposure_angle *a = &x->angles[camera];
	float exposure = (float)(f->exposure_us ? f->exposure_us : a->asked.exposure_us);
	float gain = f->gain > 0 ? f->gain : a->asked.gain;
	bool told = f->exposure_us && f->gain > 0;

	a->seen_ns = now_ns;
	if (!(exposure * gain > 0) || (!told && now_ns - a->asked_ns < EXPOSURE_EVERY_NS))
		return;
	if (x->phase == EXPOSURE_TRIAL_OFF || x->phase == EXPOSURE_TRIAL_ON) {
		trial_measured(x, a, now_ns, linear(x, m->level) / (exposure * gain),
			       linear(x, m->bright) / (exposure * gain));
		return;
	}
	if (x->phase == EXPOSURE_DAY && x->phase_ns && now_ns - x->phase_ns < SETTLE_NS)
		return; /* the lamp's last light */
	learn_light(a, log2f(linear(x, m->level) / (exposure * gain)));
	learn_lamp(a, m->level);
	if (!a->fixed)
		control(x, a);
	day_or_night(x, now_ns);
}

bool exposure_take(struct exposure *x, unsigned camera, int64_t now_ns, struct camera_control *out)
{
	struct exposure_angle *a = &x->angles[camera];

	if (a->asked.exposure_us == a->wanted.exposure_us &&
	    fabsf(a->asked.gain - a->wanted.gain) < 0.001f)
		return false;
	a->asked = *out = a->wanted;
	a->asked_ns = now_ns;
	return true;
}

void exposure_untake(struct exposure *x, unsigned camera)
{
	x->angles[camera].asked = (struct camera_control){0};
}

void exposure_fix(struct exposure *x, unsigned camera)
{
	struct exposure_angle *a = &x->angles[camera];

	a->fixed = true;
	a->asked = a->wanted = (struct camera_control){.exposure_us = x->limits.max_us, .gain = 1};
}

bool exposure_night(const struct exposure *x)
{
	return x->phase != EXPOSURE_DAY;
}

float exposure_blur_px(uint32_t exposure_us, float speed_mps, float angle_deg, float plate_px)
{
	float across = speed_mps * sinf(angle_deg * (float)M_PI / 180.0f);

	return across * plate_px / PLATE_WIDTH * (float)exposure_us * 1e-6f;
}
