/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/fuse.h"

#include "ocr/beam.h"
#include "ocr/calibration.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Of these tests: what the models in use are worth changes with them. */
static const struct fuse_tuning tuning = {
    .engine = {1.0f, 1.0f}, .further = 0.35f, .alike = 0.7f, .nearly = 0.33f};

/* A lattice that says `text`, each character with probability `sure`, else `rival[i]` (the same:
 * surely). */
static struct plate_observation says(const char *text, float sure, const char *rival)
{
	struct plate_observation o = {.steps = 2 * (uint32_t)strlen(text) + 1, .weight = 1};

	for (uint32_t t = 0; t < o.steps; t++) {
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			o.logp[t][c] = -20;
		if (t % 2 == 0) {
			o.logp[t][0] = 0;
			continue;
		}
		o.logp[t][beam_class(text[t / 2])] = logf(sure);
		if (rival[t / 2] == text[t / 2])
			o.logp[t][beam_class(text[t / 2])] = 0;
		else
			o.logp[t][beam_class(rival[t / 2])] = logf(1 - sure);
	}
	return o;
}

static void one_sure_observation(void **state)
{
	struct plate_observation a = says("AB1C2D", 0.999f, "OOOOOO");
	const struct plate_observation *seen[] = {&a};
	struct plate_read r;

	(void)state;
	fuse_with(&tuning, seen, 1, &r);
	assert_string_equal(r.text, "AB1C2D");
	assert_true(r.confidence > 0.9f && r.confidence <= 1.0f);
	assert_string_equal(r.jurisdiction, ""); /* a text alone names no state */
	assert_string_equal(r.alternatives[0].text, r.text);
	assert_true(r.alternatives[0].confidence == r.confidence);
	for (int i = 0; i < 6; i++)
		assert_true(r.chars[i] >= r.confidence && r.chars[i] <= 1.0f);
}

static void the_doubtful_character_is_the_one_named(void **state)
{
	struct plate_observation a = says("K80", 0.7f, "KB0");
	const struct plate_observation *seen[] = {&a};
	struct plate_read r;

	(void)state;
	fuse_with(&tuning, seen, 1, &r);
	assert_string_equal(r.text, "K80");
	assert_string_equal(r.alternatives[1].text, "KB0");
	assert_true(r.chars[1] < r.chars[0] && r.chars[1] < r.chars[2]);
	assert_true(fabsf(r.chars[1] - 0.7f) < 0.05f);
}

/* Each angle errs in another character; a vote on strings could only pick one of the two wrong
 * ones. */
static void two_angles_find_what_neither_read(void **state)
{
	struct plate_observation a = says("AB1", 0.6f, "AD1"), b = says("A81", 0.6f, "AB1");
	const struct plate_observation *seen[] = {&a, &b};
	struct plate_observation c = says("D01", 0.55f, "OQ1"), d = says("OQ1", 0.55f, "D01");
	const struct plate_observation *mixed[] = {&c, &d};
	struct plate_read r;

	(void)state;
	fuse_with(&tuning, seen, 2, &r);
	assert_string_equal(r.text, "AB1");
	fuse_with(&tuning, mixed, 2, &r);
	assert_int_equal(strlen(r.text), 3);
	assert_true(r.confidence < 0.6f);
}

static void agreement_raises_confidence(void **state)
{
	struct plate_observation a = says("XY7Z", 0.9f, "KVTZ");
	const struct plate_observation *seen[] = {&a, &a, &a};
	struct plate_read one, three;

	(void)state;
	fuse_with(&tuning, seen, 1, &one);
	fuse_with(&tuning, seen, 3, &three);
	assert_string_equal(three.text, "XY7Z");
	assert_true(three.confidence > one.confidence);
}

static void weight_decides_a_tie(void **state)
{
	struct plate_observation a = says("B", 0.8f, "8"), b = says("8", 0.8f, "B");
	const struct plate_observation *seen[] = {&a, &b};
	struct plate_read r;

	(void)state;
	a.weight = 3;
	fuse_with(&tuning, seen, 2, &r);
	assert_string_equal(r.text, "B");
	a.weight = 1;
	b.weight = 3;
	fuse_with(&tuning, seen, 2, &r);
	assert_string_equal(r.text, "8");
}

