/* SPDX-License-Identifier: Apache-2.0 */
#include "hotlist/tool/when.h"

#include <string.h>
#include <time.h>

/* Compare text with a picture such as "YYYY-MM-DD": a letter of it stands for a digit of that
 * value. */
static bool scan(const char *text, const char *picture, int v[6])
{
	static const char LETTERS[] = "YMDhms";

	if (strlen(text) != strlen(picture))
		return false;
	memset(v, 0, 6 * sizeof *v);
	for (; *text; text++, picture++) {
		const char *letter = strchr(LETTERS, *picture);

		if (letter && (*text < '0' || *text > '9'))
			return false;
		if (!letter && *text != *picture)
			return false;
		if (letter)
			v[letter - LETTERS] = v[letter - LETTERS] * 10 + (*text - '0');
	}
	return true;
}

/* Days from 1970-01-01 of the proleptic Gregorian calendar, with March as the first month, so that
 * the leap day ends the year. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

static int days_in(int year, int month)
{
	static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return DAYS[month - 1] + (month == 2 && leap);
}

static bool to_seconds(const int v[6], int64_t *seconds, struct err *e)
{
	if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > days_in(v[0], v[1]) ||
	    v[3] > 23 || v[4] > 59 || v[5] > 59)
		return err_set(e, ERR_FORMAT, "not a date that exists");
	*seconds =
	    days_of(v[0], v[1], v[2]) * 86400 + (int64_t)v[3] * 3600 + (int64_t)v[4] * 60 + v[5];
	return true;
}

bool when_parse(const char *text, int64_t *seconds, bool *day, struct err *e)
{
	int v[6];

	*seconds = 0;
	*day = scan(text, "YYYY-MM-DD", v) || scan(text, "YYYYMMDD", v);
	if (!*day && !scan(text, "YYYY-MM-DDThh:mm:ssZ", v))
		return err_set(e, ERR_FORMAT,
			       "not a date (YYYY-MM-DD, YYYYMMDD or YYYY-MM-DDTHH:MM:SSZ)");
	return to_seconds(v, seconds, e);
}

char *when_text(int64_t seconds, char out[WHEN_SIZE])
{
	time_t t = seconds;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm))
		(void)strftime(out, WHEN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

int when_year(int64_t seconds)
{
	time_t t = seconds;
	struct tm tm;

	return gmtime_r(&t, &tm) ? tm.tm_year + 1900 : 1970;
}

int when_century(int two, int latest_year)
{
	int year = latest_year - latest_year % 100 + two;

	return year > latest_year ? year - 100 : year;
}

bool when_day(const char *text, const char *picture, int latest_year, int64_t *seconds,
	      struct err *e)
{
	int v[6];

	*seconds = 0;
	if (!scan(text, picture, v))
		return err_set(e, ERR_FORMAT, "not a date (%s)", picture);
	if (!strstr(picture, "YYYY"))
		v[0] = when_century(v[0], latest_year);
	return to_seconds(v, seconds, e);
}
