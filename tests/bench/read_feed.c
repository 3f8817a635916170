/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_feed LAYOUT FILE: how fast a feed is read and its rows are made entries, with nothing
 * compiled of them: rows a second of one core. LAYOUT is a file of hotlist/layouts.
 */
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hotlist/tool/fill.h"
#include "hotlist/tool/when.h"

#include <stdio.h>
#include <time.h>

static double cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool read_all(const struct fill *fill, struct feed *feed, struct err *e)
{
	static const bool NOT_NEEDED[FEED_FIELDS];
	struct rows *rows AUTO_FREE = malloc(sizeof *rows);
	unsigned long accepted = 0, rejected = 0;
	bool more = true, forbidden;
	double began = cpu_s();
	unsigned completed;
	struct entry x;
	struct row row;

	if (!rows)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	if (!rows_open(rows, fill->layout, feed, NOT_NEEDED, e))
		return false;
	for (;;) {
		struct err why;

		if (!rows_next(rows, &row, &more, e))
			return false;
		if (!more)
			break;
		if (fill_entry(fill, &row, &x, &completed, &forbidden, &why))
			accepted++;
		else
			rejected++;
	}
	(void)printf("%lu rows accepted, %lu rejected, %.2f million rows a second\n", accepted,
		     rejected, (double)(accepted + rejected) / (cpu_s() - began) / 1e6);
	return true;
}

int main(int argc, char **argv)
{
	struct bundle_info policy = {.version = 1, .issued_ns = clock_utc_ns(), .max_age_s = 86400};
	struct feed_layout layout;
	struct fill fill = {
	    .layout = &layout,
	    .policy = &policy,
	    .agency = "MO0951400",
	    .reference = "BENCH",
	    .entry_age_s = 86400,
	    .this_year = when_year(clock_utc_ns() / NS_PER_S),
	};
	struct feed feed CLEANUP(feed_close) = {.fd = -1};
	struct err e = {0};

	if (argc != 3) {
		(void)fputs("usage: read_feed LAYOUT FILE\n", stderr);
		return 2;
	}
	if (!feed_layout_open(argv[1], "hotlist/layouts", &layout, &e) ||
	    !feed_open(&feed, argv[2], &e) || !read_all(&fill, &feed, &e)) {
		(void)fprintf(stderr, "read_feed: %s\n", e.text);
		return 1;
	}
	return 0;
}
