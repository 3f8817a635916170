/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator: reproducible, and its truth is true. */
#include "hal/sim/plate.h"
#include "hal/sim/street.h"
#include "hal/sim/truth.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FONTS	 "/usr/share/fonts"
#define W	 640
#define H	 360
#define FRAME_NS 83333333

static struct art *art;

static int setup(void **state)
{
	struct err e = {ERR_NONE, ""};

	(void)state;
	if (art_open(FONTS, &art, &e))
		return 0;
	print_error("%s\n", e.text);
	return -1;
}

static int teardown(void **state)
{
	(void)state;
	art_close(art);
	return 0;
}

static uint64_t hash(uint64_t h, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h;
}

static struct street_setup small(uint64_t seed)
{
	struct street_setup s = {.width = W, .height = H, .seed = seed, .passages = 2};

	return s;
}

static struct street *street(const struct street_setup *setup)
{
	struct err e = {ERR_NONE, ""};
	struct street *s = NULL;

	if (!street_new(setup, art, &s, &e))
		fail_msg("%s", e.text);
	return s;
}

static uint64_t run(const struct street_setup *setup, int frames)
{
	struct street *s = street(setup);
	uint8_t *luma = malloc(W * H);
	uint64_t h = 14695981039346656037u;

	for (int i = 0; i < frames; i++) {
		street_step(s, (int64_t)i * FRAME_NS);
		for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
			street_draw(s, c, luma, W);
			h = hash(h, luma, W * H);
		}
	}
	free(luma);
	street_free(s);
	return h;
}

static void same_seed_same_bytes(void **state)
{
	struct street_setup a = small(7), b = small(8);

	(void)state;
	assert_true(run(&a, 30) == run(&a, 30));
	assert_true(run(&a, 30) != run(&b, 30));
	a.light = SIM_LIGHT_MIXED;
	a.weather = SIM_RAIN;
	a.hard = SIM_ALL;
	assert_true(run(&a, 60) == run(&a, 60));
}

static void empty_road_has_only_noise(void **state)
{
	struct street_setup setup = small(3);
	struct street *s = street(&setup);
	uint8_t *one = malloc(W * H), *two = malloc(W * H);
	double sum = 0;

	(void)state;
	street_step(s, 0);
	street_draw(s, 0, one, W);
	street_step(s, FRAME_NS);
	street_draw(s, 0, two, W);
	for (int i = 0; i < W * H; i++)
		sum += abs(one[i] - two[i]);
	assert_true(sum > 0);
	assert_true(sum / (W * H) < 4);
	free(one);
	free(two);
	street_free(s);
}

/* Mean and deviation inside a quad's bounding box. */
static void look(const uint8_t *luma, const float *q, double *mean, double *dev)
{
	int x0 = (int)fminf(q[0], q[6]), x1 = (int)fmaxf(q[2], q[4]), y0 = (int)fminf(q[1], q[3]),
	    y1 = (int)fmaxf(q[5], q[7]);
	double sum = 0, squares = 0;
	int n = 0;

	for (int y = y0; y < y1; y++)
		for (int x = x0; x < x1; x++, n++) {
			sum += luma[y * W + x];
			squares += (double)luma[y * W + x] * luma[y * W + x];
		}
	*mean = sum / n;
	*dev = sqrt(squares / n - *mean * *mean);
}

static void check_plate(const uint8_t *luma, const struct street_plate *p)
{
	double mean, dev;

	for (int i = 0; i < 8; i += 2) {
		assert_true(p->quad[i] >= 0 && p->quad[i] <= W);
		assert_true(p->quad[i + 1] >= 0 && p->quad[i + 1] <= H);
	}
	/* Clockwise from the top left. */
	assert_true(p->quad[0] < p->quad[2] && p->quad[6] < p->quad[4]);
	assert_true(p->quad[1] < p->quad[7] && p->quad[3] < p->quad[5]);
	look(luma, p->quad, &mean, &dev);
	assert_true(dev > 6); /* characters on sheeting: far more than noise */
}

