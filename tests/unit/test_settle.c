/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several plates of one picture stays. */
#include "ocr/settle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct plates all;

static int begin(void **state)
{
	(void)state;
	memset(&all, 0, sizeof all);
	return 0;
}

/* A plate of picture 0 in the rectangle x, y, w, h. */
static void put(const char *text, float confidence, float x, float y, float w, float h)
{
	struct plates_found *p = &all.at[all.n++];

	p->shown[0].n = 1;
	p->shown[0].quad = (struct plate_quad){{x, y, x + w, y, x + w, y + h, x, y + h}};
	(void)snprintf(p->read.text, sizeof p->read.text, "%s", text);
	p->read.confidence = confidence;
	p->read.n_alternatives = 1;
	memcpy(p->read.alternatives[0].text, p->read.text, sizeof p->read.text);
	p->read.alternatives[0].confidence = confidence;
}

static void expect_one(const char *text)
{
	settle(&all, 0, 0);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.at[0].read.text, text);
}

static bool near(float a, float b)
{
	return fabsf(a - b) < 1e-4f;
}

static void apart_both_stay(void **state)
{
	(void)state;
	put("ABC1234", 0.9f, 0, 0, 100, 50);
	put("XYZ987", 0.4f, 110, 0, 100, 50);
	settle(&all, 0, 0);
	assert_int_equal(all.n, 2);
	assert_true(near(all.at[0].read.confidence, 0.9f));
	assert_true(near(all.at[1].read.confidence, 0.4f));
}

static void the_surer_stays_and_is_disputed(void **state)
{
	(void)state;
	put("ABC1234", 0.5f, 5, 0, 100, 50);
	put("ABC1284", 0.8f, 0, 0, 100, 50);
	expect_one("ABC1284");
	const struct plate_read *r = &all.at[0].read;
	assert_true(r->confidence < 0.8f && r->confidence > 0.5f);
	assert_int_equal(r->n_alternatives, 2);
	assert_true(r->alternatives[0].confidence == r->confidence);
	assert_string_equal(r->alternatives[1].text, "ABC1234");
	assert_true(r->alternatives[1].confidence > 0 && r->alternatives[1].confidence < 0.2f);
}

static void agreement_is_no_dispute(void **state)
{
	(void)state;
	put("ABC1234", 0.8f, 0, 0, 100, 50);
	put("ABC1234", 0.5f, 5, 0, 100, 50);
	expect_one("ABC1234");
	assert_true(near(all.at[0].read.confidence, 0.8f));
	assert_int_equal(all.at[0].read.n_alternatives, 1);
}

static void the_hopeless_dispute_nothing(void **state)
{
	(void)state;
	put("ABC1234", 0.8f, 0, 0, 100, 50);
	put("QQ", 0.06f, 5, 0, 100, 50);
	expect_one("ABC1234");
	assert_true(near(all.at[0].read.confidence, 0.8f));
}

/* A quad cuts characters off rather than adding some. */
static void the_longer_stays(void **state)
{
	(void)state;
	put("DE8Y2", 0.95f, 0, 0, 90, 50);
	put("DE8Y2A", 0.5f, 0, 0, 100, 50);
	expect_one("DE8Y2A");
	begin(NULL);
	put("DE8Y2A", 0.5f, 0, 0, 100, 50);
	put("DE8Y2", 0.95f, 0, 0, 90, 50);
	expect_one("DE8Y2A");
	begin(NULL);
	put("DE8Y2", 0.95f, 0, 0, 90, 50);
	put("IDE8Y2I", 0.2f, 0, 0, 100, 50);
	expect_one("DE8Y2");
}

static void a_sticker_loses_whatever_it_reads(void **state)
{
	(void)state;
	put("07105", 0.75f, 270, 140, 42, 27); /* hangs over the rim */
	put("CBB812", 0.6f, 18, 9, 276, 150);
	expect_one("CBB812");
	assert_true(near(all.at[0].read.confidence, 0.6f));
	begin(NULL);
	put("CBB812", 0.6f, 18, 9, 276, 150);
	put("2012", 0.99f, 20, 10, 40, 27);
	expect_one("CBB812");
	/* Something large that cannot be read is no plate with a sticker. */
	begin(NULL);
	put("II", 0.1f, 0, 0, 400, 200);
	put("CBB812", 0.9f, 100, 100, 60, 30);
	expect_one("CBB812");
	/* Half as large is no sticker. */
	begin(NULL);
	put("CBB812", 0.9f, 10, 10, 60, 30);
	put("II", 0.5f, 0, 0, 80, 40);
	expect_one("CBB812");
}

static void parts_of_a_whole_go(void **state)
{
	(void)state;
	put("OTHER1", 0.9f, 0, 0, 30, 20); /* of another picture: before `from` */
	put("2012", 0.9f, 10, 10, 30, 20);
	put("BIG4", 0.5f, 10, 40, 150, 60);
	put("AKE", 0.3f, 60, 60, 30, 20);
	put("JAKEMRY", 0.7f, 0, 0, 320, 160);
	settle_parts(&all, 1, 4, 0);
	assert_int_equal(all.n, 4);
	assert_string_equal(all.at[0].read.text, "OTHER1");
	assert_string_equal(all.at[1].read.text, "BIG4");
	assert_string_equal(all.at[2].read.text, "AKE");
	assert_string_equal(all.at[3].read.text, "JAKEMRY");
}

static void a_full_list_keeps_the_better(void **state)
{
	(void)state;
	put("ABC1234", 0.8f, 0, 0, 100, 50);
	put("ABC1284", 0.7f, 5, 0, 100, 50);
	struct plate_read *r = &all.at[0].read;
	r->n_alternatives = PLATE_ALTERNATIVES;
	for (size_t i = 1; i < PLATE_ALTERNATIVES; i++) {
		(void)snprintf(r->alternatives[i].text, PLATE_TEXT_SIZE, "X%zu", i);
		r->alternatives[i].confidence = 0.01f;
	}
	expect_one("ABC1234");
	assert_int_equal(all.at[0].read.n_alternatives, PLATE_ALTERNATIVES);
	assert_string_equal(all.at[0].read.alternatives[1].text, "ABC1284");
	for (size_t i = 1; i < PLATE_ALTERNATIVES; i++)
		assert_true(all.at[0].read.alternatives[i].confidence <=
			    all.at[0].read.alternatives[i - 1].confidence);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(apart_both_stay, begin),
	    cmocka_unit_test_setup(the_surer_stays_and_is_disputed, begin),
	    cmocka_unit_test_setup(agreement_is_no_dispute, begin),
	    cmocka_unit_test_setup(the_hopeless_dispute_nothing, begin),
	    cmocka_unit_test_setup(the_longer_stays, begin),
	    cmocka_unit_test_setup(a_sticker_loses_whatever_it_reads, begin),
	    cmocka_unit_test_setup(parts_of_a_whole_go, begin),
	    cmocka_unit_test_setup(a_full_list_keeps_the_better, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
