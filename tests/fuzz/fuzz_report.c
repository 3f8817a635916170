/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a report of counters. One that is taken says the same in its other kind.
 */
#include "firmware/ctl/report.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void other_kind(const struct report *r, const char *text)
{
	struct report again = {0};
	char *other = NULL, *back = NULL;
	bool json = text[0] == '{';

	if (!(json ? report_csv : report_json)(r, &other, NULL))
		abort();
	if (!report_parse(other, &again, NULL) || again.n != r->n ||
	    !(json ? report_json : report_csv)(&again, &back, NULL) || strcmp(text, back) != 0)
		abort();
	free(other);
	free(back);
	report_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct report_wanted wanted = {.year = 2027};
	struct report_found found;
	struct report r = {0};
	struct statement s;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	(void)!statement_parse(text, &s, NULL);
	if (report_parse(text, &r, NULL)) {
		other_kind(&r, text);
		/* Nobody has signed what a fuzzer makes. */
		if (report_verify(&r, &wanted, &found, NULL))
			abort();
	}
	report_free(&r);
	free(text);
	return 0;
}