/* Ten frames of the plate and one of something else. */
static void an_outlier_does_not_veto(void **state)
{
	struct plate_observation good = says("WG4L2M", 0.95f, "NO1O2N"),
				 bad = says("EXIT", 0.99f, "F111");
	const struct plate_observation *seen[11] = {&bad};
	struct plate_read r;

	(void)state;
	for (int i = 1; i < 11; i++)
		seen[i] = &good;
	fuse_with(&tuning, seen, 11, &r);
	assert_string_equal(r.text, "WG4L2M");
	assert_true(r.confidence > 0.9f);
}

static void nothing_there_gives_no_text(void **state)
{
	struct plate_observation blank = {.steps = 8, .weight = 1};
	const struct plate_observation *seen[] = {&blank};
	struct plate_read r;

	(void)state;
	for (size_t t = 0; t < 8; t++)
		for (size_t c = 0; c < PLATE_CLASSES; c++)
			blank.logp[t][c] = c ? -INFINITY : 0;
	fuse_with(&tuning, seen, 1, &r);
	assert_string_equal(r.text, "");
	assert_true(r.confidence == 0 && r.n_alternatives == 0);
	for (size_t t = 0; t < 8; t++) {
		blank.logp[t][0] = logf(0.99f);
		blank.logp[t][1] = logf(0.01f);
	}
	fuse_with(&tuning, seen, 1, &r);
	assert_true(r.confidence < 0.2f);
}

static void expect_harmless(const struct plate_observation *o)
{
	struct plate_observation good = says("GOOD1", 0.95f, "6000I");
	const struct plate_observation *seen[] = {o, &good, NULL};
	struct plate_read r;

	fuse_with(&tuning, seen, 1, &r);
	assert_true(r.confidence >= 0 && r.confidence <= 1);
	assert_true(strlen(r.text) <= PLATE_TEXT_MAX);
	fuse_with(&tuning, seen, 3, &r);
	assert_true(r.confidence >= 0 && r.confidence <= 1);
}

static void hostile_lattices(void **state)
{
	struct plate_observation o = says("A", 0.9f, "B");

	(void)state;
	o.steps = 0;
	expect_harmless(&o);
	o.steps = PLATE_STEPS + 1;
	expect_harmless(&o);
	o.steps = UINT32_MAX;
	expect_harmless(&o);
	const float values[] = {NAN, INFINITY, -INFINITY, 0, 1e30f, -1e30f};
	for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
		o.steps = PLATE_STEPS;
		for (size_t t = 0; t < PLATE_STEPS; t++)
			for (size_t c = 0; c < PLATE_CLASSES; c++)
				o.logp[t][c] = values[v];
		expect_harmless(&o);
	}
	o = says("A", 0.9f, "B");
	const float weights[] = {NAN, INFINITY, -INFINITY, 0, -1, 1e30f, 1e-30f};
	for (size_t w = 0; w < sizeof weights / sizeof *weights; w++) {
		o.weight = weights[w];
		expect_harmless(&o);
	}
}

static void no_observation_gives_no_text(void **state)
{
	struct plate_read r;

	(void)state;
	memset(&r, 0x55, sizeof r);
	fuse_with(&tuning, NULL, 0, &r);
	assert_string_equal(r.text, "");
	assert_true(r.confidence == 0 && r.n_alternatives == 0);
}

static void likelihood_of_one_observation(void **state)
{
	struct plate_observation o = says("A1", 0.8f, "B7");

	(void)state;
	assert_true(fabsf(fuse_log_likelihood(&o, "A1") - logf(0.64f)) < 1e-4f);
	assert_true(fabsf(fuse_log_likelihood(&o, "B1") - logf(0.16f)) < 1e-4f);
	assert_true(fuse_log_likelihood(&o, "not a plate") == -INFINITY);
	o.steps = 0;
	assert_true(fuse_log_likelihood(&o, "A1") == -INFINITY);
	o.steps = PLATE_STEPS + 1;
	assert_true(fuse_log_likelihood(&o, "A1") == -INFINITY);
}

