/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of exposure against a model of a sensor: luma from light, exposure, gain and lamp. */
#include "firmware/capture/exposure.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define LAG    2u /* measures until a control shows */

/* A linear sensor, and one behind an ISP's curve with wide caps. */
static const struct board_exposure sensors[] = {
    {.min_us = 20, .max_us = 300, .max_gain = 8, .night_gain = 4, .gamma = 1},
    {.min_us = 30, .max_us = 800, .max_gain = 16, .night_gain = 4, .gamma = 2.2f},
};

/* Light at which the caps give luma 48: below it is night. */
static float threshold(const struct board_exposure *l)
{
	return powf(48.0f / 255, l->gamma) / ((float)l->max_us * l->max_gain);
}

struct model {
	const struct board_exposure *limits;
	float day, dark; /* light of a day, of a night */
	struct exposure x;
	float light[FRAME_CAMERAS]; /* of the scene */
	float lamp;		    /* what the lamp adds when it lights */
	float glare;		    /* luma on top, over the whole picture */
	float gamma;
	bool lamp_works, tells, blind[FRAME_CAMERAS];
	bool has[FRAME_CAMERAS];
	int64_t now;
	struct camera_control at[FRAME_CAMERAS][LAG + 1]; /* newest last; [0] is in force */
	float luma[FRAME_CAMERAS];
	uint32_t seed;
	unsigned controls, night_changes, lamp_changes;
	int64_t lamp_off_ns; /* by night */
};

static void begin(struct model *m, const struct board_exposure *limits, bool lamp)
{
	memset(m, 0, sizeof *m);
	m->limits = limits;
	m->gamma = limits->gamma;
	m->day = threshold(limits) * 100;
	m->dark = threshold(limits) / 100;
	m->lamp = threshold(limits) * 10;
	m->lamp_works = m->tells = true;
	m->has[0] = m->has[1] = true;
	m->light[0] = m->light[1] = m->day;
	m->now = 1000 * SECOND;
	exposure_init(&m->x, limits, lamp);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
		assert_true(exposure_take(&m->x, c, m->now, &m->at[c][0]));
		for (unsigned i = 1; i <= LAG; i++)
			m->at[c][i] = m->at[c][0];
	}
}

/* A share of the light and a level that come and go, the same in every run. */
static float noise(struct model *m)
{
	m->seed = m->seed * 1664525u + 1013904223u;
	return (float)(m->seed >> 16) / 65536.0f - 0.5f;
}

static float luma_of(struct model *m, unsigned c)
{
	const struct camera_control *k = &m->at[c][0];
	float light = m->light[c] + (m->x.lamp && m->lamp_works ? m->lamp : 0);
	float full = m->blind[c] ? 0 : light * (float)k->exposure_us * k->gain;
	float luma = 255.0f * powf(fminf(full, 1.0f), 1.0f / m->gamma) * (1 + 0.06f * noise(m)) +
		     2 * noise(m) + m->glare;

	return floorf(fmaxf(fminf(luma, 255.0f), 0)); /* quantised, as a sensor's is */
}

static void shot(struct model *m, unsigned c)
{
	struct frame f = {.camera = (uint8_t)c};
	struct meter seen;

	memmove(&m->at[c][0], &m->at[c][1], LAG * sizeof m->at[c][0]);
	m->luma[c] = luma_of(m, c);
	seen = (struct meter){.level = m->luma[c], .bright = fminf(m->luma[c] * 2, 255)};
	if (m->tells) {
		f.exposure_us = m->at[c][0].exposure_us;
		f.gain = m->at[c][0].gain;
	}
	exposure_measured(&m->x, c, m->now, &f, &seen);
	if (exposure_take(&m->x, c, m->now, &m->at[c][LAG])) {
		const struct camera_control *k = &m->at[c][LAG];

		m->controls++;
		assert_in_range(k->exposure_us, m->limits->min_us, m->limits->max_us);
		assert_true(k->gain >= 1 && k->gain <= m->limits->max_gain);
		assert_true(k->exposure_us == m->limits->max_us || k->gain <= 1);
	}
}

