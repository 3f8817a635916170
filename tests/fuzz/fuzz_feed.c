/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a feed of layout FUZZ_LAYOUT. What the compiler lets through, a box
 * accepts; no reason quotes the feed. */
#include "hotlist/tool/compile.h"
#include "hotlist/tool/sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *arg, uint64_t line, const char *why)
{
	(void)arg;
	if (!strchr(why, ':') || line == 0)
		abort();
}

/* False: the feed was refused as a whole, with a reason. */
static bool compile(const char *text, size_t size, const struct feed_layout *layout,
		    struct compile_report *report, uint8_t **file, size_t *bytes)
{
	static const struct bundle_info POLICY = {.version = 1,
						  .issued_ns = INT64_C(1800000000) * 1000000000,
						  .max_age_s = 60,
						  .allow_lookalike = true};
	static const struct compile_terms TERMS = {"MO0951400", "FUZZ", 86400};
	struct compile *c = NULL;
	struct bundle_info info;
	struct err e = {0};
	struct feed feed;
	bool made = compile_new(&POLICY, &c, &e) && feed_memory(&feed, text, size, &e) &&
		    compile_feed(c, layout, &TERMS, &feed, note, NULL, report, &e) &&
		    compile_finish(c, &info, file, bytes, &e);

	compile_free(c);
	if (made == (e.code != ERR_NONE))
		abort();
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct feed_layout layout;
	static struct compile_report report;
	char *exact = malloc(size + !size); /* no NUL behind it, as in a map */
	uint8_t *file = NULL;
	size_t bytes, signature;
	struct layout l;

	if (!layout.n_codes && !feed_layout_open(FUZZ_LAYOUT, "hotlist/layouts", &layout, NULL))
		abort(); /* run it from the top of the repository */
	if (!exact)
		return 0;
	memcpy(exact, data, size);
	if (compile(exact, size, &layout, &report, &file, &bytes) &&
	    (!sign_check(file, bytes, &l, &signature, NULL) ||
	     report.rows != report.rejected + report.accepted ||
	     report.accepted != l.info.entries || report.forbidden > report.rejected))
		abort();
	free(file);
	free(exact);
	return 0;
}
