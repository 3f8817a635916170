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

bool when_parse(const char *text, int64_t *seconds, bool *day, struct err *e)
{
	struct tm tm = {0}, back;
	int v[6];
	time_t t;

	*seconds = 0;
	*day = scan(text, "YYYY-MM-DD", v) || scan(text, "YYYYMMDD", v);
	if (!*day && !scan(text, "YYYY-MM-DDThh:mm:ssZ", v))
		return err_set(e, ERR_FORMAT,
			       "not a date (YYYY-MM-DD, YYYYMMDD or YYYY-MM-DDTHH:MM:SSZ)");
	tm.tm_year = v[0] - 1900;
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	tm.tm_hour = v[3];
	tm.tm_min = v[4];
	tm.tm_sec = v[5];
	back = tm;
	t = timegm(&back);
	/* timegm makes 31 February into March: then it was no date. */
	if (back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
	    back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec ||
	    t < 0)
		return err_set(e, ERR_FORMAT, "not a date that exists");
	*seconds = t;
	return true;
}
