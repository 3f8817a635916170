/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Run `speak` with stderr in a pipe and return what it wrote. */
static const char *heard(void (*speak)(int stderr_fd))
{
	static char text[2048];
	int p[2], old = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(p), 0);
	assert_true(dup2(p[1], STDERR_FILENO) >= 0);
	speak(p[1]);
	assert_true(dup2(old, STDERR_FILENO) >= 0);
	(void)close(p[1]);
	(void)close(old);
	n = read(p[0], text, sizeof text - 1);
	(void)close(p[0]);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void say_plainly(int fd)
{
	(void)fd;
	(void)unsetenv("JOURNAL_STREAM");
	log_open("store", LOG_INFO);
	log_line(LOG_WARNING, "row %d", 7);
	log_line(LOG_DEBUG, "not written");
}

static void without_systemd_a_time_leads(void **state)
{
	const char *text = heard(say_plainly);

	(void)state;
	assert_int_equal(strlen(text), strlen("2026-01-31T23:59:59.123Z store: row 7\n"));
	assert_int_equal(text[10], 'T');
	assert_string_equal(text + 24, " store: row 7\n");
}

static void say_to_journal(int fd)
{
	struct stat st;
	char where[64];

	assert_int_equal(fstat(fd, &st), 0);
	(void)snprintf(where, sizeof where, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", where, 1), 0);
	log_open("uplink", LOG_DEBUG);
	log_line(LOG_ERROR, "gone");
	log_line(LOG_DEBUG, "seen");
	(void)unsetenv("JOURNAL_STREAM");
}

static void journal_gets_levels(void **state)
{
	(void)state;
	assert_string_equal(heard(say_to_journal), "<3>uplink: gone\n<7>uplink: seen\n");
}

static void say_rudely(int fd)
{
	static char filler[1000];

	(void)fd;
	memset(filler, 'x', sizeof filler - 1);
	log_open("vision", LOG_INFO);
	log_line(LOG_INFO, "one\nforged\x1b[2J\x7f");
	log_line(LOG_INFO, "%s", filler);
}

static void lines_cannot_be_forged_or_flood(void **state)
{
	const char *text = heard(say_rudely), *second = strchr(text, '\n') + 1;

	(void)state;
	assert_non_null(strstr(text, "vision: one?forged?[2J?\n"));
	assert_int_equal(strlen(second), 512);
	assert_int_equal(second[511], '\n');
}

static void say_into_nothing(int fd)
{
	(void)fd;
	(void)close(STDERR_FILENO);
	errno = EDOM;
	log_line(LOG_INFO, "x");
	assert_int_equal(errno, EDOM);
}

static void a_log_that_cannot_be_written_stops_nobody(void **state)
{
	(void)state;
	assert_string_equal(heard(say_into_nothing), "");
}

static void times_are_written_as_rfc3339(void **state)
{
	char out[CLOCK_RFC3339_SIZE];

	(void)state;
	assert_string_equal(clock_rfc3339(0, out), "1970-01-01T00:00:00.000Z");
	assert_string_equal(clock_rfc3339(INT64_C(1769903999123999999), out),
			    "2026-01-31T23:59:59.123Z");
	assert_string_equal(clock_rfc3339(-1, out), "1969-12-31T23:59:59.999Z");
	assert_string_equal(clock_rfc3339(INT64_MAX, out), "2262-04-11T23:47:16.854Z");
	assert_string_equal(clock_rfc3339(INT64_MIN, out), "1677-09-21T00:12:43.145Z");
}

static void clocks_run(void **state)
{
	int64_t a = clock_mono_ns(), b = clock_mono_ns();

	(void)state;
	assert_true(b >= a);
	assert_true(clock_utc_ns() > INT64_C(1700000000) * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_systemd_a_time_leads),
	    cmocka_unit_test(journal_gets_levels),
	    cmocka_unit_test(lines_cannot_be_forged_or_flood),
	    cmocka_unit_test(times_are_written_as_rfc3339),
	    cmocka_unit_test(clocks_run),
	    cmocka_unit_test(a_log_that_cannot_be_written_stops_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