static void run(struct model *m, double seconds)
{
	int64_t end = m->now + (int64_t)(seconds * 1e9);

	while (m->now < end) {
		bool night = exposure_night(&m->x), lamp = m->x.lamp;

		m->now += EXPOSURE_EVERY_NS;
		for (unsigned c = 0; c < FRAME_CAMERAS; c++)
			if (m->has[c])
				shot(m, c);
		m->night_changes += exposure_night(&m->x) != night;
		m->lamp_changes += m->x.lamp != lamp;
		if (exposure_night(&m->x) && !m->x.lamp)
			m->lamp_off_ns += EXPOSURE_EVERY_NS;
	}
}

/* From whatever light to the target, without swinging about it. */
static void settles(const struct board_exposure *limits, float light, float gamma, bool tells)
{
	struct model m;
	unsigned controls;

	begin(&m, limits, false);
	m.gamma = gamma;
	m.tells = tells;
	m.light[0] = light;
	m.light[1] = light / 3;
	run(&m, 15);
	for (unsigned c = 0; c < FRAME_CAMERAS; c++)
		if (m.luma[c] < 80 || m.luma[c] > 115)
			fail_msg("light %g gamma %g: luma %g", (double)light, (double)gamma,
				 (double)m.luma[c]);
	controls = m.controls;
	run(&m, 60);
	if (m.controls > controls + 2)
		fail_msg("light %g gamma %g: %u controls in a steady light", (double)light,
			 (double)gamma, m.controls - controls);
}

static void test_settles(void **state)
{
	const struct board_exposure *limits = *state;
	float most = powf(96.0f / 255, limits->gamma) / (float)limits->min_us;

	for (float light = most; light / 3 > threshold(limits) * 5; light /= 1.7f)
		for (int tells = 0; tells < 2; tells++)
			settles(limits, light, limits->gamma, tells);
	/* Its curve is another than was stated. */
	settles(limits, most / 8, limits->gamma * 1.4f, true);
}

/* Beyond what the caps can give, exposure and gain stand at the caps: never longer. */
static void test_caps(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, false);
	m.light[0] = m.light[1] = m.dark;
	run(&m, 30);
	assert_int_equal(m.at[0][LAG].exposure_us, limits->max_us);
	assert_true(fabsf(m.at[0][LAG].gain - limits->max_gain) < 1.2f);
	m.light[0] = m.light[1] = 1;
	run(&m, 60);
	assert_in_range(m.at[0][LAG].exposure_us, limits->min_us, limits->min_us + 4);
	assert_true(m.at[0][LAG].gain <= 1);
}

/* Dusk of twenty minutes, a night, a dawn: the lamp goes on once and off once, and but for its
 * trials stays on. */
static void test_night_and_back(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	run(&m, 30);
	assert_false(exposure_night(&m.x));
	for (int i = 0; i < 1200; i++) {
		m.light[0] = m.light[1] = m.day * exp2f(-(float)i / 80);
		run(&m, 1);
	}
	assert_true(exposure_night(&m.x));
	assert_true(m.x.lamp);
	assert_int_equal(m.night_changes, 1);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_LIGHTS);
	assert_true(m.at[0][LAG].gain <= limits->night_gain);
	run(&m, 3600);
	assert_int_equal(m.night_changes, 1);
	assert_true(m.lamp_off_ns <= 16 * 2 * SECOND);
	for (int i = 1200; i > 0; i--) {
		m.light[0] = m.light[1] = m.day * exp2f(-(float)i / 80);
		run(&m, 1);
	}
	run(&m, 60);
	assert_false(exposure_night(&m.x));
	assert_false(m.x.lamp);
	assert_int_equal(m.night_changes, 2);
	assert_in_range((int)m.luma[0], 80, 115);
}

