/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t = {0};

	(void)clock_gettime(id, &t); /* cannot fail for these clocks */
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_utc_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_boot_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

char *clock_rfc3339(int64_t utc_ns, char out[CLOCK_RFC3339_SIZE])
{
	int64_t s = utc_ns / NS_PER_S, ns = utc_ns % NS_PER_S;
	struct tm tm = {0};
	time_t t;

	if (ns < 0) { /* C rounds towards zero; a time before 1970 rounds down */
		ns += NS_PER_S;
		s--;
	}
	t = (time_t)s;
	(void)gmtime_r(&t, &tm); /* int64 nanoseconds end in the year 2262 */
	(void)snprintf(out, CLOCK_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		       (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100,
		       tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100,
		       (int)(ns / NS_PER_MS) % 1000);
	return out;
}

void clock_arm(int fd, int64_t due_ns)
{
	struct itimerspec t = {
	    .it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};

	(void)timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static bool has_form(const char *text, const char *form)
{
	for (; *form; text++, form++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

static int number(const char *text, size_t digits)
{
	int n = 0;

	while (digits-- > 0)
		n = n * 10 + (*text++ - '0');
	return n;
}

/* ".123Z" or "Z". */
static bool parse_fraction(const char *text, int64_t *ns)
{
	int64_t place = NS_PER_S;

	*ns = 0;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9' && place > 1; text++) {
			place /= 10;
			*ns += (*text - '0') * place;
		}
		if (place == NS_PER_S)
			return false;
	}
	return strcmp(text, "Z") == 0;
}

bool clock_parse_rfc3339(const char *text, int64_t *utc_ns)
{
	static const char FORM[] = "0000-00-00T00:00:00";
	char again[CLOCK_RFC3339_SIZE];
	struct tm tm = {0};
	int64_t ns;

	if (!has_form(text, FORM) || !parse_fraction(text + sizeof FORM - 1, &ns))
		return false;
	tm.tm_year = number(text, 4) - 1900;
	tm.tm_mon = number(text + 5, 2) - 1;
	tm.tm_mday = number(text + 8, 2);
	tm.tm_hour = number(text + 11, 2);
	tm.tm_min = number(text + 14, 2);
	tm.tm_sec = number(text + 17, 2);
	if (tm.tm_year < 70 || tm.tm_year > 361)
		return false;
	*utc_ns = (int64_t)timegm(&tm) * NS_PER_S + ns;
	/* timegm takes the 31st of February for one of March. */
	return strncmp(clock_rfc3339(*utc_ns, again), text, sizeof FORM - 1) == 0;
}
