/* SPDX-License-Identifier: Apache-2.0 */
/* What plates decides, with engines that see what the test says: the linker puts the functions
 * below in their place. */
#include "ocr/plates.h"

#include "tests/unit/lattice.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BOXES 8u

/* What is at a place: seen by the network and, where it is asked, by Tesseract. */
struct thing {
	float x, y, w, h, score; /* score 0: no box, only seen by who looks there */
	const char *text;
	float sure;
	unsigned looks, asked;
};

static struct {
	struct thing at[BOXES], whole;
	size_t n;
	bool fails;
} scene;
static struct plates found;
static const struct engines none;

bool __wrap_localise(struct localiser *l, const struct image *img, struct plate_box *out,
		     size_t most, size_t *n, struct err *e);
bool __wrap_place_look(const struct engines *g, const struct image *img,
		       const struct plate_quad *quad, struct place *p, struct err *e);
bool __wrap_place_second_opinion(const struct engines *g, const struct image *img, struct place *p,
				 struct err *e);
bool __wrap_state_look(struct state_teller *t, const struct image *img,
		       const struct plate_quad *quad, struct issuer_look *out, struct err *e);

bool __wrap_localise(struct localiser *l, const struct image *img, struct plate_box *out,
		     size_t most, size_t *n, struct err *e)
{
	(void)l;
	(void)img;
	if (scene.fails)
		return err_set(e, ERR_IO, "localise: broken");
	*n = 0;
	for (size_t i = 0; i < scene.n && *n < most; i++) {
		const struct thing *t = &scene.at[i];

		if (t->score > 0)
			out[(*n)++] =
			    (struct plate_box){{{t->x, t->y, t->x + t->w, t->y, t->x + t->w,
						 t->y + t->h, t->x, t->y + t->h}},
					       t->score};
	}
	return true;
}

static struct thing *thing_at(const struct image *img, const struct plate_quad *q)
{
	float cx = (q->p[0] + q->p[4]) / 2, cy = (q->p[1] + q->p[5]) / 2;

	if (q->p[4] - q->p[0] > 0.9f * (float)img->width)
		return &scene.whole;
	for (size_t i = 0; i < scene.n; i++) {
		struct thing *t = &scene.at[i];

		if (fabsf(cx - t->x - t->w / 2) < 1 && fabsf(cy - t->y - t->h / 2) < 1)
			return t;
	}
	return NULL;
}

static void see(const struct thing *t, struct place *p, uint8_t engine)
{
	lattice_text(&p->seen[p->n], t && t->text ? t->text : "", t && t->text ? t->sure : 1);
	p->seen[p->n].engine = engine;
	for (uint32_t i = 0; i < p->seen[p->n].steps; i += 2)
		p->seen[p->n].logp[i][0] = -1e-6f; /* no doubt between characters */
	p->n++;
}

bool __wrap_place_look(const struct engines *g, const struct image *img,
		       const struct plate_quad *quad, struct place *p, struct err *e)
{
	struct thing *t = thing_at(img, quad);

	(void)g;
	(void)e;
	if (t)
		t->looks++;
	see(t, p, PLATE_NETWORK);
	return true;
}

bool __wrap_place_second_opinion(const struct engines *g, const struct image *img, struct place *p,
				 struct err *e)
{
	struct thing *t = thing_at(img, &p->quad);

	(void)g;
	(void)e;
	if (t)
		t->asked++;
	see(t, p, PLATE_TESSERACT);
	return true;
}

bool __wrap_state_look(struct state_teller *t, const struct image *img,
		       const struct plate_quad *quad, struct issuer_look *out, struct err *e)
{
	(void)t;
	(void)img;
	(void)quad;
	(void)out;
	return err_set(e, ERR_LIMIT, "too small");
}

static struct thing *put(const char *text, float sure, float score, float x, float y, float w,
			 float h)
{
	struct thing *t = &scene.at[scene.n++];

	*t = (struct thing){
	    .x = x, .y = y, .w = w, .h = h, .score = score, .text = text, .sure = sure};
	return t;
}

static int begin(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof scene);
	return 0;
}