static void many_observations(void **state)
{
	static struct plate_observation o[200];
	const struct plate_observation *seen[200];
	struct plate_read r;

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		/* Each frame is sure of all but one character, which it has wrong more often than
		 * right. */
		char rival[] = "HJK4567";
		rival[i % 7] = "NU1AS6T"[i % 7];
		o[i] = says("HJK4567", 0.9f, rival);
		size_t t = 2 * (i % 7) + 1, right = beam_class("HJK4567"[i % 7]),
		       wrong = beam_class(rival[i % 7]);
		o[i].logp[t][right] = logf(0.4f);
		o[i].logp[t][wrong] = logf(0.6f);
		seen[i] = &o[i];
	}
	fuse_with(&tuning, seen, 200, &r);
	assert_string_equal(r.text, "HJK4567");
	assert_true(r.n_alternatives <= PLATE_ALTERNATIVES);
}

/* The one best spelling of one observation, each character seen with `sure`, else its rival. */
static struct plate_read read_one(const char *text, float sure, const char *rival)
{
	struct plate_observation a = says(text, sure, rival);
	const struct plate_observation *seen[] = {&a};
	struct plate_read r;

	fuse_with(&tuning, seen, 1, &r);
	return r;
}

static bool among(const struct plate_read *r, const char *text)
{
	for (size_t i = 0; i < r->n_alternatives; i++)
		if (strcmp(r->alternatives[i].text, text) == 0)
			return true;
	return false;
}

/* O and 0, I and 1 look alike: how common a series is decides what the strokes leave open, and only
 * that. */
static void series_tell_what_is_drawn_alike(void **state)
{
	static const struct {
		const char *seen, *rival, *expected;
	} cases[] = {
	    {"SHOR7X", "SH0R7X", "SH0R7X"}, /* LLDLDL, and nobody has LLLLDL */
	    {"H0B651", "HOB651", "HOB651"},	  {"O57SMF", "057SMF", "057SMF"},
	    {"CJIP5G", "CJ1P5G", "CJ1P5G"},	  {"H1K7308", "HIK7308", "HIK7308"},
	    {"ABIO1234", "AB101234", "AB101234"}, /* LLDDDDDD */
	    {"4B0497I", "4BO4971", "4B04971"},	  /* Czech */
	    {"OY09FEU", "0Y09FEU", "OY09FEU"},	  /* British */
	    {"BA3O2OZ", "BA3020Z", "BA302OZ"},	  /* Slovak: both, one or none is wrong */
	    {"SHQR7X", "SHWR7X", "SHQR7X"},	  /* Q is another stroke than W */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct plate_read r = read_one(cases[i].seen, 0.7f, cases[i].rival);
		float sum = 0;

		assert_string_equal(r.text, cases[i].expected);
		assert_true(r.confidence > 0.4f && r.confidence <= 1.0f);
		assert_true(among(&r, cases[i].seen) || among(&r, cases[i].rival));
		for (size_t k = 0; k < r.n_alternatives; k++)
			sum += r.alternatives[k].confidence;
		assert_true(sum < 1.001f);
	}
}

/* Where no series tells, the digit is what hotlists have. */
static void words_have_zeros(void **state)
{
	static const char *const words[][2] = {
	    {"CUSTOM", "CUST0M"}, {"G0LFING", "GOLFING"}, {"OO7", "007"}, {"O", "0"}};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct plate_read r = read_one(words[i][0], 0.6f, words[i][1]);

		for (size_t k = 0; r.text[k]; k++)
			assert_int_not_equal(r.text[k], 'O');
		assert_int_equal(strlen(r.text), strlen(words[i][0]));
		assert_true(among(&r, words[i][0]));
	}
	/* I and 1 have no such rule: as they look. */
	struct plate_read r = read_one("BIKERS", 0.6f, "B1KERS");

	assert_string_equal(r.text, "BIKERS");
}

/* All of its places at once, which no observation proposes by itself. */
static void several_places_are_tried_together(void **state)
{
	struct plate_read r = read_one("I4IO5O2", 0.98f, "1410502");

	(void)state;
	assert_string_equal(r.text, "1410502");
}

