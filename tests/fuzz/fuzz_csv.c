/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a CSV feed. What the compiler lets through, a box accepts; no reason
 * quotes the feed. */
#include "hotlist/tool/compile.h"
#include "hotlist/tool/sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *arg, uint64_t line, const char *why)
{
	(void)arg;
	(void)line;
	if (!strchr(why, ':'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct compile_report report;
	struct bundle_info policy = {.version = 1,
				     .issued_ns = INT64_C(1800000000) * 1000000000,
				     .max_age_s = 60,
				     .allow_lookalike = true};
	char *exact = malloc(size + !size); /* no NUL behind it, as in a map */
	struct err e = {0};
	uint8_t *file;
	size_t bytes, signature;
	struct layout l;

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	if (compile_csv(exact, size, &policy, note, NULL, &file, &bytes, &report, &e)) {
		if (!sign_check(file, bytes, &l, &signature, &e) ||
		    report.rows != report.rejected + l.info.entries)
			abort();
		free(file);
	} else if (e.code == ERR_NONE) {
		abort();
	}
	free(exact);
	return 0;
}
