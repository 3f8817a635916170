/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_help.h"

#include "firmware/store/intake.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static struct err why;

static int gift_of(size_t len)
{
	AUTO_FREE uint8_t *bytes = calloc(1, len + 1);
	struct iovec part = {bytes, len};
	int fd = -1;

	assert_non_null(bytes);
	for (size_t i = 0; i + 1 < len; i += 100) {
		bytes[i] = 0xff;
		bytes[i + 1] = 0xd8;
	}
	assert_true(gift_make("passage", &part, 1, &fd, &why));
	return fd;
}

static struct wire_passage good(void)
{
	struct wire_passage m = passage_of(1, "ABC123");

	for (uint32_t i = 0; i < WIRE_PICTURES; i++)
		m.pictures[i] = (struct wire_span){i * 100, 100};
	return m;
}

/* True when it is taken; the gift has 400 bytes. */
static bool taken(const struct wire_passage *m)
{
	AUTO_INTAKE struct intake in = {0};
	AUTO_CLOSE int fd = gift_of(400);

	why = (struct err){0};
	return intake_take(m, fd, &in, &why);
}

static void refused(const struct wire_passage *m, const char *what)
{
	assert_false(taken(m));
	assert_int_equal(why.code, ERR_PEER);
	if (!strstr(why.text, what))
		fail_msg("\"%s\" does not say %s", why.text, what);
	assert_null(strstr(why.text, "ABC"));
}

static void a_good_one_is_taken(void **state)
{
	AUTO_INTAKE struct intake in = {0};
	AUTO_CLOSE int fd = gift_of(400);
	struct wire_passage m = good();

	(void)state;
	m.pictures[WIRE_SCENE_1].len = 0;
	m.pictures[WIRE_SCENE_1].offset = UINT32_MAX; /* of an absent picture: not looked at */
	assert_true(intake_take(&m, fd, &in, &why));
	assert_int_equal(in.pictures[WIRE_SCENE_0].len, 100);
	assert_ptr_equal(in.pictures[WIRE_SCENE_0].jpeg, in.gift.data + 200);
	assert_null(in.pictures[WIRE_SCENE_1].jpeg);
}

static void text_is_terminated_and_is_a_plate(void **state)
{
	struct wire_passage m = good();

	(void)state;
	memset(m.read.text, 'A', sizeof m.read.text);
	memset(m.read.chars, 0, sizeof m.read.chars);
	assert_true(taken(&m));
	m = good();
	memcpy(m.read.text, "A\"}B", 5);
	refused(&m, "text");
	m = good();
	m.angles[1].read.text[2] = (char)0xff;
	refused(&m, "text");
	m = good();
	m.read.alternatives[0].text[0] = '<';
	refused(&m, "alternative");
	m = good();
	memcpy(m.read.jurisdiction, "M1", 3);
	refused(&m, "jurisdiction");
	m = good();
	m.read.text[0] = '\0'; /* nothing could be read: kept as a passage */
	assert_true(taken(&m));
}

static void numbers_are_finite_and_in_range(void **state)
{
	const float bad[] = {NAN, INFINITY, -INFINITY, -0.01f, 1.01f};
	struct wire_passage m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		m = good();
		m.read.confidence = bad[i];
		refused(&m, "confidence");
		m = good();
		m.angles[0].read.chars[5] = bad[i];
		refused(&m, "confidence of a character");
		m = good();
		m.read.alternatives[0].confidence = bad[i];
		refused(&m, "alternative");
	}
	m = good();
	m.angles[1].quad.p[7] = NAN;
	refused(&m, "corners");
	m.angles[1].quad.p[7] = 1e9f;
	refused(&m, "corners");
	m = good();
	m.read.n_alternatives = PLATE_ALTERNATIVES + 1;
	refused(&m, "number of alternatives");
	m = good();
	m.degraded = 2;
	refused(&m, "flags");
	m = good();
	m.angles[0].present = 7;
	refused(&m, "presence");
}

static void times_are_in_order(void **state)
{
	struct wire_passage m = good();

	(void)state;
	m.last_ns = m.first_ns - 1;
	refused(&m, "times");
	m = good();
	m.first_ns = INT64_MIN;
	refused(&m, "times");
	m = good();
	m.last_ns = INT64_MAX;
	refused(&m, "duration");
	m = good();
	m.best_ns = INT64_MAX;
	refused(&m, "duration");
	m = good();
	m.angles[0].capture_ns = -1;
	refused(&m, "capture time");
}

