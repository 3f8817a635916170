/* SPDX-License-Identifier: Apache-2.0 */
/* The gpsd driver against a gpsd of the test's own, in the same thread: neither waits for the
 * other. */
#include "firmware/base/clock.h"
#include "hal/location.h"
#include "tests/unit/tree.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define GREETING                                                                                   \
	"{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\",\"proto_major\":3,"          \
	"\"proto_minor\":14}\r\n"
#define FIX                                                                                        \
	"{\"class\":\"TPV\",\"device\":\"/dev/ttyS0\",\"mode\":3,\"time\":"                        \
	"\"2026-01-01T00:00:00.000Z\",\"lat\":38.627,\"lon\":-90.1994,\"alt\":142.5,"              \
	"\"eph\":4.5}\r\n"

static const struct location_ops *gpsd;

/* --- the test's own gpsd
 * -------------------------------------------------------------------------- */

struct server {
	int listener, client;
};

static struct server serve_local(void)
{
	struct server s = {socket(AF_UNIX, SOCK_STREAM, 0), -1};
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", tree_path("gpsd.sock"));
	(void)unlink(at.sun_path);
	assert_int_equal(bind(s.listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s.listener, 4), 0);
	return s;
}

static void close_server(struct server *s)
{
	if (s->client >= 0)
		(void)close(s->client);
	(void)close(s->listener);
}