/* The light hovers about the threshold for an hour. */
static void test_no_flicker_at_dusk(void **state)
{
	const struct board_exposure *limits = *state;
	for (int lamp = 0; lamp < 2; lamp++) {
		struct model m;

		begin(&m, limits, lamp);
		for (int i = 0; i < 3600; i++) {
			m.light[0] = threshold(limits) * (1 + 0.4f * sinf((float)i / 10));
			m.light[1] = threshold(limits) * (1 + 0.4f * sinf((float)i / 7));
			run(&m, 1);
		}
		assert_int_equal(m.night_changes, 1);
		assert_true(exposure_night(&m.x));
	}
}

/* Headlamps blind a camera for two seconds in every six: it stays night, the exposure goes back. */
static void test_headlamps(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;
	float before;

	begin(&m, limits, true);
	m.light[0] = m.light[1] = m.dark;
	run(&m, 120);
	assert_true(m.x.lamp);
	before = m.at[0][LAG].gain * (float)m.at[0][LAG].exposure_us;
	m.lamp_off_ns = 0;
	for (int i = 0; i < 100; i++) {
		float now;

		m.glare = 200;
		run(&m, 2);
		now = m.at[0][LAG].gain * (float)m.at[0][LAG].exposure_us;
		assert_true(now > before / 2.5f);
		m.glare = 0;
		run(&m, 4);
	}
	assert_int_equal(m.night_changes, 1);
	assert_true(m.lamp_off_ns <= 2 * SECOND); /* no trial but the one that was due */
	run(&m, 20);
	assert_true(fabsf(log2f(m.at[0][LAG].gain * (float)m.at[0][LAG].exposure_us / before)) <
		    0.4f); /* twice the dead band */
}

/* A lorry before the lens by day. */
static void test_shadow_is_no_night(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	run(&m, 20);
	for (int i = 0; i < 20; i++) {
		m.light[0] = m.dark;
		run(&m, 4);
		m.light[0] = m.day;
		run(&m, 6);
	}
	assert_int_equal(m.night_changes, 0);
	assert_int_equal(m.lamp_changes, 0);
}

static void test_lamp_never_lights(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	m.lamp_works = false;
	m.light[0] = m.light[1] = m.dark;
	run(&m, 5);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_UNKNOWN);
	run(&m, 90);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_DARK);
	m.lamp_works = true; /* replaced */
	run(&m, 130);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_LIGHTS);
	assert_int_equal(m.night_changes, 1);
}

/* It lit, and dies by night: seen because the scene gets darker than the lamp alone made it. */
static void test_lamp_dies(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	m.light[0] = m.light[1] = m.dark;
	run(&m, 120);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_LIGHTS);
	m.lamp_works = false;
	run(&m, 90);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_DARK);
	assert_true(m.x.lamp); /* still asked for */
}

/* A glimmer that could be noise is no light. */
static void test_glimmer_is_no_lamp(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	m.lamp = powf(0.7f / 255, limits->gamma) / ((float)limits->max_us * limits->night_gain);
	m.light[0] = m.light[1] = 0;
	run(&m, 200);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_DARK);
}

/* Too much other light to tell: no verdict, however often it is tried. */
static void test_street_lights_hide_the_lamp(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	m.lamp_works = false;
	m.light[0] = m.light[1] = threshold(limits) * 0.8f;
	run(&m, 600);
	assert_true(exposure_night(&m.x));
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_UNKNOWN);
}

/* One lens is covered by day: its lamp may go on, no verdict comes of it, the other goes on. */
static void test_covered_lens(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	m.blind[1] = true;
	run(&m, 300);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_UNKNOWN);
	assert_in_range((int)m.luma[0], 80, 115);
}

/* A camera that is gone counts neither for day nor for night, nor in a trial. */
static void test_one_camera(void **state)
{
	const struct board_exposure *limits = *state;
	struct model m;

	begin(&m, limits, true);
	run(&m, 20);
	m.has[1] = false;
	m.light[0] = m.dark;
	run(&m, 120);
	assert_true(m.x.lamp);
	assert_int_equal(m.x.verdict, EXPOSURE_LAMP_LIGHTS);
	m.light[0] = m.day;
	run(&m, 60);
	assert_false(exposure_night(&m.x));
}