static void truth_agrees_with_pictures(void **state)
{
	struct street_setup setup = small(5);
	struct street *s = street(&setup);
	uint8_t *luma = malloc(W * H);
	struct street_plate plates[STREET_ACTORS];
	struct street_passage p;
	unsigned seen = 0, left = 0;
	char line[TRUTH_LINE];

	(void)state;
	for (int i = 0; i < 400 && !street_ended(s); i++) {
		street_step(s, (int64_t)i * FRAME_NS);
		for (unsigned c = 0; c < FRAME_CAMERAS; c++) {
			size_t n = street_plates(s, c, plates);

			street_draw(s, c, luma, W);
			for (size_t k = 0; k < n; k++)
				if (plates[k].inside && !plates[k].occluded) {
					check_plate(luma, &plates[k]);
					seen++;
				}
		}
		while (street_left(s, &p)) {
			assert_int_equal(p.vehicle, ++left);
			assert_true(p.leave_ns > p.enter_ns);
			assert_true(p.sight[0].frames > 0 && p.sight[1].frames > 0);
			assert_true(p.sight[0].widest >= STREET_VISIBLE_PX);
			assert_true(truth_passage(&p, 0, line) > 0 &&
				    line[strlen(line) - 1] == '\n');
			assert_non_null(strstr(line, p.text));
		}
	}
	assert_true(street_ended(s));
	assert_int_equal(left, 2);
	assert_true(seen >= 8);
	free(luma);
	street_free(s);
}

static void every_wanted_plate_once(void **state)
{
	struct wanted_plate list[3] = {{"AB1C2D", "MO"}, {"ZZ99999", "IL"}, {"HOTROD", ""}};
	struct wanted wanted = {list, 3};
	struct street_setup setup = small(9);
	struct street *s;
	struct street_passage p;
	int hits[3] = {0, 0, 0}, others = 0;

	(void)state;
	setup.passages = 5;
	setup.wanted = &wanted;
	setup.wanted_share = 0; /* only because the passages run out */
	s = street(&setup);
	for (int i = 0; i < 1000 && !street_ended(s); i++) {
		street_step(s, (int64_t)i * FRAME_NS);
		while (street_left(s, &p)) {
			bool known = false;

			for (int k = 0; k < 3; k++)
				if (strcmp(p.text, list[k].text) == 0) {
					hits[k]++;
					known = true;
				}
			assert_true(p.wanted == known);
			others += !known;
		}
	}
	for (int k = 0; k < 3; k++)
		assert_int_equal(hits[k], 1);
	assert_int_equal(others, 2);
	street_free(s);
}

static void bad_setups_refused(void **state)
{
	struct wanted_plate list[3] = {{"A1", "MO"}, {"B2", "MO"}, {"C3", "MO"}};
	struct wanted wanted = {list, 3};
	struct street_setup bad[5];
	struct err e;

	(void)state;
	for (int i = 0; i < 5; i++)
		bad[i] = small(1);
	bad[0].width = 0;
	bad[1].height = 100000;
	bad[2].passages = -1;
	bad[3].wanted_share = NAN;
	bad[4].wanted = &wanted; /* three in two passages */
	for (int i = 0; i < 5; i++) {
		struct street *s = NULL;

		assert_false(street_new(&bad[i], art, &s, &e));
		assert_int_equal(e.code, ERR_CONFIG);
		assert_null(s);
	}
}