static void look_at_picture(uint32_t width, uint32_t height)
{
	static const uint8_t nothing[1];
	const struct image img = {nothing, width, height, width};
	struct err e = {0};

	assert_true(plates_find(&none, &img, 1, &found, &e));
}

static void a_sure_read_gets_one_look(void **state)
{
	const struct thing *t = put("ABC1234", 0.9999f, 0.8f, 500, 300, 100, 50);

	(void)state;
	look_at_picture(1280, 720);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.at[0].read.text, "ABC1234");
	assert_int_equal(t->looks, 1);
	assert_int_equal(t->asked, 0);
	assert_int_equal(scene.whole.looks, 0);
}

static void doubt_asks_the_other_engine_and_looks_again(void **state)
{
	const struct thing *t = put("ABC1234", 0.8f, 0.8f, 500, 300, 100, 50);

	(void)state;
	look_at_picture(720, 1280);
	assert_int_equal(found.n, 1);
	assert_int_equal(t->asked, 1);
	assert_int_equal(t->looks, 3);
}

static void what_reads_as_nothing_is_left_at_that(void **state)
{
	const struct thing *t = put(NULL, 0, 0.9f, 500, 300, 100, 50);

	(void)state;
	look_at_picture(720, 1280);
	assert_int_equal(found.n, 0);
	assert_int_equal(t->looks, 1);
	assert_int_equal(t->asked, 0);
}

static void faint_boxes_beside_a_plate_are_spared(void **state)
{
	struct thing *plate = put("ABC1234", 0.9999f, 0.8f, 500, 300, 100, 50);
	const struct thing *second = put("XYZ987", 0.9999f, 0.7f, 100, 300, 100, 50);
	const struct thing *faint = put("EXIT", 0.9999f, 0.41f, 800, 300, 100, 50);

	(void)state;
	look_at_picture(720, 1280);
	assert_int_equal(found.n, 2);
	assert_int_equal(second->looks, 1);
	assert_int_equal(faint->looks, 0);
	plate->text = NULL; /* no plate: everything may be one */
	scene.at[1].text = NULL;
	look_at_picture(720, 1280);
	assert_int_equal(faint->looks, 1);
}

/* A text is only as sure as that there is a plate. */
static void a_low_score_lowers_the_confidence(void **state)
{
	float high;

	(void)state;
	(void)put("ABC1234", 0.9999f, 0.9f, 500, 300, 100, 50);
	look_at_picture(720, 1280);
	high = found.at[0].read.confidence;
	scene.at[0].score = 0.45f;
	look_at_picture(720, 1280);
	assert_true(found.at[0].read.confidence < 0.6f * high);
	assert_true(found.at[0].read.alternatives[0].confidence == found.at[0].read.confidence);
}

/* The localiser sees the sticker of a plate that is all of the picture. */
static void a_whole_picture_beats_its_sticker(void **state)
{
	(void)state;
	(void)put("2012", 0.999f, 0.65f, 264, 16, 49, 30);
	scene.whole.text = "JAKEMRY";
	scene.whole.sure = 0.99f;
	look_at_picture(320, 162);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.at[0].read.text, "JAKEMRY");
	assert_true(found.at[0].shown[0].quad.p[4] == 320.0f);
}

static void a_photo_is_no_plate(void **state)
{
	(void)state;
	(void)put("AB1C2D", 0.97f, 0.7f, 264, 100, 20, 10);
	scene.whole.text = "IIFI"; /* what a photo of a car may look like, badly */
	scene.whole.sure = 0.4f;
	look_at_picture(320, 162);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.at[0].read.text, "AB1C2D");
	/* Nor is one of another shape, however it would read; it is not looked at. */
	scene.whole = (struct thing){.text = "JAKEMRY", .sure = 0.9999f};
	look_at_picture(320, 320);
	assert_string_equal(found.at[0].read.text, "AB1C2D");
	assert_int_equal(scene.whole.looks, 0);
}