static void an_id_and_an_angle_there_must_be(void **state)
{
	struct wire_passage m = good();

	(void)state;
	memset(m.id, 0, sizeof m.id);
	refused(&m, "id");
	m = good();
	m.angles[0].present = m.angles[1].present = 0;
	refused(&m, "no angle");
	/* What is absent is not looked at. */
	m = good();
	m.angles[1].present = 0;
	m.angles[1].quad.p[0] = NAN;
	assert_true(taken(&m));
}

static void spans_stay_inside_the_gift(void **state)
{
	const struct wire_span bad[] = {
	    {300, 101}, {400, 1}, {UINT32_MAX, 1}, {1, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}};
	struct wire_passage m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		m = good();
		m.pictures[i % WIRE_PICTURES] = bad[i];
		assert_false(taken(&m));
		assert_true(why.code == ERR_PEER || why.code == ERR_LIMIT);
	}
	m = good();
	m.pictures[0].offset = 1;
	refused(&m, "no JPEG");
	m.pictures[0] = (struct wire_span){0, 3};
	refused(&m, "no JPEG");
}

static void a_gift_is_sealed_and_bounded(void **state)
{
	AUTO_INTAKE struct intake in = {0};
	AUTO_CLOSE int open_fd = memfd_create("open", MFD_ALLOW_SEALING);
	AUTO_CLOSE int large = gift_of(WIRE_GIFT_MAX + 1), empty = gift_of(0), null = -1;
	struct wire_passage m = good();

	(void)state;
	assert_int_equal(ftruncate(open_fd, 400), 0);
	assert_false(intake_take(&m, open_fd, &in, &why));
	assert_int_equal(why.code, ERR_PEER);
	assert_false(intake_take(&m, large, &in, &why));
	assert_int_equal(why.code, ERR_LIMIT);
	assert_false(intake_take(&m, empty, &in, &why));
	assert_int_equal(why.code, ERR_PEER);
	assert_false(intake_take(&m, null, &in, &why));
	assert_int_equal(why.code, ERR_PEER);
	/* Without pictures an empty gift is enough. */
	memset(m.pictures, 0, sizeof m.pictures);
	assert_true(intake_take(&m, empty, &in, &why));
}

/* Whatever a message holds, what is taken of it is what it should be. Reproducible: the seed is
 * fixed. */
static void a_message_of_any_bytes_is_taken_or_refused(void **state)
{
	AUTO_CLOSE int fd = gift_of(400);
	unsigned n_taken = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 200000; i++) {
		AUTO_INTAKE struct intake in = {0};
		struct wire_passage m = good();

		for (int k = rand() % 4; k >= 0; k--)
			((uint8_t *)&m)[(size_t)rand() % sizeof m] =
			    (uint8_t)(rand() % 2 ? rand() : 0xff);
		if (!intake_take(&m, fd, &in, &why))
			continue;
		n_taken++;
		assert_true(strlen(in.p.read.text) <= PLATE_TEXT_MAX);
		assert_true(in.p.read.n_alternatives <= PLATE_ALTERNATIVES);
		assert_true(in.p.read.confidence >= 0 && in.p.read.confidence <= 1);
		for (size_t k = 0; k < WIRE_PICTURES; k++)
			assert_true(!in.pictures[k].jpeg ||
				    (in.pictures[k].jpeg >= in.gift.data &&
				     in.pictures[k].len <= in.gift.len &&
				     in.pictures[k].jpeg + in.pictures[k].len <=
					 in.gift.data + in.gift.len));
	}
	assert_in_range(n_taken, 1000, 199000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_one_is_taken),
	    cmocka_unit_test(text_is_terminated_and_is_a_plate),
	    cmocka_unit_test(numbers_are_finite_and_in_range),
	    cmocka_unit_test(times_are_in_order),
	    cmocka_unit_test(an_id_and_an_angle_there_must_be),
	    cmocka_unit_test(spans_stay_inside_the_gift),
	    cmocka_unit_test(a_gift_is_sealed_and_bounded),
	    cmocka_unit_test(a_message_of_any_bytes_is_taken_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
