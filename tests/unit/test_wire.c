/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool check(const void *m, size_t len, size_t n_fds, enum wire_role from, enum wire_role to)
{
	struct err e = {0};
	bool ok = wire_check(m, len, n_fds, from, to, &e);

	if (!ok) {
		assert_int_equal(e.code, ERR_PEER);
		assert_true(strlen(e.text) > 0);
	}
	return ok;
}

static struct wire_pair_done good(void)
{
	struct wire_pair_done m = {.pair = 7};

	wire_start(&m.h, WIRE_PAIR_DONE, sizeof m);
	return m;
}

static void a_good_message_passes(void **state)
{
	struct wire_pair_done m = good();

	(void)state;
	assert_true(check(&m, sizeof m, 0, WIRE_VISION, WIRE_CAPTURE));
}

static void a_wrong_header_does_not(void **state)
{
	struct wire_pair_done m = good();

	(void)state;
	for (size_t len = 0; len < sizeof m; len++)
		assert_false(check(&m, len, 0, WIRE_VISION, WIRE_CAPTURE));
	m.h.version++;
	assert_false(check(&m, sizeof m, 0, WIRE_VISION, WIRE_CAPTURE));
	m = good();
	m.h.size++;
	assert_false(check(&m, sizeof m, 0, WIRE_VISION, WIRE_CAPTURE));
	for (unsigned type = 0; type <= UINT16_MAX; type++) {
		m = good();
		m.h.type = (uint16_t)type;
		assert_true(check(&m, sizeof m, 0, WIRE_VISION, WIRE_CAPTURE) ==
			    (type == WIRE_PAIR_DONE));
	}
}

static void descriptors_are_counted(void **state)
{
	struct wire_pair_done m = good();
	struct wire_hit hit = {0};

	(void)state;
	wire_start(&hit.h, WIRE_HIT, sizeof hit);
	assert_false(check(&m, sizeof m, 1, WIRE_VISION, WIRE_CAPTURE));
	assert_false(check(&hit, sizeof hit, 0, WIRE_STORE, WIRE_UPLINK));
	assert_true(check(&hit, sizeof hit, 1, WIRE_STORE, WIRE_UPLINK));
	assert_false(check(&hit, sizeof hit, 2, WIRE_STORE, WIRE_UPLINK));
}

/* Who may say a hit to whom: exactly one pair of roles. */
static void direction_is_checked(void **state)
{
	struct wire_hit hit = {0};

	(void)state;
	wire_start(&hit.h, WIRE_HIT, sizeof hit);
	for (unsigned from = 0; from < WIRE_ROLES + 1u; from++)
		for (unsigned to = 0; to < WIRE_ROLES + 1u; to++)
			assert_true(
			    check(&hit, sizeof hit, 1, (enum wire_role)from, (enum wire_role)to) ==
			    (from == WIRE_STORE && to == WIRE_UPLINK));
}

/* A request comes by the network or on the box, and its answer goes back the same way. */
static void requests_have_two_ways_and_no_third(void **state)
{
	struct wire_request ask = {0};
	struct wire_request_done done = {0};

	(void)state;
	wire_start(&ask.h, WIRE_REQUEST, sizeof ask);
	wire_start(&done.h, WIRE_REQUEST_DONE, sizeof done);
	for (unsigned a = 0; a < WIRE_ROLES + 1u; a++)
		for (unsigned b = 0; b < WIRE_ROLES + 1u; b++) {
			bool may = (a == WIRE_UPLINK || a == WIRE_CONTROL) && b == WIRE_STORE;

			for (size_t n = 0; n < 4; n++) {
				assert_true(check(&ask, sizeof ask, n, (enum wire_role)a,
						  (enum wire_role)b) == (may && n == 1));
				assert_true(check(&done, sizeof done, n, (enum wire_role)b,
						  (enum wire_role)a) == (may && n <= 1));
			}
		}
}

static void text_is_terminated(void **state)
{
	char text[4] = {'a', 'b', 'c', 'd'};

	(void)state;
	wire_terminate(text, sizeof text);
	assert_string_equal(text, "abc");
	assert_string_equal(wire_role_name(99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_message_passes),
	    cmocka_unit_test(a_wrong_header_does_not),
	    cmocka_unit_test(descriptors_are_counted),
	    cmocka_unit_test(direction_is_checked),
	    cmocka_unit_test(text_is_terminated),
	    cmocka_unit_test(requests_have_two_ways_and_no_third),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