/* In doubt the whole asks the other engine like any box. */
static void a_doubtful_whole_asks_the_other_engine(void **state)
{
	(void)state;
	scene.whole.text = "A1B2C3";
	scene.whole.sure = 0.9f;
	look_at_picture(320, 162);
	assert_int_equal(scene.whole.asked, 1);
	scene.whole = (struct thing){.text = "A1B2C3", .sure = 0.9999f};
	look_at_picture(320, 162);
	assert_int_equal(scene.whole.asked, 0);
	assert_int_equal(scene.whole.looks, 1);
}

/* Short scraps that the whole seems to read must convince more. */
static void a_whole_of_two_characters_must_be_sure(void **state)
{
	(void)state;
	scene.whole.text = "A1";
	scene.whole.sure = 0.7f;
	look_at_picture(320, 162);
	assert_int_equal(found.n, 0);
	scene.whole.text = "A1B2C3";
	scene.whole.sure = 0.96f;
	look_at_picture(320, 162);
	assert_int_equal(found.n, 1);
}

/* A box that fills the picture but cuts a character off. */
static void the_whole_completes_a_plate_that_fills_it(void **state)
{
	(void)state;
	(void)put("DE8Y2", 0.9999f, 0.7f, 0, 5, 270, 150);
	scene.whole.text = "DE8Y2A";
	scene.whole.sure = 0.99f;
	look_at_picture(320, 162);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.at[0].read.text, "DE8Y2A");
	/* What is sure, and not a part of what the whole says, stays as it is. */
	scene.whole.text = "XYZ999";
	look_at_picture(320, 162);
	assert_string_equal(found.at[0].read.text, "DE8Y2");
	assert_int_equal(found.at[0].read.n_alternatives > 0, 1);
	for (size_t i = 0; i < found.at[0].read.n_alternatives; i++)
		assert_string_not_equal(found.at[0].read.alternatives[i].text, "XYZ999");
}

static void two_angles_become_one_plate(void **state)
{
	static const uint8_t nothing[1];
	const struct image pair[2] = {{nothing, 720, 1280, 720}, {nothing, 720, 1280, 720}};
	struct err e = {0};

	(void)state;
	(void)put("ABC1234", 0.95f, 0.8f, 500, 300, 100, 50);
	assert_true(plates_find(&none, pair, 2, &found, &e));
	assert_int_equal(found.n, 1);
	assert_true(found.at[0].shown[0].n > 0 && found.at[0].shown[1].n > 0);
}

static void best_first(void **state)
{
	(void)state;
	(void)put("ABC1234", 0.9f, 0.6f, 500, 300, 100, 50);
	(void)put("XYZ987", 0.9999f, 0.8f, 100, 300, 100, 50);
	look_at_picture(720, 1280);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.at[0].read.text, "XYZ987");
}

static void errors_rise(void **state)
{
	static const uint8_t nothing[1];
	const struct image img = {nothing, 720, 1280, 720};
	struct err e = {0};

	(void)state;
	scene.fails = true;
	assert_false(plates_find(&none, &img, 1, &found, &e));
	assert_int_equal(e.code, ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_sure_read_gets_one_look, begin),
	    cmocka_unit_test_setup(doubt_asks_the_other_engine_and_looks_again, begin),
	    cmocka_unit_test_setup(what_reads_as_nothing_is_left_at_that, begin),
	    cmocka_unit_test_setup(faint_boxes_beside_a_plate_are_spared, begin),
	    cmocka_unit_test_setup(a_low_score_lowers_the_confidence, begin),
	    cmocka_unit_test_setup(a_whole_picture_beats_its_sticker, begin),
	    cmocka_unit_test_setup(a_photo_is_no_plate, begin),
	    cmocka_unit_test_setup(a_doubtful_whole_asks_the_other_engine, begin),
	    cmocka_unit_test_setup(a_whole_of_two_characters_must_be_sure, begin),
	    cmocka_unit_test_setup(the_whole_completes_a_plate_that_fills_it, begin),
	    cmocka_unit_test_setup(two_angles_become_one_plate, begin),
	    cmocka_unit_test_setup(best_first, begin),
	    cmocka_unit_test_setup(errors_rise, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
