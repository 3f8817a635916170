/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/issuer_words.h"
#include "ocr/lexicon.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A strip that reads `text`: a letter with probability p, then a blank, what is left spread evenly.
 */
static struct lexicon_strip reads(const char *text, float p)
{
	struct lexicon_strip s = {.steps = 0};

	for (; *text; text++)
		for (int blank = 0; blank < 2; blank++) {
			float *row = s.p[s.steps++];

			for (size_t c = 0; c < LEXICON_CLASSES; c++)
				row[c] = (1 - p) / (LEXICON_CLASSES - 1);
			row[blank ? 0 : *text - 'A' + 1] = p;
		}
	return s;
}

static struct issuer_look look_at(const struct lexicon_strip *strips, size_t n)
{
	struct issuer_look l;
	float sum = 0;

	lexicon_begin(&l);
	for (size_t i = 0; i < n; i++)
		lexicon_add(&strips[i], &l);
	lexicon_end(&l);
	for (size_t s = 0; s < ISSUER_CLASSES; s++) {
		assert_true(isfinite(l.logp[s]) && l.logp[s] <= 0);
		sum += expf(l.logp[s]);
	}
	assert_true(fabsf(sum - 1.0f) < 1e-3f);
	return l;
}

static const char *likeliest(const struct issuer_look *l)
{
	size_t best = 0;

	for (size_t s = 1; s < ISSUER_CLASSES; s++)
		if (l->logp[s] > l->logp[best])
			best = s;
	return issuer_code(best);
}

static void the_table_is_sound(void **state)
{
	size_t n, at = 0;
	const struct issuer_word *w = issuer_words(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(w[i].letters);

		if (i == 0 || strcmp(w[i].jurisdiction, w[i - 1].jurisdiction) != 0)
			assert_string_equal(w[i].jurisdiction, issuer_code(at++));
		assert_true(length >= 4 && length <= ISSUER_WORD_MAX);
		assert_int_equal(strspn(w[i].letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), length);
		for (size_t k = i + 1; k < n; k++)
			assert_string_not_equal(w[i].letters, w[k].letters);
	}
	assert_int_equal(at, ISSUER_STATES + 1); /* and words of nobody here */
}

/* By hand: two steps, one letter: a-, -a and aa. */
static void likelihood_is_the_sum_over_paths(void **state)
{
	struct lexicon_strip s = {.steps = 2};
	float by_hand = .6f * .3f + .1f * .7f + .6f * .7f;

	(void)state;
	s.p[0][0] = .1f;
	s.p[0][1] = .6f;
	s.p[1][0] = .3f;
	s.p[1][1] = .7f;
	assert_true(fabsf(lexicon_log_likelihood(&s, "A") - logf(by_hand)) < 1e-5f);
	assert_true(fabsf(lexicon_log_likelihood(&s, "") - logf(.1f * .3f)) < 1e-5f);
	/* A letter twice needs a blank between. */
	assert_true(lexicon_log_likelihood(&s, "AA") <= -51.9f);
}

static void a_name_names_its_state(void **state)
{
	size_t n;
	const struct issuer_word *w = issuer_words(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct lexicon_strip s = reads(w[i].letters, .95f);
		struct issuer_look l;

		if (s.steps > 48)
			continue;
		l = look_at(&s, 1);
		assert_string_equal(likeliest(&l), w[i].jurisdiction);
	}
}

static void a_letter_may_be_misread(void **state)
{
	const struct lexicon_strip strips[] = {reads("VTRGINIA", .9f), reads("MISSDURI", .9f)};
	struct issuer_look l;

	(void)state;
	l = look_at(&strips[0], 1);
	assert_string_equal(likeliest(&l), "VA");
	l = look_at(&strips[1], 1);
	assert_string_equal(likeliest(&l), "MO");
}

static void other_words_say_nothing(void **state)
{
	static const char *const texts[] = {"CARMAX", "ONTARIO", "QNTARIO",	 "VETERAN",
					    "",	      "X",	 "TOYOTAOFTOWN", "JAN"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct lexicon_strip s = reads(texts[i], .95f);
		struct issuer_look l = look_at(&s, 1);

		const struct issuer_look *looks[] = {&l};
		char out[3] = "??";

		issuer_decide(looks, 1, "", out);
		assert_string_equal(out, "");
	}
}

static void strips_support_or_contradict_each_other(void **state)
{
	const struct lexicon_strip both[] = {reads("MISSOURI", .5f), reads("SHOWMESTATE", .6f)},
				   against[] = {reads("MICHIGAN", .95f), reads("WASHINGTON", .95f)};
	struct issuer_look one = look_at(both, 1), two = look_at(both, 2),
			   torn = look_at(against, 2);
	char out[3];
	const struct issuer_look *looks[] = {&torn};

	(void)state;
	assert_string_equal(likeliest(&two), "MO");
	assert_true(two.logp[ISSUER_UNKNOWN] < one.logp[ISSUER_UNKNOWN]);
	issuer_decide(looks, 1, "", out);
	assert_string_equal(out, "");
}

static void one_clear_name_is_enough(void **state)
{
	const struct lexicon_strip clear = reads("NEBRASKA", .97f), half = reads("NE", .5f),
				   other = reads("CARMAX", .97f);
	const struct lexicon_strip *strips[] = {&clear, &half, &other};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct issuer_look l;

		lexicon_begin(&l);
		assert_false(lexicon_sure(&l));
		lexicon_add(strips[i], &l);
		assert_int_equal(lexicon_sure(&l), i == 0);
	}
}

static void nothing_at_all(void **state)
{
	const struct lexicon_strip none = {.steps = 0};
	struct lexicon_strip zero = {.steps = LEXICON_STEPS};
	struct issuer_look l = look_at(&none, 0);

	(void)state;
	assert_true(fabsf(l.logp[0] - l.logp[ISSUER_UNKNOWN]) < 1e-2f);
	l = look_at(&none, 1);
	assert_true(fabsf(l.logp[0] - l.logp[ISSUER_UNKNOWN]) < 1e-2f);
	l = look_at(&zero, 1);
	assert_true(isfinite(l.logp[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_table_is_sound),
	    cmocka_unit_test(likelihood_is_the_sum_over_paths),
	    cmocka_unit_test(a_name_names_its_state),
	    cmocka_unit_test(a_letter_may_be_misread),
	    cmocka_unit_test(other_words_say_nothing),
	    cmocka_unit_test(strips_support_or_contradict_each_other),
	    cmocka_unit_test(one_clear_name_is_enough),
	    cmocka_unit_test(nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