static void words_refused(void **state)
{
	struct street_setup s;
	struct err e;

	(void)state;
	assert_true(truth_words("mixed", "rain", "all", &s, &e));
	assert_int_equal(s.light, SIM_LIGHT_MIXED);
	assert_false(truth_words("noon", "rain", "all", &s, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_false(truth_words("day", "snow", "all", &s, &e));
	assert_false(truth_words("day", "rain", "", &s, &e));
}

static void missing_fonts_refused(void **state)
{
	struct art *a = NULL;
	struct err e;

	(void)state;
	assert_false(art_open("/nonexistent", &a, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_null(a);
}

static bool read_list(const char *text, struct wanted *w, struct err *e)
{
	char path[] = "/tmp/test_simXXXXXX";
	int fd = mkstemp(path);
	bool good;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	good = wanted_read(path, w, e);
	(void)unlink(path);
	return good;
}

static void lists_of_plates(void **state)
{
	static const char *const bad[] = {"ab1\n",   "TOOLONG99 MO\n", "A-1 MO\n",
					  "AB1 M\n", "AB1 MO extra\n", "\xff\xfe\n"};
	char lengthy[400];
	struct wanted w;
	struct err e;

	(void)state;
	assert_true(read_list("# list\n\nAB1C2D MO\nXYZ123\n  K9 IL # dog\n", &w, &e));
	assert_int_equal(w.n, 3);
	assert_string_equal(w.plates[1].text, "XYZ123");
	assert_string_equal(w.plates[1].jurisdiction, "");
	assert_true(wanted_has(&w, "K9"));
	assert_false(wanted_has(&w, "K"));
	wanted_free(&w);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(read_list(bad[i], &w, &e));
		assert_int_equal(e.code, ERR_FORMAT);
		assert_null(strstr(e.text, "AB1")); /* no plate in an error */
	}
	memset(lengthy, ' ', sizeof lengthy - 1);
	lengthy[sizeof lengthy - 1] = '\0';
	assert_false(read_list(lengthy, &w, &e));
	assert_false(wanted_read("/nonexistent", &w, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void plates_carry_their_text(void **state)
{
	static uint8_t luma[SIM_PLATE_BYTES];
	uint64_t last = 0;

	(void)state;
	for (uint64_t i = 0; i < 200; i++) {
		struct sim_random r;
		struct series s;
		struct sim_wear wear = {0, 0};
		struct sim_plate p = {.luma = luma};
		char text[PLATE_TEXT_SIZE];
		uint64_t h;

		sim_random_seed(&r, 4, i);
		series_random(&r, i % 4 == 0 ? SERIES_EU : SERIES_US, &s);
		sim_plate_draw(art, &r, &s, &wear, 100, &p);
		series_text(s.layout, text);
		assert_string_equal(p.text, text);
		assert_true(strlen(text) >= 1 && strlen(text) <= 9);
		assert_true(p.x0 >= 0 && p.x1 <= SIM_PLATE_W && p.y0 >= 0 && p.y1 <= SIM_PLATE_H);
		assert_true(fabsf((p.x1 - p.x0) / (p.y1 - p.y0) - p.aspect) < 0.01f);
		h = hash(1, luma, sizeof luma);
		assert_true(h != last);
		last = h;
	}
}

static void layouts_fit_known_series(void **state)
{
	struct sim_random r;
	struct series s;
	char text[PLATE_TEXT_SIZE];

	(void)state;
	sim_random_seed(&r, 1, 1);
	series_of(&r, "AB1C2D", "MO", &s);
	series_text(s.layout, text);
	assert_string_equal(text, "AB1C2D");
	assert_string_equal(s.jurisdiction, "MO");
	assert_true(strlen(s.layout) > 6); /* with its gap or emblem */
	series_of(&r, "12345678", "ZZ", &s);
	series_text(s.layout, text);
	assert_string_equal(text, "12345678");
	assert_true(series_known("MO"));
	assert_false(series_known("ZZ"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_seed_same_bytes),
	    cmocka_unit_test(empty_road_has_only_noise),
	    cmocka_unit_test(truth_agrees_with_pictures),
	    cmocka_unit_test(every_wanted_plate_once),
	    cmocka_unit_test(bad_setups_refused),
	    cmocka_unit_test(words_refused),
	    cmocka_unit_test(missing_fonts_refused),
	    cmocka_unit_test(lists_of_plates),
	    cmocka_unit_test(plates_carry_their_text),
	    cmocka_unit_test(layouts_fit_known_series),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
