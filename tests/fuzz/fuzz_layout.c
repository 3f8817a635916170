/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a layout. One that is accepted keeps to its own limits, and the readers
 * do as it says on rows of every kind without a read out of bounds. */
#include "hotlist/tool/rows.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char FEED[] =
    "lic,category,case_number,ori,expires,vyr\n"
    "V123456789LA057020020190509AB123456  CA2009MC2009YAMACYLMCBLK\n"
    "660JEM  WIPCSTOLEN VYR/05 VMA/DODG VMO/MAG VST/4D VCO/RED     DOT/010315 LDS/V16A0661\n"
    "V165399977,0H0671200,20200124,GGX6728,0H,2021,2009,D0DG,CHA,4D,GRY\n"
    "a;b|c\td,\"e,\"\"f\"\n"
    "V\n";

static void read_rows(const struct feed_layout *l)
{
	static const bool NONE[FEED_FIELDS];
	struct rows *rows = malloc(sizeof *rows);
	char *exact = malloc(sizeof FEED - 1);
	struct feed feed;
	struct row row;
	bool more = true;

	if (rows && exact && memcpy(exact, FEED, sizeof FEED - 1) &&
	    feed_memory(&feed, exact, sizeof FEED - 1, NULL) &&
	    rows_open(rows, l, &feed, NONE, NULL))
		while (rows_next(rows, &row, &more, NULL) && more)
			for (int f = 0; f < FEED_FIELDS; f++)
				if (row.fields[f].len > FEED_LINE_MAX)
					abort();
	free(exact);
	free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct feed_layout l;
	char *exact = malloc(size + !size);
	struct err e = {0};

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	if (feed_layout_read(exact, size, &l, &e)) {
		for (int f = 0; f < FEED_FIELDS; f++)
			if (l.fixed[f].last > l.longest || l.column[f] > l.columns)
				abort();
		read_rows(&l);
	} else if (e.code == ERR_NONE || !e.text[0]) {
		abort();
	}
	free(exact);
	return 0;
}