static void say(const struct server *s, const char *text)
{
	assert_int_equal(send(s->client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* --- the driver
 * ----------------------------------------------------------------------------------- */

static struct location *open_at(const char *source, int64_t stale_ms)
{
	struct location_conf conf = {.driver = "gpsd", .stale_ms = stale_ms};
	struct location *l = NULL;
	struct err e = {0};

	(void)snprintf(conf.source, sizeof conf.source, "%s", source);
	if (!gpsd->open(&conf, &l, &e))
		fail_msg("%s", e.text);
	return l;
}

/* Let it work whenever it asks to, until nothing has happened for `quiet_ms`. */
static void work(struct location *l, int quiet_ms)
{
	struct pollfd p = {.fd = gpsd->fd(l), .events = POLLIN};

	while (poll(&p, 1, quiet_ms) > 0)
		gpsd->work(l);
}

static enum err_code code_of(const struct location *l)
{
	struct location_reading r;
	struct err e = {0};

	if (gpsd->get(l, &r, &e))
		return ERR_NONE;
	assert_true(e.text[0]);
	return e.code;
}

/* Let it connect, and take what it asks. */
static void meet(struct server *s, struct location *l)
{
	char asked[128];
	ssize_t n;

	work(l, 20);
	s->client = accept(s->listener, NULL, NULL);
	assert_true(s->client >= 0);
	work(l, 20);
	n = recv(s->client, asked, sizeof asked - 1, 0);
	assert_true(n > 0);
	asked[n] = '\0';
	assert_string_equal(asked, "?WATCH={\"enable\":true,\"json\":true};\n");
}

static void a_fix_arrives(void **state)
{
	struct server s = serve_local();
	struct location *l = open_at(tree_path("gpsd.sock"), 0);
	struct location_reading r;
	struct err e = {0};

	(void)state;
	assert_int_equal(code_of(l), ERR_NOT_FOUND);
	meet(&s, l);
	say(&s, GREETING "{\"class\":\"DEVICES\",\"devices\":[]}\r\n");
	work(l, 20);
	assert_int_equal(code_of(l), ERR_AGAIN);
	say(&s, FIX);
	work(l, 20);
	assert_true(gpsd->get(l, &r, &e));
	assert_int_equal(r.fix, LOCATION_3D);
	assert_true(fabs(r.latitude - 38.627) < 1e-9 && fabs(r.longitude + 90.1994) < 1e-9);
	assert_true(fabs(r.accuracy_m - 4.5) < 1e-9);
	assert_true(r.seen_ns > 0 && r.seen_ns <= clock_mono_ns());
	say(&s, "{\"class\":\"TPV\",\"mode\":2,\"lat\":-90,\"lon\":180,\"epx\":3,\"epy\":7}\n");
	work(l, 20);
	assert_true(gpsd->get(l, &r, &e));
	assert_int_equal(r.fix, LOCATION_2D);
	assert_true(fabs(r.accuracy_m - 7) < 1e-9);
	say(&s, "{\"class\":\"TPV\",\"mode\":1}\n"); /* it has lost them */
	work(l, 20);
	assert_int_equal(code_of(l), ERR_AGAIN);
	gpsd->close(l);
	close_server(&s);
}

static void bytes_may_come_one_by_one(void **state)
{
	struct server s = serve_local();
	struct location *l = open_at(tree_path("gpsd.sock"), 0);

	(void)state;
	meet(&s, l);
	for (const char *c = GREETING FIX; *c; c++) {
		assert_int_equal(send(s.client, c, 1, MSG_NOSIGNAL), 1);
		work(l, 0);
	}
	assert_int_equal(code_of(l), ERR_NONE);
	gpsd->close(l);
	close_server(&s);
}

static void an_old_fix_is_none(void **state)
{
	struct server s = serve_local();
	struct location *l = open_at(tree_path("gpsd.sock"), 50);

	(void)state;
	meet(&s, l);
	say(&s, GREETING FIX);
	work(l, 10);
	assert_int_equal(code_of(l), ERR_NONE);
	work(l, 60);
	assert_int_equal(code_of(l), ERR_AGAIN);
	gpsd->close(l);
	close_server(&s);
}

/* Lost, tried again, there again; meanwhile the fix counts until it is old. */
static void it_connects_again(void **state)
{
	struct server s = serve_local();
	struct location *l = open_at(tree_path("gpsd.sock"), 300);
	int64_t began;

	(void)state;
	meet(&s, l);
	say(&s, GREETING FIX);
	work(l, 20);
	close_server(&s);
	began = clock_mono_ns();
	work(l, 20);
	assert_int_equal(code_of(l), ERR_NONE);
	work(l, 320);
	assert_int_equal(code_of(l), ERR_IO);
	s = serve_local();
	work(l, 1100);
	assert_true(clock_mono_ns() - began > NS_PER_S - NS_PER_MS * 50);
	meet(&s, l);
	say(&s, GREETING FIX);
	work(l, 20);
	assert_int_equal(code_of(l), ERR_NONE);
	gpsd->close(l);
	close_server(&s);
}

static void nobody_there(void **state)
{
	struct location *l = open_at(tree_path("gpsd.sock"), 0);

	(void)state;
	work(l, 20);
	assert_int_equal(code_of(l), ERR_NOT_FOUND); /* no such socket */
	gpsd->close(l);
	l = open_at("127.0.0.1:1", 0);
	work(l, 20);
	assert_int_equal(code_of(l), ERR_IO); /* refused */
	gpsd->close(l);
}

static void over_tcp(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct server s = {socket(AF_INET, SOCK_STREAM, 0), -1};
	socklen_t len = sizeof at;
	struct location *l;
	char source[64];

	(void)state;
	assert_int_equal(bind(s.listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s.listener, 1), 0);
	assert_int_equal(getsockname(s.listener, (struct sockaddr *)&at, &len), 0);
	(void)snprintf(source, sizeof source, "127.0.0.1:%u", ntohs(at.sin_port));
	l = open_at(source, 0);
	meet(&s, l);
	say(&s, GREETING FIX);
	work(l, 20);
	assert_int_equal(code_of(l), ERR_NONE);
	gpsd->close(l);
	close_server(&s);
}

static void hostile_words_end_the_connection(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
	    {"HTTP/1.1 400 Bad Request\r\n", ERR_FORMAT},
	    {"{\"class\":\"TPV\",\"mode\":1}\n", ERR_FORMAT}, /* before any greeting */
	    {"{\"class\":\"VERSION\",\"proto_major\":4}\n", ERR_FORMAT},
	    {"{\"class\":\"VERSION\"}\n", ERR_FORMAT},
	    {GREETING "{\"class\":\"TPV\",\"mode\":3,\"lat\":91,\"lon\":0}\n", ERR_FORMAT},
	    {GREETING "{\"class\":\"TPV\",\"mode\":3,\"lat\":1e999,\"lon\":0}\n", ERR_FORMAT},
	    {GREETING "{\"class\":\"TPV\",\"mode\":3,\"lat\":1}\n", ERR_FORMAT},
	    {GREETING "{\"class\":\"TPV\",\"mode\":3,\"lat\":\n", ERR_FORMAT},
	    {GREETING "{\"class\":7}\n", ERR_FORMAT},
	    {GREETING "[]\n", ERR_FORMAT},
	    {GREETING "\x01\xff\n", ERR_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct server s = serve_local();
		struct location *l = open_at(tree_path("gpsd.sock"), 0);
		char byte;

		meet(&s, l);
		say(&s, cases[i].text);
		work(l, 20);
		assert_int_equal(code_of(l), cases[i].code);
		assert_int_equal(recv(s.client, &byte, 1, 0), 0);
		gpsd->close(l);
		close_server(&s);
	}
}

static void a_line_without_end_is_refused(void **state)
{
	struct server s = serve_local();
	struct location *l = open_at(tree_path("gpsd.sock"), 0);
	char spaces[1001];

	(void)state;
	memset(spaces, ' ', sizeof spaces - 1);
	spaces[sizeof spaces - 1] = '\0';
	meet(&s, l);
	say(&s, GREETING);
	for (int i = 0; i < 16; i++) {
		say(&s, spaces);
		work(l, 0);
		assert_int_equal(code_of(l), ERR_AGAIN);
	}
	say(&s, spaces);
	work(l, 20);
	assert_int_equal(code_of(l), ERR_LIMIT);
	gpsd->close(l);
	close_server(&s);
}

/* A deep nest of brackets is a matter for the parser's own limit, not for the stack. */
static void a_deep_nest_is_refused(void **state)
{
	struct server s = serve_local();
	struct location *l = open_at(tree_path("gpsd.sock"), 0);
	char nest[16001];

	(void)state;
	memset(nest, '[', sizeof nest - 2);
	nest[sizeof nest - 2] = '\n';
	nest[sizeof nest - 1] = '\0';
	meet(&s, l);
	say(&s, GREETING);
	say(&s, nest);
	work(l, 20);
	assert_int_equal(code_of(l), ERR_FORMAT);
	gpsd->close(l);
	close_server(&s);
}

static void addresses_that_are_none(void **state)
{
	static const char *const sources[] = {
	    "localhost:2947", "127.0.0.1",	 "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
	    "127.0.0.1:-1",   "127.0.0.1:29 47", "[::1]",      "::1:2947",    "[127.0.0.1]:2947",
	    "gpsd.sock",      ":2947",		 "[]:1",       "[:1",
	};
	static const char *const good[] = {"", "127.0.0.1:2947", "[::1]:2947", "/run/gpsd.sock"};
	struct location_conf conf = {.driver = "gpsd"};
	struct location *l = NULL;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		(void)snprintf(conf.source, sizeof conf.source, "%s", sources[i]);
		assert_false(gpsd->open(&conf, &l, &e));
		assert_int_equal(e.code, ERR_CONFIG);
	}
	(void)snprintf(conf.source, sizeof conf.source, "/%0200d", 0);
	assert_false(gpsd->open(&conf, &l, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_null(l);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		gpsd->close(open_at(good[i], 0));
	gpsd->close(NULL);
}

static void surveyed_says_what_it_was_told(void **state)
{
	const struct location_ops *ops = location_find("surveyed");
	struct location_conf conf = {.driver = "surveyed", .latitude = 38.6, .longitude = -90.2};
	struct location_reading r;
	struct location *l = NULL;
	struct err e = {0};

	(void)state;
	assert_true(ops->open(&conf, &l, &e));
	assert_int_equal(ops->fd(l), -1);
	ops->work(l);
	assert_true(ops->get(l, &r, &e));
	assert_int_equal(r.fix, LOCATION_SURVEYED);
	assert_true(fabs(r.latitude - 38.6) < 1e-9 && fabs(r.longitude + 90.2) < 1e-9);
	ops->close(l);
	l = NULL;
	conf.latitude = 90.1;
	assert_false(ops->open(&conf, &l, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	conf.latitude = (double)NAN;
	assert_false(ops->open(&conf, &l, &e));
	conf.latitude = 0;
	conf.longitude = -181;
	assert_false(ops->open(&conf, &l, &e));
	assert_null(l);
	ops->close(NULL);
}

static void drivers_have_names(void **state)
{
	(void)state;
	assert_null(location_find("map"));
	assert_string_equal(location_names(), "surveyed|gpsd");
}

int main(void)
{
#define IN_TREE(t) cmocka_unit_test_setup_teardown(t, tree_make, tree_remove)
	const struct CMUnitTest tests[] = {
	    IN_TREE(a_fix_arrives),
	    IN_TREE(bytes_may_come_one_by_one),
	    IN_TREE(an_old_fix_is_none),
	    IN_TREE(it_connects_again),
	    IN_TREE(nobody_there),
	    cmocka_unit_test(over_tcp),
	    IN_TREE(hostile_words_end_the_connection),
	    IN_TREE(a_line_without_end_is_refused),
	    IN_TREE(a_deep_nest_is_refused),
	    cmocka_unit_test(addresses_that_are_none),
	    cmocka_unit_test(surveyed_says_what_it_was_told),
	    cmocka_unit_test(drivers_have_names),
	};

	gpsd = location_find("gpsd");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