static void what_is_drawn_nearly_alike_moves_little(void **state)
{
	struct plate_read r = read_one("7ABC12B", 0.55f, "7ABC128");

	(void)state;
	assert_string_equal(r.text, "7ABC128"); /* DLLLDDD */
	r = read_one("7ABC12B", 0.97f, "7ABC128");
	assert_string_equal(r.text, "7ABC12B");
	r = read_one("P356R6H", 0.52f, "P356RGH");
	assert_string_equal(r.text, "P356RGH");
	r = read_one("P356R4H", 0.52f, "P356RAH"); /* not alike at all: no series helps */
	assert_string_equal(r.text, "P356R4H");
}

/* What is surely seen stays, and doubt between twins lowers the confidence of both. */
static void strokes_overrule(void **state)
{
	struct plate_read r = read_one("SHOR7X", 0.99999f, "SH0R7X");

	(void)state;
	assert_string_equal(r.text, "SHOR7X");
	r = read_one("ABO123", 0.5f, "AB0123"); /* LLLDDD and LLDDDD: both exist */
	assert_true(r.confidence < 0.9f && r.alternatives[1].confidence > 0.1f);
	assert_true(r.chars[2] < 0.9f && r.chars[0] > 0.99f);
}

/* Two engines that are right as often as they say, and agree, are worth more than two looks of one.
 */
static void engines_add_up(void **state)
{
	struct plate_observation a = says("XY7Z", 0.8f, "KVTZ"), b = a;
	const struct plate_observation *seen[] = {&a, &b};
	const struct fuse_tuning by = {
	    .engine = {1.0f, 1.0f}, .further = 0.35f, .alike = 0.7f, .nearly = 0.3f};
	struct plate_read same, two;

	(void)state;
	fuse_with(&by, seen, 2, &same);
	b.engine = PLATE_TESSERACT;
	fuse_with(&by, seen, 2, &two);
	assert_string_equal(two.text, "XY7Z");
	assert_true(two.confidence > same.confidence);
	b.engine = PLATE_ENGINES; /* nobody's: as if it were not there */
	fuse_with(&by, seen, 2, &two);
	assert_true(two.confidence < same.confidence);
}

static void the_numbers_in_use_are_those_of_the_calibration(void **state)
{
	struct plate_observation a = says("XY7Z", 0.8f, "KVTZ");
	const struct plate_observation *seen[] = {&a};
	struct plate_read used, with;

	(void)state;
	fuse(seen, 1, &used);
	fuse_with(&calibration_fuse, seen, 1, &with);
	assert_memory_equal(&used, &with, sizeof used);
}

/* An exponent below 1 flattens, above 1 sharpens. */
static void tuning_tempers(void **state)
{
	struct fuse_tuning by = {.engine = {1, 1}, .further = 0.3f};
	struct plate_observation a = says("XY7Z", 0.8f, "KVTZ");
	const struct plate_observation *seen[] = {&a};
	struct plate_read plain, flat, sharp;

	(void)state;
	fuse_with(&by, seen, 1, &plain);
	by.engine[PLATE_NETWORK] = 0.5f;
	fuse_with(&by, seen, 1, &flat);
	by.engine[PLATE_NETWORK] = 2;
	fuse_with(&by, seen, 1, &sharp);
	assert_string_equal(flat.text, "XY7Z");
	assert_true(flat.confidence < plain.confidence && plain.confidence < sharp.confidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_sure_observation),
	    cmocka_unit_test(the_doubtful_character_is_the_one_named),
	    cmocka_unit_test(two_angles_find_what_neither_read),
	    cmocka_unit_test(agreement_raises_confidence),
	    cmocka_unit_test(weight_decides_a_tie),
	    cmocka_unit_test(an_outlier_does_not_veto),
	    cmocka_unit_test(nothing_there_gives_no_text),
	    cmocka_unit_test(hostile_lattices),
	    cmocka_unit_test(no_observation_gives_no_text),
	    cmocka_unit_test(likelihood_of_one_observation),
	    cmocka_unit_test(many_observations),
	    cmocka_unit_test(series_tell_what_is_drawn_alike),
	    cmocka_unit_test(words_have_zeros),
	    cmocka_unit_test(several_places_are_tried_together),
	    cmocka_unit_test(what_is_drawn_nearly_alike_moves_little),
	    cmocka_unit_test(strokes_overrule),
	    cmocka_unit_test(engines_add_up),
	    cmocka_unit_test(the_numbers_in_use_are_those_of_the_calibration),
	    cmocka_unit_test(tuning_tempers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
