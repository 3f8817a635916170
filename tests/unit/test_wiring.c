/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a fresh channel when a role is started again while others run, stop or are gone. */
#include "firmware/base/chan.h"
#include "firmware/parent/children.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct settings settings;
	struct supervisor supervisor;
	int theirs[WIRE_ROLES]; /* the roles' ends of their channels to the parent */
};

static char text[] = "[daemon]\n";

static int begin(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	if (!s)
		return -1;
	s->settings.text = text;
	s->settings.len = strlen(text);
	s->supervisor.settings = &s->settings;
	for (unsigned r = 0; r < WIRE_ROLES; r++) {
		struct child *c = &s->supervisor.children[r];
		struct err e;
		int ends[2];

		if (!chan_pair(ends, &e))
			return -1;
		c->supervisor = &s->supervisor;
		c->role = (enum wire_role)r;
		c->state = CHILD_RUNNING;
		c->pid = 1000 + (pid_t)r;
		c->chan = ends[0];
		s->theirs[r] = ends[1];
	}
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	for (unsigned r = 0; r < WIRE_ROLES; r++) {
		(void)close(s->supervisor.children[r].chan);
		(void)close(s->theirs[r]);
	}
	free(s);
	return 0;
}

/* What `role` is sent: of the channels, bits of the roles at the other end. */
static unsigned peers_given(struct scene *s, enum wire_role role)
{
	union {
		struct wire_header h;
		struct wire_peer peer;
		uint8_t bytes[CHAN_MESSAGE_MAX];
	} m;
	unsigned got = 0;
	int fds[CHAN_FDS_MAX];
	size_t len, n;
	struct err e;

	while (chan_recv(s->theirs[role], &m, sizeof m, &len, fds, CHAN_FDS_MAX, &n, &e)) {
		if (m.h.type == WIRE_PEER)
			got |= 1u << m.peer.role;
		for (size_t i = 0; i < n; i++)
			(void)close(fds[i]);
	}
	return got;
}

static void a_role_is_joined_to_its_neighbours(void **state)
{
	struct scene *s = *state;
	struct child *c = &s->supervisor.children[WIRE_STORE];
	struct err e;

	c->state = CHILD_STARTING;
	assert_true(wiring_begin(c, &e));
	assert_int_equal(peers_given(s, WIRE_STORE),
			 1u << WIRE_VISION | 1u << WIRE_UPLINK | 1u << WIRE_CONTROL);
	assert_int_equal(peers_given(s, WIRE_VISION), 1u << WIRE_STORE);
	assert_int_equal(peers_given(s, WIRE_UPLINK), 1u << WIRE_STORE);
	assert_int_equal(peers_given(s, WIRE_CAPTURE), 0);
	assert_int_equal(peers_given(s, WIRE_CONTROL), 1u << WIRE_STORE);
	assert_int_equal(peers_given(s, WIRE_DEVICE), 0);
}

/* Vision was told to stop and waits until the store has everything: the one that came back, too. */
static void a_neighbour_that_is_stopping_is_joined(void **state)
{
	struct scene *s = *state;
	struct child *c = &s->supervisor.children[WIRE_STORE];
	struct err e;

	c->state = CHILD_STARTING;
	s->supervisor.children[WIRE_VISION].state = CHILD_STOPPING;
	assert_true(wiring_begin(c, &e));
	assert_int_equal(peers_given(s, WIRE_VISION), 1u << WIRE_STORE);
	assert_int_equal(peers_given(s, WIRE_STORE),
			 1u << WIRE_VISION | 1u << WIRE_UPLINK | 1u << WIRE_CONTROL);
}

static void one_that_is_not_there_is_not(void **state)
{
	struct scene *s = *state;
	struct child *c = &s->supervisor.children[WIRE_STORE];
	struct err e;

	c->state = CHILD_STARTING;
	s->supervisor.children[WIRE_VISION].state = CHILD_WAITING;
	s->supervisor.children[WIRE_VISION].pid = 0;
	s->supervisor.children[WIRE_UPLINK].state = CHILD_ABSENT;
	s->supervisor.children[WIRE_CONTROL].state = CHILD_ABSENT;
	assert_true(wiring_begin(c, &e));
	assert_int_equal(peers_given(s, WIRE_STORE), 0);
	assert_int_equal(peers_given(s, WIRE_VISION), 0);
	assert_int_equal(peers_given(s, WIRE_UPLINK), 0);
	assert_int_equal(peers_given(s, WIRE_CONTROL), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    T(a_role_is_joined_to_its_neighbours),
	    T(a_neighbour_that_is_stopping_is_joined),
	    T(one_that_is_not_there_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