static void test_a_control_that_failed_is_asked_again(void **state)
{
	const struct board_exposure *limits = *state;
	struct camera_control c;
	struct exposure x;

	exposure_init(&x, limits, false);
	assert_true(exposure_take(&x, 0, 1, &c));
	assert_false(exposure_take(&x, 0, 2, &c));
	exposure_untake(&x, 0);
	assert_true(exposure_take(&x, 0, 3, &c));
	exposure_fix(&x, 0);
	assert_false(exposure_take(&x, 0, 4, &c));
}

/* The caps of the board this is built for keep a plate within two pixels. */
static void test_board_keeps_plates_sharp(void **state)
{
	const struct board_exposure *b = &board.exposure;

	(void)state;
	assert_true(fabsf(exposure_blur_px(300, 20, 30, 150) - 1.476f) < 0.01f);
	assert_true(fabsf(exposure_blur_px(1000, 10, 90, 100) - 3.281f) < 0.01f);
	if (b->max_us == 0)
		return;
	assert_true(exposure_blur_px(b->max_us, b->speed_mps, b->angle_deg, b->plate_px) <= 2);
	assert_true(exposure_blur_px(b->max_us, b->speed_mps, b->angle_deg, b->plate_px) > 0.1f);
	assert_true(b->min_us > 0 && b->min_us < b->max_us && b->gamma > 0);
	assert_true(b->night_gain >= 1 && b->night_gain <= b->max_gain);
}

/* --- the meter -----------------------------------------------------------------------------------
 */

static uint8_t picture[720 * 1280];

static struct meter metered(uint32_t width, uint32_t height, uint32_t stride)
{
	const struct image image = {
	    .data = picture, .width = width, .height = height, .stride = stride};
	struct meter m;

	meter_image(&image, &m);
	return m;
}

/* A quarter of the picture glares, a tenth is black: the middle says what it said. */
static void test_meter(void **state)
{
	struct meter m;

	(void)state;
	memset(picture, 60, sizeof picture);
	m = metered(1280, 720, 1280);
	assert_true(fabsf(m.level - 60) < 0.01f && fabsf(m.bright - 60) < 0.01f);
	memset(picture, 255, sizeof picture / 4);
	memset(picture + sizeof picture - sizeof picture / 11, 0, sizeof picture / 11);
	m = metered(1280, 720, 1280);
	assert_true(fabsf(m.level - 60) < 0.01f && fabsf(m.bright - 255) < 0.01f);
}

static void test_meter_of_small_pictures(void **state)
{
	(void)state;
	memset(picture, 200, sizeof picture);
	for (uint32_t w = 1; w < 80; w += 13)
		for (uint32_t h = 1; h < 50; h += 7) {
			struct meter m = metered(w, h, w);

			assert_true(m.bright >= 199 && m.bright <= 200);
		}
	picture[1] = 7; /* beyond the row, within the stride */
	assert_true(metered(1, 1, 2).bright >= 199);
}

#define ON_BOTH(test)                                                                              \
	cmocka_unit_test_prestate(test, (void *)(uintptr_t)&sensors[0]),                           \
	    cmocka_unit_test_prestate(test, (void *)(uintptr_t)&sensors[1])

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_BOTH(test_settles),
	    ON_BOTH(test_caps),
	    ON_BOTH(test_night_and_back),
	    ON_BOTH(test_no_flicker_at_dusk),
	    ON_BOTH(test_headlamps),
	    ON_BOTH(test_shadow_is_no_night),
	    ON_BOTH(test_lamp_never_lights),
	    ON_BOTH(test_glimmer_is_no_lamp),
	    ON_BOTH(test_lamp_dies),
	    ON_BOTH(test_street_lights_hide_the_lamp),
	    ON_BOTH(test_covered_lens),
	    ON_BOTH(test_one_camera),
	    ON_BOTH(test_a_control_that_failed_is_asked_again),
	    cmocka_unit_test(test_board_keeps_plates_sharp),
	    cmocka_unit_test(test_meter),
	    cmocka_unit_test(test_meter_of_small_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
